// Where things stand in the data file, by page size. docs/format.md, "Data file".
//
//   bytes                            what
//   0, M, 2M, 3M                     meta slots A, A', B, B'; M = max(page size, 4096)
//   4M + g * G * P                   group g of G = 8 * (P - 96) pages: its two bitmap copies, then pages for trees
#pragma once

#include "storage/page.h"

namespace sapwood::storage {

inline constexpr u32 kBitmapHeaderSize = 96;
inline constexpr u32 kMetaHeaderSize = 256;

struct Geometry {
  explicit Geometry(u32 page_bytes) : page_size(page_bytes) {
    while ((u32{1} << page_shift) < page_size) ++page_shift;
    meta_slot_size = page_size < 4096 ? 4096 : page_size;
    first_page = 4 * meta_slot_size / page_size;
    group_pages = 8 * u64{page_size - kBitmapHeaderSize};
  }

  u32 page_size;
  u32 page_shift = 0;
  u32 meta_slot_size;
  u64 first_page;   // of group 0
  u64 group_pages;  // a multiple of 64

  u64 max_groups() const { return u64{meta_slot_size - kMetaHeaderSize} * 8; }
  u64 max_pages() const { return first_page + max_groups() * group_pages; }
  u64 group_count(u64 page_count) const {
    return page_count <= first_page ? 0 : (page_count - first_page + group_pages - 1) / group_pages;
  }
  // A file holds both bitmap pages of each of its groups, or neither.
  bool is_page_count(u64 count) const { return count >= first_page + 2 && (count - first_page) % group_pages != 1; }
  u64 group_of(PageNo page) const { return (to_u64(page) - first_page) / group_pages; }
  PageNo bitmap_page(u64 group, u32 copy) const { return PageNo{first_page + group * group_pages + copy}; }
  bool is_bitmap(PageNo page) const { return (to_u64(page) - first_page) % group_pages < 2; }
  u64 meta_offset(u32 slot) const { return u64{slot} * meta_slot_size; }  // slot 0..3: A, A', B, B'
  u64 offset_of(PageNo page) const { return to_u64(page) << page_shift; }
};

constexpr bool is_page_size(u64 size) {
  return size >= kMinPageSize && size <= kMaxPageSize && (size & (size - 1)) == 0;
}

}  // namespace sapwood::storage
