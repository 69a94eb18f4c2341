// What all pages of a tree share: the checks on arrival, the flags, the fill limits, and copying a built page into
// place. docs/format.md, "Tree pages".
//
// Header fields as trees use them:
//   flags   bits 0-1   the tree's Order
//           bits 2-15  garbage: bytes of the heap that no slot points at (0 in pages without a heap)
//   heap, prefix       as named; in a fixed leaf the width of values and the width of keys
//
// Invariants of every page that a parent refers to (check_node tests them on each visit):
//   N1  its type is the one that its level and the tree's shape ask for
//   N2  its level is one less than its parent's
//   N3  its order is the tree's
//   N4  its tree id is the tree's
//   N5  the widths of a fixed leaf are the tree's
#pragma once

#include "storage/page.h"
#include "tree/shape.h"

namespace sapwood::tree {

using storage::check_format;
using storage::kPageHeaderSize;
using storage::PageHeader;
using storage::PageType;

inline constexpr u32 kMaxGarbage = (1u << 14) - 1;

inline Order page_order(const u8* page) { return static_cast<Order>(PageHeader::flags(page) & 3); }
inline u32 page_garbage(const u8* page) { return PageHeader::flags(page) >> 2; }
inline void set_page_flags(u8* page, Order order, u32 garbage) {
  PageHeader::set_flags(page, static_cast<u16>(static_cast<u32>(order) | garbage << 2));
}
inline void set_page_garbage(u8* page, u32 garbage) { set_page_flags(page, page_order(page), garbage); }

inline PageType leaf_type(const TreeShape& shape) { return shape.fixed ? PageType::fixed_leaf : PageType::leaf; }

// The widths as a fixed leaf keeps them in its header: value width, then key width.
inline u32 page_widths(const u8* page) { return load<u32>(page + 28); }
inline u32 shape_widths(const TreeShape& shape) { return shape.value_width | u32{shape.key_width} << 16; }

// Throws Error{corrupt} that names the rule of N1-N5 that `page` breaks.
[[noreturn]] void throw_wrong_node(const u8* page, PageNo number, const TreeShape& shape, u32 level);

// Checks N1-N5. All of it lies in one cache line that the caller needs anyway.
inline void check_node(const u8* page, PageNo number, const TreeShape& shape, u32 level) {
  const u32 type = static_cast<u32>(level == 0 ? leaf_type(shape) : PageType::branch);
  u32 wrong = load<u16>(page + 4) ^ (type | level << 8);
  wrong |= (PageHeader::flags(page) & 3u) ^ static_cast<u32>(shape.order);
  wrong |= PageHeader::tree_id(page) ^ shape.tree_id;
  if (level == 0 && shape.fixed) wrong |= page_widths(page) ^ shape_widths(shape);
  if (wrong != 0) [[unlikely]]
    throw_wrong_node(page, number, shape, level);
}

// Throws Error{corrupt} unless the root's height and page are plausible.
void check_root(const TreeRoot& root);

// Fill limits, in bytes of a page in use, its header included.
constexpr u32 merge_below(u32 page_size) { return page_size / 5 * 2; }     // smaller pages look for a sibling
constexpr u32 merge_limit(u32 page_size) { return page_size / 20 * 17; }   // largest result of a merge
constexpr u32 spread_limit(u32 page_size) { return page_size / 20 * 17; }  // fuller siblings take no entries

// Largest entry of a leaf of variable size (slot, head and record), so that an overfull page always splits in two:
// half of what a page holds, less a margin for what a shared prefix saves in an entry that is shorter than a head.
constexpr u32 max_entry_bytes(u32 page_size) { return (page_size - kPageHeaderSize) / 2 - 8; }

// Makes `page` (fresh from the store) an empty page of this shape.
void format_node(u8* page, const TreeShape& shape, u32 level, u32 page_size);

// Copies what was built in `built` over `page`, except where the page stands: number, birth and checksum.
void copy_node(u8* page, const u8* built, u32 page_size);

// How many bytes `a` and `b` share at their start.
inline u32 common_prefix(Bytes a, Bytes b) {
  const std::size_t size = a.size() < b.size() ? a.size() : b.size();
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    const u64 difference = load<u64>(a.data() + i) ^ load<u64>(b.data() + i);
    if (difference != 0) return static_cast<u32>(i) + static_cast<u32>(std::countr_zero(difference)) / 8;
  }
  while (i < size && a[i] == b[i]) ++i;
  return static_cast<u32>(i);
}

// The shortest string s with last < s <= first: what separates two neighbouring leaves. Requires: last < first.
inline Bytes shortest_separator(Bytes last, Bytes first) { return first.substr(0, common_prefix(last, first) + 1); }

}  // namespace sapwood::tree
