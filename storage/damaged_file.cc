#include "storage/damaged_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/lock_file.h"
#include "storage/log_format.h"

namespace sapwood::storage {
namespace {

bool is_node_type(PageType type) {
  return type == PageType::branch || type == PageType::leaf || type == PageType::fixed_leaf;
}

// Whether the header at `page` is one of a page with that number.
bool looks_like_page(const u8* page, PageNo number) {
  const PageType type = PageHeader::type(page);
  return PageHeader::page(page) == number && (type == PageType::bitmap || is_node_type(type));
}

std::unique_ptr<os::File> open_for_reading(os::Env& env, const std::string& path) {
  std::unique_ptr<os::File> file = env.files().open(path, {.write = false});
  if (!file->try_lock(kReadLock, os::LockKind::shared) || file->is_locked_elsewhere(kUseLock)) {
    throw Error(ErrorCode::in_use, path + " is open for writing elsewhere; close it there before it is repaired");
  }
  return file;
}

// Nothing if no slot is whole. Throws newer_format.
std::optional<MetaSlots> read_whole_metas(os::File& file) {
  try {
    return read_metas(file);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::not_a_database) throw;
    return std::nullopt;
  }
}

// The page size under which most pages carry their own number.
u32 guess_page_size(os::File& file, const u8* data) {
  u32 best = 0;
  u64 most = 0;
  for (u32 size = kMinPageSize; size <= kMaxPageSize; size *= 2) {
    const Geometry geometry(size);
    u64 hits = 0;
    for (u64 page = geometry.first_page; page < file.size() / size; ++page) {
      hits += looks_like_page(data + page * size, PageNo{page}) ? 1 : 0;
    }
    if (hits > most) {
      most = hits;
      best = size;
    }
  }
  if (best == 0) {
    throw Error(ErrorCode::not_a_database,
                file.path() + " has neither a meta nor a page of a Sapwood database; nothing can be saved from it");
  }
  return best;
}

// What may be the file's uuid, from damaged meta slots and from the log.
std::vector<std::array<u8, 16>> possible_uuids(os::Env& env, os::File& file, const Geometry& geometry) {
  std::vector<std::array<u8, 16>> uuids;
  std::array<u8, 16> uuid;
  for (u32 slot = 0; slot < 4; ++slot) {
    if (file.read(geometry.meta_offset(slot) + 48, uuid.data(), uuid.size()) == uuid.size()) uuids.push_back(uuid);
  }
  const std::string log_path = file.path() + "-log";
  if (!env.files().exists(log_path)) return uuids;
  u8 header[kSegmentHeaderSize];
  const std::unique_ptr<os::File> log = env.files().open(log_path, {.write = false});
  if (log->read(0, header, sizeof header) < sizeof header) return uuids;
  if (const std::optional<SegmentHeader> segment = decode_segment_header(header)) uuids.push_back(segment->uuid);
  return uuids;
}

// The seed that the checksum of some page fits.
std::optional<u64> guess_seed(const std::vector<std::array<u8, 16>>& uuids, const u8* data, const Geometry& geometry,
                              u64 page_count) {
  constexpr u64 kMostTried = 4096;
  u64 tried = 0;
  for (u64 page = geometry.first_page; page < page_count && tried < kMostTried; ++page) {
    const u8* bytes = data + geometry.offset_of(PageNo{page});
    if (!looks_like_page(bytes, PageNo{page})) continue;
    ++tried;
    for (const std::array<u8, 16>& uuid : uuids) {
      const u64 seed = hash64(uuid.data(), uuid.size(), 0);
      if (PageHeader::checksum(bytes) == page_checksum(bytes, geometry.page_size, PageNo{page}, seed)) return seed;
    }
  }
  return std::nullopt;
}

}  // namespace

