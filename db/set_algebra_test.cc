// Set and SortedSet with other sets, against std::set.
#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Keys = std::set<std::string>;

static_assert(std::ranges::input_range<Set<std::string>::Merged>);
static_assert(std::ranges::view<SortedSet<std::int64_t>::Merged>);
static_assert(std::ranges::borrowed_range<SortedSet<std::int64_t>::Merged>);

template <class R>
Keys keys_of(R&& range) {
  Keys keys;
  for (const std::string& key : range) EXPECT_TRUE(keys.insert(key).second) << key << " comes twice";
  return keys;
}

// Short keys, and some that are long for a tree.
Keys random_keys(std::mt19937_64& random, std::size_t count, std::size_t different) {
  Keys keys;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = random() % different;
    keys.insert(std::to_string(number) + std::string(number % 10 == 0 ? 100 : 0, 'k'));
  }
  return keys;
}

Keys joined(const Keys& a, const Keys& b) {
  Keys result = a;
  result.insert(b.begin(), b.end());
  return result;
}
Keys common(const Keys& a, const Keys& b) {
  Keys result;
  std::ranges::set_intersection(a, b, std::inserter(result, result.end()));
  return result;
}
Keys without(const Keys& a, const Keys& b) {
  Keys result;
  std::ranges::set_difference(a, b, std::inserter(result, result.end()));
  return result;
}

template <class S>
void expect_merges(const S& one, const S& two, const Keys& a, const Keys& b) {
  EXPECT_EQ(keys_of(one.union_with(two)), joined(a, b));
  EXPECT_EQ(keys_of(one.intersection_with(two)), common(a, b));
  EXPECT_EQ(keys_of(one.difference_from(two)), without(a, b));
  EXPECT_EQ(keys_of(one.symmetric_difference_with(two)), joined(without(a, b), without(b, a)));
  EXPECT_EQ(one.is_subset_of(two), without(a, b).empty());
  EXPECT_EQ(one.is_superset_of(two), without(b, a).empty());
  EXPECT_EQ(one.is_disjoint_from(two), common(a, b).empty());
}

// Changes a set of keys `a` by `other`, in each way, in whatever Source gives the sets.
template <class Source, class Make, class Other>
void expect_changes(Source& source, Make make, const Keys& a, const Keys& b, Other other) {
  const auto expect = [&](const char* what, auto change, const Keys& expected) {
    SCOPED_TRACE(what);
    auto set = make(source);
    set.retain_all(Keys());
    EXPECT_TRUE(set.empty());
    set.insert_all(a);
    change(set);
    EXPECT_EQ(keys_of(set), expected);
  };
  expect(
      "insert", [&](auto& set) { set.insert_all(other()); }, joined(a, b));
  expect(
      "erase", [&](auto& set) { set.erase_all(other()); }, without(a, b));
  expect(
      "retain", [&](auto& set) { set.retain_all(other()); }, common(a, b));
  expect(
      "toggle", [&](auto& set) { set.toggle_all(other()); }, joined(without(a, b), without(b, a)));
}

template <class S>
void run_random(const Options& options) {
  std::mt19937_64 random(test_seed());
  for (const auto& [first, second] : {std::pair<std::size_t, std::size_t>{300, 300}, {2000, 3}, {3, 2000}, {0, 50}}) {
    SCOPED_TRACE(first);
    Database db = Database::temporary(options);
    const Keys a = random_keys(random, first, 800);
    const Keys b = random_keys(random, second, 800);
    const auto one = [](auto& source) {
      if constexpr (S::types.is_sorted()) return source.template sorted_set<std::string>("a");
      else return source.template set<std::string>("a");
    };
    const auto two = [](auto& source) {
      if constexpr (S::types.is_sorted()) return source.template sorted_set<std::string>("b");
      else return source.template set<std::string>("b");
    };
    one(db).insert_all(a);
    two(db).insert_all(b);
    expect_merges(one(db), two(db), a, b);
    {
      const ReadTxn txn = db.read();
      expect_merges(one(txn), two(txn), a, b);
      expect_merges(one(txn), two(db), a, b);
    }
    expect_changes(db, one, a, b, [&] { return two(db); });
    expect_changes(db, one, a, b, [&] { return std::vector<std::string>(b.begin(), b.end()); });
    WriteTxn txn = db.begin_write();
    expect_changes(txn, one, a, b, [&] { return two(txn); });
    expect_changes(txn, one, a, b, [&] { return two(db); });
    expect_merges(one(txn), two(txn), keys_of(one(txn)), b);
    txn.commit();
    expect_sound(db);
  }
}

TEST(SetAlgebra, RandomSetsAgreeWithStdSet) { run_random<Set<std::string>>(quick_options()); }
TEST(SetAlgebra, RandomSortedSetsAgreeWithStdSet) { run_random<SortedSet<std::string>>(quick_options()); }
TEST(SetAlgebra, RandomSetsOnLargePages) { run_random<Set<std::string>>(quick_options(65536)); }

TEST(SetAlgebra, WithItself) {
  Database db = Database::temporary(quick_options());
  auto set = db.set<std::int64_t>("s");
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < 1000; ++i) numbers.push_back(i * 7);
  const auto refill = [&] { set.insert_all(numbers); };
  refill();
  EXPECT_TRUE(set.is_subset_of(set));
  EXPECT_FALSE(set.is_disjoint_from(set));
  set.insert_all(set);
  set.retain_all(set);
  EXPECT_EQ(set.size(), 1000u);
  set.toggle_all(set);
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.is_disjoint_from(set));
  refill();
  set.erase_all(set);
  EXPECT_TRUE(set.empty());
  refill();
  set.erase_all(set.range());
  EXPECT_TRUE(set.empty());
  expect_sound(db);
}

