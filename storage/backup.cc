#include "storage/backup.h"

#include <array>
#include <cstring>
#include <mutex>
#include <span>
#include <vector>

#include "storage/bitmap_page.h"
#include "storage/engine_impl.h"
#include "storage/meta.h"

namespace sapwood::storage {
namespace {

constexpr u64 kPieceBytes = 1 << 20;
constexpr char kIncrementMagic[8] = {'S', 'A', 'P', 'W', 'I', 'N', 'C', 'R'};
constexpr u32 kIncrementVersion = 1;
constexpr std::size_t kHeaderSize = 160;
constexpr std::size_t kPieceHeaderSize = 24;

// Hands pages on in pieces of neighbours: as they lie in the map, or copied if one has no checksum yet.
class PieceCopier {
 public:
  using Take = std::function<void(PageNo first, std::span<const u8> bytes)>;

  PieceCopier(const BackupSource& source, Take take)
      : source_(source), pages_(source.engine.impl().pages), take_(std::move(take)) {
    page_size_ = pages_.space()->page_size;
    most_ = std::max<u64>(kPieceBytes / page_size_, 1);
  }

  u64 run() {
    const BackupPages& wanted = source_.pages;
    for (u64 page = 0; page < wanted.nodes.page_count(); ++page) {
      const bool is_node = wanted.nodes.contains(PageNo{page});
      if (!is_node && !wanted.runs.contains(PageNo{page})) {
        hand_on();
        continue;
      }
      if (count_ == 0) first_ = PageNo{page};
      ++count_;
      if (is_node) check(PageNo{page});
      if (count_ == most_) hand_on();
    }
    hand_on();
    return pieces_;
  }

 private:
  bool is_summed(const u8* page) const { return PageHeader::birth(page) <= source_.summed; }
  u32 sum(const u8* page, PageNo number) const {
    return page_checksum(page, page_size_, number, pages_.space()->checksum_seed);
  }

  void check(PageNo page) {
    const u8* const bytes = pages_.bytes(page);
    if (!is_summed(bytes)) {
      is_as_it_is_ = false;
      return;
    }
    check_format(PageHeader::checksum(bytes) == sum(bytes, page), page, "bad checksum; run check on the file");
  }

  // A checkpoint may be storing checksums in the map meanwhile.
  std::span<const u8> copy() {
    copy_.resize(most_ * page_size_);
    for (u64 i = 0; i < count_; ++i) {
      const PageNo page = first_ + i;
      const u8* const from = pages_.bytes(page);
      u8* const to = copy_.data() + i * page_size_;
      if (!source_.pages.nodes.contains(page) || is_summed(from)) {
        std::memcpy(to, from, page_size_);
        continue;
      }
      PageHeader::copy_page(to, from, page_size_);
      store<u32>(to, sum(to, page));
    }
    return {copy_.data(), count_ * page_size_};
  }

  void hand_on() {
    if (count_ == 0) return;
    take_(first_, is_as_it_is_ ? std::span(pages_.bytes(first_), count_ * page_size_) : copy());
    ++pieces_;
    done_ += count_;
    count_ = 0;
    is_as_it_is_ = true;
    if (source_.progress && !source_.progress(done_, source_.pages.size())) {
      throw Error(ErrorCode::cancelled, "the backup was cancelled");
    }
  }

  const BackupSource& source_;
  PageFile& pages_;
  Take take_;
  u32 page_size_;
  u64 most_;
  PageNo first_{0};  // the piece being gathered
  u64 count_ = 0;
  bool is_as_it_is_ = true;
  std::vector<u8> copy_;
  u64 pieces_ = 0;
  u64 done_ = 0;
};

Meta meta_of(Engine::Impl& engine) {
  const std::lock_guard lock(engine.checkpoint_mutex);
  return engine.meta;
}

// What the meta of a closed file of that version says.
Meta closed_meta(const Meta& of, const Descriptor& version, u64 page_count) {
  Meta meta = of;
  meta.sequence = of.sequence + 1;
  meta.read_only_compatible = 0;
  meta.txn = version.txn;
  meta.page_count = page_count;
  meta.catalog = version.catalog;
  meta.commit_time_us = version.commit_time_us;
  meta.kept = 0;
  meta.clean = true;
  meta.log_expected = false;
  meta.replay_lsn = 0;
  meta.log_epoch = 0;
  meta.log_stride = 0;
  meta.active.assign(Geometry(of.page_size).group_count(page_count), false);
  return meta;
}

// What tells one version of a file from all others.
struct VersionMark {
  TxnId txn = 0;
  i64 commit_time_us = 0;
  CatalogRoot catalog;
  u64 page_count = 0;

