// repair() of files with nested collections: what survives stays where it was; what lost its place gets a name.
#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "base/bytes.h"
#include "sapwood/repair.h"
#include "tests/support/damage.h"
#include "tests/support/nest.h"
#include "tests/support/sim.h"

namespace sapwood::test {
namespace {

using Numbers = List<std::int64_t>;
using Shelf = Dict<std::string, Nested>;
using Notes = SortedMap<std::int64_t, AnyValue>;

constexpr const char* kNewPath = "/new";
constexpr std::int64_t kLists = 60;

// Lists of different numbers: some in a dict, some two levels down in values of any, one moved to an older parent.
void fill(Database& database) {
  database.write([](WriteTxn& txn) {
    Notes notes = txn.sorted_map<std::int64_t, AnyValue>("notes");
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    for (std::int64_t i = 0; i < kLists; ++i) {
      const auto items = std::views::iota(i * 1000, i * 1000 + 10 * (i % 5));
      if (i % 2 == 0) shelf.create<Numbers>("list " + std::to_string(i)).extend(items);
      else notes.create<Shelf>(i).create<Numbers>("below").extend(items);
    }
    txn.move(shelf.place("list 2"), notes.place(2));
    notes.put(1000, "a text beside them");
  });
  database.checkpoint();
  // Something is dropped, and waits.
  database.write([](WriteTxn& txn) {
    Shelf gone = txn.dict<std::string, Nested>("gone");
    for (int i = 0; i < 600; ++i) gone.create<Numbers>(std::to_string(i)).push_back(-1);
    txn.drop("gone");
  });
}

// All numbers in the collection and below it.
void collect(const AnyCollection& from, std::multiset<std::int64_t>& to) {
  from.scan({}, [&](const AnyEntry& entry) {
    if (const auto* nested = std::get_if<Nested>(&entry.value)) collect(from.open(*nested), to);
    else if (const auto* number = std::get_if<std::int64_t>(&entry.value)) to.insert(*number);
    return true;
  });
}

std::multiset<std::int64_t> numbers_in(os::SimDisk& disk, const std::string& path) {
  Options options = sim_options(disk, 512);
  options.mode = OpenMode::read;
  Database database = Database::open(path, options);
  EXPECT_TRUE(database.check().empty());
  std::multiset<std::int64_t> numbers;
  const ReadTxn txn = database.read();
  for (const CollectionInfo& info : txn.collections()) collect(txn.any(info.name), numbers);
  return numbers;
}

struct Sample {
  Sample() {
    Database database = Database::open(kDamagedPath, sim_options(disk, 512));
    fill(database);
    EXPECT_NE(database.info().dropped_collections, 0u);
    database.close();
    bytes = disk.contents(kDamagedPath);
    numbers = numbers_in(disk, kDamagedPath);
  }
  os::SimDisk disk{5};
  std::string bytes;
  std::multiset<std::int64_t> numbers;
};

TEST(RepairNested, OfASoundFileKeepsAllInItsPlace) {
  Sample sample;
  RepairOptions options;
  options.env = &sample.disk;
  const RepairReport report = repair(kDamagedPath, kNewPath, options);
  EXPECT_TRUE(report.nothing_lost());
  EXPECT_EQ(numbers_in(sample.disk, kNewPath), sample.numbers);
  Database database = Database::open(kNewPath, sim_options(sample.disk, 512));
  EXPECT_EQ(database.info().collections, 2u);
  EXPECT_EQ(database.info().dropped_collections, 0u);
  EXPECT_EQ((database.sorted_map<std::int64_t, AnyValue>("notes").open<Numbers>(2).at(3)), 2003);
  EXPECT_EQ((database.dict<std::string, Nested>("shelf").open<Numbers>("list 4").at(0)), 4000);
  database.dict<std::string, Nested>("shelf").create<Numbers>("new").push_back(1);  // its id is a new one
  EXPECT_TRUE(database.check().empty());
}

// Small ones lie in the catalog: who loses a page of that loses them, and is told.
TEST(RepairNested, InlineOnesGoWithTheirPageOfTheCatalog) {
  os::SimDisk disk(5);
  {
    Database database = Database::open(kDamagedPath, sim_options(disk, 512));
    Shelf shelf = database.dict<std::string, Nested>("shelf");
    for (std::int64_t i = 0; i < 100; ++i) shelf.create<Numbers>(std::to_string(i)).push_back(1'000'000 + i);
    EXPECT_EQ(database.metrics().nested.pages(), 0u);
    database.close();
  }
  std::string bytes = disk.contents(kDamagedPath);
  char number[8];
  store<i64>(number, 1'000'050);
  const std::size_t at = bytes.rfind(std::string_view(number, sizeof number));
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at / 512 * 512, 512, std::string(512, 'x'));
  disk.set_contents(kDamagedPath, bytes);
  RepairOptions options;
  options.env = &disk;
  const RepairReport report = repair(kDamagedPath, kNewPath, options);
  const u64 saved = numbers_in(disk, kNewPath).size();
  EXPECT_GE(saved, 90u);
  EXPECT_LT(saved, 100u);
  const auto shelf = std::ranges::find(report.collections, "shelf", &RepairedCollection::name);
  ASSERT_NE(shelf, report.collections.end());
  EXPECT_EQ(shelf->saved, saved);
  EXPECT_EQ(shelf->lost, 100 - saved) << "the entries that they were";
}

// Whatever page is lost: the new file is sound, and has nothing but what was there, once.
TEST(RepairNested, SweepEveryPage) {
  const Sample sample;
  Rng random(test_seed());
  u64 most_lost = 0;
  for (u64 page = 0; page < sample.bytes.size() / 512; ++page) {
    SCOPED_TRACE("page " + std::to_string(page));
    std::string bytes = sample.bytes;
    damage_page(bytes, 512, page, static_cast<Damage>(below(random, 4)), random);
    os::SimDisk disk(7);
    disk.set_contents(kDamagedPath, bytes);
    RepairOptions options;
    options.env = &disk;
    try {
      const RepairReport report = repair(kDamagedPath, kNewPath, options);
      std::multiset<std::int64_t> found = numbers_in(disk, kNewPath);
      found.erase(-1);  // what had been dropped may be back, if a page of the catalog is lost
      const bool is_part = std::includes(sample.numbers.begin(), sample.numbers.end(), found.begin(), found.end());
      EXPECT_TRUE(is_part) << "numbers that were not there, or twice";
      const u64 lost = sample.numbers.size() - found.size();
      EXPECT_FALSE(lost != 0 && report.nothing_lost());
      most_lost = std::max(most_lost, lost);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_LE(most_lost, 300u) << "of the lists whose types a page of the catalog told, at most";
}

}  // namespace
}  // namespace sapwood::test
