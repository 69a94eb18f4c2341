// List<T> through transactions, and without.
#include "sapwood/list.h"

#include <algorithm>
#include <ranges>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Strings = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

static_assert(std::bidirectional_iterator<List<std::string>::iterator>);
static_assert(std::bidirectional_iterator<List<bool>::iterator>);
static_assert(std::ranges::bidirectional_range<List<double>>);
static_assert(std::ranges::sized_range<List<double>::Range>);
static_assert(std::ranges::borrowed_range<List<double>::Range>);

Numbers counting(std::int64_t size) {
  Numbers numbers(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) numbers[static_cast<std::size_t>(i)] = i;
  return numbers;
}

TEST(List, EditsAtEveryPlace) {
  Database db = Database::temporary();
  auto list = db.list<std::string>("list");
  list.push_back("c");
  list.push_front("a");
  list.insert(1, "b");
  list.insert(3, "d");
  list.set(0, "A");
  EXPECT_EQ(items_of(list), (Strings{"A", "b", "c", "d"}));
  EXPECT_EQ(list.front(), "A");
  EXPECT_EQ(list.back(), "d");
  EXPECT_EQ(list[2], "c");
  EXPECT_EQ(list.pop_back(), "d");
  EXPECT_EQ(list.pop_front(), "A");
  list.erase(1);
  EXPECT_EQ(items_of(list), Strings{"b"});
  list.clear();
  EXPECT_TRUE(list.empty());
}

TEST(List, PositionsPastTheEndAreRefusedAndChangeNothing) {
  Database db = Database::temporary();
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  EXPECT_EQ(code_of([&] { list.front(); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.back(); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.pop_back(); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.pop_front(); }), ErrorCode::out_of_range);
  list.push_back("only");
  EXPECT_EQ(code_of([&] { list.at(1); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.at_view(1); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.set(1, "x"); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.insert(2, "x"); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.erase(1); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.erase(0, 2); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.erase(2, ~std::uint64_t{0}); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.slice(0, 2); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.slice(2, 0); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { list.insert_range(2, Strings{"x"}); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { *list.end(); }), ErrorCode::out_of_range);
  list.erase(1, 0);
  EXPECT_EQ(list.slice(1, 0).size(), 0u);
  txn.commit();
  EXPECT_EQ(items_of(db.list<std::string>("list")), Strings{"only"});
}

TEST(List, EveryTypeComesBack) {
  Database db = Database::temporary();
  db.write([](WriteTxn& txn) {
    txn.list<bool>("bool").extend(std::vector<bool>{true, false, true});
    txn.list<std::int32_t>("int32").extend(std::vector<std::int32_t>{-1, 2});
    txn.list<std::uint64_t>("uint64").push_back(~std::uint64_t{0});
    txn.list<double>("double").push_back(-0.5);
    txn.list<std::vector<std::byte>>("bytes").push_back(std::vector<std::byte>{std::byte{1}, std::byte{0}});
    txn.list<std::string>("string").push_back(std::string("a\0b", 3));
  });
  EXPECT_EQ(items_of(db.list<bool>("bool")), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(items_of(db.list<std::int32_t>("int32")), (std::vector<std::int32_t>{-1, 2}));
  EXPECT_EQ(db.list<std::uint64_t>("uint64").at(0), ~std::uint64_t{0});
  EXPECT_EQ(db.list<double>("double").at(0), -0.5);
  EXPECT_EQ(db.list<std::vector<std::byte>>("bytes").at(0).size(), 2u);
  EXPECT_EQ(db.list<std::string>("string").at(0), std::string("a\0b", 3));
  expect_sound(db);
}

TEST(List, RangesGoBothWays) {
  Database db = Database::temporary(quick_options());
  const Numbers numbers = counting(5000);
  db.list<std::int64_t>("list").bulk_load(numbers);
  const ReadTxn txn = db.read();
  const auto list = txn.list<std::int64_t>("list");
  EXPECT_EQ(items_of(list), numbers);
  EXPECT_EQ(items_of(list.reversed()), Numbers(numbers.rbegin(), numbers.rend()));
  EXPECT_EQ(items_of(list.slice(4990, 10)), Numbers(numbers.end() - 10, numbers.end()));
  EXPECT_EQ(items_of(list.slice(10, 3).reversed()), (Numbers{12, 11, 10}));
  EXPECT_EQ(items_of(list.range().views()), numbers);

  auto walker = list.end();
  for (std::int64_t expected = 4999; expected >= 0; --expected) ASSERT_EQ(*--walker, expected);
  EXPECT_EQ(walker, list.begin());
  walker += 1234;
  EXPECT_EQ(*walker, 1234);
  EXPECT_EQ(*walker++, 1234);
  EXPECT_EQ(*walker--, 1235);
  EXPECT_EQ(walker.index(), 1234u);
  EXPECT_EQ(list.end() - walker, 5000 - 1234);
}

TEST(List, WorksWithStandardAlgorithms) {
  Database db = Database::temporary(quick_options());
  db.list<std::int64_t>("list").extend(counting(1000));
  const ReadTxn txn = db.read();
  const auto list = txn.list<std::int64_t>("list");
  EXPECT_EQ(*std::ranges::find(list.range(), 500), 500);
  EXPECT_EQ(std::ranges::count_if(list, [](std::int64_t n) { return n % 3 == 0; }), 334);
  auto even = list.range() | std::views::filter([](std::int64_t n) { return n % 2 == 0; }) | std::views::take(3);
  EXPECT_TRUE(std::ranges::equal(even, Numbers{0, 2, 4}));
  EXPECT_EQ(std::ranges::distance(list.range()), 1000);
}

TEST(List, ViewsNeedNoCopy) {
  Database db = Database::temporary(quick_options());
  const std::string big(100'000, 'b');
  db.list<std::string>("list").extend(Strings{"small", big, "end"});
  const ReadTxn txn = db.read();
  const auto list = txn.list<std::string>("list");
  EXPECT_EQ(list.at_view(0), "small");
  EXPECT_EQ(list.at_view(1), big);
  EXPECT_EQ(list.at(1), big);
  auto iterator = list.begin();
  EXPECT_EQ(iterator.value_view(), "small");
  EXPECT_EQ((++iterator).value_view(), big);
  EXPECT_EQ((++iterator).value_view(), "end");
}

TEST(List, ExtendIsAllOrNothing) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::int64_t>("list");
  const auto throwing = std::views::iota(std::int64_t{0}) | std::views::transform([](std::int64_t n) {
                          if (n == 3000) throw std::runtime_error("stop");
                          return n;
                        });
  EXPECT_THROW(list.extend(throwing), std::runtime_error);
  EXPECT_EQ(list.size(), 0u);
  list.push_back(-1);
  EXPECT_THROW(list.extend(throwing), std::runtime_error);
  EXPECT_THROW(list.insert_range(0, throwing), std::runtime_error);
  EXPECT_EQ(items_of(list), Numbers{-1});
  list.extend(counting(3));
  list.insert_range(1, Numbers{7, 8});
  txn.commit();
  EXPECT_EQ(items_of(db.list<std::int64_t>("list")), (Numbers{-1, 7, 8, 0, 1, 2}));
  EXPECT_THROW(db.list<std::int64_t>("list").extend(throwing), std::runtime_error);
  EXPECT_EQ(db.list<std::int64_t>("list").size(), 6u);
  expect_sound(db);
}

TEST(List, ExtendsByItself) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    auto list = txn.list<std::int64_t>("list");
    list.extend(counting(300));
    list.extend(list.range());
    list.insert_range(0, list.range().reversed());
    EXPECT_EQ(list.size(), 1200u);
    EXPECT_EQ(list.at(0), 299);
    EXPECT_EQ(list.at(599), 0);
    EXPECT_EQ(list.at(600), 0);
    EXPECT_EQ(list.at(1199), 299);
  });
  expect_sound(db);
}

