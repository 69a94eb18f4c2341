// A position in a tree that moves both ways. Valid while the pages of its reader are: in a snapshot until it ends, in a
// write transaction until the next change unless a mark protects the pages (WriteTransaction::mark).
#pragma once

#include <array>
#include <string>

#include "tree/leaf_node.h"
#include "tree/tree.h"

namespace sapwood::tree {

class Cursor {
 public:
  explicit Cursor(const TreeReader& tree) : tree_(tree) {}

  // At an entry, so that key(), value() and index() may be called. False at either end and before the first seek.
  bool valid() const { return valid_; }
  bool is_inline() const { return tree_.root().is_inline(); }  // its values lie in a record, aligned to nothing

  void seek_first() { seek_index(0); }
  void seek_last();
  // At the entry at `index`; invalid if index >= size. O(log n).
  void seek_index(u64 index);
  // At the first entry whose key is >= `key` (`after`: > `key`); invalid if there is none. O(log n). The tree has keys.
  void seek_key(Bytes key, bool after = false);

  // One entry on or back; amortised O(1). Invalid past the ends. Requires: valid().
  void next() {
    ++index_;
    if (++slot_ >= leaf_count_) next_leaf();
  }
  void prev() {
    --index_;
    if (slot_-- == 0) previous_leaf();
  }

  // Asks the processor for the rest of this leaf and for the next ones: the cursor will go through them.
  void prefetch() const;

  // The key, valid until the cursor moves. Requires: the tree has keys.
  Bytes key() const;
  // The same in the page itself or at the end of `buffer`: valid as long as both stay as they are.
  Bytes key(std::string& buffer) const;
  ValueView value() const;
  // Of a tree with fixed leaves: the values of this entry and those after it in its leaf, at most `count` of them, back
  // to back as in memory. Valid as the cursor is. Requires: valid().
  Bytes values(u64 count) const;
  // So many entries on. Requires: so many are left in the leaf.
  void skip(u32 count) {
    index_ += count;
    slot_ += count;
    if (slot_ >= leaf_count_) next_leaf();
  }
  // Position of the entry in the tree's order. O(1).
  u64 index() const { return index_; }
  u32 page_size() const { return tree_.pages().page_size(); }

 private:
  // A branch on the way to the leaf, and which of its children the way takes.
  struct Step {
    const u8* page;
    u32 slot;
    u32 count;
  };
  bool begin_descent();
  PageRef step_into(u32 level, PageRef ref, u32 slot);
  void enter_leaf(const LeafNode& leaf, u32 slot);
  void prefetch_leaf(u32 slot) const;
  void next_leaf();
  void previous_leaf();

  TreeReader tree_;
  std::array<Step, kMaxHeight> path_;  // by level; [0] is not used
  LeafNode leaf_{nullptr, 0};
  u32 slot_ = 0;
  u32 leaf_count_ = 0;
  u64 index_ = 0;
  bool valid_ = false;
  mutable std::string key_;
};

}  // namespace sapwood::tree
