// Closing. The last process leaves one file, at rest: what is in the log goes into a checkpoint, and log and lock file
// go. Others leave what they wrote in the log, on the disk.

#include <mutex>

#include "base/fail_point.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {

void Engine::close() {
  Impl& engine = *impl_;
  if (engine.is_inherited() || engine.closed.exchange(true)) return;  // no transaction begins from now on
  const auto fail = [&](const char* what) {
    engine.closed = false;
    throw Error(ErrorCode::in_use, engine.path + " has " + what);
  };
  if (engine.writer.is_ours()) fail("an open write transaction; end it before closing");
  if (engine.versions->own_reader_count() != 0) fail("open read transactions; end them before closing");
  if (engine.calls != 0) fail("calls under way in other threads; let them return before closing");
  try {
    engine.close_files(*this);
  } catch (...) {
    engine.release_files();
    throw;
  }
  engine.release_files();
}

void Engine::Impl::close_files(Engine& engine) {
  if (temporary) return;
  if (!read_only) throw_if_refused();  // async commits may be lost
  is_alone = lock_file == nullptr || become_last();
  SAPWOOD_FAIL_POINT("close.locked");
  if (read_only) return;
  if (is_alone) {
    close_last(engine);
  } else if (has_log) {
    sync_log(versions->newest().lsn);  // close() promises durability
    SAPWOOD_FAIL_POINT("close.synced");
  }
}

// With the open lock from here on, so that nobody comes. False if other processes have the file open.
bool Engine::Impl::become_last() {
  return start_closing(pages.file()) && pages.file().try_lock(kUseLock, os::LockKind::exclusive);
}

// The last act: moves pages off a long tail, checkpoints unless the file is as the meta says, gives back the free tail,
// removes the log.
void Engine::Impl::close_last(Engine& engine) {
  writer.lock(std::chrono::milliseconds(-1), coarse_now());
  const std::lock_guard place(writer, std::adopt_lock);
  catch_up(deadline());
  processes->set_state(SharedState::fresh);  // nobody joins what is left if this process dies now
  SAPWOOD_FAIL_POINT("close.begun");
  versions->forget_dead_readers();
  reclaim();
  relocate_tail(engine);
  const u64 end = allocator.live_end();
  if (tip.txn != meta.txn || meta.log_expected || end != meta.page_count || has_new_bitmaps) {
    const CheckpointPlace taken(*this, deadline());
    settle_checkpoint();
    tip.page_count = end;
    CheckpointJob job = make_job(tip, LogAfter::removed);
    start_checkpoint();
    run_checkpoint(job);
  }
  SAPWOOD_FAIL_POINT("close.counted");
  pages.truncate(end);
  if (log != nullptr) {
    SAPWOOD_FAIL_POINT("close.truncated");
    log.reset();
    env.files().remove(log_path());
    SAPWOOD_FAIL_POINT("close.log_removed");
  }
}

// Gives up the locks, whether the close went well or not.
void Engine::Impl::release_files() noexcept {
  try {
    log.reset();
    SAPWOOD_FAIL_POINT("close.leaving");
    versions->leave();
    processes->leave();
    SAPWOOD_FAIL_POINT("close.left");
    // Left behind after a failed write, or by the last reader beside a log, it tells the next opener how to go on.
    const bool keeps_lock_file = refused || (read_only && meta.log_expected);
    if (lock_file != nullptr && is_alone && !keeps_lock_file) env.files().remove(lock_path());
    SAPWOOD_FAIL_POINT("close.ended");
    lock_file.reset();
  } catch (...) {
    // A lock file without its lock means nothing to the next opener.
  }
  for (const u32 lock : {kUseLock, kReadLock, kOpenLock}) {
    try {
      pages.file().unlock(lock);
    } catch (...) {
      // The locks go with the descriptor.
    }
  }
}

}  // namespace sapwood::storage
