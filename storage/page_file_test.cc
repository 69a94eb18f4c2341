// The data file with stores through a map: where pages are stored to, their checksums, and a file that outgrows its
// map.
#include "storage/page_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "os/sim_disk.h"

namespace sapwood::storage {
namespace {

constexpr u32 kPageSize = 512;
constexpr u64 kSmallMap = 64 << 10;  // 128 pages

class PageFileTest : public testing::Test {
 protected:
  PageFileTest()
      : file_(disk_, disk_.files().open("/db", {.write = true, .create = true}), Geometry(kPageSize), kSmallMap) {
    PageSpace prototype;
    prototype.checksum_seed = 99;
    prototype.verify_node = [](const u8*, u32, PageNo) {};
    file_.open_map(prototype, true);
    file_.grow(100);
  }

  static void make_page(u8* bytes, PageNo page, TxnId birth) {
    std::memset(bytes, 0, kPageSize);
    PageHeader::init(bytes, PageType::leaf, 0, 1, kPageSize);
    PageHeader::set_place(bytes, page, birth);
    bytes[300] = static_cast<u8>(birth);
  }
  // By a call, with its checksum.
  void write(PageNo page, TxnId birth) {
    u8 bytes[kPageSize];
    make_page(bytes, page, birth);
    sapwood::store<u32>(bytes, page_checksum(bytes, kPageSize, page, 99));
    std::vector<PageFile::PageWrite> writes{{page, bytes}};
    file_.write_pages(writes);
  }
  // Without its checksum. Requires: the page was seen.
  void store(PageNo page, TxnId birth) {
    make_page(file_.place_for_stores(page), page, birth);
    file_.stored(page);
  }
  u8 fetch(PageNo page, u32 birth) const { return PageReader(file_.space(), 100).fetch(PageRef{page, birth})[300]; }
  std::vector<u64> unsummed() const {
    std::vector<u64> pages;
    file_.for_each_unsummed([&](PageNo page) { pages.push_back(to_u64(page)); });
    return pages;
  }

  os::SimDisk disk_{1};
  PageFile file_;
};

TEST_F(PageFileTest, OnlyPagesThatWereSeenAreStoredTo) {
  EXPECT_EQ(file_.place_for_stores(PageNo{50}), nullptr) << "its old bytes would be read from the disk";
  write(PageNo{50}, 5);
  ASSERT_NE(file_.place_for_stores(PageNo{50}), nullptr);
  ASSERT_NE(file_.place_for_stores(PageNo{50}), nullptr) << "also after a transaction that was rolled back";
  EXPECT_THROW(fetch(PageNo{50}, 4), Error) << "what was verified there does not count any more";
  store(PageNo{50}, 6);
  EXPECT_EQ(fetch(PageNo{50}, 6), 6);
}

TEST_F(PageFileTest, StoredPagesGetTheirChecksumsLater) {
  for (const u64 page : {50u, 60u, 70u, 80u}) write(PageNo{page}, 5);
  for (const u64 page : {80u, 50u, 60u, 70u}) store(PageNo{page}, 6);
  write(PageNo{60}, 7);
  file_.write_run(Extent{PageNo{69}, 3}, "run", 3, 7);
  EXPECT_EQ(unsummed(), (std::vector<u64>{50, 80})) << "the others were used otherwise since";
  const u8* page = file_.bytes(PageNo{50});
  EXPECT_NE(PageHeader::checksum(page), page_checksum(page, kPageSize, PageNo{50}, 99));
  file_.sum(PageNo{50});
  EXPECT_EQ(PageHeader::checksum(page), page_checksum(page, kPageSize, PageNo{50}, 99));
  file_.start_summing();
  write(PageNo{7}, 8);
  store(PageNo{7}, 9);
  EXPECT_EQ(unsummed(), (std::vector<u64>{7, 50, 80})) << "it may come to nothing";
  file_.forget_summed();
  EXPECT_EQ(unsummed(), std::vector<u64>{7});
  file_.forget_unsummed(Extent{PageNo{5}, 4});
  EXPECT_TRUE(unsummed().empty());
}

TEST_F(PageFileTest, AFileThatOutgrowsItsMapKeepsWhatItKnows) {
  write(PageNo{50}, 5);
  store(PageNo{50}, 6);
  const PageSpace* const before = file_.space();
  const PageReader old(before, 100);
  file_.grow(1000);
  ASSERT_NE(file_.space(), before);
  const PageReader young(file_.space(), 100, 5);
  EXPECT_EQ(young.fetch(PageRef{PageNo{50}, 6})[300], 6) << "it has no checksum yet, and is younger than those that do";
  EXPECT_EQ(old.fetch(PageRef{PageNo{50}, 6})[300], 6);
  EXPECT_EQ(unsummed(), std::vector<u64>{50});
  write(PageNo{900}, 7);
  store(PageNo{900}, 8);
  EXPECT_EQ(unsummed(), (std::vector<u64>{50, 900}));
}

// Another process made the file longer, past this one's map.
TEST_F(PageFileTest, AFileThatIsLongerAlreadyIsMappedAsFar) {
  disk_.files().open("/db", {.write = true})->allocate(0, 1000 * kPageSize);
  file_.refresh_size();
  ASSERT_EQ(file_.page_count(), 1000u);
  file_.grow(900);
  write(PageNo{890}, 7);
  const PageReader reader(file_.space(), 900);
  EXPECT_EQ(reader.fetch(PageRef{PageNo{890}, 7})[300], 7);
  file_.cover(1000);
  EXPECT_THROW(file_.cover(1001), Error) << "the file has no more";
}

}  // namespace
}  // namespace sapwood::storage
