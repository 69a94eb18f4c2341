// Erasing one entry, and how pages that became thin are merged.
#include "base/assert.h"
#include "tree/editor.h"

namespace sapwood::tree {

bool Editor::erase(Bytes key) {
  SAPWOOD_ASSERT(is_keyed(shape_.order));
  if (root_.height == 0) return false;
  const PageReader pages = store_.reader();
  PageRef ref = root_.root;
  for (u32 level = top(); level > 0; --level) {  // look before pages are copied
    const Branch branch(fetch_node(pages, ref, shape_, level), page_size_);
    path_[level].slot = branch.find_key(key);
    ref = branch.child(path_[level].slot);
  }
  const Found found = LeafNode(fetch_leaf(pages, ref, shape_), page_size_).find(key);
  if (!found.equal) return false;
  const std::array<Step, kMaxHeight + 1> way = path_;
  edit_root();
  for (u32 level = top(); level > 0; --level) {
    path_[level].slot = way[level].slot;
    edit_child(level);
  }
  remove_entry(found.slot);
  return true;
}

void Editor::remove_entry(u32 slot) {
  drop_value(leaf().value(slot));
  leaf().remove(slot, slot + 1);
  add_to_path(u64{0} - 1);
  mend();
}

// After entries of the way's leaf were removed: drops it if empty, merges it if thin, and so on upwards.
void Editor::mend() {
  for (u32 level = 0; level < top(); ++level) {
    const u8* page = path_[level].page;
    if (PageHeader::count(page) == 0) {
      store_.free(ref_at(level));
      edit_branch_at(level + 1).remove(path_[level + 1].slot, path_[level + 1].slot + 1);
    } else if (used_in(page, level) >= merge_below(page_size_) || !merge_with_sibling(level)) {
      break;
    }
  }
  collapse_root();
}

u32 Editor::used_in(const u8* page, u32 level) const {
  return level == 0 ? LeafNode(page, page_size_).used() : Branch(page, page_size_).used();
}

// Merges the way's page of `level` with a page beside it under the same parent; false if none has the room.
bool Editor::merge_with_sibling(u32 level) {
  const u32 own = path_[level + 1].slot;
  if (own > 0 && merge_pages(level, own - 1)) return true;
  return own + 1 < branch_at(level + 1).count() && merge_pages(level, own + 1);
}

bool Editor::merge_pages(u32 level, u32 sibling_slot) {
  BranchEditor parent = edit_branch_at(level + 1);
  const u32 own = path_[level + 1].slot;
  const PageRef sibling = parent.child(sibling_slot);
  const u8* sibling_page = fetch_node(store_.reader(), sibling, shape_, level);
  u8* page = path_[level].page;
  // What both share can at most be the prefix of one.
  const u32 prefix = level == 0 && shape_.fixed ? 0 : PageHeader::prefix(page);
  if (used_in(page, level) + used_in(sibling_page, level) > merge_limit(page_size_) + kPageHeaderSize + prefix)
    return false;
  const bool agrees = entries_in(sibling_page, level) == parent.entries(sibling_slot);
  check_format(agrees, sibling.page, "B2: it does not hold as many entries as its parent counts");

  const u32 left = own < sibling_slot ? own : sibling_slot;
  const u8* left_page = own < sibling_slot ? page : sibling_page;
  const u8* right_page = own < sibling_slot ? sibling_page : page;
  if (!build_merged(level, left, left_page, right_page, scratch(0))) return false;
  copy_node(page, scratch(0), page_size_);
  store_.free(sibling);
  parent.set_child(left, parent.child(own));
  parent.divide(left, parent.entries(left) + parent.entries(left + 1));
  parent.remove(left + 1, left + 2);
  path_[level + 1].slot = left;
  return true;
}

// Builds one page of two neighbours, children left_slot and left_slot + 1 of the way's branch above; false if it would
// be too full.
bool Editor::build_merged(u32 level, u32 left_slot, const u8* left, const u8* right, u8* to) {
  const PageNo place = ref_at(level).page;
  if (level == 0) {
    LeafSequence entries(shape_, page_size_, place);
    entries.add_page(left);
    entries.add_page(right);
    if (entries.bytes(0, entries.size()) > merge_limit(page_size_)) return false;
    entries.build(0, entries.size(), to);
    return true;
  }
  std::string separator;
  if (is_keyed(shape_.order)) branch_at(level + 1).append_separator(left_slot + 1, separator);
  BranchSequence children(shape_, page_size_, level, place);
  children.add_page(left, Bytes());
  children.add_page(right, separator);
  if (children.bytes(0, children.size()) > merge_limit(page_size_)) return false;
  children.build(0, children.size(), to);
  return true;
}

// Drops roots that became empty or have one child only.
void Editor::collapse_root() {
  if (root_.count == 0) {
    const u8* page = fetch_node(store_.reader(), root_.root, shape_, top());
    check_format(PageHeader::count(page) == 0, root_.root.page, "root: a tree without entries has children");
    store_.free(root_.root);
    root_ = TreeRoot{};
    return;
  }
  while (root_.height > 1) {
    const Branch branch(fetch_node(store_.reader(), root_.root, shape_, top()), page_size_);
    if (branch.count() != 1) return;
    const PageRef child = branch.child(0);
    store_.free(root_.root);
    root_.root = child;
    --root_.height;
  }
}

}  // namespace sapwood::tree