  void put(u8* p) const {
    store<u64>(p, txn);
    store<i64>(p + 8, commit_time_us);
    store<u64>(p + 16, page_count);
    store<u64>(p + 24, catalog.count);
    store_u48(p + 32, to_u64(catalog.root.page));
    p[38] = catalog.height;
    store<u32>(p + 40, catalog.root.birth);
  }
  static VersionMark get(const u8* p) {
    VersionMark mark;
    mark.txn = load<u64>(p);
    mark.commit_time_us = load<i64>(p + 8);
    mark.page_count = load<u64>(p + 16);
    mark.catalog.count = load<u64>(p + 24);
    mark.catalog.root = PageRef{PageNo{load_u48(p + 32)}, load<u32>(p + 40)};
    mark.catalog.height = p[38];
    return mark;
  }
  bool is_version(const Meta& meta) const {
    return txn == meta.txn && commit_time_us == meta.commit_time_us && catalog == meta.catalog;
  }
};
VersionMark mark_of(const Descriptor& version) {
  return {version.txn, version.commit_time_us, version.catalog, version.page_count};
}

[[noreturn]] void throw_damaged(const os::File& increment, const std::string& what) {
  throw Error(ErrorCode::corrupt, increment.path() + " is damaged: " + what + "; make the backup again");
}

void read_exactly(os::File& from, u64 offset, void* to, std::size_t size) {
  if (from.read(offset, to, size) != size) throw_damaged(from, "it is cut off");
}

u64 piece_checksum(const u8* header, std::span<const u8> bytes) {
  return hash64(bytes.data(), bytes.size(), hash64(header, 16, 0));
}

}  // namespace

void write_backup(const BackupSource& source, os::File& to) {
  Engine::Impl& engine = source.engine.impl();
  const Geometry& geometry = engine.geometry;
  Allocator allocator(geometry);
  u64 page_count = source.pages.nodes.page_count();
  if (!geometry.is_page_count(page_count)) ++page_count;
  allocator.grow(page_count);
  PieceCopier(source, [&](PageNo first, std::span<const u8> bytes) {
    const u64 offset = geometry.offset_of(first);
    allocator.load_live(Extent{first, static_cast<u32>(bytes.size() >> geometry.page_shift)});
    to.write(offset, bytes.data(), bytes.size());
    to.start_write_back(offset, bytes.size());
  }).run();

  const Meta meta = closed_meta(meta_of(engine), source.version, allocator.live_end());
  std::vector<u8> bitmap(geometry.page_size);
  for (u64 group = 0; group < meta.active.size(); ++group) {
    const PageNo page = geometry.bitmap_page(group, 0);
    build_bitmap_page(bitmap.data(), geometry, page, meta.txn, allocator.group_bits(group), meta.checksum_seed());
    to.write(geometry.offset_of(page), bitmap.data(), bitmap.size());
  }
  to.truncate(meta.page_count << geometry.page_shift);
  write_meta(to, meta);
  to.sync();  // it has its name only after this
}

// Header: magic, checksum of bytes [16, 160), version u32, page size u32, uuid (16 bytes), base (44 bytes), 4 bytes 0,
// target (44 bytes), 4 bytes 0, pieces u64, pages u64, 8 bytes 0. Piece: first page u64, pages u64, checksum u64,
// pages.
void write_increment(const BackupSource& source, const Descriptor& base, os::File& to) {
  const Meta meta = meta_of(source.engine.impl());
  u64 at = kHeaderSize;
  const u64 pieces = PieceCopier(source, [&](PageNo first, std::span<const u8> bytes) {
                       u8 header[kPieceHeaderSize];
                       store<u64>(header, to_u64(first));
                       store<u64>(header + 8, bytes.size() / meta.page_size);
                       store<u64>(header + 16, piece_checksum(header, bytes));
                       const std::array<os::WritePart, 2> parts{os::WritePart{header, sizeof header},
                                                                os::WritePart{bytes.data(), bytes.size()}};
                       to.write(at, parts);
                       at += sizeof header + bytes.size();
                       to.start_write_back(at - bytes.size(), bytes.size());
                     }).run();
  u8 header[kHeaderSize] = {};
  std::memcpy(header, kIncrementMagic, sizeof kIncrementMagic);
  store<u32>(header + 16, kIncrementVersion);
  store<u32>(header + 20, meta.page_size);
  std::memcpy(header + 24, meta.uuid.data(), meta.uuid.size());
  mark_of(base).put(header + 40);
  mark_of(source.version).put(header + 88);
  store<u64>(header + 136, pieces);
  store<u64>(header + 144, source.pages.size());
  store<u64>(header + 8, hash64(header + 16, sizeof header - 16, 0));
  to.write(0, header, sizeof header);
  to.sync();
}

void apply_increment(os::File& increment, os::File& database, const Progress& progress) {
  u8 header[kHeaderSize];
  const bool is_whole = increment.read(0, header, sizeof header) == sizeof header;
  if (!is_whole || std::memcmp(header, kIncrementMagic, sizeof kIncrementMagic) != 0) {
    throw Error(ErrorCode::invalid_argument, increment.path() + " is not an incremental backup of Sapwood");
  }
  if (load<u64>(header + 8) != hash64(header + 16, sizeof header - 16, 0)) throw_damaged(increment, "its header");
  if (load<u32>(header + 16) != kIncrementVersion) {
    throw Error(ErrorCode::newer_format,
                increment.path() + " was made by a newer version of Sapwood; update to use it");
  }
  const std::optional<Meta> before = read_metas(database).newest;
  const VersionMark base = VersionMark::get(header + 40);
  const VersionMark target = VersionMark::get(header + 88);
  if (std::memcmp(header + 24, before->uuid.data(), before->uuid.size()) != 0) {
    throw Error(ErrorCode::invalid_argument, increment.path() + " was made of another database than the backup");
  }
  if (!base.is_version(*before)) {
    throw Error(ErrorCode::invalid_argument,
                increment.path() + " follows a backup of commit " + std::to_string(base.txn) + ", and this one is of " +
                    std::to_string(before->txn) + ": give the increments in their order, without leaving one out");
  }
  const Geometry geometry(before->page_size);
  if (load<u32>(header + 20) != before->page_size || target.page_count > geometry.max_pages()) {
    throw_damaged(increment, "its header");
  }
  const u64 total = load<u64>(header + 144);
  u64 done = 0;
  u64 at = kHeaderSize;
  u64 end = before->page_count;
  std::vector<u8> bytes;
  for (u64 left = load<u64>(header + 136); left > 0; --left) {
    u8 piece[kPieceHeaderSize];
    read_exactly(increment, at, piece, sizeof piece);
    const u64 first = load<u64>(piece);
    const u64 count = load<u64>(piece + 8);
    const bool fits = first >= geometry.first_page && count <= std::max<u64>(kPieceBytes / geometry.page_size, 1) &&
                      first <= geometry.max_pages() - count;
    if (!fits) throw_damaged(increment, "a piece of it belongs nowhere");
    bytes.resize(count * geometry.page_size);
    read_exactly(increment, at + sizeof piece, bytes.data(), bytes.size());
    if (load<u64>(piece + 16) != piece_checksum(piece, bytes)) throw_damaged(increment, "bad checksum of a piece");
    database.write(first << geometry.page_shift, bytes.data(), bytes.size());
    at += sizeof piece + bytes.size();
    end = std::max(end, first + count);
    done += count;
    if (progress && !progress(done, total)) throw Error(ErrorCode::cancelled, "restoring was cancelled");
  }
  if (!geometry.is_page_count(end)) ++end;
  Descriptor version;
  version.txn = target.txn;
  version.commit_time_us = target.commit_time_us;
  version.catalog = target.catalog;
  const Meta meta = closed_meta(*before, version, end);
  database.allocate(0, end << geometry.page_shift);
  const std::vector<u8> nothing(geometry.page_size);
  for (u64 group = 0; group < meta.active.size(); ++group) {
    database.write(geometry.offset_of(geometry.bitmap_page(group, 0)), nothing.data(), nothing.size());
  }
  write_meta(database, meta);
}

}  // namespace sapwood::storage
