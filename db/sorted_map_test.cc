// SortedMap<K, V> through transactions, and without.
#include "sapwood/sorted_map.h"

#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Map = SortedMap<std::string, std::string>;
using Entries = std::vector<std::pair<std::string, std::string>>;
using Keys = std::vector<std::string>;

static_assert(std::bidirectional_iterator<Map::iterator>);
static_assert(std::ranges::sized_range<Map::Range>);

Keys keys_of(const Map::Range& range) { return items_of(range.keys()); }

Map letters(Database& db) {
  Map map = db.sorted_map<std::string, std::string>("map");
  map.put_all(Entries{{"b", "2"}, {"d", "4"}, {"f", "6"}, {"h", "8"}});
  return map;
}

TEST(SortedMap, PutGetErase) {
  Database db = Database::temporary();
  auto map = db.sorted_map<std::string, double>("mass");
  EXPECT_TRUE(map.put("H", 1.0));
  EXPECT_FALSE(map.put("H", 1.008));
  EXPECT_FALSE(map.put_if_absent("H", 2.0));
  EXPECT_TRUE(map.put_if_absent("O", 15.999));
  EXPECT_EQ(map.get("H"), 1.008);
  EXPECT_EQ(map.get("He"), std::nullopt);
  EXPECT_EQ(map.at("O"), 15.999);
  EXPECT_EQ(code_of([&] { map.at("He"); }), ErrorCode::not_found);
  EXPECT_TRUE(map.contains("O"));
  EXPECT_TRUE(map.erase("O"));
  EXPECT_FALSE(map.erase("O"));
  EXPECT_EQ(map.size(), 1u);
}

TEST(SortedMap, NeighboursOfAKey) {
  Database db = Database::temporary();
  Map map = letters(db);
  const auto key = [](const std::optional<Map::value_type>& entry) { return entry ? entry->first : "none"; };
  EXPECT_EQ(map.first(), (Map::value_type{"b", "2"}));
  EXPECT_EQ(map.last(), (Map::value_type{"h", "8"}));
  EXPECT_EQ(key(map.lower("d")), "b");
  EXPECT_EQ(key(map.lower("b")), "none");
  EXPECT_EQ(key(map.lower("z")), "h");
  EXPECT_EQ(key(map.floor("d")), "d");
  EXPECT_EQ(key(map.floor("e")), "d");
  EXPECT_EQ(key(map.floor("a")), "none");
  EXPECT_EQ(key(map.floor("z")), "h");
  EXPECT_EQ(key(map.ceiling("d")), "d");
  EXPECT_EQ(key(map.ceiling("e")), "f");
  EXPECT_EQ(key(map.ceiling("i")), "none");
  EXPECT_EQ(key(map.higher("d")), "f");
  EXPECT_EQ(key(map.higher("h")), "none");
  map.clear();
  EXPECT_EQ(map.first(), std::nullopt);
  EXPECT_EQ(map.last(), std::nullopt);
  EXPECT_EQ(map.floor("z"), std::nullopt);
  EXPECT_EQ(map.ceiling("a"), std::nullopt);
}

TEST(SortedMap, RanksAndPositions) {
  Database db = Database::temporary();
  const Map map = letters(db);
  EXPECT_EQ(map.rank("a"), 0u);
  EXPECT_EQ(map.rank("d"), 1u);
  EXPECT_EQ(map.rank("e"), 2u);
  EXPECT_EQ(map.rank("z"), 4u);
  EXPECT_EQ(map.select(2), (Map::value_type{"f", "6"}));
  EXPECT_EQ(code_of([&] { map.select(4); }), ErrorCode::out_of_range);
  EXPECT_EQ(map.count("b", "f"), 2u);
  EXPECT_EQ(map.count("f", "b"), 0u);
}

TEST(SortedMap, RangesAreHalfOpen) {
  Database db = Database::temporary();
  const Map map = letters(db);
  EXPECT_EQ(keys_of(map.range()), (Keys{"b", "d", "f", "h"}));
  EXPECT_EQ(keys_of(map.range("b", "f")), (Keys{"b", "d"}));
  EXPECT_EQ(keys_of(map.range("c", "g")), (Keys{"d", "f"}));
  EXPECT_EQ(keys_of(map.range("f", "b")), Keys{});
  EXPECT_EQ(keys_of(map.from("f")), (Keys{"f", "h"}));
  EXPECT_EQ(keys_of(map.until("f")), (Keys{"b", "d"}));
  EXPECT_EQ(keys_of(map.range("b", "h").reversed()), (Keys{"f", "d", "b"}));
  EXPECT_EQ(items_of(map.reversed()).front(), (Map::value_type{"h", "8"}));
}

TEST(SortedMap, PrefixesIncludeTheirOwnKeyAndTheHighestBytes) {
  Database db = Database::temporary();
  Map map = db.sorted_map<std::string, std::string>("map");
  map.put_all(Entries{{"ab", ""}, {"ab\xff\xff", ""}, {"ac", ""}, {"a", ""}, {"\xff", ""}, {"\xff\xff", ""}});
  EXPECT_EQ(keys_of(map.prefix("ab")), (Keys{"ab", "ab\xff\xff"}));
  EXPECT_EQ(keys_of(map.prefix("\xff")), (Keys{"\xff", "\xff\xff"}));
  EXPECT_EQ(map.prefix("").size(), 6u);
  EXPECT_EQ(map.prefix("b").size(), 0u);
}

