// What becomes of collections in collections when what they are in goes, however much it is.
#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Words = List<std::string>;
using Numbers = List<std::int64_t>;
using Shelf = Dict<std::string, Nested>;
using Level = SortedMap<std::int64_t, Nested>;
using Column = List<Nested>;

// Commits until nothing that was dropped waits any more; the number of commits.
std::uint64_t reclaim_all(Database& db) {
  std::uint64_t commits = 0;
  for (; db.info().dropped_collections != 0; ++commits) {
    db.write([&](WriteTxn& txn) { txn.list<bool>("ticks").push_back(true); });
    if (commits > 100'000) throw std::runtime_error("it never ends");
  }
  return commits;
}

// It had children as files beside it, which stayed when the parent went.
TEST(NestedDrop, ErasingAParentFreesAllBelow) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  db.write([](WriteTxn& txn) { txn.list<bool>("ticks").push_back(true); });
  const std::uint64_t before = db.metrics().all_collections.pages();
  db.write([](WriteTxn& txn) {
    Shelf top = txn.dict<std::string, Nested>("shelf").create<Shelf>("top");
    for (int i = 0; i < 300; ++i) {
      Level level = top.create<Level>(std::to_string(i));
      for (int j = 0; j < 3; ++j) level.create<Words>(j).push_back(std::string(1000, 'x'));
    }
  });
  EXPECT_EQ(db.info().nested_collections, 1u + 300 + 900);
  EXPECT_GT(db.metrics().nested.pages(), 1200u);
  EXPECT_TRUE(shelf.erase("top"));
  EXPECT_NE(db.info().dropped_collections, 0u);
  EXPECT_NE(db.metrics().dropped.pages(), 0u);
  expect_sound(db);
  reclaim_all(db);
  EXPECT_EQ(db.info().nested_collections, 0u);
  EXPECT_LE(db.metrics().all_collections.pages(), before + 3) << "but for ticks";
  expect_sound(db);
}

// Every way in which an entry goes takes the collection with it.
TEST(NestedDrop, GoesWithItsEntryHoweverThatGoes) {
  const std::vector<std::pair<const char*, void (*)(Column&)>> ways{
      {"erase", [](Column& list) { list.erase(5); }},
      {"erase range", [](Column& list) { list.erase(3, 100); }},
      {"clear", [](Column& list) { list.clear(); }},
      {"pop_back", [](Column& list) { list.pop_back(); }},
      {"pop_front", [](Column& list) { list.pop_front(); }},
      {"erase_if", [](Column& list) { list.erase_if([](Nested item) { return item.id % 2 == 0; }); }},
      {"swap_erase", [](Column& list) { list.swap_erase(5); }},
      {"assign", [](Column& list) { list.assign(0, 7, std::vector<Nested>()); }},
  };
  for (const auto& [name, way] : ways) {
    SCOPED_TRACE(name);
    Database db = Database::temporary(quick_options());
    db.write([&](WriteTxn& txn) {
      Column column = txn.list<Nested>("column");
      for (int i = 0; i < 200; ++i) column.create_back<Words>().push_back("word");
    });
    db.write([&](WriteTxn& txn) {
      Column column = txn.list<Nested>("column");
      way(column);
    });
    reclaim_all(db);
    EXPECT_EQ(db.info().nested_collections, (db.list<Nested>("column").size()));
    EXPECT_LT(db.info().nested_collections, 200u);
    expect_sound(db);
  }
}

TEST(NestedDrop, GoesWithEntriesOfMapsAndWithTheWholeCollection) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Level level = txn.sorted_map<std::int64_t, Nested>("level");
    for (int i = 0; i < 100; ++i) level.create<Words>(i).push_back("word");
    EXPECT_EQ(level.erase(10, 20), 10u);
    level.create<Numbers>(30);  // in the place of the words
    level.pop_first();
    EXPECT_EQ(level.erase_if([](const auto& entry) { return entry.first >= 90; }), 10u);
  });
  EXPECT_EQ(db.info().nested_collections, 79u);
  expect_sound(db);
  EXPECT_TRUE(db.drop("level"));
  reclaim_all(db);
  EXPECT_EQ(db.info().nested_collections, 0u);
  expect_sound(db);
}

// Also deeper than anything that recurses could go.
TEST(NestedDrop, GoesToAnyDepth) {
  for (const int depth : {256, 10'000}) {
    Database db = Database::temporary(quick_options(4096));
    db.write([&](WriteTxn& txn) {
      Column level = txn.list<Nested>("top");
      for (int i = 1; i < depth; ++i) level = level.create_back<Column>();
      level.create_back<Words>().push_back("bottom");
    });
    {
      const ReadTxn txn = db.read();
      Column level = txn.list<Nested>("top");
      for (int i = 1; i < depth; ++i) level = level.open<Column>(0);
      EXPECT_EQ(level.open<Words>(0).at(0), "bottom");
    }
    EXPECT_EQ(db.info().nested_collections, static_cast<std::uint64_t>(depth));
    expect_sound(db);
    EXPECT_TRUE(db.drop("top"));
    reclaim_all(db);
    EXPECT_EQ(db.info().nested_collections, 0u);
    expect_sound(db);
  }
}

TEST(NestedDrop, CompactFreesWhatWasDroppedFirst) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    for (int i = 0; i < 2000; ++i) shelf.create<Words>(std::to_string(i)).push_back("word");
  });
  db.drop("shelf");
  EXPECT_GT(db.info().nested_collections, 1000u);
  db.compact();
  EXPECT_EQ(db.info().nested_collections, 0u);
  EXPECT_EQ(db.info().dropped_collections, 0u);
  expect_sound(db);
}

// Dropping takes one record from one place to another, whatever lies below it; each later commit frees some.
TEST(NestedDrop, DropsOfManyEntriesAreBounded) {
  Database db = Database::temporary(quick_options(4096));
  constexpr std::uint64_t kItems = 200'000;
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  db.write([](WriteTxn& txn) {
    const auto items = std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(kItems));
    txn.dict<std::string, Nested>("shelf").create<Numbers>("numbers").bulk_load(items);
  });
  const std::uint64_t pages = db.metrics().nested.pages();
  EXPECT_TRUE(shelf.erase("numbers"));
  const std::uint64_t left = db.metrics().dropped.pages();
  EXPECT_GT(left, pages * 3 / 4) << "the commit that drops it frees little";
  EXPECT_GT(reclaim_all(db), 5u);
  EXPECT_EQ(db.metrics().dropped.pages(), 0u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
