// Ranges are those of the standard library. Iterators read several entries at once; none of that may show.
#include <algorithm>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Map = SortedMap<std::string, std::string>;

// What every range of copies is, and what one of views is, whose elements die when the iterator moves.
template <class R>
constexpr bool kIsFullRange =
    std::ranges::random_access_range<R> && std::ranges::sized_range<R> && std::ranges::common_range<R> &&
    std::ranges::borrowed_range<R> && std::ranges::view<R> && std::ranges::viewable_range<R&>;
template <class R>
constexpr bool kIsRangeOfViews = std::ranges::input_range<R> && !std::ranges::forward_range<R> &&
                                 std::ranges::sized_range<R> && std::ranges::borrowed_range<R> && std::ranges::view<R>;
template <class R>
constexpr bool kHasBoth = kIsFullRange<R> && kIsRangeOfViews<decltype(std::declval<R>().views())>;

static_assert(kHasBoth<List<std::string>::Range> && kHasBoth<List<bool>::Range> && kHasBoth<List<double>::Range>);
static_assert(kHasBoth<Map::Range> && kHasBoth<SortedMap<double, std::int32_t>::Range>);
static_assert(kHasBoth<decltype(std::declval<Map::Range>().keys())>);
static_assert(kHasBoth<Dict<std::int64_t, std::vector<std::byte>>::Range>);
static_assert(kHasBoth<Set<std::string>::Range> && kHasBoth<SortedSet<std::uint64_t>::Range>);
static_assert(std::ranges::random_access_range<const List<std::int64_t>> && std::ranges::sized_range<const Map>);
using NumberBlocks = decltype(std::declval<List<std::int64_t>>().blocks(0, 0));
static_assert(std::ranges::input_range<NumberBlocks> && !std::ranges::forward_range<NumberBlocks> &&
              std::ranges::borrowed_range<NumberBlocks> && std::ranges::view<NumberBlocks>);
static_assert(std::contiguous_iterator<std::ranges::range_value_t<NumberBlocks>::iterator>);

