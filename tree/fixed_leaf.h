// Leaf page with entries of one size: a column of keys and a column of values, so that neighbouring values are
// neighbours in memory. docs/format.md, "Fixed leaf".
//
//   offset            size  field
//        0              32  PageHeader; count = n, level 0; heap = w, the width of a value; prefix = k, of a key
//       32             k n  keys, ascending by memcmp (k is 0 in a list)
//   32 + k capacity    w n  values, where capacity = (P - 32) / (k + w)
//
// Invariants, for every page reachable from a commit (verify_fixed_leaf tests all):
//   F1  1 <= k + w <= max_fixed_entry, k is 0 exactly in a list
//   F2  1 <= n <= capacity
//   F3  keys strictly ascend
#pragma once

#include "tree/leaf.h"

namespace sapwood::tree {

constexpr u32 fixed_capacity(u32 page_size, u32 entry_size) {
  const u32 capacity = (page_size - kPageHeaderSize) / entry_size;
  return capacity < 65535 ? capacity : 65535;
}

class FixedLeaf {
 public:
  FixedLeaf(const u8* page, u32 page_size)
      : page_(page),
        page_size_(page_size),
        key_width_(page_widths(page) >> 16),
        value_width_(page_widths(page) & 0xffff) {}

  u32 count() const { return PageHeader::count(page_); }
  u32 capacity() const { return fixed_capacity(page_size_, key_width_ + value_width_); }
  u32 key_width() const { return key_width_; }
  u32 value_width() const { return value_width_; }

  // The first entry with a key >= `key`, which may be of any length. Requires: keys are not of width 0.
  Found find(Bytes key) const;
  Bytes key(u32 i) const { return bytes_of(keys() + i * key_width_, key_width_); }
  Bytes value(u32 i) const { return bytes_of(values() + i * value_width_, value_width_); }
  const u8* keys() const { return page_ + kPageHeaderSize; }
  // All values of the page, back to back.
  const u8* values() const { return keys() + (key_width_ == 0 ? 0 : capacity() * key_width_); }

  u32 used() const { return kPageHeaderSize + count() * (key_width_ + value_width_); }

 protected:
  const u8* page_;
  u32 page_size_;
  u32 key_width_;
  u32 value_width_;
};

// Changes a page that the transaction owns.
class FixedLeafEditor : public FixedLeaf {
 public:
  FixedLeafEditor(u8* page, u32 page_size) : FixedLeaf(page, page_size), bytes_(page) {}

  // False if the page is full. Requires: key and value have the page's widths.
  bool insert(u32 i, Bytes key, Bytes value);
  void replace(u32 i, Bytes value);
  void remove(u32 from, u32 to);
  // Appends values back to back. Requires: there are no keys, and they fit.
  void append_values(Bytes values);
  // Appends entries [from, to) of `source`. Requires: they fit.
  void append(const FixedLeaf& source, u32 from, u32 to);

 private:
  u8* key_at(u32 i) { return bytes_ + (keys() - page_) + i * key_width_; }
  u8* value_at(u32 i) { return bytes_ + (values() - page_) + i * value_width_; }

  u8* bytes_;
};

// F1-F3. Throws Error{corrupt}. `limits`: the page size that entries are limited by.
void verify_fixed_leaf(const u8* page, u32 page_size, PageNo number, u32 limits);
inline void verify_fixed_leaf(const u8* page, u32 page_size, PageNo number) {
  verify_fixed_leaf(page, page_size, number, page_size);
}

}  // namespace sapwood::tree
