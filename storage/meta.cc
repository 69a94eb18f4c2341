#include "storage/meta.h"
#include "base/fail_point.h"

#include <cstring>

namespace sapwood::storage {
namespace {

constexpr u32 kFlagClean = 1;
constexpr u32 kFlagLogExpected = 2;

enum class SlotState { empty, foreign, damaged, newer, valid };

struct Slot {
  SlotState state = SlotState::empty;
  Meta meta;
};

bool all_zero(const std::vector<u8>& bytes) {
  for (const u8 byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

Meta decode(const u8* p, const Geometry& geometry) {
  Meta meta;
  meta.page_size = geometry.page_size;
  meta.compatible = load<u64>(p + 24);
  meta.read_only_compatible = load<u64>(p + 32);
  meta.incompatible = load<u64>(p + 40);
  std::memcpy(meta.uuid.data(), p + 48, 16);
  meta.sequence = load<u64>(p + 64);
  meta.txn = load<u64>(p + 72);
  meta.page_count = load<u64>(p + 80);
  meta.catalog.root.page = PageNo{load_u48(p + 88)};
  meta.catalog.height = p[94];
  meta.catalog.root.birth = load<u32>(p + 96);
  const u32 flags = load<u32>(p + 100);
  meta.clean = (flags & kFlagClean) != 0;
  meta.log_expected = (flags & kFlagLogExpected) != 0;
  meta.catalog.count = load<u64>(p + 104);
  meta.replay_lsn = load<u64>(p + 112);
  meta.log_epoch = load<u64>(p + 120);
  meta.log_stride = load<u64>(p + 128);
  std::memcpy(meta.hash_key.data(), p + 144, 16);
  meta.created_us = load<i64>(p + 160);
  meta.commit_time_us = load<i64>(p + 168);
  meta.kept = load<u64>(p + 176);
  const u64 groups = load<u64>(p + 136);
  meta.active.resize(groups);
  for (u64 g = 0; g < groups; ++g) meta.active[g] = (p[kMetaHeaderSize + g / 8] >> (g % 8) & 1) != 0;
  return meta;
}

// Judges the bytes of one slot. `bytes` has the size of a slot of `geometry`, or less at the end of the file.
Slot judge(const std::vector<u8>& bytes, const Geometry& geometry) {
  Slot slot;
  if (all_zero(bytes)) return slot;
  slot.state = SlotState::foreign;
  if (bytes.size() < sizeof kMagic || std::memcmp(bytes.data(), kMagic, sizeof kMagic) != 0) return slot;
  slot.state = SlotState::damaged;
  if (bytes.size() < geometry.meta_slot_size) return slot;
  const u8* p = bytes.data();
  if (load<u64>(p + 8) != hash64(p + 16, geometry.meta_slot_size - 16, 0)) return slot;
  if (load<u32>(p + 16) > kFormat || load<u64>(p + 40) != 0) {
    slot.state = SlotState::newer;
    return slot;
  }
  const u64 page_count = load<u64>(p + 80);
  const bool sound = load<u32>(p + 16) == kFormat && load<u32>(p + 20) == geometry.page_size &&
                     geometry.is_page_count(page_count) && page_count <= geometry.max_pages() &&
                     load<u64>(p + 136) == geometry.group_count(page_count);
  if (!sound) return slot;
  slot.meta = decode(p, geometry);
  slot.state = SlotState::valid;
  return slot;
}

// The page sizes to try: the one that a slot names first, since slots of all sizes below 4096 share their places.
std::vector<u32> candidate_sizes(os::File& file) {
  std::vector<u32> sizes;
  for (u32 size = kMinPageSize; size <= kMaxPageSize; size *= 2) sizes.push_back(size);
  u8 head[24];
  for (u64 offset = 0; offset < 4 * u64{kMaxPageSize}; offset += 4096) {
    if (file.read(offset, head, sizeof head) < sizeof head) break;
    if (std::memcmp(head, kMagic, sizeof kMagic) != 0) continue;
    const u32 size = load<u32>(head + 20);
    if (!is_page_size(size)) continue;
    sizes.insert(sizes.begin(), size);
    break;
  }
  return sizes;
}

std::array<Slot, 4> read_slots(os::File& file, const Geometry& geometry) {
  std::array<Slot, 4> slots;
  for (u32 i = 0; i < 4; ++i) {
    std::vector<u8> bytes(geometry.meta_slot_size);
    bytes.resize(file.read(geometry.meta_offset(i), bytes.data(), bytes.size()));
    slots[i] = judge(bytes, geometry);
  }
  return slots;
}

}  // namespace

std::optional<Meta> read_meta(os::File& file, const Geometry& geometry, u64 sequence) {
  for (const Slot& slot : read_slots(file, geometry)) {
    if (slot.state == SlotState::valid && slot.meta.sequence == sequence) return slot.meta;
  }
  return std::nullopt;
}

Descriptor descriptor_of(const Meta& meta) {
  return Descriptor{.txn = meta.txn,
                    .catalog = meta.catalog,
                    .page_count = meta.page_count,
                    .lsn = meta.replay_lsn,
                    .commit_time_us = meta.commit_time_us,
                    .kept = meta.kept};
}

MetaSlots read_metas(os::File& file) {
  bool damaged = false;
  bool newer = false;
  for (const u32 size : candidate_sizes(file)) {
    const std::array<Slot, 4> slots = read_slots(file, Geometry(size));
    MetaSlots result;
    u32 best = 0;
    for (u32 i = 0; i < 4; ++i) {
      damaged |= slots[i].state == SlotState::damaged;
      newer |= slots[i].state == SlotState::newer;
      if (slots[i].state != SlotState::valid) continue;
      if (result.newest && result.newest->sequence >= slots[i].meta.sequence) continue;
      result.newest = slots[i].meta;
      best = i;
    }
    if (newer) break;
    if (!result.newest) continue;
    const u32 other = best < 2 ? 2 : 0;
    const auto bad = [&](u32 i) {
      return slots[i].state == SlotState::damaged || slots[i].state == SlotState::foreign;
    };
    const auto valid = [&](u32 i) { return slots[i].state == SlotState::valid; };
    result.other_damaged = !valid(other) && !valid(other + 1) && (bad(other) || bad(other + 1));
    result.twin_damaged = !valid(best ^ 1) || slots[best ^ 1].meta.sequence != result.newest->sequence;
    return result;
  }
  const std::string& path = file.path();
  if (newer) {
    throw Error(ErrorCode::newer_format, path + " was written by a newer version of Sapwood; update to open it");
  }
  if (damaged) {
    throw Error(ErrorCode::corrupt, path + " is damaged: none of its four meta slots is valid; restore it from a copy");
  }
  throw Error(ErrorCode::not_a_database, path + " is not a Sapwood database; nothing was changed");
}

void write_meta(os::File& file, const Meta& meta) {
  const Geometry geometry(meta.page_size);
  std::vector<u8> bytes(geometry.meta_slot_size);
  u8* p = bytes.data();
  std::memcpy(p, kMagic, sizeof kMagic);
  store<u32>(p + 16, kFormat);
  store<u32>(p + 20, meta.page_size);
  store<u64>(p + 24, meta.compatible);
  store<u64>(p + 32, meta.read_only_compatible);
  store<u64>(p + 40, meta.incompatible);
  std::memcpy(p + 48, meta.uuid.data(), 16);
  store<u64>(p + 64, meta.sequence);
  store<u64>(p + 72, meta.txn);
  store<u64>(p + 80, meta.page_count);
  store_u48(p + 88, to_u64(meta.catalog.root.page));
  p[94] = meta.catalog.height;
  store<u32>(p + 96, meta.catalog.root.birth);
  store<u32>(p + 100, (meta.clean ? kFlagClean : 0) | (meta.log_expected ? kFlagLogExpected : 0));
  store<u64>(p + 104, meta.catalog.count);
  store<u64>(p + 112, meta.replay_lsn);
  store<u64>(p + 120, meta.log_epoch);
  store<u64>(p + 128, meta.log_stride);
  store<u64>(p + 136, geometry.group_count(meta.page_count));
  std::memcpy(p + 144, meta.hash_key.data(), 16);
  store<i64>(p + 160, meta.created_us);
  store<i64>(p + 168, meta.commit_time_us);
  store<u64>(p + 176, meta.kept);
  for (u64 g = 0; g < meta.active.size(); ++g) {
    if (meta.active[g]) p[kMetaHeaderSize + g / 8] |= static_cast<u8>(1u << (g % 8));
  }
  store<u64>(p + 8, hash64(p + 16, bytes.size() - 16, 0));
  const u32 pair = (meta.sequence & 1) != 0 ? 2 : 0;
  file.write(geometry.meta_offset(pair), bytes.data(), bytes.size());
  SAPWOOD_FAIL_POINT("meta.half_written");
  file.write(geometry.meta_offset(pair + 1), bytes.data(), bytes.size());
}

std::string uuid_text(const std::array<u8, 16>& uuid) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const u8 byte : uuid) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace sapwood::storage
