#include "tree/branch.h"
#include "tree/check.h"
#include "tree/fixed_leaf.h"

namespace sapwood::tree {

void verify_node(const u8* page, u32 page_size, PageNo number) {
  switch (PageHeader::type(page)) {
    case PageType::branch: return verify_branch(page, page_size, number);
    case PageType::leaf: return verify_leaf(page, page_size, number);
    case PageType::fixed_leaf: return verify_fixed_leaf(page, page_size, number);
    default: storage::throw_corrupt_page(number, "N1: not a page of a tree");
  }
}

}  // namespace sapwood::tree
