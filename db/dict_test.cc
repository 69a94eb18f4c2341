// Dict, Set and SortedSet: what is theirs. Model tests compare their contents with std::map.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Words = Dict<std::string, std::string>;

static_assert(std::ranges::input_range<Words::Range> && std::ranges::bidirectional_range<Words::Range>);
static_assert(std::ranges::bidirectional_range<Set<std::string>::Range>);
static_assert(std::ranges::bidirectional_range<SortedSet<double>::Range>);
static_assert(std::ranges::borrowed_range<Set<std::int64_t>::Range>);
static_assert(std::same_as<Set<std::int64_t>::value_type, std::int64_t>);

TEST(Dict, PutsGetsAndErases) {
  Database db = Database::temporary(quick_options());
  auto dict = db.dict<std::string, std::int64_t>("d");
  EXPECT_EQ(dict.get("a"), std::nullopt);
  EXPECT_TRUE(dict.put("a", 1));
  EXPECT_FALSE(dict.put("a", 2));
  EXPECT_FALSE(dict.put_if_absent("a", 3));
  EXPECT_TRUE(dict.put_if_absent("b", 4));
  EXPECT_EQ(dict.at("a"), 2);
  EXPECT_EQ(code_of([&] { dict.at("c"); }), ErrorCode::not_found);
  EXPECT_EQ(dict.size(), 2u);
  EXPECT_TRUE(dict.erase("a"));
  EXPECT_FALSE(dict.erase("a"));
  EXPECT_FALSE(dict.contains("a"));
  EXPECT_EQ(items_of(dict.range()), (std::vector<std::pair<std::string, std::int64_t>>{{"b", 4}}));
  expect_sound(db);
}

TEST(Dict, IteratesEachEntryOnceInAnOrderThatStays) {
  Database db = Database::temporary(quick_options());
  auto dict = db.dict<std::int64_t, std::int64_t>("d");
  std::map<std::int64_t, std::int64_t> model;
  db.write([&](WriteTxn& txn) {
    auto own = txn.dict<std::int64_t, std::int64_t>("d");
    for (std::int64_t i = 0; i < 5000; ++i) own.put(i * i, i), model[i * i] = i;
  });
  const auto entries = items_of(dict.range());
  EXPECT_EQ((std::map<std::int64_t, std::int64_t>(entries.begin(), entries.end())), model);
  EXPECT_FALSE(std::ranges::is_sorted(entries));
  auto backwards = items_of(dict.range().reversed());
  std::ranges::reverse(backwards);
  EXPECT_EQ(backwards, entries);
  for (const std::uint64_t i : {0u, 77u, 4999u}) EXPECT_EQ(dict.select(i), entries[i]);
  EXPECT_EQ(code_of([&] { dict.select(5000); }), ErrorCode::out_of_range);
  expect_sound(db);
}

// Around the size at which a key no longer fits the tree, and up to the limit.
TEST(Dict, KeysOfAnySizeUpToTheLimit) {
  for (const std::uint32_t page_size : {512u, 4096u, 65536u}) {
    SCOPED_TRACE(page_size);
    Database db = Database::temporary(quick_options(page_size));
    std::map<std::string, std::string> model;
    std::set<std::size_t> sizes{0, 1, 7, 8, 9, 65535, 65536};
    for (std::size_t near = page_size / 4 - 26; near < page_size / 4 + 3; ++near) sizes.insert(near);
    db.write([&](WriteTxn& txn) {
      Words dict = txn.dict<std::string, std::string>("d");
      for (const std::size_t size : sizes) {
        for (const char last : {'x', 'y'}) {  // alike but for the last byte
          std::string key(size, 'k');
          if (!key.empty()) key.back() = last;
          for (const std::size_t value_size : {std::size_t{5}, std::size_t{3} * page_size}) {
            const std::string value(value_size, last);
            EXPECT_EQ(dict.put(key, value), !model.contains(key));
            model[key] = value;
          }
        }
      }
      EXPECT_EQ(code_of([&] { dict.put(std::string(65537, 'k'), "v"); }), ErrorCode::too_long);
      EXPECT_FALSE(dict.contains(std::string(65537, 'k')));
      for (const auto& [key, value] : model) {
        EXPECT_EQ(dict.get(key), value);
        EXPECT_EQ(dict.get_view(key), value);
      }
    });
    Words dict = db.dict<std::string, std::string>("d");
    const auto entries = items_of(dict.range());
    EXPECT_EQ((std::map<std::string, std::string>(entries.begin(), entries.end())), model);
    const auto keys = items_of(dict.range().keys());
    for (std::size_t i = 0; i < entries.size(); ++i) EXPECT_EQ(keys[i], entries[i].first);
    expect_sound(db);
    for (const auto& [key, value] : model) EXPECT_TRUE(dict.erase(key));
    EXPECT_TRUE(dict.empty());
    expect_sound(db);
  }
}