TEST(SortedMap, EntriesBindAndViewsDoNotCopy) {
  Database db = Database::temporary();
  letters(db);
  const ReadTxn txn = db.read();
  const auto map = txn.sorted_map<std::string, std::string>("map");
  std::string text;
  for (auto [key, value] : map) text += key + value;
  for (auto [key, value] : map.range("d", "g").views()) {
    static_assert(std::is_same_v<decltype(key), std::string_view>);
    text.append(key).append(value);
  }
  auto iterator = map.from("h").begin();
  text.append(iterator.key_view()).append(iterator.value_view());
  EXPECT_EQ(text, "b2d4f6h8d4f6h8");
  EXPECT_EQ(map.get_view("d"), "4");
  EXPECT_EQ(map.get_view("e"), std::nullopt);
  EXPECT_EQ(map.begin()->second, "2");
}

TEST(SortedMap, NumbersKeepTheirOrder) {
  Database db = Database::temporary(quick_options());
  auto ints = db.sorted_map<std::int64_t, std::int32_t>("ints");
  auto doubles = db.sorted_map<double, std::string>("doubles");
  for (int i = 0; i < 300; ++i) ints.put((i * 7919) % 1000 - 500, i);
  std::int64_t previous = std::numeric_limits<std::int64_t>::min();
  for (auto [key, value] : ints) {
    EXPECT_LT(previous, key);
    previous = key;
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double key : {2.5, -1.0, 0.0, -0.0, nan, -nan, 1e300, -1e-300}) doubles.put(key, "x");
  EXPECT_EQ(doubles.size(), 6u) << "-0.0 is 0.0, and all NaNs are one key";
  EXPECT_EQ(doubles.first()->first, -1.0);
  EXPECT_TRUE(doubles.contains(nan));
  EXPECT_EQ(doubles.rank(nan), 5u);
  EXPECT_EQ(doubles.range(-1.0, 0.0).size(), 2u);
  expect_sound(db);
}

TEST(SortedMap, KeysHaveALimit) {
  Database db = Database::temporary(quick_options(512));
  WriteTxn txn = db.begin_write();
  auto map = txn.sorted_map<std::string, std::string>("map");
  const std::string longest(128, 'k');
  const std::string too_long(129, 'k');
  EXPECT_TRUE(map.put(longest, "x"));
  EXPECT_EQ(code_of([&] { map.put(too_long, "x"); }), ErrorCode::too_long);
  EXPECT_EQ(code_of([&] { map.put_all(Entries{{"a", ""}, {too_long, ""}}); }), ErrorCode::too_long);
  EXPECT_FALSE(map.contains(too_long));
  EXPECT_FALSE(map.erase(too_long));
  EXPECT_EQ(map.rank(too_long), 1u);
  EXPECT_EQ(map.size(), 1u);
  txn.commit();
  EXPECT_EQ((db.sorted_map<std::string, std::string>("map").get(longest)), "x");
}

TEST(SortedMap, ErasesRanges) {
  Database db = Database::temporary(quick_options());
  auto map = db.sorted_map<std::int64_t, std::string>("map");
  db.write([](WriteTxn& txn) {
    auto inside = txn.sorted_map<std::int64_t, std::string>("map");
    for (std::int64_t i = 0; i < 3000; ++i) inside.put(i * 2, std::to_string(i));
  });
  EXPECT_EQ(map.erase(101, 5001), 2450u);
  EXPECT_EQ(map.erase(101, 5001), 0u);
  EXPECT_EQ(map.erase(7, 7), 0u);
  EXPECT_EQ(map.size(), 550u);
  EXPECT_EQ(map.higher(100)->first, 5002);
  expect_sound(db);
}

TEST(SortedMap, BulkLoadNeedsAscendingKeys) {
  Database db = Database::temporary(quick_options());
  auto map = db.sorted_map<std::int64_t, std::string>("map");
  std::vector<std::pair<std::int64_t, std::string>> entries;
  for (std::int64_t i = -2000; i < 2000; ++i) entries.emplace_back(i, std::to_string(i));
  std::swap(entries[3000], entries[3001]);
  WriteTxn txn = db.begin_write();
  auto inside = txn.sorted_map<std::int64_t, std::string>("map");
  EXPECT_EQ(code_of([&] { inside.bulk_load(entries); }), ErrorCode::invalid_argument);
  EXPECT_EQ(inside.size(), 0u);
  inside.put(1, "usable");
  EXPECT_EQ(code_of([&] { inside.bulk_load(entries); }), ErrorCode::invalid_argument) << "not empty";
  txn.rollback();
  std::swap(entries[3000], entries[3001]);
  map.bulk_load(entries);
  EXPECT_EQ(items_of(map), entries);
  EXPECT_EQ(map.get(-1999), "-1999");
  expect_sound(db);
}

TEST(SortedMap, IteratorsOfAWriteTransactionReadTheStateAtTheirCreation) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    auto map = txn.sorted_map<std::int64_t, std::string>("map");
    for (std::int64_t i = 0; i < 500; ++i) map.put(i, std::to_string(i));
    std::int64_t expected = 0;
    for (auto [key, value] : map.range(0, 400)) {
      ASSERT_EQ(key, expected);
      ASSERT_EQ(value, std::to_string(expected++));
      map.erase(key + 1);
      map.put(key, "seen");
      map.put(key + 1000, "new");
    }
    EXPECT_EQ(expected, 400);
    EXPECT_EQ(map.get(399), "seen");
  });
  expect_sound(db);
}

TEST(SortedMap, BigValues) {
  Database db = Database::temporary(quick_options());
  auto map = db.sorted_map<std::string, std::string>("map");
  const std::string big(3'000'000, 'x');
  map.put("big", big);
  map.put("small", "y");
  EXPECT_EQ(map.get("big"), big);
  EXPECT_EQ(map.begin()->second, big);
  {
    const ReadTxn txn = db.read();
    EXPECT_EQ((txn.sorted_map<std::string, std::string>("map").get_view("big")), big);
  }
  map.put("big", "little");
  EXPECT_EQ(map.get("big"), "little");
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
