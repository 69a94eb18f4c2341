// Real file systems filled to the last byte: what does not fit is an Error{disk_full} and rolled back, nothing that was
// acknowledged is lost, erases, checkpoints and close() go on, and there is never a signal. Skipped, with the reason,
// where such disks cannot be mounted (tests/support/small_disk.h).
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "sapwood/sapwood.h"
#include "tests/support/error_code.h"
#include "tests/support/random.h"
#include "tests/support/small_disk.h"

namespace sapwood::test {
namespace {

struct Setting {
  std::string file_system;
  u64 size;
  PageWrites page_writes;
};

// Entry `i` as all collections have it; every fiftieth value is a large one, outside of the leaves.
std::string text_of(i64 i) {
  const std::size_t size = i % 50 == 49 ? 20'000 : 20 + static_cast<std::size_t>(i * 37 % 300);
  return std::to_string(i) + std::string(size, static_cast<char>('a' + i % 26));
}

std::string key_of(i64 i) { return "key " + std::to_string(i); }

// Entries [first, end) in a collection of each kind.
void add(WriteTxn& txn, i64 first, i64 end) {
  auto list = txn.list<std::string>("list");
  auto map = txn.sorted_map<i64, std::string>("map");
  auto dict = txn.dict<std::string, std::string>("dict");
  auto set = txn.set<std::string>("set");
  auto sorted_set = txn.sorted_set<i64>("sorted set");
  for (i64 i = first; i < end; ++i) {
    list.push_back(text_of(i));
    map.put(i, text_of(i));
    dict.put(key_of(i), text_of(i));
    set.insert(key_of(i));
    sorted_set.insert(i);
  }
}

// Erases entries [first, end), which are the oldest.
void take(WriteTxn& txn, i64 first, i64 end) {
  txn.list<std::string>("list").erase(0, static_cast<u64>(end - first));
  txn.sorted_map<i64, std::string>("map").erase(first, end);
  txn.sorted_set<i64>("sorted set").erase(first, end);
  auto dict = txn.dict<std::string, std::string>("dict");
  auto set = txn.set<std::string>("set");
  for (i64 i = first; i < end; ++i) {
    ASSERT_TRUE(dict.erase(key_of(i)));
    ASSERT_TRUE(set.erase(key_of(i)));
  }
}

// All collections hold entries [first, end) and nothing else, and the file is sound.
void require_entries(Database& database, i64 first, i64 end) {
  const ReadTxn snapshot = database.read();
  const auto list = snapshot.list<std::string>("list");
  const auto map = snapshot.sorted_map<i64, std::string>("map");
  const auto dict = snapshot.dict<std::string, std::string>("dict");
  const auto set = snapshot.set<std::string>("set");
  const auto sorted_set = snapshot.sorted_set<i64>("sorted set");
  const u64 count = static_cast<u64>(end - first);
  ASSERT_EQ(list.size(), count);
  ASSERT_EQ(map.size(), count);
  ASSERT_EQ(dict.size(), count);
  ASSERT_EQ(set.size(), count);
  ASSERT_EQ(sorted_set.size(), count);
  for (i64 i = first; i < end; ++i) {
    ASSERT_EQ(list.at(static_cast<u64>(i - first)), text_of(i));
    ASSERT_EQ(map.at(i), text_of(i));
    ASSERT_EQ(dict.at(key_of(i)), text_of(i));
    ASSERT_TRUE(set.contains(key_of(i)));
    ASSERT_TRUE(sorted_set.contains(i));
  }
  const std::vector<std::string> findings = database.check();
  ASSERT_TRUE(findings.empty()) << findings.front();
}

class DiskFull : public testing::TestWithParam<Setting> {
 protected:
  DiskFull() : disk_(GetParam().file_system, GetParam().size), random_(test_seed()) {}

  void SetUp() override {
    if (!disk_.obstacle().empty()) GTEST_SKIP() << disk_.obstacle();
  }

  Options options() const {
    Options options;
    options.page_writes = GetParam().page_writes;
    options.log_size = 64 << 10;
    options.log_size_max = 1 << 20;
    return options;
  }

  Database open() { return Database::open(disk_.file("test.sapwood"), options()); }

  // One transaction of `count` entries; false if the disk had no room for it.
  bool try_to_add(Database& database, i64 count) {
    try {
      auto txn = database.begin_write();
      add(txn, end_, end_ + count);
      txn.commit(one_in(random_, 2) ? Durability::sync : Durability::async);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::disk_full) << error.what();
      return false;
    }
    end_ += count;
    return true;
  }

