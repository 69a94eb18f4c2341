// Bitmap page: which pages of a group are in use. docs/format.md, "Bitmap".
#pragma once

#include <cstring>

#include "storage/geometry.h"
#include "storage/page.h"

namespace sapwood::storage {

// Writes the whole page, with its checksum, to `to`. `bits`: group_pages / 8 bytes; `page`: a bitmap page.
inline void build_bitmap_page(u8* to, const Geometry& geometry, PageNo page, TxnId txn, const u8* bits, u64 seed) {
  PageHeader::init(to, PageType::bitmap, 0, 0, geometry.page_size);
  PageHeader::set_place(to, page, txn);
  store<u64>(to + kPageHeaderSize, geometry.group_of(page));
  std::memcpy(to + kBitmapHeaderSize, bits, geometry.page_size - kBitmapHeaderSize);
  store<u32>(to, page_checksum(to, geometry.page_size, page, seed));
}

}  // namespace sapwood::storage
