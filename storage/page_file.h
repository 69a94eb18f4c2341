// The data file as pages: one reserved read-only map for readers; for the writer gathered writes, and stores through a
// second map where that is faster.
//
// A page that this process has seen (it is in the system's cache, and mapped before long) is stored to directly; one
// that it has not is built in memory and written by a call, which needs neither its old bytes nor a page fault.
//
// The map reserves clamp(8 x file, 16 GiB, 1 TiB) of address space. When the file outgrows it a larger one is added;
// the old ones stay until close, since snapshots may read through them.
#pragma once

#include <atomic>
#include <memory>
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

  PageFile(os::Env& env, std::unique_ptr<os::File> file, const Geometry& geometry);

  // Maps the file, for stores too if `stores`. `prototype` gives checksum_seed, verify_checksums and verify_node.
  void open_map(const PageSpace& prototype, bool stores);

  // What readers of a version of at most page_count() pages read through.
  const PageSpace* space() const { return space_.load(std::memory_order_acquire); }

  // Makes sure that the file holds `page_count` pages; disk_full changes nothing.
  void grow(u64 page_count);
  void truncate(u64 page_count);

  // Where to store a page that no version needs, from now until stored(); null if it is to go through write_pages().
  u8* place_for_stores(PageNo page);
  // The page is complete, header included: readers may get to it, its version counts as verified.
  void stored(PageNo page);
  // Writes pages, in the order of their numbers (it sorts), neighbours in one call; and marks these versions as
  // verified.
  void write_pages(std::vector<PageWrite>& pages);
  void write_run(Extent extent, const void* data, u64 size);
  void sync() { file_->sync(); }

  os::File& file() { return *file_; }
  const u8* bytes(PageNo page) const { return space()->base + geometry_.offset_of(page); }
  u64 page_count() const { return page_count_; }

 private:
  struct Map {
    PageSpace space;
    std::unique_ptr<os::Mapping> pages;
    std::unique_ptr<os::Mapping> verified;
    std::unique_ptr<os::Mapping> stores;  // null if all go through calls
  };
  void add_map(const PageSpace& prototype, bool stores, u64 pages);
  void mark_verified(PageNo page, const u8* bytes);

  os::Env& env_;
  std::unique_ptr<os::File> file_;
  Geometry geometry_;
  u64 page_count_ = 0;    // that the file has space for
  u64 mapped_pages_ = 0;  // that the newest map reserves
  std::atomic<const PageSpace*> space_ = nullptr;
  std::vector<std::unique_ptr<Map>> maps_;
};

}  // namespace sapwood::storage
