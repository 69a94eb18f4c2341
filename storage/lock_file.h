// The bytes of the lock file `X-lock`: what the processes share that have a database open. docs/format.md, "Lock file".
//
// Memory, not storage: it counts only while a process that wrote it lives, or after all were killed and the system runs
// on (the boot id tells). Sizes are tuning; the first opener makes the file anew.
#pragma once

#include <array>
#include <atomic>

#include "base/types.h"

namespace sapwood::storage {

inline constexpr char kLockMagic[8] = {'S', 'A', 'P', 'W', 'L', 'O', 'C', 'K'};
inline constexpr u32 kRingSize = 256;     // descriptors kept; tip - head stays below
inline constexpr u32 kProcessSlots = 64;  // processes at once
inline constexpr u32 kReaderBlocks = 64;  // a process takes whole blocks of reader slots
inline constexpr u32 kSlotsABlock = 16;
inline constexpr u32 kReaderSlots = kReaderBlocks * kSlotsABlock;  // readers at once

// Numbers of the byte locks on X (os::File::try_lock).
inline constexpr u32 kOpenLock = 0;        // exclusive: a process is opening or closing
inline constexpr u32 kUseLock = 1;         // shared: has the lock file mapped; exclusive: and shares with nobody
inline constexpr u32 kReadLock = 2;        // shared: reads without a lock file
inline constexpr u32 kFirstSlotLock = 16;  // + i, exclusive: the process in slot i lives

// Stored in LockFile::state.
enum class SharedState : u32 {
  fresh = 0,  // being made, recovered or used by one process alone: nobody joins what it says after a crash
  open = 1,
  poisoned = 2,  // a write failed: no writes until all processes have closed the file
};

// Stored in LockFile::completing.
inline constexpr u32 kCompleting = 1;
inline constexpr u32 kCompletingCommit = 2;  // of a version that is not the tip yet

struct LockFile {
  struct Process {
    std::atomic<u32> pid;
    std::atomic<u32> generation;  // one more for each process that takes the slot
    std::atomic<i64> since_us;
    char command[48];
  };
  struct alignas(64) Ring {
    std::atomic<u64> txn;  // last, so that a torn copy is seen: 0 while being written
    std::atomic<u64> catalog_page;
    std::atomic<u64> catalog_birth_height;  // birth | height << 32
    std::atomic<u64> catalog_count;
    std::atomic<u64> page_count;
    std::atomic<u64> lsn;
    std::atomic<i64> commit_time_us;
    std::atomic<u64> kept;
  };
  struct alignas(64) Slot {
    std::atomic<u64> txn;         // 0: free
    std::atomic<i64> since_us;    // on the monotonic clock; 0: not told
    std::atomic<u64> held_txn;    // the next one is of a reader of that version
    std::atomic<u64> held_pages;  // which it alone held back when that was looked at last
  };

  char magic[8];
  u32 version;
  u32 ring_size;
  u32 reader_slots;
  u32 process_slots;
  char boot_id[40];
  std::array<u8, 16> uuid;
  alignas(64) std::atomic<u32> state;        // SharedState
  alignas(64) std::atomic<u32> writer_lock;  // these three: storage/shared_lock.h
  std::atomic<i64> writing_since_us;         // on the monotonic clock, of the owner
  std::atomic<u32> appending;                // 1: a record is being written behind the tip's
  std::atomic<u64> segments;                 // log segments that were started, or are about to be
  std::atomic<u64> segment_space[2];         // bytes of space that each of the log's two places has
  alignas(64) std::atomic<u32> checkpoint_lock;
  std::atomic<u32> completing;      // kCompleting: a checkpoint's meta is being written
  std::atomic<u64> job;             // the checkpoint in progress: a number of its own, or 0
  std::atomic<u64> running_txn;     // its version, 0 if there is none
  std::atomic<u64> checkpoint_txn;  // the last durable checkpoint's
  std::atomic<u64> meta_sequence;   // of the newest meta that is on the disk
  std::atomic<i64> stepped_us;      // when the one in progress went on last, on the monotonic clock
  std::atomic<u32> data_doubts;     // syncs of the data file that processes died over, and one that is under way
  alignas(64) std::atomic<u32> sync_lock;
  std::atomic<u32> sync_round;   // one more after each sync
  std::atomic<u32> syncing;      // the process that syncs the log, or died over that; else 0
  std::atomic<u64> durable_lsn;  // the log is on the disk up to here
  std::atomic<u64> runs_end;     // end of the newest record that refers to values
  std::atomic<u64> synced_runs;  // values that records up to here refer to are on the disk
  alignas(64) std::atomic<u64> tip;
  alignas(64) std::atomic<u64> head;
  alignas(64) std::atomic<u32> blocks[kReaderBlocks];  // owner of a block of reader slots, 0: nobody
  alignas(64) Process processes[kProcessSlots];
  Ring ring[kRingSize];
  Slot slots[kReaderSlots];
};
static_assert(std::atomic<u64>::is_always_lock_free && std::atomic<u32>::is_always_lock_free);
static_assert(sizeof(LockFile::Ring) == 64 && sizeof(LockFile::Slot) == 64 && sizeof(LockFile::Process) == 64);

// Raises a value that several threads raise.
inline void raise(std::atomic<u64>& value, u64 to) {
  u64 seen = value.load(std::memory_order_relaxed);
  while (seen < to && !value.compare_exchange_weak(seen, to)) {
  }
}

}  // namespace sapwood::storage
