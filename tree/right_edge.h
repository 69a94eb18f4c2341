// The way to a tree's last leaf as a change left it, so that the next append need not look for it: an ascending load
// spends most of its time on the way down otherwise.
#pragma once

#include <array>

#include "storage/page_store.h"
#include "tree/leaf.h"

namespace sapwood::tree {

// Kept beside a TreeRoot by whoever keeps that. It counts for nothing once the store's version() is another.
class RightEdge {
 public:
  // `pages` by level: the last leaf, and the branches above it, as edit() or create() gave them.
  template <class PageAt>
  void note(const storage::PageStore& store, u32 height, PageAt page_at) {
    for (u32 level = 0; level < height; ++level) pages_[level] = page_at(level);
    version_ = store.version();
  }

  // Adds an entry after all others. False, and nothing has changed, if it does not belong there, does not fit the last
  // leaf as it stands, or the edge is out of date. O(height).
  bool append(const storage::PageStore& store, const TreeShape& shape, TreeRoot& root, Bytes key, Bytes value);
  // The same for values back to back, of a list with fixed leaves: as many of them as fit the last leaf; their bytes.
  std::size_t append_values(const storage::PageStore& store, TreeRoot& root, Bytes values);

 private:
  u64 version_ = 0;
  std::array<u8*, kMaxHeight> pages_;
};

}  // namespace sapwood::tree
