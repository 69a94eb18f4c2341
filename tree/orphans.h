// Pages of trees that no readable page refers to: what is left below a damaged branch, root or catalog.
//
// They are found by a scan of the file. A page that its bitmap calls free was no part of the last checkpoint and is not
// taken, so entries that had been erased stay erased; where the bitmap is damaged too, old versions cannot be told from
// new ones but by their births. Memory: 32 bytes for each such page; of a list about 100.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "storage/damaged_file.h"
#include "storage/page_set.h"
#include "tree/leaf_node.h"
#include "tree/salvage.h"

namespace sapwood::tree {

struct Orphan {
  PageRef ref;
  u64 birth = 0;  // all of it
  u32 tree_id = 0;
  u8 level = 0;
  Order order = Order::position;
  storage::PageType type{};
  bool maybe_old = false;  // its bitmap is damaged
};

// Sorted by tree, then page. `told` is called for each page of a tree; what it throws goes on.
std::vector<Orphan> find_orphans(const storage::DamagedFile& file, const storage::PageSet& seen,
                                 const std::function<void()>& told);
// Those of one tree.
std::span<const Orphan> orphans_of(const std::vector<Orphan>& sorted, u32 tree_id);

// The pages of the tree that no other of them refers to; without those of other shapes (chunks of large values).
std::vector<Orphan> topmost(const storage::PageReader& pages, std::span<const Orphan> orphans, const TreeShape& shape);

// Whether the page may stand below the gap, by its level and age.
bool may_be_below(const Orphan& orphan, const Gap& gap);

// Entries in or below the page, as it says itself.
u64 entries_below(const storage::PageReader& pages, const Orphan& orphan);

// Calls `visit` for the entries of orphaned leaves whose keys lie in `gaps`, which ascend; of leaves whose keys overlap
// the newest counts. Requires: the tree has keys. Memory: two keys a leaf.
using VisitOrphanEntry = std::function<void(const LeafNode& leaf, u32 entry, Bytes key, const Gap& gap)>;
void for_each_orphan_entry(const storage::PageReader& pages, std::span<const Orphan> orphans, const TreeShape& shape,
                           std::span<const Gap> gaps, const VisitOrphanEntry& visit);

}  // namespace sapwood::tree
