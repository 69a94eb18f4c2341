// Syncs of the log, which commits of all processes share: one thread of one process leads, for all that have counted by
// then.
//
// A leader may have been told that its sync failed, and have died over it. LockFile::syncing says who leads: whoever
// finds it set by another writes the log again first. Who waits for long, since the leader's process may be stopped,
// takes the lead, too. That relies on the system to tell each process that has the file open of an error (Linux does
// since 4.16); the mark alone does not tell whose sync an error of two at a time belongs to.
//
// Values that records refer to need a sync of the data file. That, and writing the log again, is done under the
// checkpoint lock, taken before the sync lock.

#include <algorithm>
#include <mutex>

#include "base/fail_point.h"
#include "os/wait.h"
#include "storage/engine_impl.h"
#include "storage/value_runs.h"

namespace sapwood::storage {
namespace {

constexpr std::chrono::milliseconds kSyncPatience{50};  // then the life of the process that syncs is looked at
constexpr std::chrono::seconds kLeaderPatience{1};      // then another process syncs, too

}  // namespace

// Returns when the log is on the disk up to `lsn`, of a published commit.
void Engine::Impl::sync_log(Lsn lsn) {
  LockFile& lock = shared();
  ProcessTag leader = kNobody;
  u32 led_round = 0;
  Deadline patience(kLeaderPatience);
  while (lock.durable_lsn.load(std::memory_order_acquire) < lsn) {
    throw_if_refused();
    const u32 round = lock.sync_round.load(std::memory_order_acquire);
    if (lock.durable_lsn.load(std::memory_order_acquire) >= lsn) return;
    if (!sync_lock.try_lock()) {
      const bool is_another = sync_lock.owner() != leader || round != led_round;
      leader = sync_lock.owner();
      led_round = round;
      if (is_another) patience = Deadline(kLeaderPatience);
      if (patience.left().count() != 0 || !sync_lock.take_over(leader)) {
        os::wait_on(lock.sync_round, round, kSyncPatience);
        continue;
      }
      lock.sync_round.fetch_add(1, std::memory_order_release);  // others give this one as long
    }
    const bool done = lead_sync(lsn, SyncOf::log);
    end_sync();
    if (!done) sync_values_and_log(lsn);
  }
}

// Who has the checkpoint lock for longer than a moment is stopped, or waits for the disk: it may be done by others
// then.
void Engine::Impl::sync_values_and_log(Lsn lsn) {
  if (!checkpoint_lock.lock(kSyncPatience)) return;
  {
    const std::lock_guard held(checkpoint_lock, std::adopt_lock);
    if (shared().completing == 0) {
      take_sync_lock();
      if (shared().durable_lsn < lsn) lead_sync(lsn, SyncOf::log_and_values);
      end_sync();
      return;
    }
  }
  clear_up_checkpoint();  // of one that died: which records the log has yet depends on whether its meta counts
}

// As who begins to write does. Who writes now has done it, or will; that nobody got at it in time is no failure.
void Engine::Impl::clear_up_checkpoint() {
  std::unique_lock<WriterLock> place;
  try {
    if (!writer.held_here()) {
      writer.lock(kSyncPatience, coarse_now());
      place = std::unique_lock(writer, std::adopt_lock);
    }
    if (shared().completing != 0) settle_dead_checkpoint(Deadline(kSyncPatience));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::timed_out) throw;
  }
}

void Engine::Impl::take_sync_lock() {
  while (!sync_lock.lock(kLeaderPatience) && !sync_lock.take_over(sync_lock.owner())) {
  }
}

// Under sync_lock, which it gives back if it throws. False if it takes more than the log.
bool Engine::Impl::lead_sync(Lsn lsn, SyncOf what) {
  try {
    const Descriptor target = versions->newest();  // before what its records need
    if (what == SyncOf::log && shared().runs_end > shared().synced_runs) return false;
    return sync_up_to(lsn, target, what);
  } catch (...) {
    refuse_writes();
    end_sync();
    refuse_and_rethrow();
  }
}

bool Engine::Impl::sync_up_to(Lsn lsn, const Descriptor& target, SyncOf what) {
  LockFile& lock = shared();
  const u32 self = static_cast<u32>(processes->self());
  u32 others = 0;
  const bool is_in_doubt = !lock.syncing.compare_exchange_strong(others, self);
  if (is_in_doubt && what == SyncOf::log) return false;
  lock.syncing = self;
  SAPWOOD_FAIL_POINT("sync.targeted");
  const Lsn runs = lock.runs_end;
  const bool syncs_data = what == SyncOf::log_and_values && runs > lock.synced_runs;
  if (is_in_doubt || (syncs_data && lock.data_doubts != 0)) write_log_again(target.lsn);
  if (syncs_data) sync_pages();
  log->sync();
  SAPWOOD_FAIL_POINT("sync.synced");
  throw_if_refused();  // another process may have got the error that was meant for this sync
  u32 ours = self;
  if (!lock.syncing.compare_exchange_strong(ours, 0)) return true;  // another took the lead, and may have got our error
  raise(lock.synced_runs, std::min<u64>(runs, target.lsn));         // not of a record that may never count
  versions->publish_head(target.txn);                               // before who waits for `durable_lsn` goes on
  SAPWOOD_FAIL_POINT("sync.shown");
  raise(lock.durable_lsn, std::max(lsn, target.lsn));
  SAPWOOD_FAIL_POINT("sync.counted");
  return true;
}

// The system may count as clean what never reached the disk. So the log is written again from where it is certain, with
// the values that it refers to. Under the checkpoint lock: no segment is started or freed, and no run of a record used
// again.
void Engine::Impl::write_log_again(Lsn end) {
  std::unique_lock meta_lock(checkpoint_mutex);
  const Meta known = meta;
  meta_lock.unlock();
  const auto repeat = [&](const Record& record) { ValueRuns(pages.file(), geometry, record.runs).write_again(); };
  if (!log_as_it_is(known, end)->write_again(shared().durable_lsn, end, repeat)) {
    throw Error(ErrorCode::io, log_path() + " lost commits when a process died over a sync");
  }
  SAPWOOD_FAIL_POINT("sync.repeated");
}

void Engine::Impl::end_sync() noexcept {
  sync_lock.unlock();
  SAPWOOD_FAIL_POINT("sync.released");
  shared().sync_round.fetch_add(1, std::memory_order_release);
  os::wake_all(shared().sync_round);
}

}  // namespace sapwood::storage
