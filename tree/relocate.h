// Moves a tree's pages to other places in the file, so that its end can be cut off.
#pragma once

#include "storage/page_store.h"
#include "tree/tree.h"

namespace sapwood::tree {

// Copies every page at or past `end` (and so the branches above it) to where the store allocates pages; the contents
// stay as they are. Runs of large values are not moved. True if `root` was changed. Cost: a look at every branch.
bool relocate_pages(storage::PageStore& store, const TreeShape& shape, TreeRoot& root, PageNo end);

}  // namespace sapwood::tree
