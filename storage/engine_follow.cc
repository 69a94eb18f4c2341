// What other processes wrote, brought into this one's view before it writes: the newest meta, the log's segments, and
// which pages are in use, by the space deltas of the records since this process looked last (storage/space_delta.h).
//
// If those records are not all there any more, everything is loaded anew: the bitmaps of the last checkpoint, then the
// deltas of all records behind it. That checkpoint does not tell which of its free pages older readers may still need:
// so while there are any, they hold all of them.

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/fail_point.h"
#include "os/wait.h"
#include "storage/engine_impl.h"
#include "storage/space_delta.h"
#include "storage/value_runs.h"

namespace sapwood::storage {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Takes the writer's place, up to date, within `timeout`.
void Engine::Impl::take_writer(milliseconds timeout) {
  const CallUnderWay under_way(calls);
  throw_if_closed();
  const Deadline deadline(timeout);
  writer.lock(timeout, coarse_now());
  std::unique_lock place(writer, std::adopt_lock);
  throw_if_closed();
  catch_up(deadline);
  place.release();
}

void Engine::Impl::catch_up(const Deadline& deadline) {
  const LockFile& lock = shared();
  if (lock.completing != 0) settle_dead_checkpoint(deadline);
  const bool is_newest = follows && tip.txn == lock.tip && known_sequence == lock.meta_sequence &&
                         segments == lock.segments && lock.appending == 0;
  if (!is_newest) follow(deadline);
}

// A process that died over a checkpoint may have written its meta: what is allocated from now on must be free in it,
// too.
void Engine::Impl::settle_dead_checkpoint(const Deadline& deadline) {
  if (read_only || processes->state() == SharedState::poisoned) return;
  if (shared().completing == kCompletingCommit) {
    lock_checkpoint(deadline);  // who commits has the writer's place: that one is dead
  } else if (!checkpoint_lock.lock(microseconds(0))) {
    return;  // its process works on it, and its version is pinned
  }
  const std::lock_guard held(checkpoint_lock, std::adopt_lock);
  if (shared().completing != 0) settle_checkpoint();
}

void Engine::Impl::follow(const Deadline& deadline) {
  const bool followed = std::exchange(follows, false);  // a throw from here on leaves half of it
  SAPWOOD_FAIL_POINT("follow.begun");
  follow_meta();
  const Descriptor newest = versions->newest();
  pages.cover(newest.page_count);
  pages.refresh_size();
  follow_log(newest);
  SAPWOOD_FAIL_POINT("follow.log_read");
  try {
    tip = followed && apply_records(newest) ? newest : reload(deadline);
  } catch (const Error& error) {
    // Nobody else has what is missing: the next one to open the file recovers.
    if (is_heir && error.code() == ErrorCode::corrupt) processes->set_state(SharedState::poisoned);
    throw;
  }
  is_heir = false;
  follows = true;
  note_space();
}

void Engine::Impl::follow_meta() {
  const std::lock_guard lock(checkpoint_mutex);
  const u64 sequence = shared().meta_sequence;
  if (sequence == known_sequence) return;
  const std::optional<Meta> published = read_meta(pages.file(), geometry, sequence);
  if (!published) {
    throw Error(ErrorCode::corrupt, path + " has lost the meta of its last checkpoint; close it in all processes, " +
                                        "then restore it from a copy");
  }
  meta = *published;
  known_sequence = sequence;
  referred_bytes = 0;
}

void Engine::Impl::follow_log(const Descriptor& newest) {
  std::unique_lock meta_lock(checkpoint_mutex);
  const bool is_expected = meta.log_expected;
  const LogIdentity identity = log_identity();
  const Lsn replay_lsn = meta.replay_lsn;
  meta_lock.unlock();
  if (!is_expected) return;
  LockFile& lock = shared();
  segments = lock.segments;
  if (log == nullptr) {
    log = RedoLog::open(env, log_path(), identity, {options.log_size, identity.stride}, !read_only, maps_stores());
    has_log = true;
  }
  log->refresh(std::max(newest.lsn, replay_lsn), {lock.segment_space[0], lock.segment_space[1]});
  if (lock.appending == 0 || read_only) return;
  erase_tail();
  SAPWOOD_FAIL_POINT("follow.tail_erased");
  lock.appending = 0;
}

// Its sync is one of the log like others.
void Engine::Impl::erase_tail() {
  take_sync_lock();
  LockFile& lock = shared();
  u32 ours = static_cast<u32>(processes->self());
  const u32 others = lock.syncing.exchange(ours);
  try {
    log->erase_tail();
    throw_if_refused();
  } catch (...) {
    refuse_writes();
    end_sync();
    refuse_and_rethrow();
  }
  lock.syncing.compare_exchange_strong(ours, others);
  end_sync();
}

// False if the records between what this process knows and `newest` are not all there.
bool Engine::Impl::apply_records(const Descriptor& newest) {
  if (tip.txn == newest.txn) return true;
  allocator.grow(std::max(newest.page_count, allocator.page_count()));
  TxnId last = tip.txn;
  const bool found = log != nullptr && log->read(tip.lsn, newest.lsn, tip.txn, [&](const Record& record) {
    apply(record);
    last = record.header.txn;
    SAPWOOD_FAIL_POINT("follow.record_applied");
  });
  return found && last == newest.txn;
}

void Engine::Impl::apply(const Record& record) {
  std::vector<SpaceChange> changes;
  SpaceDeltaReader reader(record.delta, record.header.txn);
  while (const std::optional<SpaceChange> change = reader.next()) changes.push_back(*change);
  allocator.reserve_retired(changes.size());
  for (const SpaceChange& change : changes) {
    const Extent extent = change.extent;
    if (change.dropped) {
      check_format(allocator.is_live_range(extent), extent.start, "the log drops it, but it is not in use");
      allocator.drop(extent);
      // Invariant R1, as in publish().
      allocator.retire(extent, change.birth, record.header.txn, change.run ? durable_checkpoint() : record.header.txn);
      continue;
    }
    if (!allocator.is_free_range(extent)) reclaim();
    check_format(allocator.take_over(extent), extent.start, "the log takes it, but it is in use");
    pages.forget_unsummed(extent);
    if (!change.run) pages.note_unsummed(extent.start);
  }
  const ValueRuns values(pages.file(), geometry, record.runs);
  for (const ValueRun& run : values.list()) referred_bytes += run.bytes;
}

// The newest version is the result.
Descriptor Engine::Impl::reload(const Deadline& deadline) {
  const CheckpointPlace place(*this, deadline);  // the meta stays as it is
  if (shared().completing != 0 && !read_only) settle_checkpoint();
  follow_meta();
  const Descriptor newest = versions->newest();
  follow_log(newest);
  pages.forget_all_unsummed();
  SAPWOOD_FAIL_POINT("follow.reloading");
  load_bitmaps();
  std::vector<TxnId> needed{versions->head()};  // before the readers, who may come at any later head
  versions->collect(needed);
  if (std::ranges::min(needed) < meta.txn) allocator.hold_free(meta.txn);
  unknown_before = meta.txn;
  tip = descriptor_of(meta);
  SAPWOOD_FAIL_POINT("follow.bitmaps_loaded");
  if (!apply_records(newest)) {
    throw Error(ErrorCode::corrupt, log_path() + " does not hold all commits since the last checkpoint of " + path +
                                        "; close it in all processes, then open it again, which recovers it");
  }
  return newest;
}

}  // namespace sapwood::storage
