// One face for both kinds of leaf, so that the tree's algorithms are written once.
#pragma once

#include "tree/fixed_leaf.h"
#include "tree/leaf.h"

namespace sapwood::tree {

inline bool is_fixed_leaf(const u8* page) { return PageHeader::type(page) == PageType::fixed_leaf; }

class LeafNode {
 public:
  LeafNode(const u8* page, u32 page_size) : page_(page), page_size_(page_size) {}

  const u8* bytes() const { return page_; }
  u32 count() const { return PageHeader::count(page_); }
  Found find(Bytes key) const { return is_fixed_leaf(page_) ? fixed().find(key) : variable().find(key); }
  // Whether all keys are less than `key`; false if the page cannot tell. Requires: keyed.
  bool ends_below(Bytes key) const {
    return is_fixed_leaf(page_) ? fixed().key(count() - 1) < key : variable().ends_below(key);
  }
  StoredValue value(u32 i) const {
    if (is_fixed_leaf(page_)) return {fixed().value(i), ValueKind::inline_bytes};
    return variable().value(i);
  }
  // The key of entry `i`: in the page itself, or put together at the end of `buffer`.
  Bytes key(u32 i, std::string& buffer) const {
    if (is_fixed_leaf(page_)) return fixed().key(i);
    const std::size_t start = buffer.size();
    variable().append_key(i, buffer);
    return Bytes(buffer).substr(start);
  }
  u32 used() const { return is_fixed_leaf(page_) ? fixed().used() : variable().used(); }
  bool wants_longer_prefix() const { return !is_fixed_leaf(page_) && variable().wants_longer_prefix(); }

  // Requires: it is of that kind.
  FixedLeaf fixed() const { return FixedLeaf(page_, page_size_); }
  Leaf variable() const { return Leaf(page_, page_size_); }

 private:
  const u8* page_;
  u32 page_size_;
};

// Changes a page that the transaction owns. See LeafEditor for what false means.
class LeafNodeEditor : public LeafNode {
 public:
  LeafNodeEditor(u8* page, u32 page_size) : LeafNode(page, page_size), bytes_(page), size_(page_size) {}

  bool insert(u32 i, const Entry& entry) {
    if (is_fixed_leaf(bytes_)) return FixedLeafEditor(bytes_, size_).insert(i, entry.key, entry.value.bytes);
    return LeafEditor(bytes_, size_).insert(i, entry);
  }
  // As the last entry; false also if the page should be rebuilt with it.
  bool append(const Entry& entry) {
    const u32 n = count();
    return (is_fixed_leaf(bytes_) || (n & (n + 1)) != 0) && insert(n, entry);
  }
  bool replace(u32 i, const StoredValue& value) {
    if (!is_fixed_leaf(bytes_)) return LeafEditor(bytes_, size_).replace(i, value);
    FixedLeafEditor(bytes_, size_).replace(i, value.bytes);
    return true;
  }
  void remove(u32 from, u32 to) {
    if (is_fixed_leaf(bytes_)) FixedLeafEditor(bytes_, size_).remove(from, to);
    else LeafEditor(bytes_, size_).remove(from, to);
  }

 private:
  u8* bytes_;
  u32 size_;
};

}  // namespace sapwood::tree
