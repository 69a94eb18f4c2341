#include "storage/redo_log.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "storage/log_format.h"

namespace sapwood::storage {
namespace {

constexpr u64 kGrowth = 4;
constexpr u64 kMaxStored = 4096;  // a longer record costs less as a call than the page faults of its stores

constexpr u64 round_up(u64 size) { return (size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment; }

u64 random_u64(os::Env& env) {
  u64 value = 0;
  env.random().fill(&value, sizeof value);
  return value;
}

// Removes a log that never counted.
void discard(os::Env& env, const std::string& path) noexcept {
  try {
    env.files().remove(path);
  } catch (...) {
    // Recognised and removed at the next attempt or the next open.
  }
}

// A new file; a leftover of an attempt that failed and could not be undone goes first.
std::unique_ptr<os::File> make_file(os::Env& env, const std::string& path, const std::string& data_path,
                                    const LogIdentity& identity) {
  const os::OpenFlags flags{.write = true, .create = true, .exclusive = true, .like = data_path};
  try {
    return env.files().open(path, flags);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::exists) throw;
  }
  if (inspect_log(*env.files().open(path, {.write = false}), identity.uuid, identity.stride) == LogOwner::foreign) {
    throw Error(ErrorCode::in_use, path + " is not our log; move it away, then try again");
  }
  env.files().remove(path);
  return env.files().open(path, flags);
}

}  // namespace

RedoLog::RedoLog(os::Env& env, std::unique_ptr<os::File> file, const LogIdentity& identity, const Sizes& sizes)
    : env_(env),
      file_(std::move(file)),
      identity_(identity),
      sizes_{std::min(sizes.first, identity.stride), std::min(sizes.most, identity.stride)} {}

std::unique_ptr<RedoLog> RedoLog::create(os::Env& env, const std::string& path, const std::string& data_path,
                                         const LogIdentity& identity, Lsn start, const Sizes& sizes, bool stores) {
  std::unique_ptr<os::File> file = make_file(env, path, data_path, identity);
  std::unique_ptr<RedoLog> log(new RedoLog(env, std::move(file), identity, sizes));
  try {
    log->file_->allocate(identity.stride, sizes.first);  // the other segment's space, so that a full disk shows now
    log->zero_fill(0, sizes.first);
    log->start_segment(0, start);
    if (stores) log->map_ = log->file_->map_for_stores(identity.stride + sizes.most);
    log->sync();
    env.files().sync_folder_of(path);
  } catch (...) {
    log.reset();
    discard(env, path);
    throw;
  }
  return log;
}

std::unique_ptr<RedoLog> RedoLog::open(os::Env& env, const std::string& path, const LogIdentity& identity,
                                       const Sizes& sizes, bool write, bool stores) {
  std::unique_ptr<os::File> file = env.files().open(path, {.write = write});
  std::unique_ptr<RedoLog> log(new RedoLog(env, std::move(file), identity, sizes));
  if (stores) log->map_ = log->file_->map_for_stores(identity.stride + sizes.most);
  return log;
}

void RedoLog::refresh(Lsn end, const std::array<u64, 2>& space) {
  Segment segments[2];
  bool found[2] = {};
  const u64 file_size = file_->size();
  for (u32 s = 0; s < 2; ++s) {
    const u64 in_file = file_size - std::min(file_size, s * identity_.stride);
    segments[s] = Segment{.size = std::min({space[s], identity_.stride, in_file})};
    u8 bytes[kSegmentHeaderSize];
    if (file_->read(s * identity_.stride, bytes, sizeof bytes) < sizeof bytes) continue;
    const std::optional<SegmentHeader> header = decode_segment_header(bytes);
    if (!header || header->uuid != identity_.uuid || header->epoch != identity_.epoch) continue;
    if (header->size > identity_.stride || s * identity_.stride + header->size > file_size) continue;
    segments[s] = Segment{header->size, header->start, kSegmentHeaderSize, header->salt};
    found[s] = true;
  }
  const u32 newer = found[1] && (!found[0] || segments[1].start > segments[0].start) ? 1 : 0;
  Segment& segment = segments[newer];
  if (end > segment.start) segment.used = std::max<u64>(kSegmentHeaderSize, end - segment.start);
  if (!found[newer] || segment.used > segment.size) {
    throw Error(ErrorCode::corrupt, file_->path() + " is damaged: it does not reach to the newest commit; close " +
                                        "the database in all processes, then open it again, which recovers it");
  }
  const std::lock_guard lock(mutex_);
  std::copy(segments, segments + 2, segments_);
  active_ = newer;
  sealed_ = found[0] && found[1];
}

void RedoLog::erase_tail() {
  const u8 zeros[kRecordHeaderSize] = {};
  const u64 room = std::min<u64>(sizeof zeros, active().size - active().used);
  if (room > 0) file_->write(active_ * identity_.stride + active().used, zeros, room);
  sync();
}

// The segment whose records stand at `lsn`, the one that starts there first.
std::optional<u32> RedoLog::segment_at(Lsn lsn) const {
  const u32 count = sealed_ ? 2 : 1;
  std::optional<u32> found;
  for (u32 i = 0; i < count; ++i) {
    const u32 s = i == 0 ? active_ : 1 - active_;
    if (lsn >= segments_[s].start && lsn <= segments_[s].start + segments_[s].size && !found) found = s;
  }
  return found;
}

std::span<const u8> RedoLog::bytes_of_segment(u32 number) {
  const u64 end = identity_.stride + sizes_.most;
  if (view_ == nullptr) view_ = file_->map(end);
  return {view_->data() + number * identity_.stride, segments_[number].size};
}

// The record at `at`, which moves to where that begins: past the header of a segment.
std::optional<Record> RedoLog::record_at(Lsn& at, bool verify_body) {
  for (;;) {
    const std::optional<u32> s = segment_at(at);
    if (!s) return std::nullopt;
    const Segment& segment = segments_[*s];
    if (at < segment.start + kSegmentHeaderSize) {
      at = segment.start + kSegmentHeaderSize;  // where the other one may start again
      continue;
    }
    const SegmentHeader header{identity_.uuid, identity_.epoch, segment.start, segment.salt, segment.size};
    return decode_record(bytes_of_segment(*s), at - segment.start, header, verify_body);
  }
}

bool RedoLog::read(Lsn from, Lsn to, TxnId txn, const std::function<void(const Record&)>& visit) {
  for (Lsn at = from; at < to;) {
    const std::optional<Record> record = record_at(at, false);
    if (!record || record->header.txn != txn + 1) return false;
    visit(*record);
    ++txn;
    at += record->size();
  }
  return true;
}

bool RedoLog::write_again(Lsn from, Lsn to, const std::function<void(const Record&)>& visit) {
  for (u32 number = 0; number < 2; ++number) {
    if (number != active_ && !sealed_) continue;
    const std::array<u8, kSegmentHeaderSize> header = header_of(segments_[number]);
    file_->write(number * identity_.stride, header.data(), header.size());
  }
  std::string bytes;
  for (Lsn at = from; at < to;) {
    const std::optional<Record> record = record_at(at, true);
    if (!record) return false;
    const u32 number = segment_at(at).value();
    const u64 offset = at - segments_[number].start;
    const std::span<const u8> stored = bytes_of_segment(number).subspan(offset, record->size());
    bytes.assign(stored.begin(), stored.end());
    file_->write(number * identity_.stride + offset, bytes.data(), bytes.size());
    visit(*record);
    at += record->size();
  }
  return true;
}

u64 RedoLog::max_body(u64 size) { return std::min<u64>(size / 4, u64{4} << 20) - kRecordHeaderSize - kRecordAlignment; }

bool RedoLog::fits(u64 body_size) const {
  return active().used + round_up(kRecordHeaderSize + body_size) <= active().size;
}

bool RedoLog::nearly_full() const { return !fits(max_body(sizes_.first)); }

Lsn RedoLog::append(std::string& record, const RecordInfo& info, bool synced_next) {
  SAPWOOD_ASSERT(record.size() >= kRecordHeaderSize && fits(record.size() - kRecordHeaderSize));
  Segment& segment = segments_[active_];
  RecordHeader header;
  header.body_size = static_cast<u32>(record.size() - kRecordHeaderSize);
  header.delta_size = info.delta_size;
  header.runs_size = info.runs_size;
  header.kind = RecordKind::commit;
  header.lsn = segment.start + segment.used;
  header.txn = info.txn;
  header.durable = info.durable;
  header.commit_time_us = info.commit_time_us;
  record.resize(round_up(record.size()));
  encode_record_header(reinterpret_cast<u8*>(record.data()), header, segment.salt);
  put(active_ * identity_.stride + segment.used, record, synced_next);
  segment.used += record.size();
  return segment.start + segment.used;
}

void RedoLog::put(u64 offset, const std::string& record, bool synced_next) {
  if (map_ == nullptr || synced_next || record.size() > kMaxStored) {
    file_->write(offset, record.data(), record.size());
    return;
  }
  file_->about_to_store(offset, record.size());
  std::memcpy(map_->mutable_data() + offset, record.data(), record.size());
  file_->stored(offset, record.size());
}

// Writes zeros, so that a later sync of a record over them is a plain overwrite: on ext4 half the time of one that
// grows the file or fills space that was only allocated.
void RedoLog::zero_fill(u32 number, u64 size) {
  Segment& segment = segments_[number];
  constexpr u64 kPiece = u64{1} << 20;
  const std::vector<u8> zeros(std::min(kPiece, size - segment.size));
  while (segment.size < size) {
    const u64 piece = std::min<u64>(zeros.size(), size - segment.size);
    file_->write(number * identity_.stride + segment.size, zeros.data(), piece);
    segment.size += piece;
  }
}

// A segment that proved too small gets space only: who fills it that fast does not wait for single syncs, and its next
// use finds the blocks written.
void RedoLog::extend(u32 number, u64 size) {
  Segment& segment = segments_[number];
  if (segment.size >= size) return;
  try {
    file_->allocate(number * identity_.stride + segment.size, size - segment.size);
    segment.size = size;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::disk_full) throw;  // what is there will do
  }
}

