// repair(): what it reports, on files made for one kind of loss each; logs, refusals, and files made by hand to
// deceive.
#include <gtest/gtest.h>

#include <algorithm>

#include "fuzz/repair.h"
#include "fuzz/use_database.h"
#include "sapwood/repair.h"
#include "storage/geometry.h"
#include "tests/support/error_code.h"
#include "tests/support/model.h"
#include "tests/support/random.h"
#include "tests/support/sim.h"

namespace sapwood::test {
namespace {

constexpr const char* kOld = "/old";
constexpr const char* kNew = "/new";
constexpr u64 kPageSize = 512;

RepairOptions on(os::SimDisk& disk) {
  RepairOptions options;
  options.env = &disk;
  return options;
}

Database open_new(os::SimDisk& disk) {
  Options options = sim_options(disk, kPageSize);
  options.mode = OpenMode::read;
  return Database::open(kNew, options);
}

std::string value_of(i64 i) { return "value " + std::to_string(i) + "."; }

// A list of strings and a map of the same, of some pages each, in one transaction; closed.
std::unique_ptr<os::SimDisk> make_disk() {
  os::SimDisk disk(5);
  {
    Database database = Database::open(kOld, sim_options(disk, kPageSize));
    database.write([](WriteTxn& txn) {
      auto list = txn.list<std::string>("list");
      auto map = txn.sorted_map<i64, std::string>("map");
      for (i64 i = 0; i < 200; ++i) {
        list.push_back("item " + std::to_string(i) + ".");
        map.put(i, value_of(i));
      }
      map.put(500, std::string(4000, 'L'));
      txn.dict<std::string, i64>("dict").put("key", 7);
    });
    database.close();
  }
  return disk.clone();
}

void zero_page_with(os::SimDisk& disk, const std::string& text) {
  std::string bytes = disk.contents(kOld);
  const std::size_t at = bytes.find(text);
  ASSERT_NE(at, std::string::npos) << text;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at / kPageSize * kPageSize), kPageSize, '\0');
  disk.set_contents(kOld, Bytes(bytes));
}

// The newest page of that tree and type.
u64 newest_page(const std::string& bytes, u32 tree_id, storage::PageType type) {
  using storage::PageHeader;
  u64 newest = 0;
  u64 found = 0;
  for (u64 page = storage::Geometry(kPageSize).first_page; page < bytes.size() / kPageSize; ++page) {
    const u8* const p = reinterpret_cast<const u8*>(bytes.data()) + page * kPageSize;
    if (PageHeader::type(p) != type || PageHeader::tree_id(p) != tree_id || PageHeader::birth(p) <= newest) continue;
    newest = PageHeader::birth(p);
    found = page;
  }
  return found;
}

void zero_page(os::SimDisk& disk, u64 page) {
  std::string bytes = disk.contents(kOld);
  bytes.replace(page * kPageSize, kPageSize, std::string(kPageSize, '\0'));
  disk.set_contents(kOld, Bytes(bytes));
}

void zero_newest_page(os::SimDisk& disk, u32 tree_id, storage::PageType type) {
  zero_page(disk, newest_page(disk.contents(kOld), tree_id, type));
}

const RepairedCollection& collection(const RepairReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.collections, name, &RepairedCollection::name);
  if (found == report.collections.end()) throw Disagreement("the report has no '" + name + "'");
  return *found;
}

TEST(RepairReport, NamesTheKeysOfADamagedLeaf) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  zero_page_with(*disk, value_of(100));
  const RepairReport report = repair(kOld, kNew, on(*disk));
  EXPECT_FALSE(report.nothing_lost());
  EXPECT_TRUE(report.losses.empty());
  const RepairedCollection& map = collection(report, "map");
  ASSERT_EQ(map.losses.size(), 1u);
  EXPECT_EQ(map.saved + map.lost, 201u);
  const auto saved = open_new(*disk).sorted_map<i64, std::string>("map");
  i64 first = 100;
  i64 end = 100;
  while (!saved.contains(first - 1)) --first;
  while (!saved.contains(end)) ++end;
  EXPECT_EQ(map.losses[0].what, "keys from " + std::to_string(first) + " to before " + std::to_string(end));
  EXPECT_EQ(map.losses[0].entries, static_cast<u64>(end - first));
  EXPECT_TRUE(map.losses[0].why.starts_with("page ")) << map.losses[0].why;
}

