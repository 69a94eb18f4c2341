// The log's bytes: what is encoded comes back, and bytes that say anything do no harm.
#include "storage/log_format.h"
#include "storage/value_runs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>

#include "os/sim_disk.h"

namespace sapwood::storage {
namespace {

constexpr const char* kPath = "/db-log";
constexpr u64 kStride = 16384;

u64 test_seed() {
  const char* text = std::getenv("SAPWOOD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

SegmentHeader sample_header() {
  SegmentHeader header;
  header.uuid = {1, 2, 3};
  header.epoch = 77;
  header.start = 1000;
  header.salt = 0x1234567890abcdef;
  header.size = 4096;
  return header;
}

void put_record(std::vector<u8>& segment, u64 offset, const SegmentHeader& segment_header, const std::string& body,
                RecordHeader header) {
  header.body_size = static_cast<u32>(body.size());
  header.lsn = segment_header.start + offset;
  std::memcpy(segment.data() + offset + kRecordHeaderSize, body.data(), body.size());
  encode_record_header(segment.data() + offset, header, segment_header.salt);
}

// Repairs the header checksum of a record after its fields were changed.
void reseal(std::vector<u8>& segment, u64 offset, u64 salt) {
  store<u32>(segment.data() + offset + 52, hash32(segment.data() + offset, 52, salt));
}

class LogFormat : public testing::Test {
 protected:
  LogFormat() : segment_(4096) { encode_segment_header(segment_.data(), header_); }

  LogScan scan(Lsn replay = 1000, TxnId txn = 0) {
    std::string contents(reinterpret_cast<const char*>(segment_.data()), segment_.size());
    disk_.set_contents(kPath, contents);
    const std::unique_ptr<os::File> file = disk_.files().open(kPath, {.write = false});
    return scan_log(*file, LogIdentity{header_.uuid, header_.epoch, kStride}, replay, txn);
  }

  os::SimDisk disk_{1};
  SegmentHeader header_ = sample_header();
  std::vector<u8> segment_;
};

TEST_F(LogFormat, SegmentHeadersComeBack) {
  const std::optional<SegmentHeader> found = decode_segment_header(segment_.data());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->uuid, header_.uuid);
  EXPECT_EQ(found->epoch, header_.epoch);
  EXPECT_EQ(found->start, header_.start);
  EXPECT_EQ(found->salt, header_.salt);
  EXPECT_EQ(found->size, header_.size);
}

TEST_F(LogFormat, EveryBitOfASegmentHeaderCounts) {
  for (u32 bit = 0; bit < kSegmentHeaderSize * 8; ++bit) {
    segment_[bit / 8] ^= static_cast<u8>(1u << (bit % 8));
    EXPECT_FALSE(decode_segment_header(segment_.data()).has_value()) << bit;
    segment_[bit / 8] ^= static_cast<u8>(1u << (bit % 8));
  }
}

TEST_F(LogFormat, HostileSegmentSizesAllocateNothing) {
  for (const u64 size : {u64{0}, u64{63}, kMaxLogStride + 1, u64{1} << 50, ~u64{0}}) {
    header_.size = size;
    encode_segment_header(segment_.data(), header_);
    EXPECT_FALSE(decode_segment_header(segment_.data()).has_value()) << size;
    EXPECT_FALSE(scan().found_start);
  }
  // Possible, but more than the file holds: only what is there is read.
  header_.size = kStride;
  encode_segment_header(segment_.data(), header_);
  const LogScan found = scan();
  EXPECT_TRUE(found.found_start);
  EXPECT_LE(found.bytes[0].capacity(), segment_.size());
  // More than the stride: it would reach into the other segment.
  header_.size = kStride + 1;
  encode_segment_header(segment_.data(), header_);
  EXPECT_FALSE(scan().found_start);
}

TEST_F(LogFormat, RecordsComeBack) {
  RecordHeader record;
  record.runs_size = 2 * kValueRunBytes;
  record.txn = 8;
  record.durable = 999;
  record.commit_time_us = -4;
  const std::string runs(2 * kValueRunBytes, 'r');
  put_record(segment_, 64, header_, "operations" + runs, record);
  const std::optional<Record> found = decode_record(segment_, 64, header_);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->operations, "operations");
  EXPECT_EQ(found->runs, runs);
  EXPECT_EQ(found->header.txn, 8u);
  EXPECT_EQ(found->header.durable, 999u);
  EXPECT_EQ(found->header.commit_time_us, -4);
  EXPECT_EQ(found->header.lsn, 1064u);
}

TEST_F(LogFormat, ARecordUnderAnotherSaltOrPlaceIsNone) {
  put_record(segment_, 64, header_, "operations", RecordHeader{.txn = 1});
  SegmentHeader other = header_;
  other.salt ^= 1;
  EXPECT_FALSE(decode_record(segment_, 64, other).has_value());
  std::memmove(segment_.data() + 80, segment_.data() + 64, 200);
  EXPECT_FALSE(decode_record(segment_, 80, header_).has_value());
}

TEST_F(LogFormat, HostileRecordSizesWithGoodChecksumsAreNoRecords) {
  for (const auto& [body, runs] : std::vector<std::pair<u32, u32>>{{~u32{0}, 0},
                                                                   {4096 - 64 - 56 + 1, 0},
                                                                   {4000, 4001},
                                                                   {0, 1},
                                                                   {28, 15},
                                                                   {0, 14},
                                                                   {10, ~u32{0}},
                                                                   {0x80000000, 0}}) {
    put_record(segment_, 64, header_, "operations", RecordHeader{.txn = 1});
    store<u32>(segment_.data() + 64, body);
    store<u32>(segment_.data() + 68, runs);
    reseal(segment_, 64, header_.salt);
    EXPECT_FALSE(decode_record(segment_, 64, header_).has_value()) << body << " " << runs;
    EXPECT_TRUE(scan().records.empty());
  }
}

TEST_F(LogFormat, AnUnknownKindOfRecordIsRefused) {
  put_record(segment_, 64, header_, "operations", RecordHeader{.txn = 1});
  put_record(segment_, 64 + 80, header_, "later", RecordHeader{.kind = static_cast<RecordKind>(77), .txn = 2});
  try {
    scan();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::newer_format);
  }
}

TEST_F(LogFormat, AScanStartsWhereTheMetaSays) {
  put_record(segment_, 64, header_, "one", RecordHeader{.txn = 1});
  put_record(segment_, 128, header_, "two", RecordHeader{.txn = 2});
  EXPECT_EQ(scan(1000, 0).records.size(), 2u);
  EXPECT_EQ(scan(1128, 1).records.size(), 1u);
  EXPECT_FALSE(scan(999, 0).found_start);
  EXPECT_TRUE(scan(1000 + 4096, 0).found_start) << "behind a full segment";
  EXPECT_FALSE(scan(1000 + 4097, 0).found_start);
  EXPECT_FALSE(scan(~u64{0}, 0).found_start);
}

// Two segments whose headers point at each other, or at the end of all numbers.
TEST_F(LogFormat, HostileStartsEnd) {
  SegmentHeader other = header_;
  for (const auto& [first, second] : std::vector<std::pair<Lsn, Lsn>>{{1000, 1064},
                                                                      {1064, 1000},
                                                                      {1000, 1000},
                                                                      {~u64{0} - 63, 0},
                                                                      {0, ~u64{0} - 63},
                                                                      {~u64{0} - 127, ~u64{0} - 63}}) {
    header_.start = first;
    other.start = second;
    segment_.resize(kStride + 4096);
    encode_segment_header(segment_.data(), header_);
    encode_segment_header(segment_.data() + kStride, other);
    for (const Lsn replay : {first, second, Lsn{0}, ~u64{0}}) EXPECT_TRUE(scan(replay, 0).records.empty());
  }
}

TEST_F(LogFormat, GarbageBehindARecordIsHarmless) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    for (u64 at = 64; at < segment_.size(); ++at) segment_[at] = static_cast<u8>(random());
    put_record(segment_, 64, header_, "one", RecordHeader{.txn = 1});
    // A record with right lsn and checksum but random fields, somewhere.
    const u64 place = 128 + random() % 200 * 16;
    store<u64>(segment_.data() + place + 16, header_.start + place);
    store<u64>(segment_.data() + place + 32, random() % 1100);
    reseal(segment_, place, header_.salt);
    try {
      const LogScan found = scan();
      ASSERT_EQ(found.records.size(), 1u);
      EXPECT_EQ(found.records[0].operations, "one");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);  // it says that something behind the first was on the disk
    }
  }
}

}  // namespace
}  // namespace sapwood::storage
