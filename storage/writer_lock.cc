#include "storage/writer_lock.h"

#include "base/fail_point.h"
#include "sapwood/error.h"
#include "storage/deadline.h"

namespace sapwood::storage {

void WriterLock::note_owner(i64 now_us) {
  processes_.lock_file().writing_since_us.store(now_us, std::memory_order_relaxed);
  owner_.store(std::this_thread::get_id());
  SAPWOOD_FAIL_POINT("writer.taken");
}

void WriterLock::lock(std::chrono::milliseconds timeout, i64 now_us) {
  if (held_here()) {
    throw Error(ErrorCode::would_deadlock,
                "this thread has an open write transaction: write through its handles (txn.list, txn.sorted_map), or "
                "end it first");
  }
  if (!lock_.lock(std::min<std::chrono::milliseconds>(timeout, kForEver))) {
    const ProcessTag owner = lock_.owner();
    throw Error(ErrorCode::timed_out,
                (owner == processes_.self() ? "another write transaction of this process"
                                            : "a write transaction of " + processes_.describe(owner)) +
                    " was open for more than " + std::to_string(timeout.count()) + " ms; try again later");
  }
  note_owner(now_us);
}

bool WriterLock::try_lock(i64 now_us) {
  if (!lock_.try_lock()) return false;
  note_owner(now_us);
  return true;
}

void WriterLock::unlock() noexcept {
  SAPWOOD_FAIL_POINT("writer.leaving");
  owner_.store(std::thread::id(), std::memory_order_relaxed);
  processes_.lock_file().writing_since_us.store(0, std::memory_order_relaxed);
  lock_.unlock();
}

}  // namespace sapwood::storage
