#include "tree/keep_value.h"

#include "base/assert.h"

namespace sapwood::tree {

StoredValue keep_value(PageStore& store, const TreeShape& shape, TreeRoot& root, u32 key_size, Bytes value,
                       std::string& reference) {
  SAPWOOD_ASSERT(!shape.fixed || value.size() == shape.value_width);
  const u32 page_size = store.page_size();
  if (stays_in_leaf(shape, page_size, key_size, value)) return {value, ValueKind::inline_bytes};
  if (value.size() > kMaxValueSize) throw Error(ErrorCode::too_long, "a value of over 2^48 bytes cannot be stored");
  const u32 room =
      max_entry_bytes(page_size) - entry_bytes(shape.order, key_size, 0, 0) - 2;  // its length may take two more bytes
  reference = store_blob(store, shape.tree_id, value, room);
  root.owns_runs = true;
  return {reference, ValueKind::blob};
}

}  // namespace sapwood::tree
