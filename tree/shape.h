// What a tree is: its order, the widths of its entries, and where its root stands.
#pragma once

#include "storage/page.h"

namespace sapwood::tree {

using storage::PageRef;

// Stored; never renumber.
enum class Order : u8 {
  position = 1,  // entries have no key: a list
  key = 2,       // entries ascend by the bytes of their keys (memcmp)
  hash = 3,      // as key, where keys begin with 8 bytes of a hash: evenly spread
};
constexpr bool is_keyed(Order order) { return order == Order::key || order == Order::hash; }
constexpr bool is_known(Order order) { return is_keyed(order) || order == Order::position; }

// Fixed at creation of the tree.
struct TreeShape {
  u32 tree_id = 0;  // low 32 bits of the collection's id; every page carries it
  Order order = Order::position;
  u16 key_width = 0;    // bytes of every key, if all are equal and the values too; else 0
  u16 value_width = 0;  // bytes of every value if fixed; else 0. Both 0 means entries of variable size
  bool fixed = false;   // leaves are fixed_leaf pages with these widths
};

// Where the tree stands. Kept by the catalog.
struct TreeRoot {
  PageRef root;
  u8 height = 0;           // levels of pages; 0 is a tree without pages: empty, or inline (tree/inline_leaf.h)
  bool owns_runs = false;  // some value has been stored outside the tree's own pages since the tree was last empty
  u64 count = 0;           // entries
  Bytes leaf{};            // of an inline tree, to read it: valid as long as the place that it is kept in
  bool is_empty() const { return height == 0 && count == 0; }
  bool is_inline() const { return height == 0 && count != 0; }
  bool operator==(const TreeRoot&) const = default;
};

inline constexpr u8 kMaxHeight = 24;

// Longest key of a tree ordered by key, in bytes.
constexpr u32 max_key_size(u32 page_size) { return page_size / 4; }
// Widest fixed entry (key and value together), in bytes: at least four fit a page.
constexpr u32 max_fixed_entry(u32 page_size) { return (page_size - storage::kPageHeaderSize) / 4; }
// Longest value, in bytes.
inline constexpr u64 kMaxValueSize = (u64{1} << 48) - 1;

}  // namespace sapwood::tree
