// A small tree without pages: its one leaf lies beside its root (TreeRoot::leaf), in a record of the catalog.
// docs/format.md, "Inline leaf".
//
// The leaf has the layout of a leaf page (tree/leaf.h, tree/fixed_leaf.h) of a file whose pages have just its size;
// checksum, page number and birth are 0. So readers take it for one. It is never changed: a tree gets a page first.
//
// Invariants (verify_inline_leaf tests all):
//   I1  it is a sound leaf of the tree's shape (N1-N5; L1-L5 by the file's page size, or F1-F3) with as many entries
//       as the root counts
//   I2  it has at most max_inline_leaf bytes, and no large values
#pragma once

#include <string>

#include "storage/page_store.h"
#include "tree/tree.h"

namespace sapwood::tree {

// An eighth of a page, and the header.
constexpr u32 max_inline_leaf(u32 page_size) { return page_size / 8 + storage::kPageHeaderSize; }

// Replaces `to` by the leaf that holds all of the tree; false if that is more than a leaf may be. The tree stays as it
// is. Cost: a look at the root's page, and a copy of the leaf.
bool make_inline_leaf(const TreeReader& tree, std::string& to);

// Gives an inline tree a page, so that it can be changed. Requires: root.leaf is valid.
void give_page(storage::PageStore& store, const TreeShape& shape, TreeRoot& root);

// I1 and I2 of root.leaf, which may hold any bytes. Throws Error{corrupt}.
void verify_inline_leaf(const TreeRoot& root, const TreeShape& shape, u32 page_size);

}  // namespace sapwood::tree
