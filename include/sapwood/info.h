// What a database tells about itself: Database::info().
#pragma once

#include <cstdint>
#include <string>

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

struct Info {
  std::string path;  // empty for a temporary database
  std::string uuid;  // 32 hexadecimal digits
  std::uint32_t page_size = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t page_count = 0;
  std::uint64_t live_pages = 0;     // part of the newest version
  std::uint64_t pending_pages = 0;  // dead, but an open snapshot or the last checkpoint may need them
  std::uint64_t free_pages = 0;
  std::uint64_t collections = 0;
  std::uint64_t txn = 0;  // newest visible commit
  std::uint64_t checkpoint_txn = 0;
  std::uint64_t checkpoints = 0;  // since open
  std::uint64_t log_bytes = 0;    // used in the active segment of the redo log
  std::uint64_t log_segment_bytes = 0;
  std::uint64_t readers = 0;        // open read transactions
  std::uint64_t oldest_reader = 0;  // the commit that the oldest of them sees, or 0
  std::int64_t created_us = 0;      // since 1970, UTC
  bool read_only = false;
  RecoveryInfo recovery;
};

}  // namespace sapwood
