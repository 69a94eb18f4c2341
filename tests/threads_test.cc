// Readers in threads that hold snapshots while others write: what one snapshot shows is always one commit.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <numeric>
#include <thread>

#include "sapwood/sapwood.h"
#include "storage/testing_page_writes.h"
#include "tests/support/random.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

constexpr i64 kAccounts = 500;
constexpr i64 kTotal = kAccounts * 1000;

Options small_options() {
  Options options;
  options.page_size = 1024;
  options.log_size = 64 << 10;
  options.page_writes = storage::testing::test_page_writes();
  options.log_size_max = 256 << 10;
  options.durability = Durability::async;
  return options;
}

constexpr i64 kOrder = 300;
constexpr i64 kMembers = 100;

// Accounts whose sum never changes, in a map and in a dict; a list that is always 0, 1, 2, ... rotated: commit k starts
// at k; two sets of the first items of that list.
void fill(Database& database) {
  database.write([](WriteTxn& txn) {
    auto accounts = txn.sorted_map<i64, i64>("accounts");
    auto same = txn.dict<i64, i64>("the same accounts");
    auto order = txn.list<i64>("order");
    for (i64 i = 0; i < kAccounts; ++i) {
      accounts.put(i, 1000);
      same.put(i, 1000);
    }
    for (i64 i = 0; i < kOrder; ++i) order.push_back(i);
    for (i64 i = 0; i < kMembers; ++i) {
      txn.set<i64>("members").insert(i);
      txn.sorted_set<i64>("sorted members").insert(i);
    }
  });
}

void transfer(WriteTxn& txn, Rng& random) {
  auto accounts = txn.sorted_map<i64, i64>("accounts");
  for (int i = 0; i < 5; ++i) {
    const i64 from = static_cast<i64>(below(random, kAccounts));
    const i64 to = static_cast<i64>(below(random, kAccounts));
    const i64 amount = static_cast<i64>(below(random, 100));
    accounts.put(from, accounts.at(from) - amount);
    accounts.put(to, accounts.at(to) + amount);
    txn.dict<i64, i64>("the same accounts").add(from, -amount);
    txn.dict<i64, i64>("the same accounts").add(to, amount);
  }
  auto order = txn.list<i64>("order");
  const i64 first = order.pop_front();
  order.push_back(first);
  const i64 next = (first + kMembers) % kOrder;
  txn.set<i64>("members").erase(first);
  txn.set<i64>("members").insert(next);
  txn.sorted_set<i64>("sorted members").erase(first);
  txn.sorted_set<i64>("sorted members").insert(next);
}

// Everything that a snapshot shows is of one commit, and stays so.
void require_whole(const ReadTxn& snapshot) {
  for (int again = 0; again < 2; ++again) {
    i64 sum = 0;
    u64 count = 0;
    const auto same = snapshot.dict<i64, i64>("the same accounts");
    for (const auto& [account, amount] : snapshot.sorted_map<i64, i64>("accounts").range()) {
      ASSERT_EQ(account, static_cast<i64>(count++));
      ASSERT_EQ(same.at(account), amount);
      sum += amount;
    }
    ASSERT_EQ(count, static_cast<u64>(kAccounts));
    ASSERT_EQ(same.size(), count);
    ASSERT_EQ(sum, kTotal);
    const i64 front = snapshot.list<i64>("order").front();
    i64 expected = front;
    for (const i64 item : snapshot.list<i64>("order").range()) {
      ASSERT_EQ(item, expected);
      expected = (expected + 1) % kOrder;
    }
    const auto members = snapshot.set<i64>("members");
    const auto sorted = snapshot.sorted_set<i64>("sorted members");
    ASSERT_EQ(members.size(), static_cast<u64>(kMembers));
    ASSERT_EQ(sorted.size(), static_cast<u64>(kMembers));
    for (i64 i = 0; i < kMembers; ++i) {
      ASSERT_TRUE(members.contains((front + i) % kOrder));
      ASSERT_TRUE(sorted.contains((front + i) % kOrder));
    }
  }
}

TEST(Threads, SnapshotsAreWholeWhileAWriterChurns) {
  const u64 seed = test_seed();
  const TempFolder folder(true);
  Database database = Database::open(folder.file("test.sapwood"), small_options());
  fill(database);
  std::atomic<bool> stop = false;
  std::atomic<u64> snapshots = 0;
  std::vector<std::thread> readers;
  for (u64 reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&, reader] {
      Rng random(seed + reader);
      std::vector<ReadTxn> held;
      while (!stop) {
        held.push_back(database.read());
        if (held.size() > 3) held.erase(held.begin() + static_cast<std::ptrdiff_t>(below(random, held.size())));
        require_whole(held[below(random, held.size())]);
        ++snapshots;
        if (testing::Test::HasFatalFailure()) return;
      }
    });
  }
  Rng random(seed);
  const u64 commits = scaled(3000);
  for (u64 i = 0; i < commits || snapshots < 200; ++i) {
    WriteTxn txn = database.begin_write();
    transfer(txn, random);
    if (one_in(random, 20)) txn.rollback();
    else txn.commit(one_in(random, 200) ? Durability::sync : Durability::async);
    if (one_in(random, 500)) database.checkpoint();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  require_whole(database.read());
  EXPECT_TRUE(database.check().empty());
}

