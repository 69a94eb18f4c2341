// The redo log as written by RedoLog and read back by scan_log.
#include "storage/redo_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "os/sim_disk.h"
#include "storage/log_format.h"

namespace sapwood::storage {
namespace {

constexpr const char* kPath = "/db-log";
constexpr Lsn kStart = 5000;
constexpr TxnId kBaseTxn = 40;  // of the meta; the first record is 41

std::optional<ErrorCode> code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

class RedoLogTest : public testing::Test {
 protected:
  void create(const RedoLog::Sizes& sizes = {4096, 16384}) {
    identity_.stride = sizes.most;
    log_ = RedoLog::create(disk_, kPath, "/db", identity_, kStart, sizes, false);
    next_txn_ = kBaseTxn + 1;
  }

  Lsn append(const std::string& operations, Lsn durable = 0) {
    std::string record(kRecordHeaderSize, '\0');
    record += operations;
    const TxnId txn = next_txn_++;
    const RedoLog::RecordInfo info{.txn = txn, .commit_time_us = 1000 + static_cast<i64>(txn), .durable = durable};
    return log_->append(record, info, false);
  }

  LogScan scan(Lsn replay = kStart, TxnId txn = kBaseTxn) {
    const std::unique_ptr<os::File> file = disk_.files().open(kPath, {.write = false});
    return scan_log(*file, identity_, replay, txn);
  }

  std::vector<std::string> operations_of(const LogScan& scan) {
    std::vector<std::string> all;
    all.reserve(scan.records.size());
    for (const Record& record : scan.records) all.emplace_back(record.operations);
    return all;
  }

  // Fills the active segment with records of 100 bytes, each of which tells `durable`.
  int fill(Lsn durable = 0) {
    int count = 0;
    for (; log_->fits(100); ++count) append(std::string(100, static_cast<char>('a' + count % 26)), durable);
    return count;
  }

  void patch(u64 offset, const std::string& bytes) {
    std::string contents = disk_.contents(kPath);
    contents.replace(offset, bytes.size(), bytes);
    disk_.set_contents(kPath, contents);
  }

  os::SimDisk disk_{3};
  LogIdentity identity_{{1, 2, 3, 4}, 0xfeedface, 0};
  std::unique_ptr<RedoLog> log_;
  TxnId next_txn_ = 0;
};

TEST_F(RedoLogTest, ANewLogIsOnTheDiskAndEmpty) {
  create();
  EXPECT_EQ(disk_.durable_contents(kPath), disk_.contents(kPath));
  EXPECT_GE(disk_.contents(kPath).size(), 16384u + 4096);  // the second segment's space is there too
  const LogScan found = scan();
  EXPECT_TRUE(found.found_start);
  EXPECT_TRUE(found.records.empty());
  EXPECT_EQ(found.end, kStart + kSegmentHeaderSize);
  EXPECT_EQ(log_->end(), found.end);
}

TEST_F(RedoLogTest, CreateLeavesNothingBehindWhenTheDiskIsFull) {
  for (u64 nth = 1; nth <= 4; ++nth) {
    disk_.set_fault({.nth = nth, .for_good = false, .kind = os::FaultKind::disk_full, .path_suffix = "-log"});
    EXPECT_EQ(code_of([&] { create(); }), ErrorCode::disk_full);
    disk_.clear_fault();
    EXPECT_FALSE(disk_.files().exists(kPath)) << nth;
  }
}

TEST_F(RedoLogTest, CreateReplacesOnlyALogOfOurs) {
  disk_.set_contents(kPath, "someone else's");
  EXPECT_EQ(code_of([&] { create(); }), ErrorCode::in_use);
  EXPECT_EQ(disk_.contents(kPath), "someone else's");
  disk_.set_contents(kPath, "");  // an attempt that failed
  create();
  append("old");
  create();
  EXPECT_TRUE(scan().records.empty());
}

TEST_F(RedoLogTest, RecordsComeBackInOrder) {
  create();
  const std::vector<std::string> wanted = {"", "a", std::string(15, 'b'), std::string(16, 'c'), std::string(500, 'd'),
                                           ""};
  Lsn end = 0;
  for (const std::string& operations : wanted) end = append(operations, 7);
  const LogScan found = scan();
  EXPECT_EQ(operations_of(found), wanted);
  EXPECT_EQ(found.end, end);
  EXPECT_EQ(end % kRecordAlignment, (kStart + kSegmentHeaderSize) % kRecordAlignment);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found.records[i].header.txn, kBaseTxn + 1 + i);
    EXPECT_EQ(found.records[i].header.durable, 7u);
    EXPECT_EQ(found.records[i].header.commit_time_us, static_cast<i64>(1000 + kBaseTxn + 1 + i));
  }
}

