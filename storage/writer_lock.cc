#include "storage/writer_lock.h"

#include "sapwood/error.h"

namespace sapwood::storage {

void WriterLock::lock(std::chrono::milliseconds timeout) {
  if (held_here()) {
    throw Error(ErrorCode::would_deadlock,
                "this thread has an open write transaction: write through its handles (txn.list, txn.sorted_map), or "
                "end it first");
  }
  std::unique_lock lock(mutex_);
  const auto is_free = [this] { return owner_.load(std::memory_order_relaxed) == std::thread::id(); };
  constexpr std::chrono::milliseconds kForEver = std::chrono::hours(24 * 365 * 10);  // larger ones overflow the clock
  if (timeout.count() < 0 || timeout > kForEver) {
    free_.wait(lock, is_free);
  } else if (!free_.wait_for(lock, timeout, is_free)) {
    throw Error(ErrorCode::timed_out, "another write transaction was open for more than " +
                                          std::to_string(timeout.count()) + " ms; try again later");
  }
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

bool WriterLock::try_lock() {
  const std::unique_lock lock(mutex_);
  if (owner_.load(std::memory_order_relaxed) != std::thread::id()) return false;
  owner_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  return true;
}

void WriterLock::unlock() noexcept {
  {
    const std::unique_lock lock(mutex_);
    owner_.store(std::thread::id(), std::memory_order_relaxed);
  }
  free_.notify_one();
}

}  // namespace sapwood::storage
