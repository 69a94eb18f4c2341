// Commit: the redo record, publication, and the sync that threads share. ENGINE steps are numbered in engine_impl.h.

#include "base/assert.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

// A commit works on a checkpoint in proportion to what it wrote, so that it is done before the next segment is full.
constexpr u64 kLogBytesASlice = 4096;

// Counts a commit until it returns, so that the engine is not closed under it.
class CommitUnderWay {
 public:
  explicit CommitUnderWay(std::atomic<u32>& count) : count_(count) { ++count_; }
  ~CommitUnderWay() { --count_; }
  CommitUnderWay(const CommitUnderWay&) = delete;
  CommitUnderWay& operator=(const CommitUnderWay&) = delete;

 private:
  std::atomic<u32>& count_;
};

}  // namespace

// Makes the transaction the newest version: its record is in the log (or a checkpoint holds it), its descriptor is
// published. A throw before publication leaves everything as it was, unless it set `refused`.
void Engine::Impl::publish(Commit& commit) {
  if (temporary) commit.durability = Durability::none;
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
      commit.record->reserve(commit.record->size() + kRecordAlignment);
      Lsn known_durable = 0;
      {
        const std::lock_guard lock(sync_mutex);
        known_durable = durable;
      }
      try {
        version.lsn = log->append(*commit.record, commit.runs_size, version.txn, version.commit_time_us, known_durable,
                                  commit.durability == Durability::sync);
      } catch (...) {
        refuse_and_rethrow();
      }
      if (commit.runs_size != 0) runs_end = version.lsn;
      referred_bytes += commit.run_bytes;
      ++log_records;
      commit.log_bytes = commit.record->size();
      log_record_bytes += commit.log_bytes;
    } else {
      commit.by_checkpoint = true;
      finish_checkpoint();
      CheckpointJob job = make_job(version, LogAfter::kept);
      seal_log(job);
      version.lsn = job.target.lsn;
      start_checkpoint();
      run_checkpoint(job);
    }
  }
  for (const OwnPages::Dropped& dropped : *commit.dropped) {
    // Invariant R1: a run counts as older than the last checkpoint, which holds it until the next.
    allocator.retire(dropped.extent, dropped.birth, version.txn, dropped.run ? checkpoint : version.txn);
  }
  if (commit.durability == Durability::none) unlogged_txn = version.txn;
  tip = version;
  versions->publish_tip(version);
}

// After publication: gives the writer's place back, waits until the commit is as durable as asked and visible, and does
// its share of a checkpoint.
void Engine::Impl::finish_commit(const Commit& commit) {
  const TxnId txn = commit.version.txn;
  const bool nothing_pending = versions->head() == txn - 1 || commit.by_checkpoint;
  const bool wait =
      !commit.by_checkpoint && log != nullptr && (commit.durability == Durability::sync || !nothing_pending);
  if (!wait) versions->publish_head(txn);
  try {
    if (wants_checkpoint()) {
      const bool log_full = log != nullptr && log->nearly_full();
      prepare_checkpoint(log_full ? CheckpointCause::log_full : CheckpointCause::pages_held);
    }
  } catch (...) {
    // Out of memory or disk: this commit stands; a later one tries again, and reports it if the log is full by then.
  }
  const CommitUnderWay under_way(committing);
  end_write();
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
  note_space();
  writer.unlock();
}

// Makes the log at the first commit, and the meta say that it is expected. False if the disk has no room for it.
bool Engine::Impl::ensure_log() {
  if (log != nullptr) return true;
  finish_checkpoint();
  SAPWOOD_ASSERT(tip.txn == meta.txn);
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
  next.replay_lsn = log->active_start();
  try {
    write_meta(pages.file(), next);
    pages.sync();
  } catch (...) {
    refuse_and_rethrow();
  }
  has_log = true;
  const std::lock_guard lock(checkpoint_mutex);
  meta = next;
  return true;
}

// Returns when the log is on the disk up to `lsn`; one thread syncs for all that wait.
void Engine::Impl::sync_log(Lsn lsn) {
  std::unique_lock lock(sync_mutex);
  while (durable < lsn) {
    throw_if_refused();
    if (syncing) {
      sync_done.wait(lock);
      continue;
    }
    syncing = true;
    const Lsn known = synced_runs;
    lock.unlock();
    std::optional<Descriptor> target;
    while (!target) target = versions->find(versions->tip());
    const Lsn runs = runs_end;
    try {
      if (runs > known) pages.sync();
      log->sync();
    } catch (...) {
      refuse_writes();
      lock.lock();
      syncing = false;
      sync_done.notify_all();
      refuse_and_rethrow();
    }
    lock.lock();
    syncing = false;
    synced_runs = std::max(synced_runs, runs);
    if (target->lsn > durable) durable = target->lsn;
    versions->publish_head(target->txn);
    sync_done.notify_all();
  }
}

// Called while an exception is handled: it is what went wrong.
void Engine::Impl::refuse_writes() noexcept {
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

void Engine::Impl::throw_if_closed() const {
  if (closed.load(std::memory_order_relaxed)) [[unlikely]]
    throw Error(ErrorCode::ended, path + " is closed");
}

void Engine::Impl::throw_if_refused() const {
  if (!refused.load(std::memory_order_acquire)) [[likely]]
    return;
  const std::lock_guard lock(refused_mutex);
  throw Error(ErrorCode::writes_refused,
              path + " takes no more writes, since one failed: " + refused_why +
                  "; close all its handles and open it again, which recovers what was committed");
}

}  // namespace sapwood::storage
