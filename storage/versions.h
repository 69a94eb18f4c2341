// Which versions of the database exist in memory: the tip (newest commit), the visible head (newest that readers get),
// their descriptors, and the slots in which readers say what they hold. Lives in the shared lock file `X-lock`;
// docs/format.md, "Lock file", has its bytes.
//
// A reader begins:  h = head;  slot = h;  fence;  if head != h, again;  copy descriptor h.
// The writer publishes head, fence, then reads the slots. Either the reader sees the new head and moves on, or the
// writer sees its slot. So a page is never overwritten under a reader.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "os/file.h"
#include "storage/descriptor.h"

namespace sapwood::storage {

inline constexpr u32 kRingSize = 256;      // descriptors kept; tip - head stays below
inline constexpr u32 kReaderSlots = 1024;  // readers at once
inline constexpr u32 kProcessSlots = 64;

// The lock file, as shared memory. Tuning, not format: it is made anew by the first opener.
struct LockFile {
  struct Process {
    std::atomic<u32> pid;
    std::atomic<u32> generation;
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
  };
  struct alignas(64) Slot {
    std::atomic<u64> txn;       // 0: free
    std::atomic<i64> since_us;  // on the monotonic clock; 0: not told
  };

  char magic[8];
  u32 version;
  u32 ring_size;
  u32 reader_slots;
  u32 process_slots;
  char boot_id[40];
  alignas(64) std::atomic<u64> state;        // for several processes: 0 closed, 1 recovering, 2 open, 3 poisoned
  alignas(64) std::atomic<u64> writer_lock;  // for several processes: process slot and generation of the owner
  alignas(64) std::atomic<u64> sync_lock;
  alignas(64) std::atomic<u64> tip;
  alignas(64) std::atomic<u64> head;
  alignas(64) std::atomic<u64> checkpoint_pins[2];  // last durable, in progress (0: none)
  alignas(64) std::atomic<u64> segment_states[2];
  alignas(64) std::atomic<u32> slots_used;  // readers never took a slot at or above this one
  alignas(64) Process processes[kProcessSlots];
  Ring ring[kRingSize];
  Slot slots[kReaderSlots];
};
static_assert(std::atomic<u64>::is_always_lock_free && sizeof(LockFile::Ring) == 64 && sizeof(LockFile::Slot) == 64);

class Versions {
 public:
  // `memory` is zeroed or holds what an earlier process left; it is made anew.
  Versions(std::unique_ptr<os::Mapping> memory, const os::ProcessInfo& process, i64 now_us);

  // The one writer. publish_tip makes `version` the newest commit; publish_head shows it to readers (never goes back).
  void publish_tip(const Descriptor& version);
  void publish_head(TxnId txn);
  // The descriptor of a version in [head, tip]; nullopt if it has left the ring.
  std::optional<Descriptor> find(TxnId txn) const;
  TxnId tip() const { return file_->tip.load(std::memory_order_acquire); }
  TxnId head() const { return file_->head.load(std::memory_order_seq_cst); }
  void publish_checkpoints(TxnId durable, TxnId running);

  struct Reader {
    Descriptor version;
    u32 slot;
    u64 generation;
  };
  // Registers a reader of the head. No lock, no allocation. Throws limit if all slots are taken.
  Reader begin_read();
  void end_read(u32 slot) noexcept;
  bool is_live(u32 slot, u64 generation) const noexcept {
    return generations_[slot].load(std::memory_order_relaxed) == generation;
  }
  const std::atomic<u64>& generation_of(u32 slot) const noexcept { return generations_[slot]; }

  // Notes since when a reader that is open now has been open; for those that live longer than a call.
  void note_since(u32 slot, i64 monotonic_us) noexcept {
    file_->slots[slot].since_us.store(monotonic_us, std::memory_order_relaxed);
  }

  struct OpenReader {
    TxnId txn;
    i64 since_us;  // 0: not told
  };
  // Unordered; readers that come or go meanwhile may be among them or not.
  std::vector<OpenReader> readers() const;
  // Appends the versions that readers hold, unordered, with repetitions.
  void collect(std::vector<TxnId>& pins) const;
  u64 reader_count() const;

 private:
  u32 claim_slot(TxnId txn);

  std::unique_ptr<os::Mapping> memory_;
  LockFile* file_;
  std::vector<std::atomic<u64>> generations_;  // by slot: one more after each end
};

// The process that made the lock file; 0 if that cannot be read.
u32 holding_process(const u8* lock_file, u64 size);
// What the process that holds a database wrote of itself into its lock file, for an error message: "process 12
// (python3, since 2026-01-31 12:00:00 UTC)", or "another process".
std::string describe_holder(const u8* lock_file, u64 size);

}  // namespace sapwood::storage
