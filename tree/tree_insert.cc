// Puts, inserts and replacements, and how pages overflow: rebuild, spread to a sibling, or split.
#include <algorithm>

#include "base/assert.h"
#include "tree/cursor.h"
#include "tree/editor.h"
#include "tree/keep_value.h"

namespace sapwood::tree {

bool Editor::put(Bytes key, Bytes value) {
  SAPWOOD_ASSERT(is_keyed(shape_.order) && key.size() <= max_key_size(page_size_));
  SAPWOOD_ASSERT(!shape_.fixed || key.size() == shape_.key_width);
  std::string reference;
  const Entry entry{key, keep_value(store_, shape_, root_, static_cast<u32>(key.size()), value, reference)};
  if (root_.height == 0) {
    plant(entry);
    return true;
  }
  descend_key(key);
  const Found found = leaf().find(key);
  if (found.equal) {
    replace_entry(found.slot, entry.value);
    return false;
  }
  add_entry(found.slot, entry);
  return true;
}

void Editor::insert(u64 index, Bytes value) {
  SAPWOOD_ASSERT(shape_.order == Order::position && index <= root_.count);
  std::string reference;
  const Entry entry{Bytes(), keep_value(store_, shape_, root_, 0, value, reference)};
  if (root_.height == 0) return plant(entry);
  const u32 slot = descend_index(index);
  add_entry(slot, entry);
}

void Editor::set(u64 index, Bytes value) {
  SAPWOOD_ASSERT(index < root_.count);
  u32 key_size = 0;
  if (is_keyed(shape_.order) && !shape_.fixed) {
    Cursor cursor(TreeReader(store_.reader(), shape_, root_));
    cursor.seek_index(index);
    key_size = static_cast<u32>(cursor.key().size());
  }
  std::string reference;
  const StoredValue stored = keep_value(store_, shape_, root_, key_size, value, reference);
  const u32 slot = descend_index(index);
  replace_entry(slot, stored);
}

void Editor::add_entry(u32 slot, const Entry& entry) {
  add_to_path(1);
  if (leaf().insert(slot, entry)) {
    if (leaf().wants_longer_prefix()) rebuild_leaf();
    if (edge_ != nullptr && slot + 1 == leaf().count() && on_right_edge())
      edge_->note(store_, root_.height, [this](u32 level) { return path_[level].page; });
  } else if (!extend_edge(slot, entry)) {
    rewrite_leaf(slot, entry, false);
  }
}

// With a longer prefix, unless that takes more room than it saves: what is left of short keys lies in their heads.
void Editor::rebuild_leaf() {
  LeafSequence entries(shape_, page_size_, ref_at(0).page);
  entries.add_page(path_[0].page);
  if (entries.fits(0, entries.size())) write_leaf(entries, 0, entries.size());
}

// For ascending runs at the tree's right edge and descending ones at its left: leaves the full page as it is and puts
// the entry into a new one beyond it. False if the entry does not belong there or may fit once the page is rebuilt.
bool Editor::extend_edge(u32 slot, const Entry& entry) {
  const u32 n = leaf().count();
  const bool right = slot == n && on_right_edge();
  if (!right && !(slot == 0 && on_left_edge())) return false;
  const u32 key_size = static_cast<u32>(entry.key.size());
  const u32 prefix = shape_.fixed ? 0 : std::min(PageHeader::prefix(path_[0].page), key_size);
  const u32 value_size = static_cast<u32>(entry.value.bytes.size());
  if (!shape_.fixed && leaf().used() + entry_bytes(shape_.order, key_size, value_size, prefix) <= page_size_)
    return false;

  LeafSequence alone(shape_, page_size_, ref_at(0).page);
  alone.add(entry);
  std::string separator;
  if (is_keyed(shape_.order)) {
    std::string near;
    std::string far;
    const Bytes neighbour = leaf().key(right ? n - 1 : 0, near);
    separator = right ? shortest_separator(neighbour, entry.key) : shortest_separator(entry.key, neighbour);
    alone.expect_prefix(common_prefix(entry.key, leaf().key(right ? 0 : n - 1, far)));
  }
  PageRef fresh;
  alone.build(0, 1, store_.create(fresh, leaf_type(shape_), 0, shape_.tree_id));
  if (top() == 0) grow_root();
  const u32 own = path_[1].slot;
  if (right) {
    insert_child(1, own + 1, separator, fresh, 1);
  } else {
    const PageRef old = ref_at(0);
    edit_branch_at(1).set_child(own, fresh);
    insert_child(1, own + 1, separator, old, n);
  }
  return true;
}

void Editor::replace_entry(u32 slot, const StoredValue& value) {
  drop_value(leaf().value(slot));
  if (leaf().replace(slot, value)) return;
  std::string buffer;
  const Bytes key = is_keyed(shape_.order) ? leaf().key(slot, buffer) : Bytes();
  rewrite_leaf(slot, {key, value}, true);
}

// The leaf's entries with `entry` at `slot`: before the entry that is there, or in its place.
void Editor::gather_leaf(LeafSequence& to, u32 slot, const Entry& entry, bool replace) const {
  const u8* page = path_[0].page;
  to.add_page(page, 0, slot);
  to.add(entry);
  to.add_page(page, slot + (replace ? 1 : 0), PageHeader::count(page));
}

// For an entry that does not fit the leaf as it stands.
void Editor::rewrite_leaf(u32 slot, const Entry& entry, bool replace) {
  const PageNo place = ref_at(0).page;
  LeafSequence entries(shape_, page_size_, place);
  gather_leaf(entries, slot, entry, replace);
  const u32 n = entries.size();
  if (entries.fits(0, n)) return write_leaf(entries, 0, n);
  if (spread_leaf(slot, entry, replace)) return;
  const std::optional<u32> cut = entries.cut(page_size_ / 8);
  check_format(cut.has_value(), place, "L5: its entries do not fit two pages");
  split_leaf(entries, *cut);
}

void Editor::write_leaf(const LeafSequence& entries, u32 from, u32 to) {
  entries.build(from, to, scratch(0));
  copy_node(path_[0].page, scratch(0), page_size_);
}

// Leaves entries [0, cut) in the leaf and moves the others to a new page to its right.
void Editor::split_leaf(const LeafSequence& entries, u32 cut) {
  const u32 n = entries.size();
  std::string separator;
  if (is_keyed(shape_.order)) separator = shortest_separator(entries.key(cut - 1), entries.key(cut));
  PageRef right;
  entries.build(cut, n, store_.create(right, leaf_type(shape_), 0, shape_.tree_id));
  write_leaf(entries, 0, cut);
  if (top() == 0) grow_root();
  insert_child(1, path_[1].slot + 1, separator, right, n - cut);
}

// Evens the leaf out with a sibling that has room, so that pages are split only when their neighbours are full too.
bool Editor::spread_leaf(u32 slot, const Entry& entry, bool replace) {
  if (top() == 0) return false;
  BranchEditor parent = edit_branch_at(1);
  const u32 own = path_[1].slot;
  u32 sibling = parent.count();
  u32 least = spread_limit(page_size_);
  for (const u32 at : {own - 1, own + 1}) {  // own - 1 wraps past count() for the first
    if (at >= parent.count()) continue;
    const u32 used = used_in(fetch_node(store_.reader(), parent.child(at), shape_, 0), 0);
    if (used < least) {
      least = used;
      sibling = at;
    }
  }
  if (sibling == parent.count()) return false;
  PageRef ref = parent.child(sibling);
  u8* page = edit_page(ref, 0, parent.entries(sibling));
  parent.set_child(sibling, ref);

  LeafSequence entries(shape_, page_size_, ref.page);
  if (sibling < own) entries.add_page(page);
  gather_leaf(entries, slot, entry, replace);
  if (sibling > own) entries.add_page(page);
  const u32 n = entries.size();
  const std::optional<u32> cut = entries.cut(page_size_ / 32);
  if (!cut || !entries.fits(0, *cut) || !entries.fits(*cut, n)) return false;
  std::string separator;
  if (is_keyed(shape_.order)) separator = shortest_separator(entries.key(*cut - 1), entries.key(*cut));
  entries.build(0, *cut, scratch(0));
  entries.build(*cut, n, scratch(1));
  copy_node(sibling < own ? page : path_[0].page, scratch(0), page_size_);
  copy_node(sibling < own ? path_[0].page : page, scratch(1), page_size_);
  const u32 left = sibling < own ? sibling : own;
  parent.divide(left, *cut);
  if (is_keyed(shape_.order)) change_separator(1, left + 1, separator);
  return true;
}

// Puts a branch with one child above the root.
void Editor::grow_root() {
  const u32 level = root_.height;
  if (level >= kMaxHeight) throw Error(ErrorCode::limit, "a tree cannot grow higher");
  PageRef ref;
  u8* page = store_.create(ref, PageType::branch, static_cast<u8>(level), shape_.tree_id);
  BranchSequence children(shape_, page_size_, level, ref.page);
  children.add(Bytes(), root_.root, root_.count);
  children.build(0, 1, page);
  root_.root = ref;
  path_[level] = {page, 0};
  ++root_.height;
}

// Inserts a child that takes over the last `entries` entries of child slot - 1. Slots of the way at this level and
// above may be wrong after it.
void Editor::insert_child(u32 level, u32 slot, Bytes separator, PageRef child, u64 entries) {
  BranchEditor branch = edit_branch_at(level);
  const bool done = branch.insert(slot, separator, child, entries);
  if (done && !branch.wants_longer_prefix()) return;
  BranchSequence children(shape_, page_size_, level, ref_at(level).page);
  children.add_page(path_[level].page, Bytes());
  if (done) return rewrite_branch(level, children, false);
  children.insert(slot, separator, child, entries);
  children.set_entries(slot - 1, children.entries(slot - 1) - entries);
  rewrite_branch(level, children, slot + 1 == children.size());
}

void Editor::change_separator(u32 level, u32 slot, Bytes separator) {
  if (edit_branch_at(level).set_separator(slot, separator)) return;
  BranchSequence children(shape_, page_size_, level, ref_at(level).page);
  children.add_page(path_[level].page, Bytes());
  children.set_separator(slot, separator);
  rewrite_branch(level, children, false);
}

// Writes the children back into the way's branch of `level`, and what does not fit into a new one to its right.
// `append`: the last child is new.
void Editor::rewrite_branch(u32 level, const BranchSequence& children, bool append) {
  const u32 n = children.size();
  u32 cut = n;
  if (!children.fits(0, n)) {
    bool right_edge = append;
    for (u32 above = level + 1; above <= top(); ++above) {
      right_edge = right_edge && path_[above].slot + 1 == branch_at(above).count();
    }
    if (right_edge && children.fits(0, n - 1)) cut = n - 1;
    else cut = children.cut().value_or(0);
    check_format(cut != 0, ref_at(level).page, "B3: its children do not fit two pages");
  }
  PageRef right;
  if (cut < n) {
    children.build(cut, n, store_.create(right, PageType::branch, static_cast<u8>(level), shape_.tree_id));
  }
  children.build(0, cut, scratch(0));
  copy_node(path_[level].page, scratch(0), page_size_);
  if (cut == n) return;
  if (level == top()) grow_root();
  insert_child(level + 1, path_[level + 1].slot + 1, children.separator(cut), right, children.entries(cut, n));
}

}  // namespace sapwood::tree