TEST_F(RedoLogTest, FitsTellsExactly) {
  create();
  const u64 room = 4096 - kSegmentHeaderSize - kRecordHeaderSize;
  EXPECT_TRUE(log_->fits(room));
  EXPECT_FALSE(log_->fits(room + 1));
  append(std::string(room, 'x'));
  EXPECT_EQ(log_->active_used(), log_->active_size());
  EXPECT_FALSE(log_->fits(0));
  EXPECT_EQ(scan().records.size(), 1u);
}

TEST_F(RedoLogTest, NearlyFullLeavesRoomForTheLargestRecord) {
  create();
  while (!log_->nearly_full()) {
    EXPECT_TRUE(log_->fits(RedoLog::max_body(4096)));
    append(std::string(60, 'x'));
  }
  EXPECT_GT(log_->active_used(), log_->active_size() / 2);
  for (const u64 size : {kMinLogSize, u64{1} << 20, u64{1} << 30}) EXPECT_LT(RedoLog::max_body(size), size / 2);
}

TEST_F(RedoLogTest, BothSegmentsAreReadFromEitherMeta) {
  create();
  const int first = fill();
  const Lsn sealed_end = log_->end();
  log_->switch_segment(false);
  EXPECT_FALSE(log_->has_free_segment());
  EXPECT_EQ(log_->active_start(), sealed_end);
  append("one");
  append("two");
  const LogScan all = scan();
  EXPECT_EQ(all.records.size(), static_cast<std::size_t>(first) + 2);
  EXPECT_EQ(all.records.back().operations, "two");
  EXPECT_EQ(all.end, log_->end());
  // The meta of the checkpoint that sealed it reads the active one only.
  const LogScan active = scan(sealed_end, kBaseTxn + static_cast<TxnId>(first));
  EXPECT_EQ(operations_of(active), (std::vector<std::string>{"one", "two"}));
}

TEST_F(RedoLogTest, AnEmptySegmentAfterASealedOne) {
  create();
  append("x");
  log_->switch_segment(false);
  const LogScan found = scan();
  EXPECT_EQ(found.records.size(), 1u);
  EXPECT_EQ(found.end, log_->end());
}

TEST_F(RedoLogTest, AFreedSegmentNeverCountsAgain) {
  create();
  const int first = fill();
  const Lsn second_start = log_->end();
  log_->switch_segment(false);
  append("second");
  log_->free_sealed();
  EXPECT_TRUE(log_->has_free_segment());
  EXPECT_FALSE(scan().found_start);  // the older meta has lost its log
  EXPECT_EQ(scan(second_start, kBaseTxn + static_cast<TxnId>(first)).records.size(), 1u);
  // Its bytes are used again, under another salt: the stale records behind the new ones do not show.
  const Lsn third_start = log_->end();
  const TxnId before_third = next_txn_ - 1;
  log_->switch_segment(false);
  EXPECT_EQ(log_->active_start(), third_start);
  append("third");
  EXPECT_EQ(operations_of(scan(third_start, before_third)), std::vector<std::string>{"third"});
  EXPECT_EQ(operations_of(scan(second_start, kBaseTxn + static_cast<TxnId>(first))),
            (std::vector<std::string>{"second", "third"}));
}

TEST_F(RedoLogTest, SegmentsAreUsedManyTimes) {
  create();
  Lsn replay = kStart;
  TxnId replay_txn = kBaseTxn;
  for (int round = 0; round < 20; ++round) {
    const TxnId before = next_txn_ - 1;
    const Lsn start = log_->active_start();
    const int count = fill(start);
    EXPECT_EQ(scan(start, before).records.size(), static_cast<std::size_t>(count));
    if (round > 0) {
      EXPECT_EQ(scan(replay, replay_txn).records.size(), next_txn_ - 1 - replay_txn);
      log_->free_sealed();
    }
    replay = start;
    replay_txn = before;
    log_->switch_segment(round % 5 == 4);
  }
  EXPECT_EQ(log_->active_size(), 16384u);
}

