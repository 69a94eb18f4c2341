// Erasing many neighbouring entries: whole subtrees are freed from their branches, and the two pages at each level that
// the range cuts through are trimmed and then merged.
#include <vector>

#include "base/assert.h"
#include "tree/editor.h"

namespace sapwood::tree {

void Editor::erase_range(u64 index, u64 count) {
  SAPWOOD_ASSERT(index <= root_.count && count <= root_.count - index);
  if (count == 0) return;
  if (count == root_.count) {
    free_subtree(root_.root, top());
    root_ = TreeRoot{};
    return;
  }
  if (count == 1) {
    const u32 slot = descend_index(index);
    return remove_entry(slot);
  }
  edit_root();
  erase_below(path_[top()].page, top(), index, index + count);
  root_.count -= count;
  collapse_root();
  while (merge_seam(index) || (index > 0 && merge_seam(index - 1))) collapse_root();
}

// Erases entries [from, to) of the subtree at `page`, which is writable, but never all of them.
void Editor::erase_below(u8* page, u32 level, u64 from, u64 to) {
  if (level == 0) {
    drop_values(page, static_cast<u32>(from), static_cast<u32>(to));
    LeafNodeEditor(page, page_size_).remove(static_cast<u32>(from), static_cast<u32>(to));
    return;
  }
  BranchEditor branch(page, page_size_);
  const u32 first = branch.find_index(from);
  const u32 last = branch.find_index(to - 1);
  u32 gone_from = first;
  u32 gone_to = last + 1;
  if (first == last && to - from < branch.entries(first)) {
    return erase_in_child(branch, first, level, from - branch.begin(first), to - branch.begin(first));
  }
  if (to < branch.end(last)) {  // the right one first: it does not move what is left of it
    erase_in_child(branch, last, level, 0, to - branch.begin(last));
    gone_to = last;
  }
  if (from > branch.begin(first)) {
    erase_in_child(branch, first, level, from - branch.begin(first), branch.entries(first));
    gone_from = first + 1;
  }
  for (u32 i = gone_from; i < gone_to; ++i) free_subtree(branch.child(i), level - 1);
  if (gone_from < gone_to) branch.remove(gone_from, gone_to);
}

void Editor::erase_in_child(BranchEditor& branch, u32 slot, u32 level, u64 from, u64 to) {
  PageRef ref = branch.child(slot);
  u8* page = edit_page(ref, level - 1, branch.entries(slot));
  branch.set_child(slot, ref);
  erase_below(page, level - 1, from, to);
  branch.add_entries(slot, from - to);
}

// Frees all pages below `ref`, and itself. Leaves are read only if values of the tree may have runs of their own.
void Editor::free_subtree(PageRef ref, u32 level) {
  check_format(++freed_ <= store_.reader().page_count(), ref.page, "the tree refers to more pages than there are");
  if (level == 0) {
    if (root_.owns_runs) {
      const u8* page = fetch_node(store_.reader(), ref, shape_, 0);
      drop_values(page, 0, PageHeader::count(page));
    }
    return store_.free(ref);
  }
  std::vector<PageRef> children;
  {
    const Branch branch(fetch_node(store_.reader(), ref, shape_, level), page_size_);
    children.reserve(branch.count());
    for (u32 i = 0; i < branch.count(); ++i) children.push_back(branch.child(i));
  }
  store_.free(ref);
  for (const PageRef& child : children) free_subtree(child, level - 1);
}

// Frees what the values of entries [from, to) keep outside the leaf.
void Editor::drop_values(const u8* page, u32 from, u32 to) {
  if (!root_.owns_runs || shape_.fixed) return;
  const Leaf leaf(page, page_size_);
  std::vector<std::string> references;  // copied: a page that is only read may go with the first change
  for (u32 i = from; i < to; ++i) {
    const StoredValue value = leaf.value(i);
    if (value.kind == ValueKind::blob) references.emplace_back(value.bytes);
  }
  for (const std::string& reference : references) free_blob(store_, shape_.tree_id, reference);
}

// Whether some page on the way to the entry at `index` is thin and has a sibling.
bool Editor::seam_is_thin(u64 index) const {
  PageRef ref = root_.root;
  for (u32 level = top();; --level) {
    const u8* page = fetch_node(store_.reader(), ref, shape_, level);
    if (level < top() && used_in(page, level) < merge_below(page_size_)) return true;
    if (level == 0) return false;
    const Branch branch(page, page_size_);
    const u32 slot = branch.find_index(index);
    if (slot == branch.count()) return false;
    index -= branch.begin(slot);
    ref = branch.child(slot);
  }
}

// Merges the highest thin page on the way to the entry at `index` that can be merged: so that pages below it may find
// siblings. False if there is none.
bool Editor::merge_seam(u64 index) {
  if (index >= root_.count || !seam_is_thin(index)) return false;
  edit_root();
  for (u32 level = top(); level > 0; --level) {
    const Branch branch = branch_at(level);
    const u32 slot = branch.find_index(index);
    path_[level].slot = slot;
    index -= branch.begin(slot);
    edit_child(level);
    if (used_in(path_[level - 1].page, level - 1) < merge_below(page_size_) && merge_with_sibling(level - 1))
      return true;
  }
  return false;
}

}  // namespace sapwood::tree