TEST(SetAlgebra, RepeatedKeysCountOnce) {
  Database db = Database::temporary(quick_options());
  auto set = db.sorted_set<std::int64_t>("s");
  set.insert_all(std::vector<std::int64_t>{1, 2, 3});
  set.toggle_all(std::vector<std::int64_t>{3, 4, 3, 4, 4});
  EXPECT_EQ(items_of(set.range()), (std::vector<std::int64_t>{1, 2, 4}));
  set.retain_all(std::vector<std::int64_t>{2, 2, 4, 9});
  EXPECT_EQ(items_of(set.range()), (std::vector<std::int64_t>{2, 4}));
  set.erase_all(std::vector<std::int64_t>{2, 2, 5});
  EXPECT_EQ(items_of(set.range()), (std::vector<std::int64_t>{4}));
}

TEST(SetAlgebra, MergesOfSortedSetsAreInOrder) {
  Database db = Database::temporary(quick_options());
  auto even = db.sorted_set<double>("even");
  auto all = db.sorted_set<double>("all");
  std::vector<double> numbers;
  for (int i = -300; i < 300; ++i) {
    numbers.push_back(i);
    if (i % 2 == 0) even.insert(i);
  }
  all.bulk_load(numbers);
  const auto merged = even.union_with(all);
  EXPECT_EQ(items_of(merged), numbers);
  EXPECT_EQ(items_of(merged), numbers) << "begin() starts anew";
  EXPECT_EQ(items_of(all.intersection_with(even) | std::views::take(2)), (std::vector<double>{-300, -298}));
}

TEST(SetAlgebra, ChangesWithoutEffectCommitNothing) {
  Database db = Database::temporary(quick_options());
  auto set = db.set<std::int64_t>("s");
  set.insert_all(std::vector<std::int64_t>{1, 2, 3});
  const std::uint64_t txn = db.read().txn();
  set.insert_all(std::vector<std::int64_t>{3, 1});
  set.erase_all(std::vector<std::int64_t>{9});
  set.retain_all(set);
  set.retain_all(std::vector<std::int64_t>{3, 1, 2, 5});
  EXPECT_EQ(db.read().txn(), txn);
}

TEST(SetAlgebra, SetsOfDifferentFiles) {
  Database here = Database::temporary(quick_options());
  Database there = Database::temporary(quick_options());
  auto a = here.set<std::int64_t>("s");
  auto b = there.set<std::int64_t>("s");
  a.insert_all(std::vector<std::int64_t>{1, 2});
  b.insert_all(std::vector<std::int64_t>{2, 3});
  EXPECT_EQ(code_of([&] { a.is_subset_of(b); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { a.union_with(b); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { a.insert_all(b); }), ErrorCode::invalid_argument);
  EXPECT_EQ(a.size(), 2u);
  a.insert_all(b.range());
  EXPECT_EQ(a.size(), 3u);
  auto sorted = here.sorted_set<std::int64_t>("t");
  auto other = there.sorted_set<std::int64_t>("t");
  sorted.insert_all(std::vector<std::int64_t>{1, 2});
  other.insert_all(std::vector<std::int64_t>{2, 3});
  EXPECT_EQ(items_of(sorted.union_with(other)), (std::vector<std::int64_t>{1, 2, 3}));
  sorted.retain_all(other);
  EXPECT_EQ(items_of(sorted.range()), (std::vector<std::int64_t>{2}));
}

// Both sides of one question are of one commit, although another thread goes on committing.
TEST(SetAlgebra, BothSidesAreReadInOneSnapshot) {
  Database db = Database::temporary(quick_options());
  auto one = db.set<std::int64_t>("one");
  auto two = db.set<std::int64_t>("two");
  one.insert(0);
  two.insert(0);
  const auto before = one.symmetric_difference_with(two);
  db.write([](WriteTxn& txn) {
    txn.set<std::int64_t>("one").insert(1);
    txn.set<std::int64_t>("two").insert(2);
  });
  EXPECT_TRUE(items_of(before).empty());
  EXPECT_EQ(items_of(one.symmetric_difference_with(two)).size(), 2u);
}

// In a write transaction a merge goes on with the state at its start.
TEST(SetAlgebra, MergesGoOnWhileTheSetsChange) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto one = txn.sorted_set<std::int64_t>("one");
  auto two = txn.sorted_set<std::int64_t>("two");
  std::vector<std::int64_t> expected;
  for (std::int64_t i = 0; i < 2000; ++i) (i % 3 == 0 ? one : two).insert(i), expected.push_back(i);
  std::vector<std::int64_t> found;
  for (const std::int64_t key : one.union_with(two)) {
    found.push_back(key);
    one.insert(key * 10);
    two.erase(key);
  }
  EXPECT_EQ(found, expected);
}

TEST(SetAlgebra, AFailingRangeChangesNothing) {
  Database db = Database::temporary(quick_options());
  auto set = db.set<std::int64_t>("s");
  set.insert_all(std::vector<std::int64_t>{1, 2, 3});
  const auto failing = std::views::iota(std::int64_t{2}) | std::views::transform([](std::int64_t n) {
                         if (n == 5) throw std::runtime_error("stop");
                         return n;
                       });
  WriteTxn txn = db.begin_write();
  auto own = txn.set<std::int64_t>("s");
  own.insert(4);
  EXPECT_THROW(own.erase_all(failing), std::runtime_error);
  EXPECT_THROW(own.toggle_all(failing), std::runtime_error);
  EXPECT_THROW(own.retain_all(failing), std::runtime_error);
  EXPECT_EQ(own.size(), 4u);
  txn.commit();
  EXPECT_THROW(set.erase_all(failing), std::runtime_error);
  EXPECT_EQ(set.size(), 4u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
