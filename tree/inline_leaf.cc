#include "tree/inline_leaf.h"

#include <vector>

#include "base/assert.h"
#include "tree/descent.h"
#include "tree/leaf_sequence.h"

namespace sapwood::tree {
namespace {

bool has_large_value(const LeafNode& leaf) {
  for (u32 i = 0; i < leaf.count(); ++i) {
    if (leaf.value(i).kind != ValueKind::inline_bytes) return true;
  }
  return false;
}

}  // namespace

bool make_inline_leaf(const TreeReader& tree, std::string& to) {
  if (tree.root().height != 1) return false;
  const u32 page_size = tree.pages().page_size();
  const PageRef ref = tree.root().root;
  const LeafNode page(fetch_node(tree.pages(), ref, tree.shape(), 0), page_size);
  if (page.used() > max_inline_leaf(page_size) || has_large_value(page)) return false;
  LeafSequence entries(tree.shape(), page_size, ref.page);
  entries.add_leaf(page);
  to.resize(entries.bytes(0, entries.size()));
  std::memset(to.data(), 0, kPageHeaderSize);
  entries.build(0, entries.size(), reinterpret_cast<u8*>(to.data()), static_cast<u32>(to.size()));
  return true;
}

void give_page(PageStore& store, const TreeShape& shape, TreeRoot& root) {
  SAPWOOD_ASSERT(root.is_inline() && !root.leaf.empty());
  LeafSequence entries(shape, store.page_size(), kNoPage);
  entries.add_leaf(inline_leaf(root));
  std::vector<u8> built(store.page_size());
  entries.build(0, entries.size(), built.data());
  u8* page = store.create(root.root, leaf_type(shape), 0, shape.tree_id);
  copy_node(page, built.data(), store.page_size());
  root.height = 1;
  root.leaf = {};
}

void verify_inline_leaf(const TreeRoot& root, const TreeShape& shape, u32 page_size) {
  const u32 size = static_cast<u32>(root.leaf.size());
  check_format(size > kPageHeaderSize && root.leaf.size() <= max_inline_leaf(page_size), kNoPage,
               "I2: not of the size of an inline leaf");
  const u8* leaf = reinterpret_cast<const u8*>(root.leaf.data());
  check_node(leaf, kNoPage, shape, 0);
  if (shape.fixed) verify_fixed_leaf(leaf, size, kNoPage, page_size);
  else verify_leaf(leaf, size, kNoPage, page_size);
  check_format(PageHeader::count(leaf) == root.count, kNoPage, "I1: it does not hold as many entries as are counted");
  check_format(!has_large_value(LeafNode(leaf, size)), kNoPage, "I2: it holds a large value");
}

}  // namespace sapwood::tree