std::array<u8, kSegmentHeaderSize> RedoLog::header_of(const Segment& segment) const {
  SegmentHeader header;
  header.uuid = identity_.uuid;
  header.epoch = identity_.epoch;
  header.start = segment.start;
  header.salt = segment.salt;
  header.size = segment.size;
  std::array<u8, kSegmentHeaderSize> bytes;
  encode_segment_header(bytes.data(), header);
  return bytes;
}

void RedoLog::start_segment(u32 number, Lsn start) {
  const Segment segment{segments_[number].size, start, kSegmentHeaderSize, random_u64(env_)};
  SAPWOOD_ASSERT(segment.size <= identity_.stride);
  const std::array<u8, kSegmentHeaderSize> bytes = header_of(segment);
  file_->write(number * identity_.stride, bytes.data(), bytes.size());
  const std::lock_guard lock(mutex_);
  sealed_ = number != active_;
  segments_[number] = segment;
  active_ = number;
}

void RedoLog::switch_segment(bool fast) {
  SAPWOOD_ASSERT(!sealed_);
  const u32 next = 1 - active_;
  if (segments_[next].size < sizes_.first) zero_fill(next, sizes_.first);
  extend(next, fast ? std::min(kGrowth * active().size, sizes_.most) : active().size);
  start_segment(next, end());
}

void RedoLog::write_through(u32 number, const std::array<u8, kSegmentHeaderSize>& header) {
  file_->write_through(number * identity_.stride, header.data(), header.size());
  syncs_.fetch_add(1, std::memory_order_relaxed);
}

void RedoLog::keep_active_start() {
  std::unique_lock lock(mutex_);
  const u32 number = active_;
  const std::array<u8, kSegmentHeaderSize> header = header_of(active());
  lock.unlock();
  write_through(number, header);
}

void RedoLog::free_sealed() {
  std::unique_lock lock(mutex_);
  const u32 number = 1 - active_;
  lock.unlock();
  write_through(number, {});
  sealed_ = false;
}

}  // namespace sapwood::storage
