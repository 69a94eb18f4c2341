// One change of a tree: the way from the root to a leaf in pages that the transaction owns, and what happens there.
//
//   put, insert, set -> descend -> add_entry / replace_entry -> rewrite_leaf -> spread_leaf or split_leaf
//                                       -> extend_edge                           -> insert_child (upwards)
//   erase, erase_range -> descend -> remove_entry / erase_below -> mend (merges, upwards) -> collapse_root
//
// An editor lives for one change. It holds page pointers only between the store's release_memory() calls, which come
// first and while blobs are written.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "tree/branch_sequence.h"
#include "tree/descent.h"
#include "tree/leaf_sequence.h"
#include "tree/right_edge.h"

namespace sapwood::tree {

class Editor {
 public:
  // `edge`, if there is one, is told of the tree's last leaf when an entry was appended to it.
  Editor(PageStore& store, const TreeShape& shape, TreeRoot& root, RightEdge* edge);

  // As in TreeWriter.
  bool put(Bytes key, Bytes value);
  bool erase(Bytes key);
  void insert(u64 index, Bytes value);
  void set(u64 index, Bytes value);
  void erase_range(u64 index, u64 count);

 private:
  // A page of the way, and for a branch the child that the way takes.
  struct Step {
    u8* page;
    u32 slot;
  };

  // editor.cc: the way down
  u32 top() const { return root_.height - 1u; }
  PageRef ref_at(u32 level) const;
  Branch branch_at(u32 level) const { return Branch(path_[level].page, page_size_); }
  BranchEditor edit_branch_at(u32 level) { return BranchEditor(path_[level].page, page_size_); }
  LeafNodeEditor leaf() { return LeafNodeEditor(path_[0].page, page_size_); }
  u64 entries_in(const u8* page, u32 level) const;
  u8* edit_page(PageRef& ref, u32 level, u64 entries);
  void edit_root();
  void edit_child(u32 level);
  void descend_key(Bytes key);
  u32 descend_index(u64 index);
  void add_to_path(u64 delta);
  bool on_right_edge() const;
  bool on_left_edge() const;
  void drop_value(const StoredValue& value);
  u8* scratch(u32 which);
  void plant(const Entry& entry);

  // tree_insert.cc: more entries
  void add_entry(u32 slot, const Entry& entry);
  void replace_entry(u32 slot, const StoredValue& value);
  void rebuild_leaf();
  bool extend_edge(u32 slot, const Entry& entry);
  void gather_leaf(LeafSequence& to, u32 slot, const Entry& entry, bool replace) const;
  void rewrite_leaf(u32 slot, const Entry& entry, bool replace);
  void write_leaf(const LeafSequence& entries, u32 from, u32 to);
  void split_leaf(const LeafSequence& entries, u32 cut);
  bool spread_leaf(u32 slot, const Entry& entry, bool replace);
  void grow_root();
  void insert_child(u32 level, u32 slot, Bytes separator, PageRef child, u64 entries);
  void change_separator(u32 level, u32 slot, Bytes separator);
  void rewrite_branch(u32 level, const BranchSequence& children, bool append);

  // tree_erase.cc: fewer entries
  void remove_entry(u32 slot);
  void mend();
  u32 used_in(const u8* page, u32 level) const;
  bool merge_with_sibling(u32 level);
  bool merge_pages(u32 level, u32 sibling_slot);
  bool build_merged(u32 level, u32 left_slot, const u8* left, const u8* right, u8* to);
  void collapse_root();

  // erase_range.cc
  void erase_below(u8* page, u32 level, u64 from, u64 to);
  void erase_in_child(BranchEditor& branch, u32 slot, u32 level, u64 from, u64 to);
  void free_subtree(PageRef ref, u32 level);
  void drop_values(const u8* page, u32 from, u32 to);
  bool seam_is_thin(u64 index) const;
  bool merge_seam(u64 index);

  PageStore& store_;
  const TreeShape& shape_;
  TreeRoot& root_;
  RightEdge* edge_;
  const u32 page_size_;
  std::array<Step, kMaxHeight + 1> path_;  // by level
  std::unique_ptr<u8[]> scratch_;          // two pages, when first needed
  u64 freed_ = 0;                          // pages freed by free_subtree
};

}  // namespace sapwood::tree