TEST(Range, WorksInPipelinesAndAlgorithms) {
  namespace views = std::views;
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  for (std::int64_t i = 0; i < 300; ++i) list.push_back(i);
  const auto square = [](std::int64_t n) { return n * n; };
  const auto is_even = [](std::int64_t n) { return n % 2 == 0; };
  auto taken = list.range() | views::filter(is_even) | views::transform(square) | views::take(3);
  EXPECT_TRUE(std::ranges::equal(taken, std::vector<std::int64_t>{0, 4, 16}));
  EXPECT_TRUE(std::ranges::equal(list | views::reverse | views::take(2), std::vector<std::int64_t>{299, 298}));
  EXPECT_TRUE(std::ranges::equal(list.reversed() | views::drop(298), std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(*std::ranges::lower_bound(list.range(), 77), 77);
  EXPECT_EQ(std::ranges::find(list.range(), 123).index(), 123u) << "borrowed: the iterator outlives the range";
  EXPECT_EQ(std::ranges::max(list.range()), 299);
  EXPECT_EQ(list.range()[42], 42);
  EXPECT_EQ(list.range().begin()[299], 299);
  const auto range = list.range();
  EXPECT_LT(range.begin(), range.end());
  EXPECT_EQ(range.end() - range.begin(), 300);
  EXPECT_EQ(*(range.end() - 1), 299);
  EXPECT_EQ(*(2 + range.reversed().begin()), 297);
  EXPECT_GT(range.reversed().end(), range.reversed().begin());

  auto map = db.sorted_map<std::string, std::string>("m");
  for (const char* key : {"a", "b", "c"}) map.put(key, std::string(3, *key));
  std::string joined;
  for (const std::string& value : map.range("a", "c") | views::values) joined += value;
  EXPECT_EQ(joined, "aaabbb");
  for (const std::string_view key : map.range().keys().views() | views::take(2)) joined += key;
  EXPECT_EQ(joined, "aaabbbab");
  EXPECT_EQ(std::ranges::count_if(map.range().views(), [](const auto& entry) { return entry.first > "a"; }), 2);

  const ReadTxn txn = db.read();
  std::int64_t sum = 0;
  const auto sum_of = [](auto block) { return std::accumulate(block.begin(), block.end(), std::int64_t{0}); };
  for (const std::int64_t n : txn.list<std::int64_t>("l").blocks(0, 300) | views::transform(sum_of)) sum += n;
  EXPECT_EQ(sum, 299 * 150);
}
using Entries = std::vector<std::pair<std::string, std::string>>;

// Short and long keys and values; some values are blobs.
Entries mixed_entries(std::mt19937_64& random, std::size_t count) {
  Entries entries;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(100'000 + i);
    const std::size_t size = random() % 20 == 0 ? random() % 5000 : random() % 60;
    entries.emplace_back(number + std::string(random() % 10 == 0 ? 100 : random() % 10, 'k'),
                         std::string(size, static_cast<char>('a' + i % 26)) + number);
  }
  return entries;
}

// Steps, jumps and turns at random, by views and by copies.
void walk(const Map& map, const Entries& expected, std::mt19937_64& random) {
  const auto range = map.range();
  auto copies = range.begin();
  auto views = range.views().begin();
  std::size_t at = 0;
  bool forwards = true;
  for (int step = 0; step < 3000; ++step) {
    ASSERT_EQ(*copies, expected[at]) << at;
    ASSERT_EQ((*views).first, expected[at].first) << at;
    ASSERT_EQ((*views).second, expected[at].second) << at;
    ASSERT_EQ(copies.value_view(), expected[at].second) << at;
    if (random() % 50 == 0) forwards = !forwards;
    if (random() % 100 == 0) {
      const std::size_t to = random() % expected.size();
      copies += static_cast<std::ptrdiff_t>(to - at);
      views += static_cast<std::ptrdiff_t>(to - at);
      at = to;
    } else if (forwards && at + 1 < expected.size()) {
      ++copies, ++views, ++at;
    } else if (!forwards && at > 0) {
      --copies, --views, --at;
    }
  }
}

TEST(Range, WalksBothWaysWithTurnsAndJumps) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  const Entries entries = mixed_entries(random, 500);
  db.sorted_map<std::string, std::string>("m").bulk_load(entries);
  {
    SCOPED_TRACE("automatic");
    walk(db.sorted_map<std::string, std::string>("m"), entries, random);
  }
  {
    SCOPED_TRACE("snapshot");
    const ReadTxn txn = db.read();
    walk(txn.sorted_map<std::string, std::string>("m"), entries, random);
  }
  SCOPED_TRACE("write transaction");
  WriteTxn txn = db.begin_write();
  walk(txn.sorted_map<std::string, std::string>("m"), entries, random);
}

TEST(Range, EveryPairOfEndsReadsWhatLiesBetween) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  const Entries entries = mixed_entries(random, 300);
  auto map = db.sorted_map<std::string, std::string>("m");
  map.bulk_load(entries);
  for (int i = 0; i < 300; ++i) {
    const std::size_t low = random() % entries.size();
    const std::size_t high = low + random() % (entries.size() - low);
    const auto range = map.range(entries[low].first, entries[high].first);
    const Entries expected(entries.begin() + static_cast<std::ptrdiff_t>(low),
                           entries.begin() + static_cast<std::ptrdiff_t>(high));
    ASSERT_EQ(items_of(range), expected);
    ASSERT_EQ(items_of(range.reversed()), Entries(expected.rbegin(), expected.rend()));
  }
  EXPECT_TRUE(map.range("zzz", "zzzz").empty());
  EXPECT_TRUE(map.from("zzz").empty());
}

TEST(Range, EntriesReadAheadAreNotGivenAfterTheTransaction) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::int64_t>("l");
  for (std::int64_t i = 0; i < 200; ++i) list.push_back(i);
  std::optional<ReadTxn> txn(db.read());
  auto iterator = txn->list<std::int64_t>("l").begin();
  for (int i = 0; i < 40; ++i) ASSERT_EQ(*iterator++, i);
  txn.reset();
  EXPECT_EQ(code_of([&] { *iterator; }), ErrorCode::ended);
  const ReadTxn other = db.read();  // in the same reader slot
  EXPECT_EQ(code_of([&] { *iterator; }), ErrorCode::ended);
}

TEST(Range, ChangesWhileIteratingInAWriteTransactionAreNotSeen) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    auto list = txn.list<std::int64_t>("l");
    for (std::int64_t i = 0; i < 500; ++i) list.push_back(i);
    std::int64_t expected = 0;
    for (const std::int64_t item : list) {
      ASSERT_EQ(item, expected++);
      list.set(static_cast<std::uint64_t>(item), -1);
      list.push_back(-2);
    }
    EXPECT_EQ(expected, 500);
    EXPECT_EQ(list.size(), 1000);
  });
}

}  // namespace
}  // namespace sapwood
