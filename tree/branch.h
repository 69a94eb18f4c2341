// Branch page: the children of one subtree, with the number of entries below each and the keys that separate them.
// docs/format.md, "Branch".
//
//   offset       size  field
//        0         32  PageHeader; count = n children, level >= 1
//       32       16 n  children, each {page u48, birth u32, end u48}: `end` counts the entries below children 0..i
//  Ordered by key only:
//  32+16 n        4 n  heads: first 4 bytes of the separators after the prefix, as numbers, padded with zeros
//  32+20 n        2 n  slots: below 32 the length of a separator that lies wholly in its head (0..4), else the offset
//                      of its record
//     heap             records, each {varint length after the prefix, the bytes after the first 4}
//   P - prefix length  prefix: what separators 1..n-1 have in common
//
// Child i holds the keys in [separator i, separator i+1). Separator 0 is empty and stands for minus infinity.
//
// Invariants, for every page reachable from a commit (verify_branch tests all):
//   B1  1 <= n, 1 <= level <= kMaxHeight; the arrays end at or before the heap, the heap before the prefix
//   B2  ends strictly ascend (no child is empty), and no child is page 0
//   B3  every slot is a length of 0..4 or points at a whole record of more than 4 bytes inside [heap, P - prefix)
//   B4  separators 1..n-1 strictly ascend; slot 0 and head 0 are 0
//   B5  records, garbage, prefix, arrays and the gap before the heap add up to the page
#pragma once

#include <string>

#include "tree/node.h"
#include "tree/node_search.h"

namespace sapwood::tree {

inline constexpr u32 kChildBytes = 16;
inline constexpr u32 kKeyedChildBytes = kChildBytes + 4 + 2;
inline constexpr u32 kMinRecordOffset = 32;  // slots below it are lengths

class Branch {
 public:
  Branch(const u8* page, u32 page_size) : page_(page), page_size_(page_size) {}

  u32 count() const { return PageHeader::count(page_); }
  bool keyed() const { return is_keyed(page_order(page_)); }

  PageRef child(u32 i) const {
    const u8* at = children() + i * kChildBytes;
    return PageRef{PageNo{load<u64>(at) & ((u64{1} << 48) - 1)}, load<u32>(at + 6)};
  }
  // Entries below children 0..i; before child i; in child i; in all.
  u64 end(u32 i) const { return load<u64>(children() + i * kChildBytes + 8) >> 16; }
  u64 begin(u32 i) const { return i == 0 ? 0 : end(i - 1); }
  u64 entries(u32 i) const { return end(i) - begin(i); }
  u64 total() const { return end(count() - 1); }

  // The child that holds the entry at `index` of this subtree; count() if index >= total().
  u32 find_index(u64 index) const;
  // The child whose range holds `key`. Requires: keyed.
  u32 find_key(Bytes key) const;

  // Appends separator `i` to `to`; nothing for i == 0 and in a list.
  void append_separator(u32 i, std::string& to) const;

  // Bytes in use, with the header.
  u32 used() const { return page_size_ - free_bytes() - page_garbage(page_); }
  // Whether its separators share more than the prefix; true only for some counts (see Leaf).
  bool wants_longer_prefix() const {
    const u32 n = count();
    return n >= 4 && std::has_single_bit(n) && keyed() && heads()[4 + 3] == heads()[4 * (n - 1) + 3];
  }

 protected:
  u32 child_bytes() const { return keyed() ? kKeyedChildBytes : kChildBytes; }
  u32 free_bytes() const { return PageHeader::heap(page_) - (kPageHeaderSize + count() * child_bytes()); }
  const u8* children() const { return page_ + kPageHeaderSize; }
  const u8* heads() const { return page_ + kPageHeaderSize + count() * kChildBytes; }
  const u8* slots() const { return page_ + kPageHeaderSize + count() * (kChildBytes + 4); }
  u32 head(u32 i) const { return load<u32>(heads() + 4 * i); }
  u32 slot(u32 i) const { return load<u16>(slots() + 2 * i); }
  Bytes prefix() const { return bytes_of(page_ + page_size_ - PageHeader::prefix(page_), PageHeader::prefix(page_)); }

  // The length of separator i after the prefix, and its bytes after the head.
  struct Rest {
    u32 size;
    Bytes tail;
  };
  Rest rest(u32 i) const;

  const u8* page_;
  u32 page_size_;
};

// Changes a page that the transaction owns. Counts of the levels above are the caller's business.
class BranchEditor : public Branch {
 public:
  BranchEditor(u8* page, u32 page_size) : Branch(page, page_size), bytes_(page) {}

  void set_child(u32 i, PageRef child);
  // Adds `delta` (wrapping) to the entries of child i.
  void add_entries(u32 i, u64 delta);

  // Divides the entries of children i and i + 1 anew: child i gets `entries`, child i + 1 the others.
  void divide(u32 i, u64 entries) { store_u48(child_at(i) + 10, begin(i) + entries); }

  // Inserts a child at i >= 1 that takes over the last `entries` entries of child i - 1. False if there is no room as
  // the page stands (then it must be rebuilt or split) and nothing changed.
  bool insert(u32 i, Bytes separator, PageRef child, u64 entries);
  // Replaces separator i >= 1. False as above.
  bool set_separator(u32 i, Bytes separator);
  // Removes children [from, to) with the entries below them. The first child left gets the empty separator.
  void remove(u32 from, u32 to);

 private:
  u8* child_at(u32 i) { return bytes_ + kPageHeaderSize + i * kChildBytes; }
  u8* heads_at(u32 count) { return bytes_ + kPageHeaderSize + count * kChildBytes; }
  u8* slots_at(u32 count) { return bytes_ + kPageHeaderSize + count * (kChildBytes + 4); }
  void write_separator(u32 i, Bytes rest);
  void drop_record(u32 i);
  void compact();

  u8* bytes_;
};

// B1-B5. Throws Error{corrupt}.
void verify_branch(const u8* page, u32 page_size, PageNo number);

}  // namespace sapwood::tree
