// How a database is opened, and how its commits become durable.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace sapwood {

namespace os {
class Env;
}

// When a commit is acknowledged. See docs/guarantees.md for what survives what.
enum class Durability : std::uint8_t {
  sync,   // it is on the disk; concurrent commits share one sync
  async,  // it survives the process; the system may lose a suffix of commits, never one in the middle
  none,   // it survives only with the next checkpoint or clean close; no other process may have the file open
};

enum class OpenMode : std::uint8_t {
  create,      // read and write; created if absent (the default)
  write,       // read and write; Error{not_found} if absent
  read,        // read only
  create_new,  // read and write; Error{exists} if present
};

// How changed pages and the redo log get into the page cache of the system.
enum class PageWrites : std::uint8_t {
  automatic,  // mapped where the file system keeps the space that it gave (ext4, tmpfs), else calls
  calls,      // pwritev: a disk that fails is an Error
  mapped,     // stores into a writable map: faster for small commits; a disk that fails at a store is a signal (SIGBUS)
};

struct Options {
  OpenMode mode = OpenMode::create;
  Durability durability = Durability::sync;

  // No other process may have the file open at the same time. Implied by Durability::none. On a network file system
  // (NFS, SMB, ...) files can be written only so; Error{invalid_argument} else. Without effect for OpenMode::read.
  bool exclusive = false;

  // Bytes a page, a power of two, 512..65536. Fixed at creation; ignored for a file that exists. 0 means the default.
  // Under 4096 is for tests only: a torn 4 KiB block can hit neighbouring pages.
  std::uint32_t page_size = 0;

  // Bytes of a redo log segment at first and at most. It grows between them when checkpoints follow too fast.
  std::uint64_t log_size = 4u << 20;
  std::uint64_t log_size_max = 64u << 20;

  // Bytes of changed pages that a write transaction keeps in memory before it writes them to free pages early.
  std::uint64_t dirty_limit = 64u << 20;

  PageWrites page_writes = PageWrites::automatic;

  // Verify page checksums when a page is first read by this process.
  bool verify_checksums = true;

  // close() compacts the file, as Database::compact() does, if at least this share of it is free, and this process is
  // the last one that has it open. 0: never; 0.5: once half of it is free.
  double compaction_threshold = 0;

  // Longest that a call which writes waits for other threads and processes, before Error{timed_out} names who is in the
  // way: for another write transaction (begin_write can be told another limit), or for a checkpoint. Negative: without
  // limit. docs/guarantees.md, "Waiting".
  std::chrono::milliseconds write_timeout{60'000};

  // Files, clock and randomness; null means the operating system's. Tests pass a simulated disk.
  os::Env* env = nullptr;
};

// Told now and then on long work: units done and in all (0 when not known). Return false to cancel.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace sapwood
