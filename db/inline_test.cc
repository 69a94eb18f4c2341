// Small nested collections lie in the catalog: what users see of that, which is their size and nothing else.
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Words = List<std::string>;
using Numbers = List<std::int64_t>;
using Shelf = Dict<std::string, Nested>;
using Level = SortedMap<std::int64_t, Nested>;
using Column = List<Nested>;

constexpr std::int64_t kMost = 8;  // numbers that fit an eighth of a page of 512 bytes

auto numbers(std::int64_t count) { return std::views::iota(std::int64_t{0}, count); }
std::uint64_t pages_of_nested(Database& db) { return db.metrics().nested.pages(); }

TEST(Inline, SmallOnesOfAllKindsHaveNoPages) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Column column = txn.list<Nested>("column");
    column.create_back<Words>().push_back("list");
    column.create_back<Dict<std::string, double>>().put("dict", 1);
    column.create_back<SortedMap<std::int64_t, std::string>>().put(5, "map");
    column.create_back<Set<std::string>>().insert("set");
    column.create_back<SortedSet<double>>().insert(0.5);
    column.create_back<Records<double>>().append(Records<double>::Row{{"x", 1}});
    column.create_back<Dict<std::string, AnyValue>>().create<Numbers>("numbers").push_back(7);
  });
  const TreeMetrics nested = db.metrics().nested;
  EXPECT_EQ(nested.pages(), 0u);
  EXPECT_EQ(nested.height, 0u);
  EXPECT_GT(nested.key_bytes, 0u);
  EXPECT_GT(nested.value_bytes, 0u);
  const ReadTxn txn = db.read();
  const Column seen = txn.list<Nested>("column");
  EXPECT_EQ(seen.open<Words>(0).at(0), "list");
  EXPECT_EQ((seen.open<Dict<std::string, double>>(1).get("dict")), 1);
  EXPECT_EQ((seen.open<Dict<std::string, double>>(1).get("tick")), std::nullopt);
  EXPECT_EQ((seen.open<SortedMap<std::int64_t, std::string>>(2).at(5)), "map");
  EXPECT_TRUE(seen.open<Set<std::string>>(3).contains("set"));
  EXPECT_EQ(seen.open<SortedSet<double>>(4).rank(1), 1u);
  EXPECT_EQ(seen.open<Records<double>>(5).field(0, "x"), 1);
  EXPECT_EQ((seen.open<Dict<std::string, AnyValue>>(6).open<Numbers>("numbers").at(0)), 7);
  expect_sound(db);
}

TEST(Inline, BlocksOfNumbersAreAligned) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  // Records of all lengths, so that leaves lie at all offsets.
  for (std::int64_t i = 1; i <= 7; ++i) shelf.create<Numbers>("list " + std::string(i, 'x')).extend(numbers(i));
  const ReadTxn txn = db.read();
  for (std::int64_t i = 1; i <= 7; ++i) {
    const Numbers list = txn.dict<std::string, Nested>("shelf").open<Numbers>("list " + std::string(i, 'x'));
    for (const std::span<const std::int64_t> block : list.blocks(0, list.size())) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data()) % alignof(std::int64_t), 0u);
      EXPECT_TRUE(std::ranges::equal(block, numbers(i)));
    }
    EXPECT_EQ(list.count_if([](std::int64_t n) { return n % 2 == 0; }), static_cast<std::uint64_t>(i + 1) / 2);
    EXPECT_EQ(list.find(i - 1), static_cast<std::uint64_t>(i - 1));
  }
}

TEST(Inline, CrossesTheBorderBothWays) {
  Database db = Database::temporary(quick_options());
  Numbers list = db.dict<std::string, Nested>("shelf").create<Numbers>("list");
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t i = 0; i < 2 * kMost; ++i) {
      list.push_back(i);
      EXPECT_EQ(pages_of_nested(db), i < kMost ? 0u : 1u) << i;
    }
    EXPECT_TRUE(std::ranges::equal(list, numbers(2 * kMost)));
    for (std::int64_t i = 2 * kMost; i > 0; --i) {
      list.pop_back();
      EXPECT_EQ(pages_of_nested(db), i <= kMost + 1 ? 0u : 1u) << i;
    }
  }
  list.extend(numbers(1000));
  EXPECT_GT(pages_of_nested(db), 10u);
  list.erase(3, 997);
  EXPECT_EQ(pages_of_nested(db), 0u);
  EXPECT_TRUE(std::ranges::equal(list, numbers(3)));
  expect_sound(db);
}

