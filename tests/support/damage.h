// A file as it was before it is damaged, and which of its pages hold what: to judge what a repair saved of it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "os/sim_disk.h"
#include "tests/support/face.h"
#include "tests/support/random.h"

namespace sapwood::test {

inline constexpr const char* kDamagedPath = "/damaged";

struct PlacedEntry {
  Entry entry;
  std::set<u64> pages;  // its leaf, and those of its value
};

class Original {
 public:
  // A closed database at kDamagedPath.
  explicit Original(os::SimDisk& disk);

  const std::string& bytes() const { return bytes_; }
  u64 page_count() const { return bytes_.size() / page_size_; }
  u64 page_size() const { return page_size_; }
  u64 first_page() const { return first_page_; }
  bool is_bitmap(u64 page) const;

  // Throws Disagreement if the repaired database at `path` does not pass check(), holds an entry that was not in the
  // file, or lacks one none of whose pages is in `damaged`. The last two are not asked where bitmaps are damaged, which
  // alone tell old pages from new ones, if anything else is.
  void judge(os::SimDisk& disk, const std::string& path, const std::set<u64>& damaged) const;

 private:
  struct Collection {
    std::string name;
    CollectionTypes types;
    std::vector<PlacedEntry> entries;
  };
  std::string bytes_;
  u64 page_size_ = 0;
  u64 first_page_ = 0;
  std::map<u64, Collection> collections_;  // by id
};

enum class Damage { zeros, junk, bit_flip, swap };
// Damages a page of `bytes`; which pages are not what they were.
std::set<u64> damage_page(std::string& bytes, u64 page_size, u64 page, Damage kind, Rng& random);

}  // namespace sapwood::test
