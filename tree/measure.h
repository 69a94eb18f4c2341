// How many pages a tree has, how full they are, and what is in them.
#pragma once

#include <functional>

#include "sapwood/metrics.h"
#include "tree/tree.h"

namespace sapwood::tree {

// Called for every page and run before it is looked at, parents first. It throws to stop the walk, also on a page that
// it has been given before: damaged references could lead to the same pages again and again.
using ClaimPages = std::function<void(storage::Extent pages)>;

// Reads all pages of the tree but runs of values. Of an inline tree keys and values are counted, and no pages. Throws
// Error{corrupt} that names a damaged page.
TreeMetrics measure_tree(const TreeReader& tree, const ClaimPages& claim);

}  // namespace sapwood::tree
