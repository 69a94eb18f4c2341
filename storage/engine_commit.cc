// Commit: the redo record, publication, and the sync that threads share. ENGINE steps are numbered in engine_impl.h.

#include <algorithm>

#include "base/assert.h"
#include "base/fail_point.h"
#include "os/wait.h"
#include "storage/engine_impl.h"
#include "storage/value_runs.h"

namespace sapwood::storage {
namespace {

// A commit works on a checkpoint in proportion to what it wrote, so that it is done before the next segment is full.
constexpr u64 kLogBytesASlice = 4096;
constexpr std::chrono::milliseconds kSyncPatience{50};  // then the life of the process that syncs is looked at

}  // namespace

// Makes the transaction the newest version: its record is in the log (or a checkpoint holds it), its descriptor is
// published. A throw before publication leaves everything as it was, unless it set `refused`.
void Engine::Impl::publish(Commit& commit) {
  if (temporary) commit.durability = Durability::none;
  if (commit.durability == Durability::none && !exclusive) {
    throw Error(ErrorCode::invalid_argument, path + " is shared with other processes, which Durability::none does " +
                                                 "without; open it with Options::exclusive");
  }
  Descriptor& version = commit.version;
  version.page_count = allocator.page_count();
  version.commit_time_us = env.clock().now_us();
  version.lsn = tip.lsn;
  allocator.reserve_retired(commit.dropped->size());
  if (log != nullptr && version.txn - versions->head() >= kRingSize - 1) {
    sync_log(tip.lsn);
    versions->publish_head(tip.txn);
  }

  const TxnId checkpoint = durable_checkpoint();
  if (commit.durability != Durability::none) {
    const bool recorded = commit.record != nullptr && unlogged_txn <= checkpoint;
    if (recorded && ensure_log() && log->fits(commit.record->size() - kRecordHeaderSize)) {
      append_record(commit);
    } else {
      publish_by_checkpoint(commit);
    }
  }
  for (const OwnPages::Dropped& dropped : *commit.dropped) {
    // Invariant R1: a run counts as older than the last checkpoint, which holds it until the next.
    allocator.retire(dropped.extent, dropped.birth, version.txn, dropped.run ? checkpoint : version.txn);
  }
  if (commit.durability == Durability::none) unlogged_txn = version.txn;
  tip = version;
  if (!commit.by_checkpoint) versions->publish_tip(version);  // else complete() has
  shared().appending.store(0, std::memory_order_release);
}

// A process that dies here leaves the mark that the next writer erases the record by.
void Engine::Impl::append_record(Commit& commit) {
  LockFile& lock = shared();
  Descriptor& version = commit.version;
  commit.record->reserve(commit.record->size() + kRecordAlignment);
  const RedoLog::RecordInfo info{commit.delta_size, commit.runs_size, version.txn, version.commit_time_us,
                                 lock.durable_lsn.load(std::memory_order_relaxed)};
  lock.appending.store(1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  SAPWOOD_FAIL_POINT("commit.appending");
  try {
    version.lsn = log->append(*commit.record, info, commit.durability == Durability::sync);
  } catch (...) {
    refuse_and_rethrow();
  }
  SAPWOOD_FAIL_POINT("commit.appended");
  if (commit.runs_size != 0) lock.runs_end = version.lsn;
  referred_bytes += commit.run_bytes;
  ++log_records;
  commit.log_bytes = commit.record->size();
  log_record_bytes += commit.log_bytes;
}

void Engine::Impl::publish_by_checkpoint(Commit& commit) {
  commit.by_checkpoint = true;
  finish_checkpoint();
  const SharedGuard guard(checkpoint_lock);
  settle_checkpoint();
  CheckpointJob job = make_job(commit.version, LogAfter::kept);
  seal_log(job);
  commit.version.lsn = job.target.lsn;
  start_checkpoint();
  run_checkpoint(job);
}

// After publication: gives the writer's place back, waits until the commit is as durable as asked and visible, and does
// its share of a checkpoint.
void Engine::Impl::finish_commit(const Commit& commit) {
  const TxnId txn = commit.version.txn;
  const bool nothing_pending = versions->head() == txn - 1 || commit.by_checkpoint;
  const bool wait =
      !commit.by_checkpoint && log != nullptr && (commit.durability == Durability::sync || !nothing_pending);
  SAPWOOD_FAIL_POINT("commit.published");
  if (!wait) versions->publish_head(txn);
  SAPWOOD_FAIL_POINT("commit.shown");
  try {
    if (wants_checkpoint()) {
      const bool log_full = log != nullptr && log->nearly_full();
      prepare_checkpoint(log_full ? CheckpointCause::log_full : CheckpointCause::pages_held);
    }
  } catch (...) {
    // Out of memory or disk: this commit stands; a later one tries again, and reports it if the log is full by then.
  }
  const CallUnderWay under_way(calls);
  end_write();
  SAPWOOD_FAIL_POINT("commit.waiting");
  if (wait) {
    try {
      sync_log(commit.version.lsn);
    } catch (...) {
      refuse_and_rethrow();
    }
    versions->publish_head(txn);
  }
  advance_checkpoint(1 + commit.log_bytes / kLogBytesASlice);
}

void Engine::Impl::end_write() noexcept {
  if (is_inherited()) return;
  note_space();
  writer.unlock();
}

// Makes the log at the first commit, and the meta say that it is expected. False if the disk has no room for it.
bool Engine::Impl::ensure_log() {
  if (log != nullptr) return true;
  finish_checkpoint();
  const SharedGuard guard(checkpoint_lock);
  settle_checkpoint();
  SAPWOOD_ASSERT(tip.txn == meta.txn);
  Meta next = meta;
  ++next.sequence;
  next.clean = false;
  next.log_expected = true;
  next.log_stride = options.log_size_max;
  env.random().fill(&next.log_epoch, sizeof next.log_epoch);
  const LogIdentity identity{next.uuid, next.log_epoch, next.log_stride};
  try {
    log = RedoLog::create(env, log_path(), identity, tip.lsn, {options.log_size, options.log_size_max}, maps_stores());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::disk_full) throw;
    return false;
  }
  SAPWOOD_FAIL_POINT("log.made");
  next.replay_lsn = log->active_start();
  LockFile& lock = shared();
  for (u32 s = 0; s < 2; ++s) lock.segment_space[s] = log->space(s);
  segments = ++lock.segments;
  lock.completing = kCompleting;
  try {
    write_meta(pages.file(), next);
    sync_pages();
  } catch (...) {
    refuse_and_rethrow();
  }
  SAPWOOD_FAIL_POINT("log.expected");
  publish_meta(std::move(next));
  has_log = true;
  return true;
}

// Returns when the log is on the disk up to `lsn`; one thread of one process syncs for all that wait.
void Engine::Impl::sync_log(Lsn lsn) {
  LockFile& lock = shared();
  SyncOf what = SyncOf::log;
  while (lock.durable_lsn.load(std::memory_order_acquire) < lsn) {
    throw_if_refused();
    const u32 round = lock.sync_round.load(std::memory_order_acquire);
    if (lock.durable_lsn.load(std::memory_order_acquire) >= lsn) return;
    if (what == SyncOf::log_and_values) {
      const SharedGuard guard(checkpoint_lock);
      sync_lock.lock(std::chrono::microseconds(-1));
      if (lock.durable_lsn < lsn) lead_sync(what);
      end_sync();
      what = SyncOf::log;
    } else if (sync_lock.try_lock() || sync_lock.steal()) {
      if (!lead_sync(what)) what = SyncOf::log_and_values;
      end_sync();
    } else {
      os::wait_on(lock.sync_round, round, kSyncPatience);
    }
  }
}

// Under sync_lock. False if it takes more than the log: a sync of the data file, for values that records refer to, or
// what a process that died over a sync has left to do. That needs the checkpoint lock, too.
bool Engine::Impl::lead_sync(SyncOf what) {
  try {
    const Descriptor target = newest_version();  // before what its records need
    const bool needs_more = shared().runs_end > shared().synced_runs || shared().syncing != 0;
    if (needs_more && what == SyncOf::log) return false;
    sync_up_to(target, what);
    return true;
  } catch (...) {
    refuse_writes();
    end_sync();
    refuse_and_rethrow();
  }
}

void Engine::Impl::sync_up_to(const Descriptor& target, SyncOf what) {
  LockFile& lock = shared();
  const bool is_in_doubt = lock.syncing.exchange(1) != 0;
  SAPWOOD_FAIL_POINT("sync.targeted");
  const Lsn runs = lock.runs_end;
  const bool syncs_data = what == SyncOf::log_and_values && runs > lock.synced_runs;
  if (is_in_doubt || (syncs_data && lock.data_doubts != 0)) write_log_again(target.lsn);
  if (syncs_data) sync_pages();
  log->sync();
  SAPWOOD_FAIL_POINT("sync.synced");
  throw_if_refused();  // another process may have got the error that was meant for this sync
  lock.syncing = 0;
  raise(lock.synced_runs, std::min<u64>(runs, target.lsn));  // not of a record that may never count
  versions->publish_head(target.txn);                        // before who waits for `durable_lsn` goes on
  SAPWOOD_FAIL_POINT("sync.shown");
  raise(lock.durable_lsn, target.lsn);
  SAPWOOD_FAIL_POINT("sync.counted");
}

// A process died over a sync, and may have been told that it failed, which nobody is told twice: the system counts as
// clean then what never reached the disk. So the log is written again from where it is certain, with the values that it
// refers to. Under the checkpoint lock: no segment is started or freed, and no run of a record used again.
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

Descriptor Engine::Impl::newest_version() const {
  std::optional<Descriptor> newest;
  while (!newest) newest = versions->find(versions->tip());
  return *newest;
}

void Engine::Impl::end_sync() noexcept {
  sync_lock.unlock();
  SAPWOOD_FAIL_POINT("sync.released");
  shared().sync_round.fetch_add(1, std::memory_order_release);
  os::wake_all(shared().sync_round);
}

// Called while an exception is handled: it is what went wrong.
void Engine::Impl::refuse_writes() noexcept {
  SAPWOOD_FAIL_POINT("writes.refusing");
  const std::lock_guard lock(refused_mutex);
  if (refused) return;
  try {
    throw;
  } catch (const std::exception& error) {
    try {
      refused_why = error.what();
    } catch (...) {
      // Out of memory: the message will do without.
    }
  } catch (...) {
    // A simulated crash.
  }
  refused = true;
  if (processes->state() == SharedState::open) processes->set_state(SharedState::poisoned);
}

// Whatever a write failed of (a full disk, memory): its outcome is unknown, which io tells and other codes deny.
void Engine::Impl::refuse_and_rethrow() {
  refuse_writes();
  try {
    throw;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::io || error.code() == ErrorCode::writes_refused) throw;
    throw Error(ErrorCode::io, error.what());
  } catch (const std::exception& error) {
    throw Error(ErrorCode::io, path + ": a write failed: " + error.what());
  }
}

void Engine::Impl::throw_closed() const {
  if (closed) throw Error(ErrorCode::ended, path + " is closed");
  throw Error(ErrorCode::ended, path + " was opened before this process was forked; open it again");
}

void Engine::Impl::throw_if_refused() const {
  const bool others = processes->state() == SharedState::poisoned;
  if (!others && !refused.load(std::memory_order_acquire)) [[likely]]
    return;
  const std::lock_guard lock(refused_mutex);
  const std::string why = refused ? "failed: " + refused_why : "of another process failed";
  throw Error(ErrorCode::writes_refused,
              path + " takes no more writes, since one " + why +
                  "; close all its handles and open it again, which recovers what was committed");
}

}  // namespace sapwood::storage