TEST_F(RedoLogTest, GrowsWhenSealedFast) {
  create();
  append("x");
  log_->switch_segment(true);
  EXPECT_GT(log_->active_size(), 4096u);
  append(std::string(6000, 'x'));
  EXPECT_EQ(scan().records.size(), 2u);
  for (int i = 0; i < 3; ++i) {
    log_->free_sealed();
    const Lsn start = log_->end();
    const TxnId before = next_txn_ - 1;
    log_->switch_segment(true);
    append(std::string(6000, static_cast<char>('a' + i)));
    EXPECT_EQ(scan(start, before).records.size(), 1u);
  }
  EXPECT_EQ(log_->active_size(), 16384u);  // the most
}

TEST_F(RedoLogTest, AFullDiskKeepsTheSegmentSmall) {
  create();
  log_->switch_segment(false);
  log_->free_sealed();
  // The first segment is as large as it was made; growing it fails.
  disk_.set_fault({.call = os::Call::allocate, .nth = 1, .kind = os::FaultKind::disk_full, .path_suffix = "-log"});
  log_->switch_segment(true);
  EXPECT_EQ(disk_.faults_fired(), 1u);
  EXPECT_EQ(log_->active_size(), 4096u);
  append("x");
  EXPECT_EQ(scan(log_->active_start()).records.size(), 1u);
}

TEST_F(RedoLogTest, AFailedSwitchChangesNothing) {
  create();
  append("one");
  const Lsn end = log_->end();
  disk_.set_fault({.call = os::Call::write, .nth = 1, .kind = os::FaultKind::io, .path_suffix = "-log"});
  EXPECT_EQ(code_of([&] { log_->switch_segment(false); }), ErrorCode::io);
  disk_.clear_fault();
  EXPECT_EQ(log_->end(), end);
  EXPECT_TRUE(log_->has_free_segment());
  append("two");
  log_->switch_segment(false);
  append("three");
  EXPECT_EQ(operations_of(scan()), (std::vector<std::string>{"one", "two", "three"}));
}

// The log cut off at every byte: whole records before the cut come back, nothing else does.
TEST_F(RedoLogTest, TornTailsAtEveryByte) {
  create();
  std::vector<Lsn> ends;
  ends.reserve(8);
  for (int i = 0; i < 8; ++i)
    ends.push_back(append(std::string(static_cast<std::size_t>(i) * 13, static_cast<char>('a' + i))));
  const std::string whole = disk_.contents(kPath);
  const u64 used = log_->active_used();
  for (u64 cut = 0; cut <= used; ++cut) {
    for (const char filler : {'\0', '\xff'}) {
      std::string torn = whole;
      std::fill(torn.begin() + static_cast<std::ptrdiff_t>(cut), torn.begin() + static_cast<std::ptrdiff_t>(used),
                filler);
      disk_.set_contents(kPath, torn);
      const LogScan found = scan();
      ASSERT_EQ(found.found_start, cut >= kSegmentHeaderSize) << cut;
      // A record whose last bytes are padding is whole without them.
      const auto least =
          static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), kStart + cut) - ends.begin());
      ASSERT_GE(found.records.size(), cut < kSegmentHeaderSize ? 0 : least) << cut;
      ASSERT_LE(found.records.size(), cut < kSegmentHeaderSize ? 0 : least + 1) << cut;
    }
    disk_.set_contents(kPath, whole.substr(0, cut));
    const LogScan found = scan();
    ASSERT_EQ(found.found_start, cut >= kSegmentHeaderSize) << cut;
  }
}

// Every single bit of the log flipped: an earlier record is never changed, a later one is lost or reported.
TEST_F(RedoLogTest, FlippedBitsNeverChangeARecord) {
  create();
  std::vector<std::string> wanted;
  for (int i = 0; i < 4; ++i) {
    wanted.push_back(std::string(static_cast<std::size_t>(i) * 11, static_cast<char>('a' + i)));
    append(wanted.back(), i == 3 ? kStart + 200 : 0);
  }
  const std::string whole = disk_.contents(kPath);
  u64 reported = 0;
  for (u64 bit = 0; bit < log_->active_used() * 8; ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    disk_.set_contents(kPath, flipped);
    try {
      const std::vector<std::string> found = operations_of(scan());
      ASSERT_LE(found.size(), wanted.size());
      ASSERT_TRUE(std::equal(found.begin(), found.end(), wanted.begin())) << bit;
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::corrupt) << error.what();
      ++reported;
    }
  }
  EXPECT_GT(reported, 0u);
}

TEST_F(RedoLogTest, AGapBelowADurablePositionIsCorrupt) {
  create();
  const Lsn one = append("one");
  const Lsn two = append("two");
  append("three", one);
  append("four", two);
  patch(one - kStart + 20, "!");  // the second record's lsn
  EXPECT_EQ(code_of([&] { scan(); }), ErrorCode::corrupt);
}

