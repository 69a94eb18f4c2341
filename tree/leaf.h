// Leaf page with entries of variable size. docs/format.md, "Leaf".
//
// Ordered by key:
//   offset       size  field
//        0         32  PageHeader; count = n entries, level 0
//       32        4 n  heads: first 4 bytes of the keys after the prefix, as numbers, padded with zeros
//   32+4 n        2 n  slots: offsets of the records
//     heap             records, each {varint (key length after the prefix) << 2 | kind, varint value length,
//                      key bytes after the first 4, value}
//   P - prefix length  prefix: what all keys of the page have in common
//
// Ordered by position:
//       32        2 n  slots
//     heap             records, each {varint (value length) << 2 | kind, value}
//
// Invariants, for every page reachable from a commit (verify_leaf tests all):
//   L1  the arrays end at or before the heap, the heap before the prefix; 1 <= n
//   L2  every slot points at a whole record inside [heap, P - prefix), of a known kind
//   L3  keys strictly ascend in slot order; heads of short keys are padded with zeros
//   L4  records, garbage, prefix, arrays and the gap before the heap add up to the page
//   L5  an entry (slot, head and record, as if without prefix) is at most max_entry_bytes
#pragma once

#include <string>

#include "tree/node.h"
#include "tree/node_search.h"

namespace sapwood::tree {

// How a value is kept in its entry. Stored; never renumber. 2 and 3 are reserved (nested collections).
enum class ValueKind : u8 { inline_bytes = 0, blob = 1 };

struct StoredValue {
  Bytes bytes;  // the value, or the reference to its blob (tree/blob.h)
  ValueKind kind = ValueKind::inline_bytes;
};

struct Entry {
  Bytes key;  // empty in a list
  StoredValue value;
};

// Bytes that an entry takes in a leaf whose prefix takes `prefix` bytes off its key: slot, head and record.
u32 entry_bytes(Order order, u32 key_size, u32 value_size, u32 prefix);

class Leaf {
 public:
  Leaf(const u8* page, u32 page_size) : page_(page), page_size_(page_size) {}

  u32 count() const { return PageHeader::count(page_); }
  bool keyed() const { return is_keyed(page_order(page_)); }
  u32 prefix_size() const { return PageHeader::prefix(page_); }

  // The first entry with a key >= `key`. Requires: keyed.
  Found find(Bytes key) const;
  // Whether all keys are less than `key`, as far as the page's prefix tells: false if `key` does not share it.
  // Requires: keyed.
  bool ends_below(Bytes key) const;
  StoredValue value(u32 i) const {
    if (keyed()) return keyed_record(i).value;
    u32 start;
    const u8* at = read_varint(page_ + slot(i), start);
    return {bytes_of(at, start >> 2), static_cast<ValueKind>(start & 3)};
  }
  // Requires: keyed.
  u32 key_size(u32 i) const { return prefix_size() + keyed_record(i).rest; }
  // Appends the key of entry `i` to `to`.
  void append_key(u32 i, std::string& to) const;

  // Bytes in use, with the header.
  u32 used() const { return page_size_ - free_bytes() - page_garbage(page_); }
  // Whether its keys share more than the prefix. Asked when the page has grown, so it is true only for some counts,
  // lest a page be rebuilt too often.
  bool wants_longer_prefix() const {
    const u32 n = count();
    return n >= 8 && std::has_single_bit(n) && keyed() && heads()[3] == heads()[4 * (n - 1) + 3];
  }

 protected:
  struct KeyedRecord {
    u32 rest;  // key bytes after the prefix
    Bytes tail;
    StoredValue value;
  };
  KeyedRecord keyed_record(u32 i) const {
    u32 start;
    u32 value_size;
    const u8* at = read_varint(read_varint(page_ + slot(i), start), value_size);
    const u32 rest = start >> 2;
    const u32 tail = rest > kHeadBytes ? rest - kHeadBytes : 0;
    return {rest, bytes_of(at, tail), {bytes_of(at + tail, value_size), static_cast<ValueKind>(start & 3)}};
  }
  u32 slot_bytes() const { return keyed() ? 6 : 2; }
  u32 free_bytes() const { return PageHeader::heap(page_) - (kPageHeaderSize + count() * slot_bytes()); }
  const u8* heads() const { return page_ + kPageHeaderSize; }
  const u8* slots() const { return page_ + kPageHeaderSize + (keyed() ? 4 * count() : 0); }
  u32 slot(u32 i) const { return load<u16>(slots() + 2 * i); }
  u32 record_bytes(u32 i) const {
    const Bytes last = value(i).bytes;
    return static_cast<u32>(reinterpret_cast<const u8*>(last.data()) + last.size() - (page_ + slot(i)));
  }

  const u8* page_;
  u32 page_size_;
};

// Changes a page that the transaction owns. A false result means that there is no room as the page stands, or that the
// key does not share the page's prefix; nothing changed, and the page must be rebuilt or split.
class LeafEditor : public Leaf {
 public:
  LeafEditor(u8* page, u32 page_size) : Leaf(page, page_size), bytes_(page) {}

  bool insert(u32 i, const Entry& entry);
  bool replace(u32 i, const StoredValue& value);
  void remove(u32 from, u32 to);

 private:
  void write_record(u32 offset, Bytes rest, const StoredValue& value);
  void drop_record(u32 i);
  void compact();

  u8* bytes_;
};

// L1-L5. Throws Error{corrupt}. `limits`: the page size that keys and entries are limited by.
void verify_leaf(const u8* page, u32 page_size, PageNo number, u32 limits);
inline void verify_leaf(const u8* page, u32 page_size, PageNo number) {
  verify_leaf(page, page_size, number, page_size);
}

}  // namespace sapwood::tree
