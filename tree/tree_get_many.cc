// Many look-ups together: all go down one level, then all the next, so that they wait for memory at the same time.
#include <algorithm>
#include <array>

#include "base/assert.h"
#include "tree/descent.h"

namespace sapwood::tree {

void TreeReader::get_many(std::span<const Bytes> keys, std::span<std::optional<ValueView>> values) const {
  SAPWOOD_ASSERT(is_keyed(shape_.order) && keys.size() == values.size() && keys.size() <= kMaxTogether);
  for (std::optional<ValueView>& value : values) value.reset();
  if (root_.is_empty()) return;
  check_root(root_);
  std::array<PageRef, kMaxTogether> refs;
  refs.fill(root_.root);
  for (u32 level = root_.height; level-- > 1;) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Branch branch(fetch_node(pages_, refs[i], shape_, level), pages_.page_size());
      refs[i] = branch.child(branch.find_key(keys[i]));
      pages_.prefetch_search(refs[i]);
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const LeafNode leaf = arrive(*this, refs[i]);
    const Found found = leaf.find(keys[i]);
    if (found.equal) values[i] = make_value(leaf.value(found.slot), pages_, shape_.tree_id);
  }
}

void TreeReader::at_many(std::span<const u64> indexes, std::span<ValueView> values) const {
  SAPWOOD_ASSERT(indexes.size() == values.size() && indexes.size() <= kMaxTogether);
  check_root(root_);
  std::array<PageRef, kMaxTogether> refs;
  std::array<u64, kMaxTogether> left;
  refs.fill(root_.root);
  std::ranges::copy(indexes, left.begin());
  for (u32 level = root_.height; level-- > 1;) {
    for (std::size_t i = 0; i < indexes.size(); ++i) {
      const Branch branch(fetch_node(pages_, refs[i], shape_, level), pages_.page_size());
      const u32 slot = branch.find_index(left[i]);
      check_format(slot < branch.count(), refs[i].page, "B2: it holds fewer entries than its parent counts");
      left[i] -= branch.begin(slot);
      refs[i] = branch.child(slot);
      pages_.prefetch_search(refs[i]);
    }
  }
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    const LeafNode leaf = arrive(*this, refs[i]);
    check_format(left[i] < leaf.count(), refs[i].page, "L1: it holds fewer entries than its parent counts");
    values[i] = make_value(leaf.value(static_cast<u32>(left[i])), pages_, shape_.tree_id);
  }
}

}  // namespace sapwood::tree
