// What collections do beside reading and writing one entry: updates, counters, slices, samples, searches, erase_if.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers counting(std::int64_t count) {
  Numbers numbers;
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

template <class Map>
void expect_updates(Map map) {
  const auto twice = [](const std::optional<std::string>& value) { return value.value_or("x") + value.value_or("y"); };
  EXPECT_EQ(map.update("a", twice), "xy");
  EXPECT_EQ(map.update("a", twice), "xyxy");
  EXPECT_EQ(map.get("a"), "xyxy");
  const auto nothing = [](const std::optional<std::string>&) { return std::optional<std::string>(); };
  EXPECT_EQ(map.update("a", nothing), std::nullopt);
  EXPECT_EQ(map.update("b", nothing), std::nullopt);
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.update("a", [](auto) { return std::optional(std::string(3000, 'v')); }), std::string(3000, 'v'));
  EXPECT_STREQ(map.update("a", [](auto) { return "literal"; }), "literal");
  EXPECT_THROW(map.update("a", [](auto) -> std::string { throw std::runtime_error("stop"); }), std::runtime_error);
  EXPECT_EQ(map.at("a"), "literal");
  map.erase("a");
}

TEST(Update, OfMapsAndDicts) {
  Database db = Database::temporary(quick_options());
  expect_updates(db.dict<std::string, std::string>("d"));
  expect_updates(db.sorted_map<std::string, std::string>("m"));
  db.write([](WriteTxn& txn) {
    expect_updates(txn.dict<std::string, std::string>("d"));
    expect_updates(txn.sorted_map<std::string, std::string>("m"));
  });
  expect_sound(db);
}

TEST(Update, IsOneTransactionAndNoneWithoutEffect) {
  Database db = Database::temporary(quick_options());
  auto map = db.dict<std::string, std::int64_t>("d");
  const std::uint64_t txn = db.read().txn();
  map.update("a", [](auto) { return 1; });
  EXPECT_EQ(db.read().txn(), txn + 1);
  map.update("b", [](auto) { return std::optional<std::int64_t>(); });
  EXPECT_THROW(map.update("a", [](auto) -> int { throw 1; }), int);
  EXPECT_EQ(db.read().txn(), txn + 1);
  EXPECT_EQ(code_of([&] { map.update("a", [&](auto) { return map.add("a", 1); }); }), ErrorCode::would_deadlock);
  EXPECT_EQ(map.at("a"), 1);
}

TEST(Update, OfItems) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("l");
  list.extend(std::vector<std::string>{"a", "b", "c"});
  EXPECT_EQ(list.update(1, [](const std::string& item) { return item + item; }), "bb");
  EXPECT_EQ(list.update(0, [](const std::string&) { return std::optional<std::string>(); }), std::nullopt);
  EXPECT_EQ(items_of(list), (std::vector<std::string>{"bb", "c"}));
  EXPECT_EQ(code_of([&] { list.update(2, [](std::string item) { return item; }); }), ErrorCode::out_of_range);
}

TEST(Counters, AddAndTellOverflow) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  Database db = Database::temporary(quick_options());
  auto counts = db.dict<std::string, std::int64_t>("d");
  EXPECT_EQ(counts.add("a", 5), 5);
  EXPECT_EQ(counts.add("a", -7), -2);
  EXPECT_EQ(counts.add("b", kMost), kMost);
  EXPECT_EQ(code_of([&] { counts.add("b", 1); }), ErrorCode::out_of_range);
  EXPECT_EQ(counts.at("b"), kMost);
  auto small = db.sorted_map<std::int64_t, std::int32_t>("m");
  EXPECT_EQ(code_of([&] { small.add(1, std::int64_t{1} << 40); }), ErrorCode::out_of_range);
  EXPECT_FALSE(small.contains(1));
  auto natural = db.dict<std::string, std::uint64_t>("u");
  EXPECT_EQ(natural.add("a", ~std::uint64_t{0}), ~std::uint64_t{0});
  EXPECT_EQ(natural.add("a", -1), ~std::uint64_t{0} - 1);
  EXPECT_EQ(code_of([&] { natural.add("b", -1); }), ErrorCode::out_of_range);
  auto list = db.list<std::int64_t>("l");
  list.push_back(kMost - 1);
  WriteTxn txn = db.begin_write();
  auto own = txn.list<std::int64_t>("l");
  EXPECT_EQ(own.add(0, 1), kMost);
  EXPECT_EQ(code_of([&] { own.add(0, 1); }), ErrorCode::out_of_range);
  EXPECT_EQ(own.at(0), kMost);
  txn.commit();
}

