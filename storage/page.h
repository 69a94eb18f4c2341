// The header that every page of a tree and every bitmap page starts with, and references to pages.
// docs/format.md, "Page header".
//
//   offset  size  field
//        0     4  checksum       XXH3-64 of bytes [4, page size), seeded with file seed and page number, folded
//        4     1  type           PageType
//        5     1  level          0 for leaves, the height above them for branches
//        6     2  count          entries (leaf) or children (branch)
//        8     6  page number
//       14     2  flags
//       16     8  birth          transaction that wrote this version of the page
//       24     4  tree id        low 32 bits of the id of the collection that owns the page
//       28     2  heap offset    lowest byte used by the heap; 0 means 65536
//       30     2  prefix length  bytes that all keys of the page share
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/types.h"
#include "sapwood/error.h"

namespace sapwood::storage {

// Stored; never renumber.
enum class PageType : u8 {
  meta = 1,
  bitmap = 2,
  branch = 3,      // children, and separators of variable length unless ordered by position
  leaf = 4,        // entries of variable size
  fixed_leaf = 5,  // entries of one size: a key column (perhaps of width 0) and a value column
};

inline constexpr u32 kPageHeaderSize = 32;
inline constexpr u32 kMinPageSize = 512;
inline constexpr u32 kMaxPageSize = 65536;
inline constexpr u32 kDefaultPageSize = 4096;

// A reference to one version of a page, as its parent keeps it. A birth that differs from the page's own is a lost
// write.
struct PageRef {
  PageNo page = kNoPage;
  u32 birth = 0;  // low 32 bits of the birth transaction
  constexpr bool operator==(const PageRef&) const = default;
};

// A run of pages without headers, for values that do not fit a page.
struct Extent {
  PageNo start = kNoPage;
  u32 pages = 0;
  constexpr bool operator==(const Extent&) const = default;
};

// Typed access to the header bytes of a page. `Byte` is `u8` or `const u8`.
struct PageHeader {
  static u32 checksum(const u8* p) { return load<u32>(p); }
  static PageType type(const u8* p) { return static_cast<PageType>(p[4]); }
  static u8 level(const u8* p) { return p[5]; }
  static u32 count(const u8* p) { return load<u16>(p + 6); }
  static PageNo page(const u8* p) { return PageNo{load_u48(p + 8)}; }
  static u16 flags(const u8* p) { return load<u16>(p + 14); }
  static u64 birth(const u8* p) { return load<u64>(p + 16); }
  static u32 tree_id(const u8* p) { return load<u32>(p + 24); }
  static u32 heap(const u8* p) {
    const u32 offset = load<u16>(p + 28);
    return offset == 0 ? kMaxPageSize : offset;
  }
  static u32 prefix(const u8* p) { return load<u16>(p + 30); }

  static void set_count(u8* p, u32 count) { store<u16>(p + 6, static_cast<u16>(count)); }
  static void set_flags(u8* p, u16 flags) { store<u16>(p + 14, flags); }
  static void set_heap(u8* p, u32 offset) { store<u16>(p + 28, static_cast<u16>(offset)); }
  static void set_prefix(u8* p, u32 length) { store<u16>(p + 30, static_cast<u16>(length)); }

  // Writes a whole header: an empty page. The page number, birth and checksum are the store's business (finish_page).
  static void init(u8* p, PageType type, u8 level, u32 tree_id, u32 page_size) {
    p[4] = static_cast<u8>(type);
    p[5] = level;
    set_count(p, 0);
    set_flags(p, 0);
    store<u32>(p + 24, tree_id);
    set_heap(p, page_size);
    set_prefix(p, 0);
  }
  static void set_place(u8* p, PageNo page, TxnId birth) {
    store_u48(p + 8, to_u64(page));
    store<u64>(p + 16, birth);
  }
  // Copies a page but for its checksum, which a checkpoint may be storing meanwhile; the copy gets its own.
  static void copy_page(u8* to, const u8* from, u32 page_size) { std::memcpy(to + 4, from + 4, page_size - 4); }
};

inline u32 page_checksum(const u8* page, u32 page_size, PageNo number, u64 seed) {
  return hash32(page + 4, page_size - 4, seed ^ to_u64(number) * 0x9e3779b97f4a7c15u);
}

[[noreturn]] void throw_corrupt_page(PageNo page, const char* what);

// Checks on bytes that come from a file: throws Error{corrupt} that names the page and the broken rule.
inline void check_format(bool ok, PageNo page, const char* rule) {
  if (!ok) [[unlikely]]
    throw_corrupt_page(page, rule);
}

}  // namespace sapwood::storage
