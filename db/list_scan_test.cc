// What lists find and count, blocks that are appended, and swap_erase.
#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Numbers = std::vector<std::int64_t>;
using Found = std::vector<std::pair<std::uint64_t, std::int64_t>>;

Numbers counting(std::int64_t size) {
  Numbers numbers(static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) numbers[static_cast<std::size_t>(i)] = i;
  return numbers;
}

template <class R>
Found found_by(const R& range) {
  Found found;
  for (const auto& [index, value] : range) found.emplace_back(index, value);
  return found;
}

TEST(ListScan, GivesWhatPassesWithItsPosition) {
  Database db = Database::temporary(quick_options());
  auto numbers = db.list<std::int64_t>("numbers");
  numbers.extend(counting(5000));
  EXPECT_EQ(found_by(numbers.scan([](std::int64_t n) { return n % 1000 == 7; })),
            (Found{{7, 7}, {1007, 1007}, {2007, 2007}, {3007, 3007}, {4007, 4007}}));
  EXPECT_EQ(found_by(numbers.scan([](std::int64_t) { return true; })).size(), 5000u);
  EXPECT_TRUE(found_by(numbers.scan([](std::int64_t) { return false; })).empty());
  auto words = db.list<std::string>("words");
  for (const char* word : {"ab", "b", "abc"}) words.push_back(word);
  std::string all;
  for (const auto& [index, word] : words.scan([](const std::string& w) { return w.starts_with('a'); }))
    all += std::to_string(index) + word + " ";
  EXPECT_EQ(all, "0ab 2abc ");
  EXPECT_TRUE(db.list<std::int64_t>("none").scan([](std::int64_t) { return true; }).begin() == std::default_sentinel);
}

TEST(ListScan, CountsAndFindsByPredicate) {
  Database db = Database::temporary(quick_options());
  auto numbers = db.list<double>("numbers");
  std::vector<double> values(3000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 100) / 4;
  numbers.extend(values);
  EXPECT_EQ(numbers.count_if([](double n) { return n < 5; }), 600u);
  EXPECT_EQ(numbers.find_if([](double n) { return n > 24; }), 97u);
  EXPECT_EQ(numbers.find_if([](double n) { return n > 24; }, 100), 197u);
  EXPECT_EQ(numbers.find_if([](double n) { return n > 25; }), std::nullopt);
  EXPECT_EQ(numbers.find_if([](double) { return true; }, 3000), std::nullopt);
  EXPECT_EQ(numbers.find(1.25, 6), 105u);
  EXPECT_EQ(numbers.count(1.25), 30u);
  auto words = db.list<std::string>("words");
  words.push_back("a");
  words.push_back("bb");
  EXPECT_EQ(words.count_if([](const std::string& word) { return word.size() == 2; }), 1u);
  EXPECT_EQ(words.find_if([](const std::string& word) { return word.size() == 2; }), 1u);
}

TEST(ListScan, StaysAsItWasWhileItsTransactionWrites) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto numbers = txn.list<std::int64_t>("numbers");
  numbers.extend(counting(2000));
  std::int64_t next = 0;
  for (const auto& [index, value] : numbers.scan([](std::int64_t n) { return n % 2 == 0; })) {
    ASSERT_EQ(value, next);
    next += 2;
    numbers.set(index, -1);
  }
  EXPECT_EQ(next, 2000);
  EXPECT_EQ(numbers.count(-1), 1000u);
}

TEST(ListScan, IsOverWithItsTransaction) {
  Database db = Database::temporary(quick_options());
  db.list<std::int64_t>("numbers").extend(counting(10));
  ReadTxn txn = db.read();
  const auto scan = txn.list<std::int64_t>("numbers").scan([](std::int64_t) { return true; });
  auto at = scan.begin();
  EXPECT_EQ((*at).value, 0);
  txn.end();
  EXPECT_EQ(code_of([&] { scan.begin(); }), ErrorCode::ended);
}

TEST(Scan, GivesEntriesOfMapsAndSetsThatPass) {
  Database db = Database::temporary(quick_options());
  auto mass = db.sorted_map<std::string, double>("mass");
  for (const auto& [symbol, value] : {std::pair("C", 12.011), {"H", 1.008}, {"O", 15.999}}) mass.put(symbol, value);
  std::string heavy;
  for (const auto& [symbol, value] : mass.scan([](const auto& entry) { return entry.second > 10; })) heavy += symbol;
  EXPECT_EQ(heavy, "CO");
  auto primes = db.set<std::int64_t>("primes");
  for (const std::int64_t prime : {2, 3, 5, 7}) primes.insert(prime);
  std::int64_t sum = 0;
  for (const std::int64_t prime : primes.scan([](std::int64_t n) { return n > 2; })) sum += prime;
  EXPECT_EQ(sum, 15);
}