  // Until not even one more entry fits.
  void add_until_full(Database& database) {
    for (i64 count = 256; count > 0; count /= 2) {
      while (try_to_add(database, count)) ASSERT_FALSE(HasFailure());
    }
  }

  void erase_oldest(Database& database, i64 count) {
    database.write([&](WriteTxn& txn) { take(txn, first_, first_ + count); });
    first_ += count;
  }

  SmallDisk disk_;
  Rng random_;
  i64 first_ = 0;  // acknowledged entries
  i64 end_ = 0;
};

TEST_P(DiskFull, ByTheDatabaseItself) {
  {
    Database database = open();
    add_until_full(database);
    ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
    EXPECT_GT(end_, 1'000);
    while (end_ - first_ > 500) erase_oldest(database, 4);
    database.checkpoint();
    ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
    EXPECT_TRUE(try_to_add(database, 300));  // what was given back is used
    add_until_full(database);
    database.checkpoint();
    ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
    database.close();
  }
  Database database = open();
  ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
}

// Another program takes all space while the database is open: its own free pages still serve it, and then nothing does
// until there is room again.
TEST_P(DiskFull, ByAnotherFile) {
  Database database = open();
  ASSERT_TRUE(try_to_add(database, 1000));
  for (int round = 0; round < 4; ++round) {
    fill_disk(disk_.file("filler"));
    add_until_full(database);
    ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
    for (int i = 0; i < 50; ++i) erase_oldest(database, 4);
    if (round % 2 == 1) database.checkpoint();
    if (round == 2) {
      database.close();
      EXPECT_EQ(code_of([&] { database = open(); }), ErrorCode::disk_full);  // no room for the lock file
      Options reading;
      reading.mode = OpenMode::read;
      Database reader = Database::open(disk_.file("test.sapwood"), reading);
      ASSERT_NO_FATAL_FAILURE(require_entries(reader, first_, end_));
    }
    std::filesystem::remove(disk_.file("filler"));
    if (round == 2) database = open();
    ASSERT_TRUE(try_to_add(database, 500)) << "round " << round;
    ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
  }
}

// The process ends without a close on a disk that is full: recovery finds every acknowledged entry, at once or as soon
// as there is room for it.
TEST_P(DiskFull, AtACrash) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    Database database = open();
    try_to_add(database, 1000);
    fill_disk(disk_.file("filler"));
    add_until_full(database);
    const bool told = write(ends[1], &end_, sizeof end_) == sizeof end_;
    _exit(told && !HasFailure() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_EQ(read(ends[0], &end_, sizeof end_), static_cast<ssize_t>(sizeof end_));
  close(ends[0]);
  close(ends[1]);
  try {
    Database database = open();
    ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
  } catch (const Error& error) {
    ASSERT_EQ(error.code(), ErrorCode::disk_full) << error.what();
  }
  std::filesystem::remove(disk_.file("filler"));
  Database database = open();
  ASSERT_NO_FATAL_FAILURE(require_entries(database, first_, end_));
  EXPECT_TRUE(try_to_add(database, 100));
}

// Not even an empty database fits: nothing is left behind.
TEST_P(DiskFull, AtCreation) {
  fill_disk(disk_.file("filler"));
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::disk_full);
  std::filesystem::remove(disk_.file("filler"));
  for (const auto& entry : std::filesystem::directory_iterator(disk_.file(""))) {
    const std::string name = entry.path().filename();
    EXPECT_TRUE(name == "lost+found" || name == "taken") << name;
  }
  Database database = open();
  EXPECT_TRUE(try_to_add(database, 10));
}

constexpr u64 kMiB = 1 << 20;

INSTANTIATE_TEST_SUITE_P(
    RealDisks, DiskFull,
    testing::Values(Setting{"ext4", 24 * kMiB, PageWrites::calls}, Setting{"ext4", 24 * kMiB, PageWrites::mapped},
                    Setting{"tmpfs", 16 * kMiB, PageWrites::calls}, Setting{"tmpfs", 16 * kMiB, PageWrites::mapped},
                    Setting{"xfs", 24 * kMiB, PageWrites::calls}, Setting{"xfs", 24 * kMiB, PageWrites::mapped}),
    [](const auto& info) {
      const bool mapped = info.param.page_writes == PageWrites::mapped;
      return info.param.file_system + (mapped ? "_mapped" : "_calls");
    });

}  // namespace
}  // namespace sapwood::test
