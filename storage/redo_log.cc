#include "storage/redo_log.h"

#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "storage/log_format.h"

namespace sapwood::storage {
namespace {

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
    // Recognised and removed at the next open.
  }
}

}  // namespace

RedoLog::RedoLog(os::Env& env, std::unique_ptr<os::File> file, const LogIdentity& identity, const Sizes& sizes)
    : env_(env), file_(std::move(file)), identity_(identity), sizes_(sizes) {}

std::unique_ptr<RedoLog> RedoLog::create(os::Env& env, const std::string& path, const LogIdentity& identity, Lsn start,
                                         const Sizes& sizes) {
  std::unique_ptr<os::File> file = env.files().open(path, {.write = true, .create = true, .exclusive = true});
  std::unique_ptr<RedoLog> log(new RedoLog(env, std::move(file), identity, sizes));
  try {
    log->file_->allocate(identity.stride, sizes.first);  // the other segment's space, so that a full disk shows now
    log->zero_fill(0, sizes.first);
    log->start_segment(0, start);
    log->file_->sync();
    env.files().sync_folder_of(path);
  } catch (...) {
    log.reset();
    discard(env, path);
    throw;
  }
  return log;
}

u64 RedoLog::max_body(u64 size) { return std::min<u64>(size / 4, u64{4} << 20) - kRecordHeaderSize - kRecordAlignment; }

bool RedoLog::fits(u64 body_size) const {
  return active().used + round_up(kRecordHeaderSize + body_size) <= active().size;
}

bool RedoLog::nearly_full() const { return !fits(max_body(sizes_.first)); }

Lsn RedoLog::append(std::string& record, TxnId txn, i64 commit_time_us, Lsn durable) {
  SAPWOOD_ASSERT(record.size() >= kRecordHeaderSize && fits(record.size() - kRecordHeaderSize));
  Segment& segment = segments_[active_];
  RecordHeader header;
  header.body_size = static_cast<u32>(record.size() - kRecordHeaderSize);
  header.kind = RecordKind::commit;
  header.lsn = segment.start + segment.used;
  header.txn = txn;
  header.durable = durable;
  header.commit_time_us = commit_time_us;
  record.resize(round_up(record.size()));
  encode_record_header(reinterpret_cast<u8*>(record.data()), header, segment.salt);
  file_->write(active_ * identity_.stride + segment.used, record.data(), record.size());
  segment.used += record.size();
  return segment.start + segment.used;
}

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

void RedoLog::start_segment(u32 number, Lsn start) {
  Segment& segment = segments_[number];
  SegmentHeader header;
  header.uuid = identity_.uuid;
  header.epoch = identity_.epoch;
  header.start = start;
  header.salt = random_u64(env_);
  header.size = segment.size;
  u8 bytes[kSegmentHeaderSize];
  encode_segment_header(bytes, header);
  file_->write(number * identity_.stride, bytes, sizeof bytes);
  segment.start = start;
  segment.salt = header.salt;
  segment.used = kSegmentHeaderSize;
}

void RedoLog::switch_segment(bool fast) {
  SAPWOOD_ASSERT(!sealed_);
  const u32 next = 1 - active_;
  const u64 wanted = fast ? std::min(2 * active().size, sizes_.most) : active().size;
  if (segments_[next].size < wanted) {
    try {
      zero_fill(next, wanted);
    } catch (const Error& error) {
      // A full disk: what is there will do, if it holds a transaction.
      if (error.code() != ErrorCode::disk_full || segments_[next].size < sizes_.first) throw;
    }
  }
  start_segment(next, end());
  active_ = next;
  sealed_ = true;
}

void RedoLog::free_sealed() {
  const u8 zeros[kSegmentHeaderSize] = {};
  file_->write((1 - active_) * identity_.stride, zeros, sizeof zeros);
  file_->sync();
  sealed_ = false;
}

}  // namespace sapwood::storage