TEST(RepairReport, NamesThePositionsOfADamagedLeaf) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  zero_page_with(*disk, "item 100.");
  const RepairReport report = repair(kOld, kNew, on(*disk));
  const RepairedCollection& list = collection(report, "list");
  ASSERT_EQ(list.losses.size(), 1u);
  const Database database = open_new(*disk);
  std::vector<std::string> expected;
  expected.reserve(200);
  for (int i = 0; i < 200; ++i) expected.push_back("item " + std::to_string(i) + ".");
  const std::string& what = list.losses[0].what;
  const u64 first = std::stoull(what.substr(std::string("positions ").size()));
  const auto from = expected.begin() + static_cast<std::ptrdiff_t>(first);
  expected.erase(from, from + static_cast<std::ptrdiff_t>(list.lost));
  EXPECT_EQ(what, "positions " + std::to_string(first) + " to " + std::to_string(first + list.lost - 1));
  std::vector<std::string> found;
  const ReadTxn snapshot = database.read();
  for (const std::string& item : snapshot.list<std::string>("list").range()) found.push_back(item);
  EXPECT_EQ(found, expected);
}

TEST(RepairReport, NamesTheKeyOfADamagedLargeValue) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  zero_page_with(*disk, std::string(400, 'L'));
  const RepairReport report = repair(kOld, kNew, on(*disk));
  const RepairedCollection& map = collection(report, "map");
  ASSERT_EQ(map.losses.size(), 1u);
  EXPECT_EQ(map.losses[0].what, "key 500");
  EXPECT_NE(map.losses[0].why.find("bad checksum of a value"), std::string::npos) << map.losses[0].why;
  EXPECT_EQ(map.saved, 200u);
}

// The catalog's only page is gone, and no older one is left: the trees are found, their names and types are not.
TEST(RepairReport, CollectionsWithoutACatalog) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  zero_newest_page(*disk, 0, storage::PageType::leaf);
  const RepairReport report = repair(kOld, kNew, on(*disk));
  ASSERT_EQ(report.collections.size(), 3u);
  const Database database = open_new(*disk);
  const RepairedCollection& list = collection(report, "lost-1");
  EXPECT_EQ(list.types, (CollectionTypes{CollectionKind::list, ValueType::none, ValueType::bytes}));
  EXPECT_EQ(list.saved, 200u);
  const RepairedCollection& map = collection(report, "lost-2");
  EXPECT_EQ(map.types, (CollectionTypes{CollectionKind::sorted_map, ValueType::bytes, ValueType::bytes}));
  EXPECT_EQ(map.saved, 201u);
  EXPECT_EQ(collection(report, "lost-3").types.kind, CollectionKind::dict);
  for (const RepairedCollection& one : report.collections) {
    ASSERT_EQ(one.losses.size(), 1u);
    EXPECT_EQ(one.losses[0].what, "its name, its types, how many entries it had");
  }
}

// An older page of the catalog still tells names and types.
TEST(RepairReport, CollectionsOfAnOldCatalog) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  {
    Database database = Database::open(kOld, sim_options(*disk, kPageSize));
    database.list<std::string>("list").push_back("last");
    database.close();
  }
  zero_newest_page(*disk, 0, storage::PageType::leaf);
  const RepairReport report = repair(kOld, kNew, on(*disk));
  EXPECT_EQ(collection(report, "list").saved, 201u);
  EXPECT_EQ(collection(report, "map").saved, 201u);
  EXPECT_EQ(collection(report, "dict").saved, 1u);
  for (const RepairedCollection& one : report.collections) {
    ASSERT_EQ(one.losses.size(), 1u);
    // It may have been renamed since. The list's root is a later one than the record's.
    EXPECT_EQ(one.losses[0].what, one.name == "list" ? "its last name, how many entries it had" : "its last name");
  }
}

