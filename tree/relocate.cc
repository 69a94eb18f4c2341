#include "tree/relocate.h"

#include "tree/descent.h"

namespace sapwood::tree {
namespace {

class Relocation {
 public:
  Relocation(storage::PageStore& store, const TreeShape& shape, PageNo end) : store_(store), shape_(shape), end_(end) {}

  // Moves what lies under `ref`, and its page if it has to go or a child did; true if `ref` changed.
  bool node(PageRef& ref, u32 level) {
    u8* own = ref.page >= end_ ? store_.edit(ref) : nullptr;
    if (level == 0) return own != nullptr;
    const u8* page = own != nullptr ? own : fetch_node(store_.reader(), ref, shape_, level);
    for (u32 i = 0; i < Branch(page, store_.page_size()).count(); ++i) {
      PageRef child = Branch(page, store_.page_size()).child(i);
      if (!node(child, level - 1)) continue;
      if (own == nullptr) page = own = store_.edit(ref);
      BranchEditor(own, store_.page_size()).set_child(i, child);
    }
    return own != nullptr;
  }

 private:
  storage::PageStore& store_;
  const TreeShape& shape_;
  PageNo end_;
};

}  // namespace

bool relocate_pages(storage::PageStore& store, const TreeShape& shape, TreeRoot& root, PageNo end) {
  if (root.height == 0) return false;
  check_root(root);
  return Relocation(store, shape, end).node(root.root, root.height - 1u);
}

}  // namespace sapwood::tree
