// What two versions of one tree have in common, found without reading it.
//
// Trees are copied on write: where nothing was changed between two versions, both have the very same pages. In the
// newer one these are the pages that were born up to the older version, with all below them; so a walk down the others
// finds the highest of them, and a walk of the older version that stops there finds them again, in the same order.
#pragma once

#include <vector>

#include "tree/tree.h"

namespace sapwood::tree {

// Positions [before, before_end) of the older version and [after, after_end) of the newer one: where they may differ.
// Between two stretches, before the first and behind the last, they are the same.
struct Stretch {
  u64 before = 0;
  u64 before_end = 0;
  u64 after = 0;
  u64 after_end = 0;
};

struct Difference {
  std::vector<Stretch> stretches;
  u64 pages = 0;  // read for it, and leaves that the stretches lie in
};

// `older_txn`: the older version's number; 0 if births do not tell what is older (then all may differ). Memory and
// cost: the branches and leaves that differ, and for each the children of its parent. Throws Error{corrupt}.
Difference find_difference(const TreeReader& older, const TreeReader& newer, TxnId older_txn);

}  // namespace sapwood::tree