TEST(List, BulkLoadNeedsAnEmptyListThatNothingElseChanges) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::int64_t>("list");
  const auto meddling = counting(10) | std::views::transform([&](std::int64_t n) {
                          if (n == 5) list.push_back(99);
                          return n;
                        });
  EXPECT_EQ(code_of([&] { list.bulk_load(meddling); }), ErrorCode::invalid_argument);
  list.bulk_load(counting(10));
  EXPECT_EQ(code_of([&] { list.bulk_load(counting(10)); }), ErrorCode::invalid_argument);
  txn.commit();
  EXPECT_EQ(items_of(db.list<std::int64_t>("list")), counting(10));
}

TEST(List, IteratorsOfAWriteTransactionReadTheStateAtTheirCreation) {
  Database db = Database::temporary(quick_options());
  db.list<std::int64_t>("list").extend(counting(2000));
  db.write([](WriteTxn& txn) {
    auto list = txn.list<std::int64_t>("list");
    std::int64_t expected = 0;
    for (const std::int64_t n : list.range()) {
      ASSERT_EQ(n, expected++);
      list.insert(0, -n);
      if (n % 3 == 0) list.erase(list.size() - 1);
      if (n % 500 == 0) list.push_back(n);
    }
    EXPECT_EQ(expected, 2000);
    auto before = list.begin();
    EXPECT_EQ(*before, -1999);
    list.clear();
    EXPECT_EQ(*before, -1999);
    EXPECT_EQ(*(before += 1999), 0);
    list.push_back(42);
    EXPECT_EQ(*--before, -1);
  });
  EXPECT_EQ(items_of(db.list<std::int64_t>("list")), Numbers{42});
  expect_sound(db);
}

TEST(List, SnapshotsStayAsTheyAre) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("list");
  list.extend(counting(1000));
  const ReadTxn before = db.read();
  for (int i = 0; i < 500; ++i) list.erase(0);
  EXPECT_EQ(items_of(before.list<std::int64_t>("list")), counting(1000));
  EXPECT_EQ(list.size(), 500u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
