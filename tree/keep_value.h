// Decides how a value is kept: in its leaf, or in runs of pages outside.
#pragma once

#include <string>

#include "tree/blob.h"
#include "tree/leaf.h"

namespace sapwood::tree {

// Whether `value` may stand in a leaf beside a key of `key_size` bytes.
inline bool stays_in_leaf(const TreeShape& shape, u32 page_size, u32 key_size, Bytes value) {
  const u32 limit = max_entry_bytes(page_size);
  return shape.fixed ||
         (value.size() <= limit && entry_bytes(shape.order, key_size, static_cast<u32>(value.size()), 0) <= limit);
}

// `value` itself if it may stand in a leaf beside a key of `key_size` bytes; else it is written to runs (`root` is
// told), and the result is the reference, in `reference`. May call release_memory(): no page pointer may be held.
StoredValue keep_value(PageStore& store, const TreeShape& shape, TreeRoot& root, u32 key_size, Bytes value,
                       std::string& reference);

}  // namespace sapwood::tree
