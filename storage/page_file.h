// The data file as pages: one reserved read-only map for readers, gathered writes for the writer.
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

  // Maps the file. `prototype` gives checksum_seed, verify_checksums and verify_node.
  void open_map(const PageSpace& prototype);

  // What readers of a version of at most page_count() pages read through.
  const PageSpace* space() const { return space_.load(std::memory_order_acquire); }

  // Makes sure that the file holds `page_count` pages; disk_full changes nothing.
  void grow(u64 page_count);
  void truncate(u64 page_count);

  // Writes pages, in the order of their numbers (it sorts), neighbours in one call; and marks these versions as
  // verified.
  void write_pages(std::vector<PageWrite>& pages);
  void write_run(Extent extent, const void* data, u64 size);
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
  };
  void add_map(const PageSpace& prototype, u64 pages);

  os::Env& env_;
  std::unique_ptr<os::File> file_;
  Geometry geometry_;
  u64 page_count_ = 0;    // that the file has space for
  u64 mapped_pages_ = 0;  // that the newest map reserves
  std::atomic<const PageSpace*> space_ = nullptr;
  std::vector<std::unique_ptr<Map>> maps_;
  std::atomic<u64> reserved_pages_ = 0;
  std::atomic<u64> syncs_ = 0;
};

}  // namespace sapwood::storage
