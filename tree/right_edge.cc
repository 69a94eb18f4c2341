#include "tree/right_edge.h"

#include "tree/branch.h"
#include "tree/keep_value.h"
#include "tree/leaf_node.h"

namespace sapwood::tree {

bool RightEdge::append(const storage::PageStore& store, const TreeShape& shape, TreeRoot& root, Bytes key,
                       Bytes value) {
  if (version_ != store.version()) return false;
  const u32 page_size = store.page_size();
  if (!stays_in_leaf(shape, page_size, static_cast<u32>(key.size()), value)) return false;
  LeafNodeEditor leaf(pages_[0], page_size);
  if (is_keyed(shape.order) && !leaf.ends_below(key)) return false;
  if (!leaf.append(Entry{key, {value, ValueKind::inline_bytes}})) return false;
  for (u32 level = 1; level < root.height; ++level) {
    BranchEditor branch(pages_[level], page_size);
    branch.add_entries(branch.count() - 1, 1);
  }
  ++root.count;
  return true;
}

std::size_t RightEdge::append_values(const storage::PageStore& store, TreeRoot& root, Bytes values) {
  if (version_ != store.version()) return 0;
  FixedLeafEditor leaf(pages_[0], store.page_size());
  const std::size_t room = std::size_t{leaf.capacity() - leaf.count()} * leaf.value_width();
  const Bytes taken = values.substr(0, room);
  const u32 count = static_cast<u32>(taken.size()) / leaf.value_width();
  if (count == 0) return 0;
  leaf.append_values(taken);
  for (u32 level = 1; level < root.height; ++level) {
    BranchEditor branch(pages_[level], store.page_size());
    branch.add_entries(branch.count() - 1, count);
  }
  root.count += count;
  return taken.size();
}

}  // namespace sapwood::tree