TEST(Inline, LargeValuesAndEntriesAreKeptInPages) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  Words words = shelf.create<Words>("words");
  words.push_back("a");
  words.push_back(std::string(100, 'x'));
  EXPECT_EQ(pages_of_nested(db), 1u);
  words.set(1, std::string(5000, 'x'));
  EXPECT_GT(pages_of_nested(db), 10u);
  EXPECT_EQ(words.at(1), std::string(5000, 'x'));
  words.set(1, "b");
  EXPECT_EQ(pages_of_nested(db), 0u);
  EXPECT_EQ(words.at(1), "b");
  expect_sound(db);
}

// A name is found by handles that ask the catalog nothing: what has one has pages.
TEST(Inline, WhatGetsANameGetsPages) {
  Database db = Database::temporary(quick_options());
  const std::string name(127, 'n');
  db.dict<std::string, Nested>("shelf").create<Numbers>("a").extend(numbers(kMost));
  Numbers list = db.dict<std::string, Nested>("shelf").open<Numbers>("a");
  db.write([&](WriteTxn& txn) { txn.move(txn.dict<std::string, Nested>("shelf").place("a"), name); });
  EXPECT_EQ(db.metrics(name).tree.pages(), 1u);
  EXPECT_TRUE(std::ranges::equal(list, numbers(kMost)));
  list.pop_back();
  EXPECT_EQ(db.metrics(name).tree.pages(), 1u);
  db.write([&](WriteTxn& txn) { txn.move(name, txn.dict<std::string, Nested>("shelf").place("b")); });
  EXPECT_TRUE(std::ranges::equal(list, numbers(kMost - 1))) << "it has moved, not changed";
  list.pop_back();
  EXPECT_EQ(pages_of_nested(db), 0u);
  EXPECT_TRUE(std::ranges::equal(list, numbers(kMost - 2)));
  expect_sound(db);
}

TEST(Inline, MovesTakeItsItemsAlong) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) { txn.dict<std::string, Nested>("shelf").create<Numbers>("a").extend(numbers(3)); });
  db.write([](WriteTxn& txn) {
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    const Numbers kept = shelf.open<Numbers>("a");
    txn.move(shelf.place("a"), shelf.place("b"));
    EXPECT_TRUE(std::ranges::equal(kept, numbers(3)));
    txn.move(shelf.place("b"), txn.list<Nested>("column").place(0));
    shelf.create<Numbers>("c").push_back(1);
    EXPECT_TRUE(std::ranges::equal(kept, numbers(3)));
  });
  EXPECT_TRUE(std::ranges::equal(db.list<Nested>("column").open<Numbers>(0), numbers(3)));
  EXPECT_EQ(pages_of_nested(db), 0u);
  expect_sound(db);
}

TEST(Inline, GoesBackWithSavepointsAndRollbacks) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  shelf.create<Numbers>("small").extend(numbers(3));
  shelf.create<Numbers>("large").extend(numbers(30));
  WriteTxn txn = db.begin_write();
  Shelf inside = txn.dict<std::string, Nested>("shelf");
  Numbers small = inside.open<Numbers>("small");
  Numbers large = inside.open<Numbers>("large");
  for (int round = 0; round < 3; ++round) {
    Savepoint point = txn.savepoint();
    small.extend(numbers(30));
    large.erase(3, 27);
    Savepoint inner = txn.savepoint();
    EXPECT_EQ(large.size(), 3u);
    small.erase(1, 32);
    large.push_back(9);
    EXPECT_EQ(small.size(), 1u);
    inner.rollback();
    EXPECT_EQ(small.size(), 33u);
    EXPECT_TRUE(std::ranges::equal(large, numbers(3)));
    point.rollback();
    EXPECT_TRUE(std::ranges::equal(small, numbers(3)));
    EXPECT_TRUE(std::ranges::equal(large, numbers(30)));
  }
  large.erase(3, 27);
  txn.commit();
  EXPECT_EQ(pages_of_nested(db), 0u);
  EXPECT_TRUE(std::ranges::equal(shelf.open<Numbers>("large"), numbers(3)));
  expect_sound(db);
}

