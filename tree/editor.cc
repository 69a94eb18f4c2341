#include "tree/editor.h"

#include "base/assert.h"

namespace sapwood::tree {

Editor::Editor(PageStore& store, const TreeShape& shape, TreeRoot& root, RightEdge* edge)
    : store_(store), shape_(shape), root_(root), edge_(edge), page_size_(store.page_size()) {
  SAPWOOD_ASSERT(!root.is_inline());
  store.release_memory();
  check_root(root);
}

// The reference to the way's page of `level`, as its parent keeps it.
PageRef Editor::ref_at(u32 level) const {
  return level == top() ? root_.root : branch_at(level + 1).child(path_[level + 1].slot);
}

u64 Editor::entries_in(const u8* page, u32 level) const {
  return level == 0 ? PageHeader::count(page) : Branch(page, page_size_).total();
}

// Makes a page writable; it must hold the entries that its parent counts.
u8* Editor::edit_page(PageRef& ref, u32 level, u64 entries) {
  u8* page = store_.edit(ref);
  check_node(page, ref.page, shape_, level);
  check_format(entries_in(page, level) == entries, ref.page,
               "B2: it does not hold as many entries as its parent counts");
  return page;
}

void Editor::edit_root() {
  PageRef ref = root_.root;
  path_[top()] = {edit_page(ref, top(), root_.count), 0};
  root_.root = ref;
}

// From the branch of the way at `level` one page down.
void Editor::edit_child(u32 level) {
  BranchEditor branch = edit_branch_at(level);
  const u32 slot = path_[level].slot;
  const PageRef old = branch.child(slot);
  PageRef ref = old;
  path_[level - 1] = {edit_page(ref, level - 1, branch.entries(slot)), 0};
  if (ref != old) branch.set_child(slot, ref);
}

void Editor::descend_key(Bytes key) {
  edit_root();
  for (u32 level = top(); level > 0; --level) {
    path_[level].slot = branch_at(level).find_key(key);
    edit_child(level);
  }
}

// The slot in the leaf; one past its last entry for index == size.
u32 Editor::descend_index(u64 index) {
  edit_root();
  for (u32 level = top(); level > 0; --level) {
    const Branch branch = branch_at(level);
    u32 slot = branch.find_index(index);
    if (slot == branch.count()) --slot;
    path_[level].slot = slot;
    index -= branch.begin(slot);
    edit_child(level);
  }
  return static_cast<u32>(index);
}

void Editor::add_to_path(u64 delta) {
  for (u32 level = top(); level > 0; --level) edit_branch_at(level).add_entries(path_[level].slot, delta);
  root_.count += delta;
}

bool Editor::on_right_edge() const {
  for (u32 level = top(); level > 0; --level) {
    if (path_[level].slot + 1 != branch_at(level).count()) return false;
  }
  return true;
}

bool Editor::on_left_edge() const {
  for (u32 level = top(); level > 0; --level) {
    if (path_[level].slot != 0) return false;
  }
  return true;
}

void Editor::drop_value(const StoredValue& value) {
  if (value.kind == ValueKind::blob) free_blob(store_, shape_.tree_id, value.bytes);
}

// One of two pages of memory to build in. Its contents are arbitrary.
u8* Editor::scratch(u32 which) {
  if (scratch_ == nullptr) scratch_.reset(new u8[2 * page_size_]);
  return scratch_.get() + which * page_size_;
}

// The first entry of an empty tree.
void Editor::plant(const Entry& entry) {
  u8* page = store_.create(root_.root, leaf_type(shape_), 0, shape_.tree_id);
  std::memset(page + kPageHeaderSize, 0, page_size_ - kPageHeaderSize);
  format_node(page, shape_, 0, page_size_);
  root_.height = 1;
  root_.count = 1;
  path_[0] = {page, 0};
  const bool fits = leaf().insert(0, entry);
  SAPWOOD_ASSERT(fits);
}

bool TreeWriter::put(Bytes key, Bytes value) {
  if (edge_ != nullptr && edge_->append(store_, shape_, root_, key, value)) return true;
  return editor().put(key, value);
}

void TreeWriter::insert(u64 index, Bytes value) {
  if (edge_ != nullptr && index == root_.count && edge_->append(store_, shape_, root_, Bytes(), value)) return;
  editor().insert(index, value);
}

// Two values a leaf find the way, the others go where it ends.
void TreeWriter::append_values(Bytes values) {
  RightEdge own;
  RightEdge& edge = edge_ != nullptr ? *edge_ : own;
  while (!values.empty()) {
    if (const std::size_t taken = edge.append_values(store_, root_, values); taken != 0) {
      values.remove_prefix(taken);
      continue;
    }
    Editor(store_, shape_, root_, &edge).insert(root_.count, values.substr(0, shape_.value_width));
    values.remove_prefix(shape_.value_width);
  }
}

bool TreeWriter::erase(Bytes key) { return editor().erase(key); }
void TreeWriter::set(u64 index, Bytes value) { editor().set(index, value); }
void TreeWriter::erase_range(u64 index, u64 count) { editor().erase_range(index, count); }
Editor TreeWriter::editor() { return Editor(store_, shape_, root_, edge_); }

}  // namespace sapwood::tree
