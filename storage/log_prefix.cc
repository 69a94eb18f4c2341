#include "storage/log_prefix.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "storage/log_format.h"
#include "storage/value_runs.h"

namespace sapwood::storage {
namespace {

struct Segment {
  std::optional<SegmentHeader> header;
  std::vector<u8> bytes;  // as much of it as the file holds
  u64 keep = 0;           // bytes from its start that stay

  Lsn end_kept() const { return header->start + keep; }
};

Segment read_segment(os::File& log, u64 offset, const Meta& meta) {
  Segment segment;
  u8 header[kSegmentHeaderSize];
  if (log.read(offset, header, sizeof header) < sizeof header) return segment;
  segment.header = decode_segment_header(header);
  const bool ours = segment.header && segment.header->uuid == meta.uuid && segment.header->epoch == meta.log_epoch &&
                    segment.header->size <= meta.log_stride;
  if (!ours) {
    segment.header.reset();
    return segment;
  }
  const u64 file_size = log.size();
  segment.bytes.resize(offset < file_size ? std::min(segment.header->size, file_size - offset) : 0);
  segment.bytes.resize(log.read(offset, segment.bytes.data(), segment.bytes.size()));
  return segment;
}

// Moves `keep`, which is at a record's start, behind the whole records that follow transaction `txn`.
void keep_records(Segment& segment, os::File& data, const Geometry& geometry, TxnId& txn) {
  while (const std::optional<Record> record = decode_record(segment.bytes, segment.keep, *segment.header)) {
    if (record->header.txn != txn + 1 || !ValueRuns(data, geometry, record->runs).are_whole()) return;
    segment.keep += record->size();
    txn = record->header.txn;
  }
}

void zero(os::File& log, u64 from, u64 to) {
  const std::vector<u8> zeros(64 << 10);
  while (from < to) {
    const u64 size = std::min<u64>(to - from, zeros.size());
    log.write(from, zeros.data(), size);
    from += size;
  }
}

}  // namespace

bool keep_log_prefix(os::File& log, os::File& data, const Meta& meta) {
  if (meta.log_stride < kMinLogSize || meta.log_stride > kMaxLogStride) return false;
  Segment segments[2] = {read_segment(log, 0, meta), read_segment(log, meta.log_stride, meta)};
  const Geometry geometry(meta.page_size);
  TxnId txn = meta.txn;
  bool found = false;
  const bool ordered =
      !segments[1].header || (segments[0].header && segments[0].header->start >= segments[1].header->start);
  for (const u32 s : {ordered ? 0u : 1u, ordered ? 1u : 0u}) {  // the later one first: the other one ended there
    Segment& first = segments[s];
    if (found || !first.header || meta.replay_lsn < first.header->start) continue;
    const u64 offset = std::max<u64>(meta.replay_lsn - first.header->start, kSegmentHeaderSize);
    if (offset > first.bytes.size()) continue;
    found = true;
    first.keep = offset;
    keep_records(first, data, geometry, txn);
    Segment& next = segments[1 - s];
    if (next.header && next.header->start == first.end_kept()) {
      next.keep = kSegmentHeaderSize;
      keep_records(next, data, geometry, txn);
    }
  }
  if (!found) return false;
  for (u32 s = 0; s < 2; ++s) {
    const u64 start = s * meta.log_stride;
    zero(log, start + segments[s].keep, std::max(start + segments[s].keep, start + segments[s].bytes.size()));
  }
  return true;
}

}  // namespace sapwood::storage
