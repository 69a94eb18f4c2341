// What a database tells about itself: Database::info().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sapwood {

// How the last open went. All zero if the file had been closed cleanly.
struct RecoveryInfo {
  bool recovered = false;
  std::uint64_t records = 0;  // commits replayed from the redo log
  std::uint64_t log_bytes = 0;
  std::int64_t scan_us = 0;
  std::int64_t replay_us = 0;
  std::int64_t checkpoint_us = 0;
};

// A process that has the file open, as it told itself when it opened it.
struct ProcessInfo {
  std::uint32_t id = 0;       // as that process sees it: in another pid namespace it may be another one's
  std::string command;        // name of the program, without path and arguments
  std::int64_t since_us = 0;  // 1970, UTC
  bool is_self = false;
};

// Who has the writer's place: a write transaction, or for moments a checkpoint or another look at the file.
struct WriterInfo {
  ProcessInfo process;
  std::optional<std::int64_t> open_us;  // for how long; nullopt if it began or ended just now
};

// A read transaction, or a range of a handle without one. Also, with no `open_us`, a single call of such a handle.
struct ReaderInfo {
  std::uint64_t txn = 0;  // the commit that it sees
  ProcessInfo process;
  std::optional<std::int64_t> open_us;  // for how long it has been open
  // Pages pending for readers of that commit only: free once all of these have ended. At least so many: a process that
  // opened the file after that reader knows what was noted at the last checkpoint. nullopt: none was noted.
  std::optional<std::uint64_t> held_pages;
};

// A version with a name, which stays until it is dropped: Database::snapshot().
struct SnapshotInfo {
  std::string name;
  std::uint64_t txn = 0;            // the commit that it is
  std::int64_t commit_time_us = 0;  // of that commit; since 1970, UTC
  std::uint64_t held_pages = 0;     // that dropping it makes free: neither the newest version nor another one has them
};

// What Database::compact() did.
struct CompactReport {
  std::uint64_t bytes_before = 0;  // of the file
  std::uint64_t bytes_after = 0;
  std::uint64_t pages_written = 0;
};

struct Info {
  std::string path;  // empty for a temporary database
  std::string uuid;  // 32 hexadecimal digits
  std::uint32_t page_size = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t page_count = 0;
  // The commit that the next three are of. Older than `txn` while others write; 0: not known, and they are 0, since
  // this process has just opened the file and another one's write transaction is open.
  std::uint64_t space_txn = 0;
  std::uint64_t live_pages = 0;     // part of that version
  std::uint64_t pending_pages = 0;  // dead, but an open snapshot or the last checkpoint may need them
  std::uint64_t free_pages = 0;
  std::uint64_t collections = 0;         // with names
  std::uint64_t nested_collections = 0;  // in others, at any depth
  // Dropped with all that was in them, and not yet free: each commit frees some of it.
  std::uint64_t dropped_collections = 0;
  std::uint64_t txn = 0;  // newest visible commit
  std::uint64_t checkpoint_txn = 0;
  std::uint64_t checkpoints = 0;  // since open
  std::uint64_t log_bytes = 0;    // used in the active segment of the redo log, as of `space_txn`
  std::uint64_t log_segment_bytes = 0;
  std::int64_t created_us = 0;  // since 1970, UTC
  bool read_only = false;
  // Of all processes that share the file, this one included: 64 at most, and 1,024 readers.
  std::vector<ProcessInfo> processes;  // the one that opened it first comes first
  std::optional<WriterInfo> writer;
  std::vector<ReaderInfo> readers;  // oldest commit first
  RecoveryInfo recovery;
};

}  // namespace sapwood