TEST(Slices, AssignReplacesAnyNumberByAnyNumber) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  Numbers model;
  for (int step = 0; step < 300; ++step) {
    const std::uint64_t first = random() % (model.size() + 1);
    const std::uint64_t count = random() % (std::min<std::uint64_t>(model.size() - first, 50) + 1);
    const Numbers items = counting(static_cast<std::int64_t>(random() % 60));
    list.assign(first, count, items);
    const auto at = model.begin() + static_cast<std::ptrdiff_t>(first);
    const auto place = model.erase(at, at + static_cast<std::ptrdiff_t>(count));
    model.insert(place, items.begin(), items.end());
    ASSERT_EQ(list.size(), model.size());
  }
  EXPECT_EQ(items_of(list), model);
  list.assign(0, 3, list.slice(1, 5));
  const Numbers moved(model.begin() + 1, model.begin() + 6);
  EXPECT_EQ(items_of(list.slice(0, 5)), moved);
  EXPECT_EQ(code_of([&] { list.assign(list.size() - 1, 2, moved); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.assign(list.size() + 1, 0, moved); }), ErrorCode::out_of_range);
  const auto failing = moved | std::views::transform([&](std::int64_t n) {
                         if (n == moved.back()) throw std::runtime_error("stop");
                         return n;
                       });
  const Numbers before = items_of(list);
  EXPECT_THROW(list.assign(0, 2, failing), std::runtime_error);
  EXPECT_EQ(items_of(list), before);
  expect_sound(db);
}

TEST(Search, FindsAndCountsItems) {
  Database db = Database::temporary(quick_options());
  auto words = db.list<std::string>("words");
  words.extend(std::vector<std::string>{"a", "b", "a", std::string(5000, 'x'), "b"});
  EXPECT_EQ(words.find("a"), 0u);
  EXPECT_EQ(words.find("a", 1), 2u);
  EXPECT_EQ(words.find("a", 3), std::nullopt);
  EXPECT_EQ(words.find("a", 99), std::nullopt);
  EXPECT_EQ(words.find(std::string(5000, 'x')), 3u);
  EXPECT_EQ(words.count("b"), 2u);
  EXPECT_EQ(words.count("c"), 0u);
  auto numbers = db.list<double>("numbers");
  numbers.extend(std::vector<double>{1, std::nan(""), -0.0, 1});
  EXPECT_EQ(numbers.find(0.0), 2u);
  EXPECT_EQ(numbers.find(std::nan("")), std::nullopt);
  EXPECT_EQ(numbers.count(1), 2u);
  auto many = db.list<std::int64_t>("many");
  many.extend(counting(5000));
  EXPECT_EQ(many.find(4321), 4321u);
  EXPECT_EQ(many.find(4321, 4322), std::nullopt);
}

