#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

constexpr CollectionTypes kList{CollectionKind::list, ValueType::none, ValueType::int32};
constexpr CollectionTypes kMap{CollectionKind::sorted_map, ValueType::string, ValueType::float64};

AnyValue text(const char* value) { return std::string(value); }
AnyValue number(std::int64_t value) { return value; }

std::vector<std::string> keys_of(const AnyCollection& map, const AnyScan& scan) {
  std::vector<std::string> keys;
  map.scan(scan, [&](const AnyEntry& entry) {
    keys.push_back(std::get<std::string>(entry.key));
    return true;
  });
  EXPECT_EQ(keys.size(), map.count(scan));
  return keys;
}

TEST(AnyCollection, ReadsWhatTypedHandlesWrite) {
  Database db = Database::temporary();
  db.list<std::int32_t>("list").push_back(-5);
  db.sorted_map<double, std::vector<std::byte>>("map").put(1.5, std::vector<std::byte>{std::byte{9}});
  EXPECT_EQ(db.any("list").at(0).value, number(-5));
  EXPECT_EQ(db.any("list").types(), kList);
  const AnyEntry entry = db.any("map").at(0);
  EXPECT_EQ(entry.key, AnyValue(1.5));
  EXPECT_EQ(entry.value, AnyValue(std::vector<std::byte>{std::byte{9}}));
  EXPECT_EQ(db.read().any("list").size(), 1u);
}

TEST(AnyCollection, WritesWhatTypedHandlesRead) {
  Database db = Database::temporary();
  AnyCollection map = db.any("map", kMap);
  EXPECT_TRUE(map.put(text("a"), 1.5));
  EXPECT_TRUE(map.put(text("b"), number(2))) << "a whole number is a double too";
  EXPECT_FALSE(map.put(text("a"), 2.5));
  EXPECT_EQ(map.get(text("a")), AnyValue(2.5));
  EXPECT_EQ(map.get(text("c")), std::nullopt);
  EXPECT_TRUE(map.erase(text("a")));
  EXPECT_EQ(map.rank(text("z")), 1u);
  EXPECT_EQ((db.sorted_map<std::string, double>("map").get("b")), 2.0);
  AnyCollection list = db.any("list", kList);
  list.push_back(number(3));
  list.insert(0, AnyValue(std::uint64_t{1}));
  list.set(1, number(2));
  list.erase_at(0);
  EXPECT_EQ(items_of(db.list<std::int32_t>("list")), std::vector<std::int32_t>{2});
}

TEST(AnyCollection, RefusesWrongTypesAndCallsOfTheOtherKind) {
  Database db = Database::temporary();
  AnyCollection list = db.any("list", kList);
  AnyCollection map = db.any("map", kMap);
  EXPECT_EQ(code_of([&] { list.push_back(text("x")); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { list.push_back(number(std::int64_t{1} << 31)); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { list.push_back(1.0); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { map.put(number(1), 1.0); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { map.put(text("a"), number((std::int64_t{1} << 53) + 1)); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { map.put(text("a"), std::monostate{}); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { map.push_back(number(1)); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { map.erase_at(0); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { list.get(number(1)); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { list.count({.prefix = text("x")}); }), ErrorCode::wrong_type);
  AnyCollection numbers = db.any("numbers", {CollectionKind::sorted_map, ValueType::int64, ValueType::int64});
  EXPECT_EQ(code_of([&] { numbers.count({.prefix = number(1)}); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.any("list", kMap); }), ErrorCode::wrong_type);
  EXPECT_EQ(list.size() + map.size() + numbers.size(), 0u);
}

TEST(AnyCollection, ScansByBoundsPrefixAndWindow) {
  using Keys = std::vector<std::string>;
  Database db = Database::temporary();
  AnyCollection map = db.any("map", kMap);
  for (const char* key : {"a", "ab", "abc", "b", "ba", "c"}) map.put(text(key), 0.0);
  EXPECT_EQ(keys_of(map, {}), (Keys{"a", "ab", "abc", "b", "ba", "c"}));
  EXPECT_EQ(keys_of(map, {.low = text("ab"), .high = text("ba")}), (Keys{"ab", "abc", "b"}));
  EXPECT_EQ(keys_of(map, {.prefix = text("ab")}), (Keys{"ab", "abc"}));
  EXPECT_EQ(keys_of(map, {.low = text("abb"), .prefix = text("ab")}), (Keys{"abc"}));
  EXPECT_EQ(keys_of(map, {.skip = 1, .limit = 2}), (Keys{"ab", "abc"}));
  EXPECT_EQ(keys_of(map, {.skip = 1, .limit = 2, .reversed = true}), (Keys{"ba", "b"}));
  EXPECT_EQ(keys_of(map, {.skip = 9}), Keys{});
  EXPECT_EQ(map.scan({}, [](const AnyEntry& entry) { return entry.index < 1; }), 2u);
  EXPECT_EQ(map.erase_range({.prefix = text("a")}), 3u);
  EXPECT_EQ(keys_of(map, {.reversed = true}), (Keys{"c", "ba", "b"}));
}

TEST(AnyCollection, GetsManyKeys) {
  Database db = Database::temporary(quick_options());
  AnyCollection map = db.any("map", kMap);
  AnyCollection set = db.any("set", {CollectionKind::set, ValueType::int64, ValueType::none});
  std::vector<AnyValue> keys, numbers;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(text(std::to_string(i).c_str()));
    numbers.push_back(number(i));
    if (i % 3 == 0) continue;
    map.put(keys.back(), i / 2.0);
    set.put(numbers.back(), {});
  }
  const auto values = map.get_many(keys);
  const auto members = set.get_many(numbers);
  ASSERT_EQ(values.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(values[i], map.get(keys[i]));
    EXPECT_EQ(members[i].has_value(), i % 3 != 0);
  }
  EXPECT_TRUE(map.get_many({}).empty());
  EXPECT_EQ(code_of([&] { db.any("list", kList).get_many(numbers); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { map.get_many(numbers); }), ErrorCode::wrong_type);
}

TEST(AnyCollection, LoadsManyEntries) {
  Database db = Database::temporary(quick_options());
  AnyCollection list = db.any("list", kList);
  AnyCollection map = db.any("map", kMap);
  std::int64_t n = 0;
  const auto next = [&]() -> std::optional<AnyEntry> {
    if (n == 1000) return std::nullopt;
    ++n;
    return AnyEntry{0, text(std::to_string(1'000'000 + n).c_str()), number(n)};
  };
  map.bulk_load(next);
  EXPECT_EQ(code_of([&] { map.bulk_load(next); }), ErrorCode::invalid_argument);
  n = 0;
  list.extend(next);
  n = 500;
  list.extend(next);
  n = 999;
  map.extend(next);
  EXPECT_EQ(map.size(), 1000u);
  EXPECT_EQ(list.size(), 1500u);
  EXPECT_EQ(list.at(1000).value, number(501));
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
