#include "storage/log_format.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "storage/value_runs.h"

namespace sapwood::storage {
namespace {

constexpr char kLogMagic[8] = {'S', 'A', 'P', 'W', 'L', 'O', 'G', '1'};

u64 record_size(u64 body_size) {
  return (kRecordHeaderSize + body_size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

struct Place {
  u32 segment;
  u64 offset;
};

[[noreturn]] void throw_corrupt_log(const os::File& file, Lsn lsn, const std::string& what) {
  throw Error(ErrorCode::corrupt, file.path() + " is damaged at log position " + std::to_string(lsn) + ": " + what +
                                      "; restore both files from a copy");
}

// The known-durable position that the records behind `from` tell, 0 if there is none. They have no right order.
Lsn durable_behind(const std::vector<u8>& segment, const SegmentHeader& header, u64 from) {
  Lsn durable = 0;
  for (u64 offset = from; offset + kRecordHeaderSize <= segment.size(); offset += kRecordAlignment) {
    if (const std::optional<RecordHeader> record = decode_record_header(segment, offset, header)) {
      durable = std::max(durable, record->durable);
    }
  }
  return durable;
}

}  // namespace

void encode_segment_header(u8* to, const SegmentHeader& header) {
  std::memcpy(to, kLogMagic, 8);
  std::memcpy(to + 8, header.uuid.data(), 16);
  store<u64>(to + 24, header.epoch);
  store<u64>(to + 32, header.start);
  store<u64>(to + 40, header.salt);
  store<u64>(to + 48, header.size);
  store<u64>(to + 56, hash64(to, 56, 0));
}

std::optional<SegmentHeader> decode_segment_header(const u8* from) {
  if (std::memcmp(from, kLogMagic, 8) != 0 || load<u64>(from + 56) != hash64(from, 56, 0)) return std::nullopt;
  SegmentHeader header;
  std::memcpy(header.uuid.data(), from + 8, 16);
  header.epoch = load<u64>(from + 24);
  header.start = load<u64>(from + 32);
  header.salt = load<u64>(from + 40);
  header.size = load<u64>(from + 48);
  if (header.size < kSegmentHeaderSize || header.size > kMaxLogStride) return std::nullopt;
  return header;
}

void encode_record_header(u8* record, const RecordHeader& header, u64 salt) {
  store<u32>(record, header.body_size);
  store<u32>(record + 4, header.runs_size);
  store<u32>(record + 8, static_cast<u32>(header.kind));
  store<u32>(record + 12, hash32(record + kRecordHeaderSize, header.body_size, salt ^ header.lsn));
  store<u64>(record + 16, header.lsn);
  store<u64>(record + 24, header.txn);
  store<u64>(record + 32, header.durable);
  store<i64>(record + 40, header.commit_time_us);
  store<u32>(record + 48, header.delta_size);
  store<u32>(record + 52, hash32(record, 52, salt));
}

std::optional<RecordHeader> decode_record_header(std::span<const u8> segment, u64 offset, const SegmentHeader& header) {
  if (offset > segment.size() || segment.size() - offset < kRecordHeaderSize) return std::nullopt;
  const u8* p = segment.data() + offset;
  if (load<u64>(p + 16) != header.start + offset) return std::nullopt;
  if (load<u32>(p + 52) != hash32(p, 52, header.salt)) return std::nullopt;
  RecordHeader record;
  record.body_size = load<u32>(p);
  record.runs_size = load<u32>(p + 4);
  record.kind = static_cast<RecordKind>(load<u32>(p + 8));
  record.lsn = load<u64>(p + 16);
  record.txn = load<u64>(p + 24);
  record.durable = load<u64>(p + 32);
  record.commit_time_us = load<i64>(p + 40);
  record.delta_size = load<u32>(p + 48);
  return record;
}

std::optional<Record> decode_record(std::span<const u8> segment, u64 offset, const SegmentHeader& header,
                                    bool verify_body) {
  const std::optional<RecordHeader> record = decode_record_header(segment, offset, header);
  if (!record || record->body_size > segment.size() - offset - kRecordHeaderSize) return std::nullopt;
  if (record->runs_size > record->body_size || record->runs_size % kValueRunBytes != 0) return std::nullopt;
  if (record->delta_size > record->body_size - record->runs_size) return std::nullopt;
  const u8* p = segment.data() + offset;
  const u8* body = p + kRecordHeaderSize;
  if (verify_body && load<u32>(p + 12) != hash32(body, record->body_size, header.salt ^ record->lsn)) {
    return std::nullopt;
  }
  const u32 runs = record->body_size - record->runs_size;
  const u32 delta = runs - record->delta_size;
  return Record{*record, bytes_of(body, delta), bytes_of(body + delta, record->delta_size),
                bytes_of(body + runs, record->runs_size)};
}

u64 Record::size() const { return record_size(header.body_size); }

namespace {

// Both segments as read, and where a position stands.
struct Segments {
  std::optional<SegmentHeader> headers[2];

  // The segment whose bytes cover `lsn`: of two, the one that starts later, since the other one ended there.
  std::optional<Place> locate(Lsn lsn) const {
    std::optional<Place> place;
    for (u32 s = 0; s < 2; ++s) {
      if (!headers[s] || lsn < headers[s]->start || lsn - headers[s]->start > headers[s]->size) continue;
      if (place && headers[s]->start < headers[place->segment]->start) continue;
      place = Place{s, std::max<u64>(lsn - headers[s]->start, kSegmentHeaderSize)};
    }
    return place;
  }
};

// The bytes of a segment that the file holds. A size that the file cannot have allocates nothing.
std::vector<u8> read_segment(os::File& file, u64 offset, const SegmentHeader& header) {
  const u64 file_size = file.size();
  std::vector<u8> bytes(offset < file_size ? std::min(header.size, file_size - offset) : 0);
  bytes.resize(file.read(offset, bytes.data(), bytes.size()));
  return bytes;
}

Segments read_segments(os::File& file, const LogIdentity& identity, LogScan& scan) {
  Segments segments;
  for (u32 s = 0; s < 2; ++s) {
    u8 bytes[kSegmentHeaderSize];
    if (file.read(s * identity.stride, bytes, sizeof bytes) < sizeof bytes) continue;
    const std::optional<SegmentHeader> header = decode_segment_header(bytes);
    if (!header || header->uuid != identity.uuid || header->epoch != identity.epoch) continue;
    if (header->size > identity.stride) continue;
    scan.bytes[s] = read_segment(file, s * identity.stride, *header);
    segments.headers[s] = header;
  }
  return segments;
}

}  // namespace

LogScan scan_log(os::File& file, const LogIdentity& identity, Lsn replay_lsn, TxnId txn) {
  LogScan scan;
  const Segments segments = read_segments(file, identity, scan);
  std::optional<Place> place = segments.locate(replay_lsn);
  scan.found_start = place.has_value();
  if (!place) return scan;
  Lsn at = segments.headers[place->segment]->start + place->offset;
  for (;;) {
    const SegmentHeader& header = *segments.headers[place->segment];
    std::optional<Record> record = decode_record(scan.bytes[place->segment], place->offset, header);
    if (record && record->header.txn == txn + 1) {
      if (record->header.kind != RecordKind::commit) {
        throw Error(ErrorCode::newer_format,
                    file.path() + " holds records of an unknown kind; update Sapwood to open it");
      }
      place->offset += record->size();
      at = header.start + place->offset;
      txn = record->header.txn;
      scan.records.push_back(*record);
      continue;
    }
    const std::optional<SegmentHeader>& other = segments.headers[1 - place->segment];
    const std::vector<u8>& other_bytes = scan.bytes[1 - place->segment];
    Lsn durable = durable_behind(scan.bytes[place->segment], header, place->offset);
    if (other && other->start > at) {
      durable = std::max(durable, durable_behind(other_bytes, *other, kSegmentHeaderSize));
    }
    if (durable > at) throw_corrupt_log(file, at, "a record is missing that later ones say was on the disk");
    if (other && other->start == at) {
      place = Place{1 - place->segment, kSegmentHeaderSize};
      at = other->start + kSegmentHeaderSize;
      continue;
    }
    scan.end = at;
    return scan;
  }
}

// True if a crash while our log was made can have left these first bytes: nothing, or a header cut off.
bool is_unfinished_header(const u8* bytes, const std::array<u8, 16>& uuid) {
  u8 ours[kSegmentHeaderSize];
  encode_segment_header(ours, {.uuid = uuid});
  constexpr std::size_t kKnown = 24;  // magic and uuid; what follows is random or depends on the state
  const std::size_t same = static_cast<std::size_t>(std::mismatch(ours, ours + kKnown, bytes).first - ours);
  if (same == kKnown) return bytes[kSegmentHeaderSize - 1] == 0;
  return std::all_of(bytes + same, bytes + kSegmentHeaderSize, [](u8 byte) { return byte == 0; });
}

LogOwner inspect_log(os::File& file, const std::array<u8, 16>& uuid, u64 stride) {
  u8 first[kSegmentHeaderSize] = {};
  file.read(0, first, sizeof first);
  LogOwner owner = is_unfinished_header(first, uuid) ? LogOwner::ours_empty : LogOwner::foreign;
  // The stride of a log that the meta does not know: segment 0 tells whose it is; segment 1 only if the stride is
  // known.
  for (const u64 offset : {u64{0}, stride}) {
    u8 bytes[kSegmentHeaderSize];
    if (file.read(offset, bytes, sizeof bytes) < sizeof bytes) continue;
    const std::optional<SegmentHeader> header = decode_segment_header(bytes);
    if (!header || header->uuid != uuid) continue;
    if (owner == LogOwner::foreign) owner = LogOwner::ours_empty;
    if (decode_record(read_segment(file, offset, *header), kSegmentHeaderSize, *header)) owner = LogOwner::ours;
  }
  return owner;
}

}  // namespace sapwood::storage