DamagedFile::DamagedFile(os::Env& env, const std::string& path, VerifyNode verify_node)
    : file_(open_for_reading(env, path)),
      geometry_(kDefaultPageSize),
      map_(file_->map(std::max<u64>(1, file_->size()))) {
  bool maybe_newer = false;
  if (std::optional<MetaSlots> slots = read_whole_metas(*file_)) {
    meta_ = std::move(slots->newest);
    expects_log_ = meta_->log_expected;
    maybe_newer = slots->other_damaged;
  }
  geometry_ = Geometry(meta_ ? meta_->page_size : guess_page_size(*file_, map_->data()));
  page_count_ = std::min(file_->size() >> geometry_.page_shift, geometry_.max_pages());
  verified_ = env.reserve_memory((page_count_ + 1) * sizeof(std::atomic<u32>));
  const std::optional<u64> seed =
      meta_ ? meta_->checksum_seed()
            : guess_seed(possible_uuids(env, *file_, geometry_), map_->data(), geometry_, page_count_);
  space_.base = map_->data();
  space_.verified = reinterpret_cast<std::atomic<u32>*>(verified_->mutable_data());
  space_.page_size = geometry_.page_size;
  space_.page_shift = geometry_.page_shift;
  space_.checksum_seed = seed.value_or(0);
  space_.verify_checksums = seed.has_value();
  space_.verify_node = verify_node;
  if (meta_ && maybe_newer && has_newer_bitmap()) meta_.reset();
  find_bitmaps();
}

// Whether a checkpoint after the one of the meta has left its mark.
bool DamagedFile::has_newer_bitmap() const {
  for (u64 group = 0; group < geometry_.group_count(page_count_); ++group) {
    for (u32 copy = 0; copy < 2; ++copy) {
      if (!is_sound_bitmap(group, copy)) continue;
      if (PageHeader::birth(bytes(geometry_.bitmap_page(group, copy))) > meta_->txn) return true;
    }
  }
  return false;
}

bool DamagedFile::is_sound_bitmap(u64 group, u32 copy) const {
  const PageNo page = geometry_.bitmap_page(group, copy);
  if (to_u64(page) >= page_count_) return false;
  const u8* p = bytes(page);
  return PageHeader::type(p) == PageType::bitmap && PageHeader::page(p) == page &&
         load<u64>(p + kPageHeaderSize) == group && (p[kBitmapHeaderSize] & 3) == 3 &&
         (!space_.verify_checksums ||
          PageHeader::checksum(p) == page_checksum(p, geometry_.page_size, page, space_.checksum_seed));
}

// With a meta its active copies; without one, of the copies that are whole, the one written last.
void DamagedFile::find_bitmaps() {
  bitmaps_.resize(geometry_.group_count(page_count_));
  for (u64 group = 0; group < bitmaps_.size(); ++group) {
    u64 newest = 0;
    for (u32 copy = 0; copy < 2; ++copy) {
      const bool counts = !meta_ || (group < meta_->active.size() && meta_->active[group] == (copy == 1));
      if (!counts || !is_sound_bitmap(group, copy)) continue;
      const u8* p = bytes(geometry_.bitmap_page(group, copy));
      const u64 birth = PageHeader::birth(p);
      if (birth < newest || (meta_ && birth > meta_->txn)) continue;
      newest = birth;
      bitmaps_[group] = p + kBitmapHeaderSize;
    }
  }
}

DamagedFile::Use DamagedFile::use_of(PageNo page) const {
  if (to_u64(page) < geometry_.first_page || (meta_ && to_u64(page) >= meta_->page_count)) return Use::free;
  const u64 group = geometry_.group_of(page);
  if (group >= bitmaps_.size() || bitmaps_[group] == nullptr) return Use::unknown;
  const u64 bit = to_u64(page) - to_u64(geometry_.bitmap_page(group, 0));
  return (bitmaps_[group][bit / 8] >> (bit % 8) & 1) != 0 ? Use::used : Use::free;
}

void DamagedFile::for_each_node(const std::function<void(PageRef ref, const u8* page)>& visit) const {
  const PageReader reader = pages();
  for (u64 number = geometry_.first_page; number < page_count_; ++number) {
    const u8* page = bytes(PageNo{number});
    if (!looks_like_page(page, PageNo{number}) || !is_node_type(PageHeader::type(page))) continue;
    const PageRef ref{PageNo{number}, static_cast<u32>(PageHeader::birth(page))};
    try {
      reader.fetch(ref);
    } catch (const Error&) {
      continue;  // damaged, so no one's
    }
    visit(ref, page);
  }
}

}  // namespace sapwood::storage