// Views last until the next change of the transaction, and opening other collections is none; ranges see the state that
// they were made of.
TEST(Inline, ViewsAndRangesOfAWriteTransactionStayWhole) {
  Database db = Database::temporary(quick_options());
  constexpr int kLists = 3000;  // more than a transaction keeps in mind
  db.write([](WriteTxn& txn) {
    Level level = txn.sorted_map<std::int64_t, Nested>("level");
    for (int i = 0; i < kLists; ++i) level.create<Words>(i).push_back("word " + std::to_string(i));
  });
  WriteTxn txn = db.begin_write();
  Level level = txn.sorted_map<std::int64_t, Nested>("level");
  level.open<Words>(1).push_back("changed");
  const std::string_view unchanged = level.open<Words>(0).at_view(0);
  const std::string_view changed = level.open<Words>(1).at_view(1);
  for (int i = 0; i < kLists; ++i) ASSERT_EQ(level.open<Words>(i).at(0), "word " + std::to_string(i));
  EXPECT_EQ(unchanged, "word 0");
  EXPECT_EQ(changed, "changed");
  Words words = level.open<Words>(2);
  const auto range = words.slice(0, 1);
  words.set(0, "other");
  for (int i = 3; i < kLists; ++i) level.open<Words>(i).clear();
  EXPECT_EQ(items_of(range), std::vector<std::string>{"word 2"});
  EXPECT_EQ(items_of(words), std::vector<std::string>{"other"});
  txn.commit();
  expect_sound(db);
}

TEST(Inline, ErasingWhatIsNotThereChangesNothing) {
  Database db = Database::temporary(quick_options());
  auto dict = db.dict<std::string, Nested>("shelf").create<Dict<std::string, double>>("a");
  dict.put("x", 1);
  const std::uint64_t before = db.info().txn;
  EXPECT_FALSE(dict.erase("y"));
  EXPECT_EQ(db.info().txn, before);
  db.write([](WriteTxn& txn) {
    EXPECT_FALSE((txn.dict<std::string, Nested>("shelf").open<Dict<std::string, double>>("a").erase("y")));
  });
  EXPECT_EQ(db.info().txn, before);
  expect_sound(db);
}

TEST(Inline, VersionsOfItAreKeptComparedAndCopied) {
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("db"), quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  shelf.create<Numbers>("grows").extend(numbers(3));
  shelf.create<Numbers>("shrinks").extend(numbers(30));
  shelf.create<Numbers>("stays").extend(numbers(3));
  db.snapshot("before");
  db.backup(folder.file("whole"), {.snapshot = "before"});
  shelf.open<Numbers>("grows").extend(std::views::iota(3, 30));
  shelf.open<Numbers>("shrinks").erase(3, 27);
  db.backup(folder.file("increment"), {.since = "before"});
  const auto changes = [&](const char* name) {
    const ReadTxn before = db.at("before");
    const ReadTxn now = db.read();
    const Numbers old = before.dict<std::string, Nested>("shelf").open<Numbers>(name);
    std::uint64_t count = 0;
    now.dict<std::string, Nested>("shelf").open<Numbers>(name).changes_since(old, [&](const auto&) { ++count; });
    return count;
  };
  EXPECT_EQ(changes("grows"), 27u);
  EXPECT_EQ(changes("shrinks"), 27u);
  EXPECT_EQ(changes("stays"), 0u);
  db.compact();
  expect_sound(db);
  EXPECT_TRUE(db.drop_snapshot("before"));
  expect_sound(db);
  db.compact_to(folder.file("copy"));
  restore(folder.file("whole"), {folder.file("increment")}, folder.file("restored"));
  for (const char* name : {"db", "copy", "restored"}) {
    SCOPED_TRACE(name);
    if (std::string(name) == "db") db.close();
    Database other = Database::open(folder.file(name), quick_options());
    const Shelf found = other.dict<std::string, Nested>("shelf");
    EXPECT_TRUE(std::ranges::equal(found.open<Numbers>("grows"), numbers(30)));
    EXPECT_TRUE(std::ranges::equal(found.open<Numbers>("shrinks"), numbers(3)));
    expect_sound(other);
  }
}

