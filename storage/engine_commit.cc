// Commit: the redo record and publication; engine_sync.cc has the sync that commits share. ENGINE steps are numbered in
// engine_impl.h.

#include <algorithm>

#include "base/assert.h"
#include "base/fail_point.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

// A commit works on a checkpoint in proportion to what it wrote, so that it is done before the next segment is full.
constexpr u64 kLogBytesASlice = 4096;
// Who could begin a checkpoint, since the log is nearly full, waits so long for a slice of another one: there is room
// for some commits yet.
constexpr std::chrono::milliseconds kSlicePatience{1};

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
  version.commit_time_us = std::max(env.clock().now_us(), tip.commit_time_us);  // what has expired stays so
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
  const Deadline until = deadline();
  finish_checkpoint(until);
  const CheckpointPlace place(*this, until);
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
      prepare_checkpoint(log_full ? CheckpointCause::log_full : CheckpointCause::pages_held,
                         Deadline(log_full ? kSlicePatience : std::chrono::milliseconds(0)));
    }
  } catch (...) {
    // Out of memory, disk or patience: this commit stands; a later one tries again, and reports it if the log is full
    // by then.
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
  const Deadline until = deadline();
  finish_checkpoint(until);
  const CheckpointPlace place(*this, until);
  settle_checkpoint();
  if (meta.log_expected) {  // of a process that died over this
    follow_log(versions->newest());
    return true;
  }
  if (tip.txn != meta.txn) throw_damaged_lock_file("it tells of an older checkpoint");
  Meta next = meta;
  ++next.sequence;
  next.clean = false;
  next.log_expected = true;
  next.log_stride = options.log_size_max;
  env.random().fill(&next.log_epoch, sizeof next.log_epoch);
  const LogIdentity identity{next.uuid, next.log_epoch, next.log_stride};
  try {
    log = RedoLog::create(env, log_path(), path, identity, tip.lsn, {options.log_size, options.log_size_max},
                          maps_stores());
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
