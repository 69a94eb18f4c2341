// Database::check(): finds what reading would not trip over, wherever it is, and tells where.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "fuzz/repair.h"
#include "storage/damaged_file.h"
#include "tests/support/damage.h"
#include "tests/support/sim.h"
#include "tree/check.h"
#include "tree/orphans.h"

namespace sapwood::test {
namespace {

constexpr u64 kPageSize = 512;

std::string text_of(char c, std::size_t size = 3000) { return std::string(size, c); }

// Two lists with a large value each, a map of some pages, and free pages; closed.
std::string sample_bytes(u64 entries = 200) {
  os::SimDisk disk(5);
  Database database = Database::open(kDamagedPath, sim_options(disk, kPageSize));
  database.write([&](WriteTxn& txn) {
    txn.list<std::string>("dropped").push_back(text_of('d'));
    txn.list<std::string>("first").push_back(text_of('a'));
    txn.list<std::string>("second").push_back(text_of('b'));
    auto numbers = txn.sorted_map<i64, std::string>("numbers");
    for (u64 i = 0; i < entries; ++i) numbers.put(static_cast<i64>(i), "number " + std::to_string(i));
  });
  database.drop("dropped");
  database.close();
  return disk.contents(kDamagedPath);
}

std::vector<std::string> findings_in(const std::string& bytes) {
  os::SimDisk disk(5);
  disk.set_contents(kDamagedPath, Bytes(bytes));
  Options options = sim_options(disk, kPageSize);
  options.mode = OpenMode::read;
  return Database::open(kDamagedPath, options).check();
}

bool has(const std::vector<std::string>& findings, const std::string& part) {
  return std::ranges::any_of(findings, [&](const std::string& one) { return one.find(part) != std::string::npos; });
}

// The offset of the page that holds `text`.
u64 page_with(const std::string& bytes, const std::string& text) { return bytes.find(text) / kPageSize * kPageSize; }

// Offsets of the references to large values, in the order of the file.
std::vector<u64> references_in(const std::string& bytes) {
  os::SimDisk disk(5);
  disk.set_contents(kDamagedPath, Bytes(bytes));
  const storage::DamagedFile file(disk, kDamagedPath, &tree::verify_node);
  std::vector<u64> found;
  file.for_each_node([&](storage::PageRef ref, const u8* page) {
    if (storage::PageHeader::type(page) != storage::PageType::leaf) return;
    const tree::LeafNode leaf(page, kPageSize);
    for (u32 i = 0; i < leaf.count(); ++i) {
      const tree::StoredValue value = leaf.value(i);
      if (value.kind != tree::ValueKind::blob || file.use_of(ref.page) != storage::DamagedFile::Use::used) continue;
      const auto in_page = reinterpret_cast<const u8*>(value.bytes.data()) - page;
      found.push_back(to_u64(ref.page) * kPageSize + static_cast<u64>(in_page));
    }
  });
  return found;
}

// The offset of the bitmap that counts; here there is one group.
u64 bitmap_offset(const std::string& bytes) {
  const storage::Geometry geometry(kPageSize);
  const auto at = [&](u32 copy) { return geometry.offset_of(geometry.bitmap_page(0, copy)); };
  const auto birth = [&](u32 copy) { return load<u64>(bytes.data() + at(copy) + 16); };
  return at(birth(0) > birth(1) ? 0 : 1);
}

void flip_use(std::string& bytes, u64 page) {
  const u64 bit = page - storage::Geometry(kPageSize).first_page;
  bytes[bitmap_offset(bytes) + 96 + bit / 8] ^= static_cast<char>(1 << (bit % 8));
}

bool is_used(const std::string& bytes, u64 page) {
  const u64 bit = page - storage::Geometry(kPageSize).first_page;
  return (bytes[bitmap_offset(bytes) + 96 + bit / 8] >> (bit % 8) & 1) != 0;
}

TEST(Check, SoundFile) { EXPECT_TRUE(findings_in(sample_bytes()).empty()); }

TEST(Check, PagesThatTwoCollectionsReferTo) {
  std::string bytes = sample_bytes();
  const std::vector<u64> references = references_in(bytes);
  ASSERT_EQ(references.size(), 2u);
  std::memmove(bytes.data() + references[1], bytes.data() + references[0], 20);
  fuzz::repair_data_file(bytes);
  const std::vector<std::string> findings = findings_in(bytes);
  EXPECT_TRUE(has(findings, "it is referred to twice"));
  EXPECT_TRUE(has(findings, "list '"));
}

TEST(Check, BitmapsAgainstTreesBothWays) {
  const std::string whole = sample_bytes();
  const u64 used = page_with(whole, "number 100") / kPageSize;
  u64 free = whole.size() / kPageSize - 1;
  while (is_used(whole, free)) --free;
  std::string bytes = whole;
  flip_use(bytes, used);
  fuzz::repair_data_file(bytes);
  EXPECT_TRUE(
      has(findings_in(bytes), "page " + std::to_string(used) + " is in use but its bitmap says that it is free"));
  bytes = whole;
  flip_use(bytes, free);
  fuzz::repair_data_file(bytes);
  EXPECT_TRUE(
      has(findings_in(bytes), "page " + std::to_string(free) + " is marked as in use but nothing refers to it"));
}

// What is damaged elsewhere does not hide that a page in use is marked as free; what may lie below the damage is not
// told to be lost.
TEST(Check, BitmapsAreComparedBesideDamage) {
  std::string bytes = sample_bytes();
  const u64 used = page_with(bytes, "aaaaaaaaaaaaaaaa") / kPageSize;
  flip_use(bytes, used);
  fuzz::repair_data_file(bytes);
  bytes[bytes.find("number 100")] = 'N';
  const std::vector<std::string> findings = findings_in(bytes);
  EXPECT_TRUE(has(findings, "sorted_map 'numbers': page"));
  EXPECT_TRUE(has(findings, "bad checksum"));
  EXPECT_TRUE(has(findings, "page " + std::to_string(used) + " is in use but"));
  EXPECT_FALSE(has(findings, "nothing refers to it"));
}

TEST(Check, DamagedBitmapIsTold) {
  std::string bytes = sample_bytes();
  bytes[bitmap_offset(bytes) + 300] ^= 1;
  EXPECT_TRUE(has(findings_in(bytes), "the bitmap of page group 0 is damaged"));
}

// A page that this process has read before is verified again.
TEST(Check, BitsThatFlipWhileTheFileIsOpen) {
  os::SimDisk disk(5);
  disk.set_contents(kDamagedPath, Bytes(sample_bytes()));
  Database database = Database::open(kDamagedPath, sim_options(disk, kPageSize));
  EXPECT_TRUE(database.check().empty());
  disk.flip_bit(kDamagedPath, disk.contents(kDamagedPath).find("number 100"), 3);
  const std::vector<std::string> findings = database.check();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NE(findings[0].find("sorted_map 'numbers': page"), std::string::npos) << findings[0];
  EXPECT_NE(findings[0].find("bad checksum"), std::string::npos) << findings[0];
}

TEST(Check, ListsTheFirstThousandFindings) {
  std::string bytes = sample_bytes(30'000);
  for (u64 page = storage::Geometry(kPageSize).first_page; page < bytes.size() / kPageSize; ++page) {
    const u8* const p = reinterpret_cast<const u8*>(bytes.data()) + page * kPageSize;
    const bool is_leaf = storage::PageHeader::type(p) == storage::PageType::leaf;
    if (is_leaf && storage::PageHeader::tree_id(p) != 0) bytes[page * kPageSize + 100] ^= 1;
  }
  const std::vector<std::string> findings = findings_in(bytes);
  ASSERT_EQ(findings.size(), 1001u);
  EXPECT_EQ(findings.back(), "more was found; only the first are listed");
}

}  // namespace
}  // namespace sapwood::test
