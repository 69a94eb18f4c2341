// Decides how a value is kept: in its leaf, or in runs of pages outside.
#pragma once

#include <string>

#include "tree/blob.h"
#include "tree/leaf.h"

namespace sapwood::tree {

// `value` itself if it may stand in a leaf beside a key of `key_size` bytes; else it is written to runs (`root` is
// told), and the result is the reference, in `reference`. May call release_memory(): no page pointer may be held.
StoredValue keep_value(PageStore& store, const TreeShape& shape, TreeRoot& root, u32 key_size, Bytes value,
                       std::string& reference);

}  // namespace sapwood::tree
