// Entries gathered from leaf pages, to be written into pages again: how leaves are rebuilt, split, spread and merged.
#pragma once

#include <optional>
#include <vector>

#include "tree/leaf_node.h"

namespace sapwood::tree {

// Keys of entries of variable size are copied; all else stays in the pages and buffers it was given from, which must
// outlive the sequence and not change before the last build(). Keys that do not ascend come from damaged pages and
// throw Error{corrupt} that names `place`.
class LeafSequence {
 public:
  LeafSequence(const TreeShape& shape, u32 page_size, PageNo place)
      : shape_(shape), page_size_(page_size), place_(place) {}

  // Appends entries [from, to) of `page`.
  void add_page(const u8* page, u32 from, u32 to) { add_leaf(LeafNode(page, page_size_), from, to); }
  void add_page(const u8* page) { add_page(page, 0, PageHeader::count(page)); }
  // The same of a leaf of any size.
  void add_leaf(const LeafNode& leaf, u32 from, u32 to);
  void add_leaf(const LeafNode& leaf) { add_leaf(leaf, 0, leaf.count()); }
  void add(const Entry& entry);

  // A page of a single entry shares this many bytes of its key with entries to come (a guess; see build).
  void expect_prefix(u32 size) { expected_prefix_ = size; }

  u32 size() const { return shape_.fixed ? fixed_size_ : static_cast<u32>(items_.size()); }
  // The key of entry `i`, valid until the sequence grows.
  Bytes key(u32 i) const;

  // Bytes of a page that holds entries [from, to), its header included.
  u32 bytes(u32 from, u32 to) const;
  bool fits(u32 from, u32 to) const { return bytes(from, to) <= page_size_; }
  // Where to divide between two pages; up to `window` bytes from the middle if that gives a shorter separator. nullopt
  // if there is no way.
  std::optional<u32> cut(u32 window) const;
  // Writes a whole page with entries [from, to) to `page`, which is none of the sources. Requires: fits(from, to).
  void build(u32 from, u32 to, u8* page) const { build(from, to, page, page_size_); }
  // The same for a leaf of another size. Requires: bytes(from, to) <= size.
  void build(u32 from, u32 to, u8* leaf, u32 size) const;

 private:
  struct Item {
    u32 key;
    u32 key_size;
    StoredValue value;
  };
  struct Segment {  // of entries of fixed size
    const u8* keys;
    const u8* values;
    u32 count;
  };
  u32 prefix(u32 from, u32 to) const;
  u32 item_bytes(u32 i, u32 prefix) const {
    return entry_bytes(shape_.order, items_[i].key_size, static_cast<u32>(items_[i].value.bytes.size()), prefix);
  }
  void add_segment(const u8* keys, const u8* values, u32 count);
  void check_order(Bytes last, Bytes next) const;
  void build_fixed(u32 from, u32 to, u8* page, u32 page_size) const;
  void build_variable(u32 from, u32 to, u8* page, u32 page_size) const;

  TreeShape shape_;
  u32 page_size_;
  PageNo place_;
  u32 expected_prefix_ = 0;
  std::vector<Item> items_;
  std::string keys_;
  std::vector<Segment> segments_;
  u32 fixed_size_ = 0;
};

}  // namespace sapwood::tree
