#include "fuzz/repair.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "storage/geometry.h"
#include "storage/meta.h"
#include "storage/redo_log.h"

namespace sapwood::fuzz {

namespace {

constexpr char kLogMagic[] = {'S', 'A', 'P', 'W', 'L', 'O', 'G', '1'};
constexpr u64 kSegmentAlignment = 4096;

// Of the first slot that names one.
u32 find_page_size(const std::string& bytes) {
  for (u64 offset = 0; offset + 4096 <= bytes.size() && offset < u64{4} * storage::kMaxPageSize; offset += 4096) {
    if (std::memcmp(bytes.data() + offset, storage::kMagic, sizeof storage::kMagic) != 0) continue;
    const u32 size = load<u32>(bytes.data() + offset + 20);
    if (storage::is_page_size(size)) return size;
  }
  return storage::kMinPageSize;
}

// Repairs the records from `offset` on, which belong to a segment with that start and salt.
void repair_records(std::string& bytes, u64 offset, u64 end, Lsn lsn, u64 salt) {
  while (offset + storage::kRecordHeaderSize <= end) {
    u8* p = reinterpret_cast<u8*>(bytes.data()) + offset;
    const u64 body = load<u32>(p);
    if (body == 0 || body > end - offset - storage::kRecordHeaderSize || load<u64>(p + 16) != lsn) return;
    store<u32>(p + 12, hash32(p + storage::kRecordHeaderSize, body, salt ^ lsn));
    store<u32>(p + 52, hash32(p, 52, salt));
    const u64 size = (storage::kRecordHeaderSize + body + storage::kRecordAlignment - 1) / storage::kRecordAlignment *
                     storage::kRecordAlignment;
    offset += size;
    lsn += size;
  }
}

}  // namespace

void repair_data_file(std::string& bytes) {
  const storage::Geometry geometry(find_page_size(bytes));
  u8* const data = reinterpret_cast<u8*>(bytes.data());
  u64 seed = 0;
  for (u32 slot = 4; slot-- > 0;) {
    const u64 offset = geometry.meta_offset(slot);
    if (offset + geometry.meta_slot_size > bytes.size()) continue;
    u8* const p = data + offset;
    if (std::memcmp(p, storage::kMagic, sizeof storage::kMagic) != 0) continue;
    store<u64>(p + 8, hash64(p + 16, geometry.meta_slot_size - 16, 0));
    seed = hash64(p + 48, 16, 0);
  }
  for (u64 page = geometry.first_page; (page + 1) * geometry.page_size <= bytes.size(); ++page) {
    u8* const p = data + page * geometry.page_size;
    const u8 type = static_cast<u8>(storage::PageHeader::type(p));
    if (type < 2 || type > 5 || storage::PageHeader::page(p) != PageNo{page}) continue;
    store<u32>(p, storage::page_checksum(p, geometry.page_size, PageNo{page}, seed));
  }
}

void repair_log(std::string& bytes) {
  for (u64 offset = 0; offset + storage::kSegmentHeaderSize <= bytes.size(); offset += kSegmentAlignment) {
    u8* const p = reinterpret_cast<u8*>(bytes.data()) + offset;
    if (std::memcmp(p, kLogMagic, sizeof kLogMagic) != 0) continue;
    store<u64>(p + 56, hash64(p, 56, 0));
    const u64 size = std::min<u64>(load<u64>(p + 48), bytes.size() - offset);
    repair_records(bytes, offset + storage::kSegmentHeaderSize, offset + size,
                   load<u64>(p + 32) + storage::kSegmentHeaderSize, load<u64>(p + 40));
  }
}

void adopt_log(std::string& log, const std::string& real) {
  for (u64 offset = 0; offset + 64 <= std::min(log.size(), real.size()); offset += kSegmentAlignment) {
    if (real.compare(offset, sizeof kLogMagic, kLogMagic, sizeof kLogMagic) == 0)
      log.replace(offset + 8, 24, real, offset + 8, 24);
  }
}

}  // namespace sapwood::fuzz