// The branch above all leaves of the map is gone: they are found by their keys.
TEST(RepairReport, LeavesBelowADamagedBranch) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  zero_newest_page(*disk, 2, storage::PageType::branch);
  const RepairReport report = repair(kOld, kNew, on(*disk));
  EXPECT_TRUE(report.nothing_lost());
  EXPECT_EQ(collection(report, "map").saved, 201u);
}

// The same of the list, whose leaves do not tell their order; and with one of the leaves gone too.
TEST(RepairReport, LeavesOfAListBelowADamagedBranch) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  zero_newest_page(*disk, 1, storage::PageType::branch);
  zero_page_with(*disk, "item 100.");
  const RepairReport report = repair(kOld, kNew, on(*disk));
  const RepairedCollection& list = collection(report, "list");
  ASSERT_EQ(list.losses.size(), 2u);
  EXPECT_EQ(list.losses[0].what, "some of positions 0 to 199");
  EXPECT_EQ(list.losses[0].entries, 200 - list.saved);
  EXPECT_EQ(list.losses[1].what, "the order of " + std::to_string(list.saved) + " items from position 0 on");
  EXPECT_GT(list.saved, 150u);
}

// A value of so many runs that a tree of its own lists them: its pages are the list's too, but hold no items.
TEST(RepairReport, TreeOfChunksBelowADamagedBranch) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  const std::string large(5'000'000, 'C');
  {
    Database database = Database::open(kOld, sim_options(*disk, kPageSize));
    database.list<std::string>("list").push_back(large);
    database.close();
  }
  const u64 chunks = newest_page(disk->contents(kOld), 1, storage::PageType::fixed_leaf);
  ASSERT_NE(chunks, 0u);
  zero_newest_page(*disk, 1, storage::PageType::branch);
  {
    const std::unique_ptr<os::SimDisk> copy = disk->clone();
    EXPECT_EQ(collection(repair(kOld, kNew, on(*copy)), "list").saved, 201u);
    const Database database = open_new(*copy);
    const ReadTxn snapshot = database.read();
    EXPECT_EQ(snapshot.list<std::string>("list").count(large), 1u);
  }
  zero_page(*disk, chunks);
  const RepairReport report = repair(kOld, kNew, on(*disk));
  EXPECT_EQ(collection(report, "list").saved, 200u);
  EXPECT_NE(collection(report, "list").losses[0].why.find("page " + std::to_string(chunks)), std::string::npos);
}

// Without bitmaps the pages of older versions cannot be told by themselves: the newest with a key counts.
TEST(RepairReport, OldPagesWithoutBitmaps) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  {
    Database database = Database::open(kOld, sim_options(*disk, kPageSize));
    database.write([](WriteTxn& txn) {
      auto map = txn.sorted_map<i64, std::string>("map");
      for (i64 i = 0; i < 200; ++i) map.put(i, "newer " + std::to_string(i));
    });
    database.close();
  }
  zero_newest_page(*disk, 2, storage::PageType::branch);
  for (const u32 copy : {0, 1}) zero_page(*disk, to_u64(storage::Geometry(kPageSize).bitmap_page(0, copy)));
  const RepairReport report = repair(kOld, kNew, on(*disk));
  const RepairedCollection& map = collection(report, "map");
  ASSERT_EQ(map.losses.size(), 1u);
  EXPECT_EQ(map.losses[0].what, "which entries below damaged pages had been erased");
  const Database database = open_new(*disk);
  const ReadTxn snapshot = database.read();
  const auto saved = snapshot.sorted_map<i64, std::string>("map");
  for (i64 i = 0; i < 200; ++i) EXPECT_EQ(saved.get(i), "newer " + std::to_string(i));
}

// --- Logs ------------------------------------------------------------------------------------------------------------

