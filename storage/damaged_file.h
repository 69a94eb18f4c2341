// A database file that may be damaged, read as it is for a repair: nothing is replayed, nothing is written.
//
// What the metas tell is looked for elsewhere where all four slots are damaged: the page size by counting pages that
// carry their own number, and the uuid, which seeds the checksums of pages, in what is left of the slots and in the
// log. Without a uuid checksums cannot be verified; the structure of pages still is.
//
// The file is mapped: a disk sector that cannot be read ends the program with SIGBUS, so failing disks are copied
// first. Memory: 4 bytes a page of the file.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/meta.h"
#include "storage/page_reader.h"

namespace sapwood::storage {

class DamagedFile {
 public:
  // Opens for reading only, and holds the file against writers as long as this lives. Throws not_found, in_use,
  // newer_format, io; not_a_database if it has neither a meta nor a page of ours.
  DamagedFile(os::Env& env, const std::string& path, VerifyNode verify_node);
  DamagedFile(const DamagedFile&) = delete;
  DamagedFile& operator=(const DamagedFile&) = delete;

  // The newest; nullopt if none is whole, or those of a later checkpoint were lost.
  const std::optional<Meta>& meta() const { return meta_; }
  // Whether commits are in the log only, as far as the metas tell.
  bool expects_log() const { return expects_log_; }
  bool verifies_checksums() const { return space_.verify_checksums; }
  u64 page_count() const { return page_count_; }  // whole pages that the file has; the last one may be cut off
  const Geometry& geometry() const { return geometry_; }
  PageReader pages() const { return PageReader(&space_, page_count_); }

  // What the bitmaps say of a page, at the last checkpoint.
  enum class Use : u8 { used, free, unknown };
  Use use_of(PageNo page) const;

  // Calls `visit` for each page that looks like one of a tree and is whole, in the order of their numbers. Reads all.
  void for_each_node(const std::function<void(PageRef ref, const u8* page)>& visit) const;

 private:
  const u8* bytes(PageNo page) const { return map_->data() + geometry_.offset_of(page); }
  bool is_sound_bitmap(u64 group, u32 copy) const;
  bool has_newer_bitmap() const;
  void find_bitmaps();

  std::unique_ptr<os::File> file_;
  std::optional<Meta> meta_;
  bool expects_log_ = false;
  Geometry geometry_;
  u64 page_count_ = 0;
  std::unique_ptr<os::Mapping> map_;
  std::unique_ptr<os::Mapping> verified_;
  PageSpace space_;
  std::vector<const u8*> bitmaps_;  // by group: the bits that count; null if they are not known
};

}  // namespace sapwood::storage
