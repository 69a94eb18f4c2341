// Dict, Set and SortedSet: what is theirs. Model tests compare their contents with std::map.
#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "db/testing.h"
#include "os/file.h"

namespace sapwood {
namespace {

using Words = Dict<std::string, std::string>;

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

// In one run and in many; keys short and long, again and again: the last value stays.
TEST(Dict, BulkLoadsInAnyOrder) {
  std::mt19937_64 random(test_seed());
  for (const std::uint64_t dirty_limit : {64u << 20, 16u << 10}) {
    SCOPED_TRACE(dirty_limit);
    Options options = quick_options();
    options.dirty_limit = dirty_limit;
    const TemporaryFolder folder;
    Database db = Database::open(folder.file("a"), options);
    std::vector<std::pair<std::string, std::string>> entries;
    std::map<std::string, std::string> model;
    for (int i = 0; i < 4000; ++i) {
      const std::size_t number = random() % 2500;
      entries.emplace_back(std::to_string(number) + std::string(number % 50 == 0 ? 300 : 0, 'k'),
                           std::string(number % 100 == 1 ? 2000 : number % 20, static_cast<char>('a' + i % 26)));
      model[entries.back().first] = entries.back().second;
    }
    db.dict<std::string, std::string>("d").bulk_load(entries);
    auto numbers = db.set<std::int64_t>("s");
    numbers.bulk_load(std::views::iota(0, 5000) | std::views::transform([](int i) { return i * 7919 % 3000; }));
    EXPECT_EQ(numbers.size(), 3000u);
    const auto expect_all = [&](Database& own) {
      const auto found = items_of(own.dict<std::string, std::string>("d").range());
      EXPECT_EQ(found.size(), model.size());
      EXPECT_EQ((std::map<std::string, std::string>(found.begin(), found.end())), model);
      for (const auto& [key, value] : model) ASSERT_EQ((own.dict<std::string, std::string>("d").get(key)), value);
      EXPECT_TRUE(own.set<std::int64_t>("s").contains(2999));
      expect_sound(own);
    };
    expect_all(db);
    for (const char* suffix : {"", "-log"}) {
      std::filesystem::copy_file(folder.file("a") + suffix, folder.file("copy") + suffix);
    }
    Database recovered = Database::open(folder.file("copy"), options);
    expect_all(recovered);
  }
}

TEST(Dict, BulkLoadFillsPages) {
  Database db = Database::temporary(quick_options(4096));
  std::vector<std::pair<std::int64_t, std::int64_t>> entries;
  for (std::int64_t i = 0; i < 50'000; ++i) entries.emplace_back(i * i, i);
  db.dict<std::int64_t, std::int64_t>("d").bulk_load(entries);
  const std::uint64_t leaves = 50'000 / ((4096 - 32) / 24) + 1;  // an entry: hash, key and value
  EXPECT_LE(db.info().live_pages, leaves + leaves / 20);
}

TEST(Dict, BulkLoadNeedsAnEmptyOneAndUndoesWhatFails) {
  Options options = quick_options();
  options.dirty_limit = 16 << 10;
  Database db = Database::temporary(options);
  const auto failing = std::views::iota(std::int64_t{0}) | std::views::transform([](std::int64_t n) {
                         if (n == 3000) throw std::runtime_error("stop");
                         return std::pair(n, n);
                       });
  WriteTxn txn = db.begin_write();
  auto dict = txn.dict<std::int64_t, std::int64_t>("d");
  EXPECT_THROW(dict.bulk_load(failing), std::runtime_error);
  EXPECT_TRUE(dict.empty());
  dict.bulk_load(std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 2}});
  EXPECT_EQ(code_of([&] { dict.bulk_load(failing); }), ErrorCode::invalid_argument);
  txn.commit();
  EXPECT_EQ((db.dict<std::int64_t, std::int64_t>("d").at(1)), 2);
  expect_sound(db);
}

// A real system in all but that only so many bits of hashes count.
class FewHashes final : public os::Env {
 public:
  os::FileSystem& files() override { return real_.files(); }
  os::Clock& clock() override { return real_.clock(); }
  os::Random& random() override { return real_.random(); }
  os::ProcessInfo process() override { return real_.process(); }
  u32 key_hash_bits() const override { return 2; }
  std::unique_ptr<os::Mapping> reserve_memory(u64 size) override { return real_.reserve_memory(size); }

 private:
  os::Env& real_ = os::posix_env();
};

// Four different hashes for all keys: all but the hash must still tell them apart, in every operation.
TEST(Dict, KeysOfEqualHashes) {
  FewHashes env;
  Options options = quick_options();
  options.env = &env;
  options.dirty_limit = 16 << 10;
  Database db = Database::temporary(options);
  auto dict = db.dict<std::string, std::string>("d");
  std::map<std::string, std::string> model;
  for (int i = 0; i < 1500; ++i) {
    const std::string key = std::to_string(i * 7) + std::string(i % 60 == 0 ? 200 : 0, 'k');
    model[key] = std::to_string(i);
  }
  dict.bulk_load(model);
  EXPECT_FALSE(std::ranges::is_sorted(dict.range().keys()));
  const std::vector<std::string> keys = items_of(dict.range().keys());
  int breaks = 0;  // within one hash keys of usual size are in their order
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i - 1].size() < 20 && keys[i].size() < 20 && keys[i] < keys[i - 1]) ++breaks;
  }
  EXPECT_LT(breaks, 4 + 60);
  for (int i = 0; i < 1500; i += 3) {
    const std::string key = std::to_string(i * 7) + std::string(i % 60 == 0 ? 200 : 0, 'k');
    EXPECT_TRUE(dict.erase(key));
    EXPECT_FALSE(dict.contains(key));
    model.erase(key);
  }
  for (const auto& [key, value] : model) ASSERT_EQ(dict.get(key), value);
  const auto found = items_of(dict.range());
  EXPECT_EQ((std::map<std::string, std::string>(found.begin(), found.end())), model);
  auto one = db.set<std::int64_t>("one");
  auto two = db.set<std::int64_t>("two");
  for (std::int64_t i = 0; i < 600; ++i) (i % 2 == 0 ? one : two).insert(i);
  one.insert(1);
  EXPECT_EQ(items_of(one.intersection_with(two)), (std::vector<std::int64_t>{1}));
  one.toggle_all(two);
  EXPECT_EQ(one.size(), 599u);
  expect_sound(db);
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
  EXPECT_EQ(code_of([&] { any.bulk_load([] { return std::nullopt; }); }), ErrorCode::invalid_argument);
  EXPECT_EQ(any.size(), 2u);
}

}  // namespace
}  // namespace sapwood
