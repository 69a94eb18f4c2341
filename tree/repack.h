// Compacting a tree, a stretch of leaves at a time: entries move together into fewer pages, and pages to other places.
#pragma once

#include <vector>

#include "storage/page_store.h"
#include "tree/tree.h"

namespace sapwood::tree {

struct RepackLimits {
  PageNo end{0};      // pages at or past it are to move
  u32 leaves = 64;    // looked at in one step
  bool joins = true;  // whether entries move together
};

struct RepackStep {
  u64 next = 0;              // position behind the last leaf that it looked at; the tree's size: the end
  u64 pages = 0;             // that were written anew
  std::vector<u64> large{};  // positions of values with runs at or past `end`: for TreeWriter::set
};

// Looks at leaves from the one with the entry at `from` on, all below one branch. Where that saves one in sixteen,
// their entries are written into full pages; leaves at or past `end`, and branches on the way, are copied to where the
// store allocates pages. Entries and their order stay; `root` may change. Pages that the store keeps for others
// (PageStore::keeps) stay where they are. Requires: from < size. Throws as every change does.
RepackStep repack(storage::PageStore& store, const TreeShape& shape, TreeRoot& root, u64 from,
                  const RepackLimits& limits);

}  // namespace sapwood::tree