TEST(Dict, ManyLookUpsAtOnceAreThoseOneByOne) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  Words dict = db.dict<std::string, std::string>("d");
  auto map = db.sorted_map<std::string, std::string>("m");
  EXPECT_EQ(dict.get_many(std::vector<std::string>{"a"}), (std::vector<std::optional<std::string>>(1)));
  db.write([&](WriteTxn& txn) {
    for (int i = 0; i < 2000; ++i) {
      const std::string key = std::to_string(i) + std::string(i % 50 == 0 ? 200 : 0, 'k');
      const std::string value(i % 40 == 0 ? 3000 : i % 30, 'v');
      txn.dict<std::string, std::string>("d").put(key, value);
      if (key.size() < 100) txn.sorted_map<std::string, std::string>("m").put(key, value);
    }
  });
  for (const std::size_t count : {0, 1, 15, 16, 17, 1000}) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t number = random() % 2500;
      keys.push_back(std::to_string(number) + std::string(number % 50 == 0 ? 200 : 0, 'k'));
    }
    const auto found = dict.get_many(keys);
    const auto found_in_map = map.get_many(keys);
    ASSERT_EQ(found.size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(found[i], dict.get(keys[i])) << keys[i];
      EXPECT_EQ(found_in_map[i], map.get(keys[i])) << keys[i];
    }
  }
}

TEST(Dict, HashesDifferFromFileToFile) {
  std::vector<std::vector<std::string>> orders;
  for (int file = 0; file < 2; ++file) {
    Database db = Database::temporary(quick_options());
    auto set = db.set<std::string>("s");
    for (int i = 0; i < 50; ++i) set.insert(std::to_string(i));
    orders.push_back(items_of(set.range()));
  }
  EXPECT_NE(orders[0], orders[1]);
  std::ranges::sort(orders[0]);
  std::ranges::sort(orders[1]);
  EXPECT_EQ(orders[0], orders[1]);
}

TEST(Set, HoldsEachKeyOnce) {
  Database db = Database::temporary(quick_options());
  auto set = db.set<std::string>("s");
  EXPECT_TRUE(set.insert("a"));
  EXPECT_FALSE(set.insert("a"));
  set.insert_all(std::vector<std::string>{"b", "a", "c"});
  EXPECT_EQ(set.size(), 3u);
  EXPECT_TRUE(set.contains("c"));
  EXPECT_TRUE(set.erase("a"));
  std::set<std::string> found;
  for (const std::string& key : set) found.insert(key);
  EXPECT_EQ(found, (std::set<std::string>{"b", "c"}));
  std::set<std::string> viewed;
  for (const std::string_view key : set.range().views()) viewed.emplace(key);
  EXPECT_EQ(viewed, found);
  expect_sound(db);
}

TEST(Set, AnInsertOfWhatIsThereCommitsNothing) {
  Database db = Database::temporary(quick_options());
  auto set = db.set<std::int64_t>("s");
  set.insert(1);
  const std::uint64_t txn = db.read().txn();
  EXPECT_FALSE(set.insert(1));
  EXPECT_EQ(db.read().txn(), txn);
}

TEST(SortedSet, IsInOrder) {
  Database db = Database::temporary(quick_options());
  auto set = db.sorted_set<double>("s");
  std::vector<double> numbers;
  for (int i = -500; i < 500; ++i) numbers.push_back(i * 0.25);
  set.bulk_load(numbers);
  EXPECT_EQ(items_of(set.range()), numbers);
  EXPECT_EQ(set.rank(0), 500u);
  EXPECT_EQ(set.first(), -125.0);
  EXPECT_EQ(set.lower(0), -0.25);
  EXPECT_EQ(set.ceiling(0.1), 0.25);
  EXPECT_EQ(items_of(set.range(0, 0.75)), (std::vector<double>{0, 0.25, 0.5}));
  EXPECT_EQ(set.count(-1, 1), 8u);
  EXPECT_EQ(set.erase(-1000, 0), 500u);
  EXPECT_EQ(set.select(0), 0.0);
  expect_sound(db);
}

TEST(SortedSet, OfStringsHasPrefixes) {
  Database db = Database::temporary(quick_options());
  auto set = db.sorted_set<std::string>("s");
  set.insert_all(std::vector<std::string>{"ab", "abc", "b", "a"});
  EXPECT_EQ(items_of(set.prefix("ab")), (std::vector<std::string>{"ab", "abc"}));
}

TEST(Kinds, AreToldApart) {
  Database db = Database::temporary(quick_options());
  db.set<std::string>("s").insert("x");
  EXPECT_EQ(code_of([&] { db.sorted_set<std::string>("s"); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.dict<std::string, std::string>("s"); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.set<std::int64_t>("s"); }), ErrorCode::wrong_type);
  AnyCollection any = db.any("s");
  EXPECT_EQ(any.types(), Set<std::string>::types);
  EXPECT_TRUE(any.put(std::string("y"), {}));
  EXPECT_EQ(code_of([&] { any.put(std::string("y"), std::string("value")); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { any.rank(std::string("y")); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { any.push_back(std::string("y")); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { any.bulk_load([] { return std::nullopt; }); }), ErrorCode::wrong_type);
  EXPECT_EQ(any.size(), 2u);
}

}  // namespace
}  // namespace sapwood