TEST(Blocks, AreTheItems) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  Numbers model = counting(3000);
  list.extend(model);
  for (int i = 0; i < 200; ++i) {
    list.insert(static_cast<std::uint64_t>(i) * 7, -i);
    model.insert(model.begin() + i * 7, -i);
  }
  const auto expect = [&](const List<std::int64_t>& own) {
    for (const auto& [first, count] : {std::pair<std::uint64_t, std::uint64_t>{0, model.size()}, {0, 0}, {17, 1000}}) {
      const auto at = model.begin() + static_cast<std::ptrdiff_t>(first);
      const Numbers expected(at, at + static_cast<std::ptrdiff_t>(count));
      Numbers found;
      for (const std::span<const std::int64_t> block : own.blocks(first, count)) {
        EXPECT_FALSE(block.empty());
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data()) % alignof(std::int64_t), 0u);
        found.insert(found.end(), block.begin(), block.end());
      }
      EXPECT_EQ(found, expected);
      Numbers read(count);
      own.read(first, read);
      EXPECT_EQ(read, expected);
    }
    EXPECT_EQ(code_of([&] { own.blocks(1, model.size()); }), ErrorCode::out_of_range);
    Numbers more(2);
    EXPECT_EQ(code_of([&] { own.read(model.size() - 1, more); }), ErrorCode::out_of_range);
  };
  {
    const ReadTxn txn = db.read();
    expect(txn.list<std::int64_t>("l"));
  }
  {
    WriteTxn txn = db.begin_write();
    expect(txn.list<std::int64_t>("l"));
  }
  Numbers read(5);
  list.read(0, read);
  EXPECT_EQ(read, Numbers(model.begin(), model.begin() + 5));
}

TEST(Blocks, OfAWriteTransactionGoOnAfterChanges) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::int32_t>("l");
  for (std::int32_t i = 0; i < 2000; ++i) list.push_back(i);
  std::int32_t expected = 0;
  for (const std::span<const std::int32_t> block : list.blocks(0, 2000)) {
    for (const std::int32_t item : block) ASSERT_EQ(item, expected++);
    list.insert(0, -1);
    list.set(1999, -2);
  }
  EXPECT_EQ(expected, 2000);
}

TEST(GetMany, OfAList) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("l");
  EXPECT_TRUE(list.get_many(Numbers()).empty());
  for (int i = 0; i < 300; ++i) list.push_back(std::string(i % 50 == 0 ? 2000 : 3, static_cast<char>('a' + i % 26)));
  std::vector<std::uint64_t> positions;
  for (std::uint64_t i = 0; i < 100; ++i) positions.push_back(i * 37 % 300);
  const std::vector<std::string> found = list.get_many(positions);
  for (std::size_t i = 0; i < positions.size(); ++i) EXPECT_EQ(found[i], list.at(positions[i]));
  positions.push_back(300);
  EXPECT_EQ(code_of([&] { list.get_many(positions); }), ErrorCode::out_of_range);
  auto flags = db.list<bool>("flags");
  flags.extend(std::vector<bool>{true, false, true});
  EXPECT_EQ(flags.get_many(std::vector<int>{2, 1}), (std::vector<bool>{true, false}));
}

TEST(Sample, IsDistinctAndRepeatable) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  auto set = db.set<std::int64_t>("s");
  auto map = db.sorted_map<std::int64_t, std::string>("m");
  EXPECT_TRUE(list.sample(3, 1).empty());
  for (std::int64_t i = 0; i < 500; ++i) list.push_back(i), set.insert(i), map.put(i, std::to_string(i));
  for (const std::uint64_t count : {0, 1, 20, 500, 900}) {
    const Numbers found = list.sample(count, 7);
    EXPECT_EQ(found.size(), std::min<std::uint64_t>(count, 500));
    EXPECT_EQ(std::set<std::int64_t>(found.begin(), found.end()).size(), found.size());
    EXPECT_EQ(list.sample(count, 7), found);
    const Numbers keys = set.sample(count, 7);
    EXPECT_EQ(std::set<std::int64_t>(keys.begin(), keys.end()).size(), found.size());
  }
  EXPECT_NE(list.sample(20, 7), list.sample(20, 8));
  EXPECT_FALSE(std::ranges::is_sorted(list.sample(500, 7)));
  std::mt19937 small_bits(3);
  std::minstd_rand odd_span(3);
  for (const auto& [key, value] : map.sample(50, small_bits)) EXPECT_EQ(value, std::to_string(key));
  EXPECT_EQ(map.sample(5, odd_span).size(), 5u);
}