TEST(ListBlocks, ArraysAreAppendedAsTheyAre) {
  Database db = Database::temporary(quick_options());
  auto numbers = db.list<std::int64_t>("numbers");
  Numbers expected;
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 60; ++round) {
    const Numbers block = counting(static_cast<std::int64_t>(random() % 400));
    numbers.extend(block);
    expected.insert(expected.end(), block.begin(), block.end());
    if (round % 7 == 0) {
      numbers.push_back(-round);
      expected.push_back(-round);
    }
    if (round % 11 == 0) {
      numbers.erase(numbers.size() / 2, 3);
      const auto middle = expected.begin() + static_cast<std::ptrdiff_t>(expected.size() / 2);
      expected.erase(middle, middle + 3);
    }
    ASSERT_EQ(numbers.size(), expected.size());
  }
  EXPECT_EQ(items_of(numbers), expected);
  numbers.extend(std::span<const std::int64_t>());
  EXPECT_EQ(numbers.size(), expected.size());
  expect_sound(db);
}

TEST(ListBlocks, ComeBackFromTheLog) {
  TemporaryFolder folder;
  const Numbers block = counting(30000);
  {
    Database db = Database::open(folder.file("a.sapwood"), quick_options());
    db.list<std::int64_t>("numbers").extend(block);
    db.write([&](WriteTxn& txn) { txn.list<double>("ones").extend(std::vector<double>(700, 1.0)); });
    db.sync();
    for (const char* name : {"a.sapwood", "a.sapwood-log"})
      std::filesystem::copy_file(folder.file(name), folder.file(std::string("b") + (name + 1)));
  }
  Database copy = Database::open(folder.file("b.sapwood"), quick_options());
  EXPECT_GT(copy.info().recovery.records, 0u);
  EXPECT_EQ(items_of(copy.list<std::int64_t>("numbers")), block);
  EXPECT_EQ(copy.list<double>("ones").count(1.0), 700u);
  expect_sound(copy);
}

TEST(ListBlocks, AreUndoneWithTheirTransaction) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto numbers = txn.list<std::int64_t>("numbers");
  numbers.extend(counting(100));
  Savepoint point = txn.savepoint();
  numbers.extend(counting(5000));
  point.rollback();
  EXPECT_EQ(items_of(numbers), counting(100));
  numbers.extend(counting(50));
  EXPECT_EQ(numbers.size(), 150u);
  txn.commit();
  expect_sound(db);
}

TEST(List, SwapEraseMovesOnlyTheLastItem) {
  Database db = Database::temporary(quick_options());
  auto words = db.list<std::string>("words");
  for (const char* word : {"a", "b", "c", "d"}) words.push_back(word);
  words.push_back(std::string(3000, 'x'));
  words.swap_erase(1);
  EXPECT_EQ(items_of(words), (std::vector<std::string>{"a", std::string(3000, 'x'), "c", "d"}));
  words.swap_erase(3);
  words.swap_erase(0);
  EXPECT_EQ(items_of(words), (std::vector<std::string>{"c", std::string(3000, 'x')}));
  EXPECT_EQ(code_of([&] { words.swap_erase(2); }), ErrorCode::out_of_range);
  EXPECT_EQ(words.size(), 2u);
  expect_sound(db);
}

TEST(List, SwapEraseGivesPagesBack) {
  Database db = Database::temporary(quick_options());
  auto numbers = db.list<std::int64_t>("numbers");
  numbers.extend(counting(10000));
  const std::uint64_t pages = db.metrics("numbers").tree.pages();
  std::mt19937_64 random(test_seed());
  db.write([&](WriteTxn& txn) {
    auto bag = txn.list<std::int64_t>("numbers");
    while (bag.size() > 100) bag.swap_erase(random() % bag.size());
  });
  EXPECT_LT(db.metrics("numbers").tree.pages(), pages / 20);
  Numbers left = items_of(numbers);
  std::ranges::sort(left);
  EXPECT_EQ(std::ranges::adjacent_find(left), left.end());  // no item is there twice
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
