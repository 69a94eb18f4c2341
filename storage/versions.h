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

#include "storage/descriptor.h"
#include "storage/processes.h"

namespace sapwood::storage {

class Versions {
 public:
  // Of a process that has entered. `processes` outlives this.
  explicit Versions(Processes& processes);

  // The one writer. publish_tip makes `version` the newest commit; publish_head shows it to readers (never goes back).
  void publish_tip(const Descriptor& version);
  void publish_head(TxnId txn);
  // The descriptor of a version in [head, tip]; nullopt if it has left the ring.
  std::optional<Descriptor> find(TxnId txn) const;
  // The tip's. Throws corrupt if the lock file does not have it.
  Descriptor newest() const;
  TxnId tip() const { return file_->tip.load(std::memory_order_acquire); }
  TxnId head() const { return file_->head.load(std::memory_order_seq_cst); }
  struct Reader {
    Descriptor version;
    u32 slot;
    u64 generation;
  };
  // Registers a reader of the head. No lock, no allocation; a system call for each other process that has readers, when
  // all blocks are taken. Throws limit if no slot is left, corrupt if the lock file does not have the head.
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
    ProcessTag process;
    u32 slot;
    std::optional<u64> held_pages;  // as it was noted last
  };
  // Notes how many pages readers of `txn` alone hold back, one of which has that slot. Under the writer's place.
  void note_held(u32 slot, TxnId txn, u64 pages) noexcept;
  // Of all processes, unordered; readers that come or go meanwhile may be among them or not.
  std::vector<OpenReader> readers() const;
  // Appends the versions that readers hold, unordered, with repetitions.
  void collect(std::vector<TxnId>& pins) const;
  u64 reader_count() const;
  u64 own_reader_count() const;
  // Frees the slots of processes that died. Under the writer's place. Cost: a system call for each other process that
  // has readers.
  void forget_dead_readers();
  // Gives this process's slots back. Requires: it has no readers.
  void leave() noexcept;

 private:
  u32 claim_slot(TxnId txn);
  bool try_slot(u32 slot, TxnId txn);
  bool take_block(u32 block, ProcessTag from);
  bool take_over_block(u32 block);
  bool claim_block();
  template <class Visit>
  void for_each_reader(Visit visit) const;

  Processes& processes_;
  LockFile* file_;
  std::atomic<u64> own_blocks_ = 0;            // bit i: block i is this process's
  std::vector<std::atomic<u64>> generations_;  // by slot: one more after each end
};

}  // namespace sapwood::storage
