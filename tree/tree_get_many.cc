// Many look-ups together: all go down one level, then all the next, so that they wait for memory at the same time.
#include <array>

#include "base/assert.h"
#include "tree/descent.h"

namespace sapwood::tree {

void TreeReader::get_many(std::span<const Bytes> keys, std::span<std::optional<ValueView>> values) const {
  SAPWOOD_ASSERT(is_keyed(shape_.order) && keys.size() == values.size() && keys.size() <= kMaxTogether);
  for (std::optional<ValueView>& value : values) value.reset();
  if (root_.height == 0) return;
  check_root(root_);
  std::array<PageRef, kMaxTogether> refs;
  refs.fill(root_.root);
  for (u32 level = root_.height - 1u; level > 0; --level) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Branch branch(fetch_node(pages_, refs[i], shape_, level), pages_.page_size());
      refs[i] = branch.child(branch.find_key(keys[i]));
      pages_.prefetch_search(refs[i]);
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const LeafNode leaf(fetch_node(pages_, refs[i], shape_, 0), pages_.page_size());
    const Found found = leaf.find(keys[i]);
    if (found.equal) values[i] = make_value(leaf.value(found.slot), pages_, shape_.tree_id);
  }
}

}  // namespace sapwood::tree