// Each position about as often as the others: 20,000 draws of 3 of 10, within 6 standard deviations.
TEST(Sample, IsFair) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  list.extend(counting(10));
  std::mt19937_64 random(test_seed());
  std::map<std::pair<std::size_t, std::int64_t>, int> seen;
  for (int i = 0; i < 20'000; ++i) {
    const Numbers drawn = list.sample(3, random);
    for (std::size_t place = 0; place < 3; ++place) ++seen[{place, drawn[place]}];
  }
  EXPECT_EQ(seen.size(), 30u);
  for (const auto& [what, times] : seen) EXPECT_NEAR(times, 2000, 260) << what.second << " at " << what.first;
}

template <class C, class Model>
void expect_erase_if(C collection, const Model& model) {
  const auto is_odd = [](const auto& entry) {
    if constexpr (requires { entry.second; }) return entry.second % 2 != 0;
    else return entry % 2 != 0;
  };
  EXPECT_EQ(collection.erase_if([](const auto&) { return false; }), 0u);
  EXPECT_THROW(collection.erase_if([n = 0](const auto&) mutable -> bool { return ++n > 400 ? throw 1 : true; }), int);
  EXPECT_EQ(collection.size(), model.size());
  Model left = model;
  const auto erased = std::erase_if(left, is_odd);
  EXPECT_EQ(collection.erase_if(is_odd), erased);
  const auto found = items_of(collection.range());
  EXPECT_EQ(Model(found.begin(), found.end()), left);
  EXPECT_EQ(collection.erase_if([](const auto&) { return true; }), left.size());
  EXPECT_TRUE(collection.empty());
}

TEST(EraseIf, OfAllCollections) {
  Database db = Database::temporary(quick_options());
  std::map<std::int64_t, std::int64_t> map;
  for (std::int64_t i = 0; i < 2000; ++i) map[i * 3] = i / 4 * 5;
  Numbers numbers;
  for (const auto& [key, value] : map) numbers.push_back(value);
  const std::set<std::int64_t> set(numbers.begin(), numbers.end());
  const auto all = [&](auto& source) {
    auto list = source.template list<std::int64_t>("l");
    list.extend(numbers);
    expect_erase_if(list, numbers);
    auto dict = source.template dict<std::int64_t, std::int64_t>("d");
    dict.put_all(map);
    expect_erase_if(dict, map);
    auto sorted = source.template sorted_map<std::int64_t, std::int64_t>("m");
    sorted.put_all(map);
    expect_erase_if(sorted, map);
    auto keys = source.template set<std::int64_t>("s");
    keys.insert_all(set);
    expect_erase_if(keys, set);
    auto sorted_keys = source.template sorted_set<std::int64_t>("t");
    sorted_keys.insert_all(set);
    expect_erase_if(sorted_keys, set);
  };
  all(db);
  WriteTxn txn = db.begin_write();
  all(txn);
  txn.commit();
  expect_sound(db);
}

TEST(Pop, OfSortedCollections) {
  Database db = Database::temporary(quick_options());
  auto map = db.sorted_map<std::string, std::string>("m");
  EXPECT_EQ(map.pop_first(), std::nullopt);
  for (const char* key : {"b", "a", "c"}) map.put(key, std::string(3000, *key));
  EXPECT_EQ(map.pop_first(), (std::pair<std::string, std::string>("a", std::string(3000, 'a'))));
  EXPECT_EQ(map.pop_last()->first, "c");
  EXPECT_EQ(map.size(), 1u);
  auto set = db.sorted_set<double>("s");
  set.insert_all(std::vector<double>{2, -1, 7});
  EXPECT_EQ(set.pop_last(), 7);
  EXPECT_EQ(set.pop_first(), -1);
  EXPECT_EQ(set.pop_first(), 2);
  EXPECT_EQ(set.pop_first(), std::nullopt);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