TEST_F(RedoLogTest, AGapAboveWhatWasDurableIsTheEnd) {
  create();
  const Lsn one = append("one");
  append("two", one);
  append("three", one);
  patch(one - kStart + 20, "!");
  EXPECT_EQ(operations_of(scan()), std::vector<std::string>{"one"});
}

TEST_F(RedoLogTest, ARecordWhoseBodyIsTornStillTellsWhatWasDurable) {
  create();
  const Lsn one = append("one");
  const Lsn two = append("two");
  append(std::string(200, 'x'), two);
  patch(one - kStart + 20, "!");
  patch(two - kStart + kRecordHeaderSize + 100, "!");
  EXPECT_EQ(code_of([&] { scan(); }), ErrorCode::corrupt);
}

TEST_F(RedoLogTest, AGapInTheSealedSegmentIsJudgedByTheActiveOne) {
  for (const bool was_durable : {false, true}) {
    disk_.set_contents(kPath, "");
    disk_.files().remove(kPath);
    create();
    fill();
    const Lsn sealed_end = log_->end();
    log_->switch_segment(false);
    append("next", was_durable ? sealed_end : kStart + kSegmentHeaderSize);
    patch(sealed_end - kStart - 160 + 20, "!");  // the last record of the sealed segment
    if (was_durable) {
      EXPECT_EQ(code_of([&] { scan(); }), ErrorCode::corrupt);
    } else {
      EXPECT_EQ(scan().records.back().header.txn, next_txn_ - 3);
    }
  }
}

TEST_F(RedoLogTest, AGapAtTheEndOfTheSealedSegmentsHeaderRecord) {
  create();
  append("one");
  const Lsn sealed_end = log_->end();
  log_->switch_segment(false);
  append("two", sealed_end);
  patch(kSegmentHeaderSize, "!!");
  EXPECT_EQ(code_of([&] { scan(); }), ErrorCode::corrupt);
}

TEST_F(RedoLogTest, TransactionsMustFollowEachOther) {
  create();
  append("one");
  ++next_txn_;
  append("three");
  EXPECT_EQ(operations_of(scan()), std::vector<std::string>{"one"});
  EXPECT_TRUE(scan(kStart, kBaseTxn + 5).records.empty());  // nor does the log follow another meta
}

TEST_F(RedoLogTest, OnlyOurEpochAndUuidCount) {
  create();
  append("one");
  LogIdentity mine = identity_;
  identity_.epoch ^= 1;
  EXPECT_FALSE(scan().found_start);
  identity_ = mine;
  identity_.uuid[3] ^= 1;
  EXPECT_FALSE(scan().found_start);
  identity_ = mine;
  EXPECT_TRUE(scan().found_start);
}

TEST_F(RedoLogTest, InspectTellsTheOwner) {
  const auto owner = [&](const std::array<u8, 16>& uuid) {
    const std::unique_ptr<os::File> file = disk_.files().open(kPath, {.write = false});
    return inspect_log(*file, uuid, identity_.stride);
  };
  create();
  EXPECT_EQ(owner(identity_.uuid), LogOwner::ours_empty);
  EXPECT_EQ(owner({9}), LogOwner::foreign);
  append("one");
  EXPECT_EQ(owner(identity_.uuid), LogOwner::ours);
  log_->switch_segment(false);
  log_->free_sealed();  // only the second segment is left, and empty
  EXPECT_EQ(owner(identity_.uuid), LogOwner::ours_empty);
  append("two");
  EXPECT_EQ(owner(identity_.uuid), LogOwner::ours);
  const std::string header = disk_.contents(kPath).substr(8192, 64);  // of the second segment; the same magic and uuid
  for (const std::string& bytes : {std::string("text"), std::string(100'000, 'z'), header.substr(0, 30) + "z"}) {
    disk_.set_contents(kPath, bytes);
    EXPECT_EQ(owner({9}), LogOwner::foreign);
  }
  // What a crash leaves of a log that was being made.
  for (const std::string& bytes :
       {std::string(), std::string(100'000, '\0'), header.substr(0, 5), header.substr(0, 40)}) {
    disk_.set_contents(kPath, bytes + std::string(100, '\0'));
    EXPECT_EQ(owner(identity_.uuid), LogOwner::ours_empty);
  }
}

}  // namespace
}  // namespace sapwood::storage
