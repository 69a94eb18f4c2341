#include "tree/node.h"

namespace sapwood::tree {

void throw_wrong_node(const u8* page, PageNo number, const TreeShape& shape, u32 level) {
  const PageType type = level == 0 ? leaf_type(shape) : PageType::branch;
  check_format(PageHeader::type(page) == type, number, "N1: not the type of page that its parent expects");
  check_format(PageHeader::level(page) == level, number, "N2: not at the level that its parent expects");
  check_format(page_order(page) == shape.order, number, "N3: not of the tree's order");
  check_format(PageHeader::tree_id(page) == shape.tree_id, number, "N4: it belongs to another tree");
  storage::throw_corrupt_page(number, "N5: entries of other widths than the tree's");
}

void check_root(const TreeRoot& root) {
  check_format(!root.is_inline() || !root.leaf.empty(), root.root.page, "root: a tree with entries has no pages");
  check_format(root.height <= kMaxHeight, root.root.page, "root: the tree is higher than any tree can be");
  check_format(root.height == 0 || root.root.page != kNoPage, root.root.page, "root: the tree has no root page");
}

void format_node(u8* page, const TreeShape& shape, u32 level, u32 page_size) {
  const PageType type = level == 0 ? leaf_type(shape) : PageType::branch;
  PageHeader::init(page, type, static_cast<u8>(level), shape.tree_id, page_size);
  set_page_flags(page, shape.order, 0);
  if (type == PageType::fixed_leaf) store<u32>(page + 28, shape_widths(shape));
}

void copy_node(u8* page, const u8* built, u32 page_size) {
  std::memcpy(page + 4, built + 4, 4);    // type, level, count
  std::memcpy(page + 14, built + 14, 2);  // flags
  std::memcpy(page + 24, built + 24, page_size - 24);
}

}  // namespace sapwood::tree
