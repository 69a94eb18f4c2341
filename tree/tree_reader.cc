#include "base/assert.h"
#include "tree/descent.h"

namespace sapwood::tree {

std::optional<ValueView> TreeReader::get(Bytes key) const {
  SAPWOOD_ASSERT(is_keyed(shape_.order));
  if (root_.is_empty()) return std::nullopt;
  check_root(root_);
  PageRef ref = root_.root;
  for (u32 level = root_.height; level-- > 1;) {
    const Branch branch = fetch_branch(pages_, ref, shape_, level);
    ref = branch.child(branch.find_key(key));
  }
  const LeafNode leaf = arrive_to_search(*this, ref);
  const Found found = leaf.find(key);
  if (!found.equal) return std::nullopt;
  return make_value(leaf.value(found.slot), pages_, shape_.tree_id);
}

ValueView TreeReader::at(u64 index) const {
  SAPWOOD_ASSERT(index < root_.count);
  check_root(root_);
  PageRef ref = root_.root;
  for (u32 level = root_.height; level-- > 1;) {
    const Branch branch(fetch_node(pages_, ref, shape_, level), pages_.page_size());
    const u32 i = branch.find_index(index);
    check_format(i < branch.count(), ref.page, "B2: it holds fewer entries than its parent counts");
    index -= branch.begin(i);
    ref = branch.child(i);
  }
  const LeafNode leaf = arrive(*this, ref);
  check_format(index < leaf.count(), ref.page, "L1: it holds fewer entries than its parent counts");
  return make_value(leaf.value(static_cast<u32>(index)), pages_, shape_.tree_id);
}

u64 TreeReader::rank(Bytes key, bool after) const {
  SAPWOOD_ASSERT(is_keyed(shape_.order));
  if (root_.is_empty()) return 0;
  check_root(root_);
  u64 before = 0;
  PageRef ref = root_.root;
  for (u32 level = root_.height; level-- > 1;) {
    const Branch branch = fetch_branch(pages_, ref, shape_, level);
    const u32 i = branch.find_key(key);
    before += branch.begin(i);
    ref = branch.child(i);
  }
  const Found found = arrive_to_search(*this, ref).find(key);
  return before + found.slot + (after && found.equal ? 1 : 0);
}

}  // namespace sapwood::tree
