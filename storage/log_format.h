// Encoding, decoding and scanning of the redo log's bytes; the tables stand in redo_log.h.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "storage/redo_log.h"

namespace sapwood::storage {

struct SegmentHeader {
  std::array<u8, 16> uuid{};
  u64 epoch = 0;
  Lsn start = 0;
  u64 salt = 0;
  u64 size = 0;
};

struct RecordHeader {
  u32 body_size = 0;
  u32 delta_size = 0;
  u32 runs_size = 0;
  RecordKind kind = RecordKind::commit;
  Lsn lsn = 0;
  TxnId txn = 0;
  Lsn durable = 0;
  i64 commit_time_us = 0;
};

void encode_segment_header(u8* to, const SegmentHeader& header);
// nullopt if magic, checksum or size is not right.
std::optional<SegmentHeader> decode_segment_header(const u8* from);

// Writes the header of the record whose body stands behind it, both checksums included.
void encode_record_header(u8* record, const RecordHeader& header, u64 salt);

// A record whose header and body are whole. `operations`, `delta` (see space_delta.h) and `runs` (see value_runs.h)
// point into the bytes that were scanned.
struct Record {
  RecordHeader header;
  Bytes operations;
  Bytes delta;
  Bytes runs;

  // Bytes from its start to the next record's.
  u64 size() const;
};

// The header of the record at `offset` of a segment, if one with that lsn is there and whole; its body may be cut off.
std::optional<RecordHeader> decode_record_header(std::span<const u8> segment, u64 offset, const SegmentHeader& header);

// The record at `offset` of a segment, if one with that lsn is there and whole. Without `verify_body` its body counts
// as whole: a process that lives, or lived until a kill, wrote it, and the system has it.
std::optional<Record> decode_record(std::span<const u8> segment, u64 offset, const SegmentHeader& header,
                                    bool verify_body = true);

// What the log holds from `replay_lsn` on, in order. The bytes live as long as this.
struct LogScan {
  std::vector<u8> bytes[2];
  std::vector<Record> records;
  bool found_start = false;  // a segment that covers replay_lsn is there
  Lsn end = 0;               // one past the last record
};

// Reads the whole log. Throws corrupt if something durable is missing: a gap below a later record's durable lsn, an
// unknown record kind; `txn` is the meta's, which the first record follows.
LogScan scan_log(os::File& file, const LogIdentity& identity, Lsn replay_lsn, TxnId txn);

// Whose log a file is, for a log that the meta does not expect.
enum class LogOwner { foreign, ours_empty, ours };
LogOwner inspect_log(os::File& file, const std::array<u8, 16>& uuid, u64 stride);

}  // namespace sapwood::storage