TEST(Inline, ObjectCachesAreNeverStale) {
  Database db = Database::temporary(quick_options());
  Words words = db.dict<std::string, Nested>("shelf").create<Words>("words");
  Words others = db.dict<std::string, Nested>("shelf").create<Words>("others");
  const ObjectCache<Words> cache;
  for (int i = 0; i < 60; ++i) {
    words.push_back("word " + std::to_string(i));
    if (i % 7 == 0) others.push_back("x");
    if (i % 11 == 10) words.erase(0, words.size() - 2);
    for (int again = 0; again < 2; ++again) {
      for (std::uint64_t at = 0; at < words.size(); ++at) ASSERT_EQ(*cache.at(words, at), words.at(at));
    }
  }
  EXPECT_GT(cache.metrics().hits, 0u);
}

TEST(Inline, NestsOfAnyDepthHaveNoPages) {
  constexpr int kDepth = 10'000;
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Column deep = txn.list<Nested>("deep");
    for (int i = 0; i < kDepth; ++i) deep = deep.create_back<Column>();
    deep.create_back<Numbers>().push_back(5);
  });
  EXPECT_EQ(db.info().nested_collections, kDepth + 1u);
  EXPECT_EQ(pages_of_nested(db), 0u);
  {
    const ReadTxn txn = db.read();
    Column deep = txn.list<Nested>("deep");
    for (int i = 0; i < kDepth; ++i) deep = deep.open<Column>(0);
    EXPECT_EQ(deep.open<Numbers>(0).at(0), 5);
  }
  expect_sound(db);
  db.list<Nested>("deep").clear();
  for (int i = 0; db.info().dropped_collections != 0 && i < kDepth; ++i) db.list<bool>("ticks").push_back(true);
  EXPECT_EQ(db.info().nested_collections, 0u);
  expect_sound(db);
}

// What waits to be reclaimed has its leaf in its record, too. With large pages a small one has many entries.
TEST(Inline, ManyEntriesWaitToBeReclaimed) {
  Database db = Database::temporary(quick_options(65536));
  db.write([](WriteTxn& txn) {
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    Column column = shelf.create<Column>("columns");
    for (int i = 0; i < 900; ++i) column.create_back<List<bool>>().extend(std::vector<bool>(8000));
  });
  EXPECT_EQ(pages_of_nested(db), 0u);
  db.write([](WriteTxn& txn) { txn.dict<std::string, Nested>("shelf").open<Column>("columns").clear(); });
  EXPECT_NE(db.info().dropped_collections, 0u);
  expect_sound(db);
  for (int i = 0; db.info().dropped_collections != 0 && i < 10'000; ++i) {
    db.list<bool>("ticks").push_back(true);
    if (i % 100 == 0) expect_sound(db);
  }
  EXPECT_EQ(db.info().nested_collections, 1u);
  expect_sound(db);
}

// One page a list would be 400 MB.
TEST(Inline, AHundredThousandListsOfThreeNumbers) {
  constexpr std::uint64_t kLists = 100'000;
  const TemporaryFolder folder;
  const std::string path = folder.file("db");
  {
    Database db = Database::open(path, quick_options(4096));
    db.write([](WriteTxn& txn) {
      Dict<std::int64_t, Nested> lists = txn.dict<std::int64_t, Nested>("lists");
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(kLists); ++i)
        lists.create<Numbers>(i).extend(std::vector{i, i + 1, i + 2});
    });
    EXPECT_EQ(pages_of_nested(db), 0u);
    db.close();
  }
  const std::uint64_t bytes = std::filesystem::file_size(path);
  RecordProperty("bytes_a_list", static_cast<int>(bytes / kLists));
  std::printf("%.1f bytes a list\n", static_cast<double>(bytes) / kLists);
  EXPECT_LT(bytes, 200 * kLists);
  Database db = Database::open(path, quick_options(4096));
  const ReadTxn txn = db.read();
  const auto lists = txn.dict<std::int64_t, Nested>("lists");
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(kLists); i += 997)
    EXPECT_EQ(items_of(lists.open<Numbers>(i)), (std::vector{i, i + 1, i + 2}));
}

}  // namespace
}  // namespace sapwood
