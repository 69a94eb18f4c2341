// The redo log `X-log`: what commits did since the last checkpoint, in two segments. docs/format.md, "Log file".
//
// Segment 0 starts at byte 0 of the file, segment 1 at `stride`. One is active; the other is sealed (a checkpoint that
// makes it needless is running) or free:
//
//   free --switch_segment()--> active --switch_segment()--> sealed --free_sealed()--> free
//
// Segment header, 64 bytes:
//   offset  size  field
//        0     8  magic
//        8    16  uuid           of the data file
//       24     8  epoch          random, new for each log file; the meta holds the same
//       32     8  start lsn      of this header
//       40     8  salt           random, new for each use of the segment
//       48     8  size           bytes of the segment, this header included
//       56     8  checksum       XXH3-64 of bytes [0, 56)
// Record, its size rounded up to 16:
//        0     4  body size      operations and runs
//        4     4  runs size      trailing bytes of the body that tell runs of values (storage/value_runs.h)
//        8     4  kind           RecordKind
//       12     4  body checksum  XXH3-64 of the body, seeded with salt ^ lsn, folded
//       16     8  lsn
//       24     8  txn
//       32     8  durable lsn    known to be on disk when this was written
//       40     8  commit time    microseconds since 1970
//       48     4  delta size     bytes of the body before the runs that tell of space (storage/space_delta.h)
//       52     4  header checksum  XXH3-64 of bytes [0, 52), seeded with the salt, folded
//       56        body
// Invariants of the valid part of a log:
//   G1  each record's lsn is where it stands, and its txn is the previous one's plus 1
//   G2  the first record of a segment follows its header; the next segment's start lsn is the sealed one's end
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "os/file.h"
#include "storage/descriptor.h"

namespace sapwood::storage {

inline constexpr u32 kSegmentHeaderSize = 64;
inline constexpr u32 kRecordHeaderSize = 56;
inline constexpr u32 kRecordAlignment = 16;
inline constexpr u64 kMinLogSize = 4096;
inline constexpr u64 kMaxLogStride = u64{1} << 30;

// Stored; never renumber.
enum class RecordKind : u32 {
  commit = 1,
};

struct Record;

struct LogIdentity {
  std::array<u8, 16> uuid;
  u64 epoch;
  u64 stride;
};

class RedoLog {
 public:
  struct Sizes {
    u64 first;  // bytes of a segment at first
    u64 most;   // and at most; of both no more than the stride counts, which is that of who made the log
  };

  // Makes the file with one active segment that starts at `start`, on disk when this returns, folder entry included. It
  // takes its permissions from the data file. With `stores` records are stored through a map.
  static std::unique_ptr<RedoLog> create(os::Env& env, const std::string& path, const std::string& data_path,
                                         const LogIdentity& identity, Lsn start, const Sizes& sizes, bool stores);

  // Opens the log of `identity` that this or another process made. Then refresh() before anything else.
  static std::unique_ptr<RedoLog> open(os::Env& env, const std::string& path, const LogIdentity& identity,
                                       const Sizes& sizes, bool write, bool stores);
  // Takes over what other processes did to the log: its segments from their headers, `space` bytes of space of each;
  // the next record goes to `end` at the earliest. Throws corrupt.
  void refresh(Lsn end, const std::array<u64, 2>& space);
  // Overwrites the start of what may stand behind the end, on the disk: a record that a process died over, which else
  // could come back in front of the next ones.
  void erase_tail();
  // Calls `visit(const Record&)` for the records from lsn `from` up to `to`, the first of which follows transaction
  // `txn`. False if they are not all there, or do not follow one another; some may have been visited then.
  bool read(Lsn from, Lsn to, TxnId txn, const std::function<void(const Record&)>& visit);

  // Writes what stands from lsn `from` up to `to` again, with the headers of its segments: the next sync is of all
  // that, whatever became of the ones before. Calls `visit(const Record&)` for each record. False if they are not all
  // there, bodies included. Requires: no segment is started or freed meanwhile.
  bool write_again(Lsn from, Lsn to, const std::function<void(const Record&)>& visit);

  // Room for one record of `body_size` bytes in the active segment.
  bool fits(u64 body_size) const;
  // The largest body that a segment of `size` bytes takes beside others; longer transactions commit by checkpoint.
  static u64 max_body(u64 size);
  // True if the active segment should be sealed before much more is written to it.
  bool nearly_full() const;

  // What a record holds behind its operations, and who it is of.
  struct RecordInfo {
    u32 delta_size = 0;
    u32 runs_size = 0;
    TxnId txn = 0;
    i64 commit_time_us = 0;
    Lsn durable = 0;
  };
  // Writes a record; its end is the result. `record` begins with kRecordHeaderSize bytes of room for the header, and is
  // padded here. `synced_next`: by a call, since a sync of stores costs twice one of a write. Requires: fits(). After a
  // throw the log must not be written again.
  Lsn append(std::string& record, const RecordInfo& info, bool synced_next);

  // Makes the free segment active, starting where the active one ends, which becomes sealed. Grows it if `fast` and the
  // disk allows. Requires: has_free_segment(). Throws disk_full and changes nothing; after io the file may have its
  // header or not.
  void switch_segment(bool fast);
  bool has_free_segment() const { return !sealed_; }
  // The active segment is found after a crash from now on, whatever of its records is on the disk. Not their sync: what
  // the sealed segment holds may never be needed on the disk.
  void keep_active_start();
  // Overwrites the sealed segment's header on the disk: its records never count again.
  void free_sealed();

  void sync() {
    file_->sync();
    syncs_.fetch_add(1, std::memory_order_relaxed);
  }
  u64 syncs() const { return syncs_.load(std::memory_order_relaxed); }  // any thread
  Lsn end() const { return active().start + active().used; }
  Lsn active_start() const { return active().start; }
  u64 active_used() const { return active().used; }
  u64 active_size() const { return active().size; }
  u64 space(u32 segment) const { return segments_[segment].size; }  // bytes

 private:
  struct Segment {
    u64 size = 0;  // bytes that have space on the disk
    Lsn start = 0;
    u64 used = 0;
    u64 salt = 0;
  };

  RedoLog(os::Env& env, std::unique_ptr<os::File> file, const LogIdentity& identity, const Sizes& sizes);
  const Segment& active() const { return segments_[active_]; }
  void start_segment(u32 number, Lsn start);
  std::array<u8, kSegmentHeaderSize> header_of(const Segment& segment) const;
  void write_through(u32 number, const std::array<u8, kSegmentHeaderSize>& header);
  void zero_fill(u32 number, u64 size);
  void extend(u32 number, u64 size);
  void put(u64 offset, const std::string& record, bool synced_next);
  std::optional<u32> segment_at(Lsn lsn) const;
  std::optional<Record> record_at(Lsn& at, bool verify_body);
  std::span<const u8> bytes_of_segment(u32 number);

  os::Env& env_;
  std::unique_ptr<os::File> file_;
  std::unique_ptr<os::Mapping> map_;   // for stores; null if records go through calls
  std::unique_ptr<os::Mapping> view_;  // for reading; null until it is needed
  LogIdentity identity_;
  Sizes sizes_;
  // Which segment is what: changes under the writer's place and this mutex, so that either will do for looking.
  mutable std::mutex mutex_;
  Segment segments_[2];
  u32 active_ = 0;
  std::atomic<bool> sealed_ = false;
  std::atomic<u64> syncs_ = 0;
};

}  // namespace sapwood::storage