// As make_disk(), and five more commits that only the log has.
std::unique_ptr<os::SimDisk> make_unclean_disk() {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  const Database database = [&] { return Database::open(kOld, sim_options(*disk, kPageSize)); }();
  Database writer = database;
  for (int i = 0; i < 5; ++i) writer.list<std::string>("list").push_back("logged " + std::to_string(i) + ".");
  return disk->clone();
}

TEST(RepairReport, CommitsInTheLogAreApplied) {
  const std::unique_ptr<os::SimDisk> disk = make_unclean_disk();
  zero_page_with(*disk, value_of(100));
  const std::string log = disk->contents(std::string(kOld) + "-log");
  const RepairReport report = repair(kOld, kNew, on(*disk));
  EXPECT_EQ(report.replayed_commits, 5u);
  EXPECT_TRUE(report.losses.empty());
  EXPECT_EQ(collection(report, "list").saved, 205u);
  EXPECT_EQ(disk->contents(std::string(kOld) + "-log"), log);
  EXPECT_EQ(disk->paths().size(), 4u) << "the old file, its log, the lock file of a killed process, the new file";
}

TEST(RepairReport, MissingLog) {
  const std::unique_ptr<os::SimDisk> disk = make_unclean_disk();
  disk->files().remove(std::string(kOld) + "-log");
  const RepairReport report = repair(kOld, kNew, on(*disk));
  ASSERT_EQ(report.losses.size(), 1u);
  EXPECT_TRUE(report.losses[0].what.starts_with("commits after the last checkpoint, at ")) << report.losses[0].what;
  EXPECT_NE(report.losses[0].why.find("-log is missing"), std::string::npos);
  EXPECT_EQ(collection(report, "list").saved, 200u);
}

TEST(RepairReport, CommitsBeforeADamagedRecordAreApplied) {
  const std::unique_ptr<os::SimDisk> disk = make_unclean_disk();
  const std::string path = std::string(kOld) + "-log";
  std::string log = disk->contents(path);
  log[log.find("logged 2.")] ^= 1;
  disk->set_contents(path, Bytes(log));
  const RepairReport report = repair(kOld, kNew, on(*disk));
  ASSERT_EQ(report.losses.size(), 1u);
  EXPECT_EQ(report.losses[0].what, "the last commits");
  EXPECT_EQ(report.replayed_commits, 2u);
  EXPECT_EQ(collection(report, "list").saved, 202u);
}

// The log refers to a large value, which the data file has lost.
TEST(RepairReport, CommitsBeforeADamagedValueOfTheLogAreApplied) {
  const std::unique_ptr<os::SimDisk> used = make_unclean_disk();
  Options alone = sim_options(*used, kPageSize);
  alone.exclusive = true;
  Database writer = Database::open(kOld, alone);
  writer.list<std::string>("list").push_back("before");
  writer.list<std::string>("list").push_back(std::string(3000, 'l'));
  writer.list<std::string>("list").push_back("after");
  const std::unique_ptr<os::SimDisk> disk = used->clone();
  std::string bytes = disk->contents(kOld);
  bytes[bytes.find(std::string(100, 'l')) + 50] ^= 1;
  disk->set_contents(kOld, Bytes(bytes));
  EXPECT_EQ(code_of([&] { Database::open(kOld, sim_options(*disk, kPageSize)); }), ErrorCode::corrupt);
  const RepairReport report = repair(kOld, kNew, on(*disk));
  ASSERT_EQ(report.losses.size(), 1u);
  EXPECT_EQ(report.losses[0].what, "the last commits");
  EXPECT_EQ(collection(report, "list").saved, 206u);
}

// A record cannot be applied to a page that is damaged: the checkpoint is saved.
TEST(RepairReport, CommitsToADamagedPage) {
  const std::unique_ptr<os::SimDisk> disk = make_unclean_disk();
  zero_page_with(*disk, "item 199.");
  const RepairReport report = repair(kOld, kNew, on(*disk));
  ASSERT_EQ(report.losses.size(), 1u);
  EXPECT_TRUE(report.losses[0].what.starts_with("commits after the last checkpoint, at ")) << report.losses[0].what;
  EXPECT_TRUE(report.losses[0].why.starts_with("page ")) << report.losses[0].why;
  const RepairedCollection& list = collection(report, "list");
  EXPECT_EQ(list.saved + list.lost, 200u);
  EXPECT_EQ(report.replayed_commits, 0u);
}