// Sync commits of several threads share syncs; each is there when it returns, and all are after a reopening.
TEST(Threads, WritersShareSyncs) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  constexpr u64 kWriters = 6;
  const u64 each = scaled(60);
  {
    Database database = Database::open(path, small_options());
    std::vector<std::thread> writers;
    for (u64 writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (u64 i = 0; i < each; ++i) {
          const i64 key = static_cast<i64>(writer * 1'000'000 + i);
          WriteTxn txn = database.begin_write();
          txn.sorted_map<i64, std::string>("map").put(key, "by writer " + std::to_string(writer));
          txn.list<i64>("log").push_back(key);
          txn.commit(i % 3 == 2 ? Durability::async : Durability::sync);
          if (!(database.sorted_map<i64, std::string>("map").contains(key))) ADD_FAILURE() << "not visible " << key;
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ((database.sorted_map<i64, std::string>("map").size()), kWriters * each);
    EXPECT_TRUE(database.check().empty());
  }
  Database database = Database::open(path, small_options());
  std::vector<i64> last(kWriters, -1);
  for (const i64 key : database.list<i64>("log").range()) {
    const std::size_t writer = static_cast<std::size_t>(key / 1'000'000);
    EXPECT_EQ(key % 1'000'000, ++last[writer]);  // each writer's commits in its order
  }
  EXPECT_EQ(last, std::vector<i64>(kWriters, static_cast<i64>(each) - 1));
}

// Handles without a transaction, from many threads at once.
TEST(Threads, AutomaticHandles) {
  const TempFolder folder(true);
  Database database = Database::open(folder.file("test.sapwood"), small_options());
  const u64 each = scaled(800);
  std::vector<std::thread> threads;
  for (u64 number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      auto list = database.list<std::string>("shared");
      auto map = database.sorted_map<std::string, i64>("own " + std::to_string(number));
      for (u64 i = 0; i < each; ++i) {
        list.push_back(std::to_string(number) + " " + std::to_string(i));
        map.put("key " + std::to_string(i % 50), static_cast<i64>(i));
        const u64 size = list.size();
        if (size == 0 || list.at(size - 1).empty()) ADD_FAILURE() << "nothing at the end";
        if (map.get("key " + std::to_string(i % 50)) != static_cast<i64>(i)) ADD_FAILURE() << "own write not read";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(database.list<std::string>("shared").size(), 4 * each);
  EXPECT_TRUE(database.check().empty());
}

// The size that a file reaches over so many churning commits; with a reader that never ends, or without.
struct Churned {
  u64 pages = 0;
  u64 snapshot_pages = 0;
};
Churned churn(u64 commits, bool stuck_reader) {
  const TempFolder folder(true);
  Options options = small_options();
  options.page_size = 4096;
  options.log_size = options.log_size_max = 1 << 20;
  Database database = Database::open(folder.file("test.sapwood"), options);
  database.write([](WriteTxn& txn) {
    auto map = txn.sorted_map<i64, std::string>("map");
    for (i64 i = 0; i < 30'000; ++i) map.put(i, std::string(100, 'a'));
  });
  database.checkpoint();
  Churned churned;
  churned.snapshot_pages = database.info().live_pages;
  const ReadTxn snapshot = database.read();
  if (!stuck_reader) const_cast<ReadTxn&>(snapshot).end();
  Rng random(7);
  for (u64 i = 0; i < commits; ++i) {
    WriteTxn txn = database.begin_write();
    auto map = txn.sorted_map<i64, std::string>("map");
    map.put(static_cast<i64>(below(random, 30'000)), std::string(100, static_cast<char>('b' + i % 20)));
    txn.commit();
    if (i % 64 == 0) {
      const Info info = database.info();
      churned.pages = std::max(churned.pages, info.live_pages + info.pending_pages);
    }
  }
  if (stuck_reader) {
    for (const auto& [key, value] : snapshot.sorted_map<i64, std::string>("map").range())
      EXPECT_EQ(value[0], 'a') << key;
  }
  const Info info = database.info();
  EXPECT_LE(info.file_bytes,
            churned.pages * 4096 * 5 / 4 + (4 << 20));  // the file is not much larger than what was in use
  return churned;
}

TEST(Threads, StuckReaderHoldsOnlyWhatItSees) {
  const u64 commits = scaled(200'000);
  const Churned without = churn(commits, false);
  const Churned with = churn(commits, true);
  EXPECT_LE(with.pages, without.pages + without.snapshot_pages * 12 / 10)
      << "snapshot " << without.snapshot_pages << ", without a reader " << without.pages;
}

}  // namespace
}  // namespace sapwood::test
