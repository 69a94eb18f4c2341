// Children gathered from branch pages, to be written into pages again: how branches are rebuilt, split and merged.
#pragma once

#include <optional>
#include <vector>

#include "tree/branch.h"

namespace sapwood::tree {

// Copies what it is given, so the pages may be overwritten by what is built. Separators that do not ascend come from
// damaged pages and throw Error{corrupt} that names `place`.
class BranchSequence {
 public:
  BranchSequence(const TreeShape& shape, u32 page_size, u32 level, PageNo place)
      : shape_(shape), page_size_(page_size), level_(level), place_(place) {}

  // Appends all children of `page`. `first` is the separator of its first child: what the parent keeps for the page.
  void add_page(const u8* page, Bytes first);
  void add(Bytes separator, PageRef child, u64 entries) { insert(size(), separator, child, entries); }
  void insert(u32 at, Bytes separator, PageRef child, u64 entries);
  void set_separator(u32 at, Bytes separator);
  void set_entries(u32 at, u64 entries) { items_[at].entries = entries; }
  void remove_first(u32 count);

  u32 size() const { return static_cast<u32>(items_.size()); }
  Bytes separator(u32 i) const { return bytes_of(keys_.data() + items_[i].key, items_[i].key_size); }
  PageRef child(u32 i) const { return items_[i].child; }
  u64 entries(u32 i) const { return items_[i].entries; }
  u64 entries(u32 from, u32 to) const;

  // Bytes of a page that holds items [from, to), its header included.
  u32 bytes(u32 from, u32 to) const;
  bool fits(u32 from, u32 to) const { return bytes(from, to) <= page_size_; }
  // Whether the last item is one too many for a page.
  bool filled_by_last() const { return !fits(0, size()); }
  // Where to split into two pages; nullopt if there is no way.
  std::optional<u32> cut() const;
  // Writes a whole page with items [from, to) to `page`. Requires: fits(from, to).
  void build(u32 from, u32 to, u8* page) const;

 private:
  struct Item {
    u32 key;
    u32 key_size;
    PageRef child;
    u64 entries;
  };
  Item make_item(Bytes separator, PageRef child, u64 entries);
  void check_order(u32 at) const;
  u32 prefix(u32 from, u32 to) const;
  u32 item_bytes(u32 i, bool first, u32 prefix) const;

  TreeShape shape_;
  u32 page_size_;
  u32 level_;
  PageNo place_;
  std::vector<Item> items_;
  std::string keys_;
};

}  // namespace sapwood::tree
