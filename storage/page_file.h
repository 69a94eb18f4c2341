// The data file as pages: one reserved read-only map for readers; for the writer gathered writes, and stores through a
// second map where that is faster.
//
// A page that this process has seen (it is in the system's cache, and mapped before long) is stored to directly; one
// that it has not is built in memory and written by a call, which needs neither its old bytes nor a page fault.
// Pages stored to get their checksums when a checkpoint needs them: until then no recovery reads them, and no process
// takes them for verified.
//
// The map reserves clamp(8 x file, 16 GiB, 1 TiB) of address space. When the file outgrows it a larger one is added;
// the old ones stay until close, since snapshots may read through them.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <mutex>
#include <vector>

#include "os/file.h"
#include "storage/geometry.h"
#include "storage/page_reader.h"

namespace sapwood::storage {

class PageFile {
 public:
  struct PageWrite {
    PageNo page;
    const u8* bytes;  // page_size of them
  };

  static constexpr u64 kMinMapBytes = u64{16} << 30;
  // Tests reserve less, so that a file outgrows its map.
  PageFile(os::Env& env, std::unique_ptr<os::File> file, const Geometry& geometry, u64 min_map_bytes = kMinMapBytes);

  // Maps the file, for stores too if `stores`. `prototype` gives checksum_seed, verify_checksums and verify_node.
  void open_map(const PageSpace& prototype, bool stores);

  // What readers of a version of at most page_count() pages read through.
  const PageSpace* space() const { return space_.load(std::memory_order_acquire); }

  // Makes sure that the file holds `page_count` pages; disk_full changes nothing.
  void grow(u64 page_count);
  // Makes sure that so many pages can be read. Any thread. Throws corrupt if the file has fewer.
  void cover(u64 page_count) {
    if (page_count > readable_.load(std::memory_order_acquire)) [[unlikely]]
      reach(page_count);
  }
  // Other processes may have changed how many pages the file has.
  void refresh_size() { page_count_ = file_->size() >> geometry_.page_shift; }
  void truncate(u64 page_count);

  // Where to store a page that no version needs, from now until stored(); null if it is to go through write_pages().
  u8* place_for_stores(PageNo page);
  // The page is complete but for its checksum: readers may get to it, its version counts as verified.
  void stored(PageNo page);
  // The same for a page that another process has stored.
  void note_unsummed(PageNo page);
  // Calls `visit(PageNo)` for the pages stored so, until they are forgotten; pages used otherwise since are left out.
  template <class Visit>
  void for_each_unsummed(Visit visit) const;
  // Begins to give checksums to all of them; when that is done for sure, forget_summed() forgets those.
  void start_summing() noexcept;
  void forget_summed() noexcept { std::fill(summing_.begin(), summing_.end(), 0); }
  // The extent is not, or no longer, one of them.
  void forget_unsummed(Extent extent) noexcept;
  void forget_all_unsummed() noexcept;
  // Gives a stored page its checksum, while others may read it.
  void sum(PageNo page);
  // Writes pages, in the order of their numbers (it sorts), neighbours in one call; and marks these versions as
  // verified.
  void write_pages(std::vector<PageWrite>& pages);
  // The same for the bytes of a run of that birth.
  void write_run(Extent extent, const void* data, u64 size, u32 birth);
  void sync() {
    file_->sync();
    syncs_.fetch_add(1, std::memory_order_relaxed);
  }

  os::File& file() { return *file_; }
  const u8* bytes(PageNo page) const { return space()->base + geometry_.offset_of(page); }
  u64 page_count() const { return page_count_; }
  // For metrics; any thread: syncs so far, and pages that all maps reserve.
  u64 syncs() const { return syncs_.load(std::memory_order_relaxed); }
  u64 reserved_pages() const { return reserved_pages_.load(std::memory_order_relaxed); }

 private:
  struct Map {
    PageSpace space;
    std::unique_ptr<os::Mapping> pages;
    std::unique_ptr<os::Mapping> verified;
    std::unique_ptr<os::Mapping> stores;  // null if all go through calls
  };
  void add_map(const PageSpace& prototype, bool stores, u64 pages);
  void map_over(u64 page_count);
  void reach(u64 page_count);
  void mark_verified(PageNo page, const u8* bytes);

  os::Env& env_;
  std::unique_ptr<os::File> file_;
  Geometry geometry_;
  u64 min_map_bytes_;
  u64 page_count_ = 0;             // that the file has space for
  std::mutex map_mutex_;           // for adding maps, and the two below
  u64 mapped_ = 0;                 // pages that the newest map reserves
  std::atomic<u64> readable_ = 0;  // of these, so many are known to be in the file
  std::atomic<const PageSpace*> space_ = nullptr;
  std::vector<std::unique_ptr<Map>> maps_;
  std::atomic<u8*> stores_ = nullptr;  // of the newest map
  std::vector<u64> unsummed_;          // bit i: page i was stored without its checksum
  std::vector<u64> summing_;           // of these, those from before start_summing(); no shorter
  std::atomic<u64> reserved_pages_ = 0;
  std::atomic<u64> syncs_ = 0;
};

template <class Visit>
void PageFile::for_each_unsummed(Visit visit) const {
  for (std::size_t word = 0; word < unsummed_.size(); ++word) {
    for (u64 bits = unsummed_[word] | summing_[word]; bits != 0; bits &= bits - 1) {
      visit(PageNo{word * 64 + static_cast<u64>(std::countr_zero(bits))});
    }
  }
}

}  // namespace sapwood::storage
