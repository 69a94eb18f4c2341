#include "tree/cursor.h"

#include <algorithm>

#include "base/assert.h"
#include "tree/descent.h"

namespace sapwood::tree {
namespace {

constexpr u32 kPrefetchedLeaves = 2;    // what a scan asks for ahead: with one, memory is still late
constexpr u32 kPrefetchedBytes = 4096;  // of a leaf

}  // namespace

// False, and the cursor is invalid, if the tree is empty.
bool Cursor::begin_descent() {
  valid_ = false;
  check_root(tree_.root());
  return !tree_.root().is_empty();
}

// Notes that the way goes through child `slot` of the branch at `ref`, whose page is path_[level].page.
PageRef Cursor::step_into(u32 level, PageRef ref, u32 slot) {
  Step& step = path_[level];
  check_format(slot < step.count, ref.page, "B2: it holds fewer entries than its parent counts");
  step.slot = slot;
  return Branch(step.page, tree_.pages().page_size()).child(slot);
}

void Cursor::enter_leaf(const LeafNode& leaf, u32 slot) {
  leaf_ = leaf;
  leaf_count_ = leaf.count();
  slot_ = slot;
  valid_ = true;
}

void Cursor::seek_index(u64 index) {
  if (!begin_descent() || index >= tree_.size()) return;
  PageRef ref = tree_.root().root;
  index_ = index;
  for (u32 level = tree_.root().height; level-- > 1;) {
    const u8* page = fetch_node(tree_.pages(), ref, tree_.shape(), level);
    const Branch branch(page, tree_.pages().page_size());
    path_[level] = {page, 0, branch.count()};
    const u32 slot = branch.find_index(index);
    ref = step_into(level, ref, slot);
    index -= branch.begin(slot);
  }
  enter_leaf(arrive(tree_, ref), static_cast<u32>(index));
  valid_ = index < leaf_count_;
  check_format(valid_, ref.page, "L1: it holds fewer entries than its parent counts");
}

void Cursor::seek_last() {
  valid_ = false;
  if (tree_.size() != 0) seek_index(tree_.size() - 1);
}

void Cursor::seek_key(Bytes key, bool after) {
  SAPWOOD_ASSERT(is_keyed(tree_.shape().order));
  if (!begin_descent()) return;
  PageRef ref = tree_.root().root;
  u64 before = 0;
  for (u32 level = tree_.root().height; level-- > 1;) {
    const u8* page = fetch_node(tree_.pages(), ref, tree_.shape(), level);
    const Branch branch(page, tree_.pages().page_size());
    path_[level] = {page, 0, branch.count()};
    const u32 slot = branch.find_key(key);
    ref = step_into(level, ref, slot);
    before += branch.begin(slot);
  }
  const LeafNode leaf = arrive_to_search(tree_, ref);
  const Found found = leaf.find(key);
  enter_leaf(leaf, found.slot + (after && found.equal ? 1 : 0));
  index_ = before + slot_;
  if (slot_ >= leaf_count_) next_leaf();
}

void Cursor::prefetch() const {
  for (u32 at = 0; at < page_size() && at < kPrefetchedBytes; at += 64) __builtin_prefetch(leaf_.bytes() + at);
  if (tree_.root().height < 2) return;
  for (u32 ahead = 1; ahead <= kPrefetchedLeaves; ++ahead) prefetch_leaf(path_[1].slot + ahead);
}

// Of the branch above the leaf; nothing past its ends, where `slot` wraps around.
void Cursor::prefetch_leaf(u32 slot) const {
  if (slot < path_[1].count) tree_.pages().prefetch(Branch(path_[1].page, page_size()).child(slot));
}

// From past the last entry of a leaf to the first of the next.
void Cursor::next_leaf() {
  valid_ = false;
  const u32 height = tree_.root().height;
  u32 level = 1;
  while (level < height && path_[level].slot + 1 >= path_[level].count) ++level;
  if (level >= height) return;
  const u32 page_size = tree_.pages().page_size();
  PageRef ref = Branch(path_[level].page, page_size).child(++path_[level].slot);
  while (--level > 0) {
    const u8* page = fetch_node(tree_.pages(), ref, tree_.shape(), level);
    const Branch branch(page, page_size);
    path_[level] = {page, 0, branch.count()};
    ref = branch.child(0);
  }
  enter_leaf(arrive(tree_, ref), 0);
  for (u32 ahead = 1; ahead <= kPrefetchedLeaves; ++ahead) prefetch_leaf(path_[1].slot + ahead);
}

// From before the first entry of a leaf to the last of the one before.
void Cursor::previous_leaf() {
  valid_ = false;
  const u32 height = tree_.root().height;
  u32 level = 1;
  while (level < height && path_[level].slot == 0) ++level;
  if (level >= height) return;
  const u32 page_size = tree_.pages().page_size();
  PageRef ref = Branch(path_[level].page, page_size).child(--path_[level].slot);
  while (--level > 0) {
    const u8* page = fetch_node(tree_.pages(), ref, tree_.shape(), level);
    const Branch branch(page, page_size);
    path_[level] = {page, branch.count() - 1, branch.count()};
    ref = branch.child(branch.count() - 1);
  }
  enter_leaf(arrive(tree_, ref), 0);
  slot_ = leaf_count_ - 1;
  for (u32 ahead = 1; ahead <= kPrefetchedLeaves; ++ahead) prefetch_leaf(path_[1].slot - ahead);
}

Bytes Cursor::key() const {
  key_.clear();
  return key(key_);
}

Bytes Cursor::key(std::string& buffer) const {
  SAPWOOD_ASSERT(valid_ && is_keyed(tree_.shape().order));
  return leaf_.key(slot_, buffer);
}

ValueView Cursor::value() const {
  SAPWOOD_ASSERT(valid_);
  return make_value(leaf_.value(slot_), tree_.pages(), tree_.shape().tree_id);
}

Bytes Cursor::values(u64 count) const {
  SAPWOOD_ASSERT(valid_ && tree_.shape().fixed);
  const FixedLeaf leaf = leaf_.fixed();
  const u32 width = leaf.value_width();
  const u64 here = std::min<u64>(count, leaf_count_ - slot_);
  return Bytes(reinterpret_cast<const char*>(leaf.values()) + slot_ * width, here * width);
}

}  // namespace sapwood::tree
