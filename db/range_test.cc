// Iterators read several entries at once; none of that may show.
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Map = SortedMap<std::string, std::string>;
using Entries = std::vector<std::pair<std::string, std::string>>;

// Short and long keys and values; some values are blobs.
Entries mixed_entries(std::mt19937_64& random, std::size_t count) {
  Entries entries;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(100'000 + i);
    const std::size_t size = random() % 20 == 0 ? random() % 5000 : random() % 60;
    entries.emplace_back(number + std::string(random() % 10 == 0 ? 100 : random() % 10, 'k'),
                         std::string(size, static_cast<char>('a' + i % 26)) + number);
  }
  return entries;
}

// Steps, jumps and turns at random, by views and by copies.
void walk(const Map& map, const Entries& expected, std::mt19937_64& random) {
  const auto range = map.range();
  auto copies = range.begin();
  auto views = range.views().begin();
  std::size_t at = 0;
  bool forwards = true;
  for (int step = 0; step < 3000; ++step) {
    ASSERT_EQ(*copies, expected[at]) << at;
    ASSERT_EQ((*views).first, expected[at].first) << at;
    ASSERT_EQ((*views).second, expected[at].second) << at;
    ASSERT_EQ(copies.value_view(), expected[at].second) << at;
    if (random() % 50 == 0) forwards = !forwards;
    if (random() % 100 == 0) {
      const std::size_t to = random() % expected.size();
      copies += static_cast<std::ptrdiff_t>(to - at);
      views += static_cast<std::ptrdiff_t>(to - at);
      at = to;
    } else if (forwards && at + 1 < expected.size()) {
      ++copies, ++views, ++at;
    } else if (!forwards && at > 0) {
      --copies, --views, --at;
    }
  }
}

TEST(Range, WalksBothWaysWithTurnsAndJumps) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  const Entries entries = mixed_entries(random, 500);
  db.sorted_map<std::string, std::string>("m").bulk_load(entries);
  {
    SCOPED_TRACE("automatic");
    walk(db.sorted_map<std::string, std::string>("m"), entries, random);
  }
  {
    SCOPED_TRACE("snapshot");
    const ReadTxn txn = db.read();
    walk(txn.sorted_map<std::string, std::string>("m"), entries, random);
  }
  SCOPED_TRACE("write transaction");
  WriteTxn txn = db.begin_write();
  walk(txn.sorted_map<std::string, std::string>("m"), entries, random);
}

TEST(Range, EveryPairOfEndsReadsWhatLiesBetween) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  const Entries entries = mixed_entries(random, 300);
  auto map = db.sorted_map<std::string, std::string>("m");
  map.bulk_load(entries);
  for (int i = 0; i < 300; ++i) {
    const std::size_t low = random() % entries.size();
    const std::size_t high = low + random() % (entries.size() - low);
    const auto range = map.range(entries[low].first, entries[high].first);
    const Entries expected(entries.begin() + static_cast<std::ptrdiff_t>(low),
                           entries.begin() + static_cast<std::ptrdiff_t>(high));
    ASSERT_EQ(items_of(range), expected);
    ASSERT_EQ(items_of(range.reversed()), Entries(expected.rbegin(), expected.rend()));
  }
  EXPECT_TRUE(map.range("zzz", "zzzz").empty());
  EXPECT_TRUE(map.from("zzz").empty());
}

TEST(Range, EntriesReadAheadAreNotGivenAfterTheTransaction) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  for (std::int64_t i = 0; i < 200; ++i) list.push_back(i);
  std::optional<ReadTxn> txn(db.read());
  auto iterator = txn->list<std::int64_t>("l").begin();
  for (int i = 0; i < 40; ++i) ASSERT_EQ(*iterator++, i);
  txn.reset();
  EXPECT_EQ(code_of([&] { *iterator; }), ErrorCode::ended);
  const ReadTxn other = db.read();  // in the same reader slot
  EXPECT_EQ(code_of([&] { *iterator; }), ErrorCode::ended);
}

TEST(Range, ChangesWhileIteratingInAWriteTransactionAreNotSeen) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    auto list = txn.list<std::int64_t>("l");
    for (std::int64_t i = 0; i < 500; ++i) list.push_back(i);
    std::int64_t expected = 0;
    for (const std::int64_t item : list) {
      ASSERT_EQ(item, expected++);
      list.set(static_cast<std::uint64_t>(item), -1);
      list.push_back(-2);
    }
    EXPECT_EQ(expected, 500);
    EXPECT_EQ(list.size(), 1000);
  });
}

}  // namespace
}  // namespace sapwood
