// Reads what can be read of a tree that may be damaged. Nothing that a file holds makes it throw, loop or take more
// than one look at a page.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "storage/page_set.h"
#include "tree/leaf_node.h"
#include "tree/tree.h"

namespace sapwood::tree {

using Bound = std::optional<std::string>;  // nullopt is infinity

// A page that cannot be read, and what was below it, as its parent tells.
struct Gap {
  PageRef ref;
  u32 level = 0;
  u64 first = 0;    // position of its first entry
  u64 entries = 0;  // below it
  Bound low{};      // its keys are in [low, high), in trees with keys
  Bound high{};
  std::string why{};
};

struct SalvageVisitor {
  // A leaf that is whole, on that page (kNoPage: an inline one); `first` is the position that its first entry has if
  // its parents count right.
  std::function<void(const LeafNode& leaf, PageNo number, u64 first)> leaf;
  std::function<void(const Gap& gap)> gap;
};

// Visits leaves and gaps in the order of the tree. Pages go into `seen`; one that is there already is a gap.
void salvage_tree(const TreeReader& tree, storage::PageSet& seen, const SalvageVisitor& visitor);
// The same from one page on: what a gap there would be if it could not be read.
void salvage_subtree(const storage::PageReader& pages, const TreeShape& shape, const Gap& place, storage::PageSet& seen,
                     const SalvageVisitor& visitor);

// Puts the pages of a large value into `seen`. Throws Error{corrupt} if they cannot be told, or one is there already.
void claim_blob(const storage::PageReader& pages, u32 tree_id, Bytes reference, storage::PageSet& seen);

// Reads all of it. Throws Error{corrupt} if a checksum is wrong, even if checksums are not verified otherwise.
void verify_blob(const storage::PageReader& pages, u32 tree_id, Bytes reference);

}  // namespace sapwood::tree