// --- Refusals and failures -------------------------------------------------------------------------------------------

TEST(RepairReport, Refusals) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  disk->set_contents("/taken", "x");
  disk->set_contents("/foreign", Bytes(std::string(100'000, 'x')));
  EXPECT_EQ(code_of([&] { repair(kOld, "/taken", on(*disk)); }), ErrorCode::exists);
  EXPECT_EQ(code_of([&] { repair("/absent", kNew, on(*disk)); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { repair("/foreign", kNew, on(*disk)); }), ErrorCode::not_a_database);
  disk->set_contents("/empty", "");
  EXPECT_EQ(code_of([&] { repair("/empty", kNew, on(*disk)); }), ErrorCode::not_a_database);
  const Database writer = Database::open(kOld, sim_options(*disk, kPageSize));
  const std::unique_ptr<os::SimProcess> other = disk->start_process();
  RepairOptions options;
  options.env = other.get();
  EXPECT_EQ(code_of([&] { repair(kOld, kNew, options); }), ErrorCode::in_use);
}

TEST(RepairReport, LeavesNothingWhenItFails) {
  const std::unique_ptr<os::SimDisk> disk = make_disk();
  const std::vector<std::string> before = disk->paths();
  RepairOptions options = on(*disk);
  u64 told = 0;
  options.progress = [&told](std::uint64_t, std::uint64_t) { return ++told < 2; };
  EXPECT_EQ(code_of([&] { repair(kOld, kNew, options); }), ErrorCode::cancelled);
  EXPECT_EQ(disk->paths(), before);
  disk->set_capacity(disk->contents(kOld).size() + 20'000);
  EXPECT_EQ(code_of([&] { repair(kOld, kNew, on(*disk)); }), ErrorCode::disk_full);
  EXPECT_EQ(disk->paths(), before);
}

// --- Files made to deceive -------------------------------------------------------------------------------------------

// Damage whose checksums fit: loops, pages that many refer to, counts and lengths that lie.
TEST(RepairReport, RandomStructureWithRepairedChecksums) {
  Rng random(test_seed());
  const std::unique_ptr<os::SimDisk> whole = fuzz::sample_database(true);
  const std::string bytes = whole->contents(fuzz::kPath);
  u64 repaired = 0;
  for (u64 i = 0; i < scaled(1500); ++i) {
    const std::unique_ptr<os::SimDisk> disk = whole->clone();
    std::string changed = bytes;
    for (u64 change = 1 + below(random, 6); change > 0; --change) {
      const u64 page = below(random, changed.size() / kPageSize);
      const u64 offset = page * kPageSize + (one_in(random, 2) ? below(random, 96) : below(random, kPageSize));
      changed[offset] = static_cast<char>(one_in(random, 2) ? random() : changed[offset] + below(random, 9) - 4);
      const u64 other = below(random, changed.size() / kPageSize);
      if (one_in(random, 8)) changed.replace(page * kPageSize, kPageSize, changed, other * kPageSize, kPageSize);
    }
    fuzz::repair_data_file(changed);
    disk->set_contents(fuzz::kPath, Bytes(changed));
    SCOPED_TRACE("round " + std::to_string(i));
    try {
      repair(fuzz::kPath, kNew, on(*disk));
      ++repaired;
    } catch (const Error& error) {
      const bool expected = error.code() == ErrorCode::newer_format || error.code() == ErrorCode::not_a_database;
      EXPECT_TRUE(expected) << error_code_name(error.code()) << ": " << error.what();
    }
  }
  EXPECT_GT(repaired, 0u);
}

}  // namespace
}  // namespace sapwood::test
