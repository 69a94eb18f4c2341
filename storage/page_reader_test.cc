// What readers verify before a page is used.
#include "storage/page_reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

#include "os/sim_disk.h"
#include "storage/page_file.h"

namespace sapwood::storage {
namespace {

constexpr u32 kPageSize = 512;
constexpr u64 kPages = 64;

std::optional<ErrorCode> code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

// Stands for the tree's check: a page with flag 7 is broken.
void verify_flags(const u8* page, u32, PageNo number) { check_format(PageHeader::flags(page) != 7, number, "broken"); }

class PageReaderTest : public testing::Test {
 protected:
  PageReaderTest() : file_(disk_, disk_.files().open("/db", {.write = true, .create = true}), Geometry(kPageSize)) {
    PageSpace prototype;
    prototype.checksum_seed = 99;
    prototype.verify_node = &verify_flags;
    file_.open_map(prototype, false);
    file_.grow(kPages);
  }

  std::vector<u8> page_of(PageNo page, TxnId birth, u16 flags = 0) const {
    std::vector<u8> bytes(kPageSize);
    PageHeader::init(bytes.data(), PageType::leaf, 0, 1, kPageSize);
    PageHeader::set_flags(bytes.data(), flags);
    PageHeader::set_place(bytes.data(), page, birth);
    bytes[300] = static_cast<u8>(birth);
    store<u32>(bytes.data(), page_checksum(bytes.data(), kPageSize, page, 99));
    return bytes;
  }
  // Past the page writer, as another process or a disk would.
  void put(PageNo page, const std::vector<u8>& bytes) {
    file_.file().write(to_u64(page) * kPageSize, bytes.data(), bytes.size());
  }
  PageReader reader() const { return PageReader(file_.space(), kPages); }

  os::SimDisk disk_{1};
  PageFile file_;
};

TEST_F(PageReaderTest, FetchesWhatTheReferenceSays) {
  put(PageNo{40}, page_of(PageNo{40}, 5));
  const u8* page = reader().fetch(PageRef{PageNo{40}, 5});
  EXPECT_EQ(page[300], 5);
  EXPECT_EQ(reader().fetch(PageRef{PageNo{40}, 5}), page);
}

TEST_F(PageReaderTest, AnythingElseIsCorrupt) {
  put(PageNo{40}, page_of(PageNo{40}, 5));
  put(PageNo{42}, page_of(PageNo{41}, 5));  // misdirected
  put(PageNo{43}, page_of(PageNo{43}, 5, 7));
  std::vector<u8> rotten = page_of(PageNo{44}, 5);
  rotten[200] ^= 1;
  put(PageNo{44}, rotten);
  for (const PageRef ref :
       {PageRef{PageNo{40}, 4}, PageRef{PageNo{42}, 5}, PageRef{PageNo{43}, 5}, PageRef{PageNo{44}, 5},
        PageRef{PageNo{45}, 5}, PageRef{PageNo{kPages}, 5}, PageRef{PageNo{~u64{0}}, 5}, PageRef{}}) {
    for (int again = 0; again < 2; ++again) {  // a failed check is not remembered as a good one
      EXPECT_EQ(code_of([&] { reader().fetch(ref); }), ErrorCode::corrupt) << to_u64(ref.page);
    }
  }
}

// Birth 0 is the low half of transaction 2^32, or a lie in a file: it is verified as any other.
TEST_F(PageReaderTest, ABirthOfZeroIsVerified) {
  put(PageNo{40}, page_of(PageNo{40}, 0, 7));
  put(PageNo{41}, page_of(PageNo{41}, u64{1} << 32));
  EXPECT_EQ(code_of([&] { reader().fetch(PageRef{PageNo{40}, 0}); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { reader().fetch(PageRef{PageNo{50}, 0}); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { reader().fetch(PageRef{PageNo{41}, 0}); }), std::nullopt);
  EXPECT_EQ(code_of([&] { reader().fetch_run(Extent{PageNo{50}, 2}, 0, 900, 12345); }), ErrorCode::corrupt);
}

TEST_F(PageReaderTest, PagesThatWereWrittenHereAreTrustedUntilOverwritten) {
  const std::vector<u8> first = page_of(PageNo{40}, 5);
  std::vector<PageFile::PageWrite> writes{{PageNo{40}, first.data()}};
  file_.write_pages(writes);
  EXPECT_EQ(reader().fetch(PageRef{PageNo{40}, 5})[300], 5);
  const std::vector<u8> second = page_of(PageNo{40}, 6);
  writes = {{PageNo{40}, second.data()}};
  file_.write_pages(writes);
  EXPECT_EQ(reader().fetch(PageRef{PageNo{40}, 6})[300], 6);
  EXPECT_EQ(code_of([&] { reader().fetch(PageRef{PageNo{40}, 5}); }), ErrorCode::corrupt);
}

TEST_F(PageReaderTest, WritesArriveInAnyOrder) {
  std::vector<std::vector<u8>> pages;
  std::vector<PageFile::PageWrite> writes;
  for (const u64 number : {50u, 40u, 41u, 39u, 60u, 42u}) {
    pages.push_back(page_of(PageNo{number}, number));
    writes.push_back({PageNo{number}, pages.back().data()});
  }
  file_.write_pages(writes);
  for (const u64 number : {50u, 40u, 41u, 39u, 60u, 42u}) {
    EXPECT_EQ(code_of([&] {
                PageReader(file_.space(), kPages).fetch(PageRef{PageNo{number}, static_cast<u32>(number)});
              }),
              std::nullopt);
    EXPECT_EQ(file_.bytes(PageNo{number})[300], number);
  }
}

TEST_F(PageReaderTest, RunsAreCheckedOnce) {
  const std::string value(1300, 'v');
  const Extent extent{PageNo{40}, 3};
  file_.write_run(extent, value.data(), value.size(), 7);
  const u32 checksum = run_checksum(value.data(), value.size());
  EXPECT_EQ(bytes_of(reader().fetch_run(extent, 9, value.size(), checksum), value.size()), value);
  EXPECT_EQ(code_of([&] { reader().fetch_run(extent, 8, value.size(), checksum + 1); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { reader().fetch_run(extent, 8, 3 * kPageSize + 1, checksum); }), ErrorCode::corrupt);
  for (const Extent bad : {Extent{PageNo{kPages}, 1}, Extent{PageNo{kPages - 1}, 2}, Extent{PageNo{40}, ~u32{0}},
                           Extent{kNoPage, 1}, Extent{PageNo{~u64{0}}, 1}}) {
    EXPECT_EQ(code_of([&] { reader().fetch_run(bad, 9, 10, checksum); }), ErrorCode::corrupt);
  }
  // Written again: what was checked before does not count.
  file_.write_run(extent, "other", 5, 10);
  EXPECT_EQ(code_of([&] { reader().fetch_run(extent, 10, 5, 0); }), std::nullopt) << "this process wrote it";
  EXPECT_EQ(code_of([&] { reader().fetch_run(extent, 9, value.size(), checksum); }), ErrorCode::corrupt);
}

}  // namespace
}  // namespace sapwood::storage
