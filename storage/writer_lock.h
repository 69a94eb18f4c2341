// The writer's place: one thread of one process at a time has it, others wait, with an optional time limit.
#pragma once

#include <thread>

#include "storage/shared_lock.h"

namespace sapwood::storage {

class WriterLock {
 public:
  explicit WriterLock(Processes& processes)
      : processes_(processes), lock_(processes.lock_file().writer_lock, processes) {}

  // `timeout` negative: without limit. Throws would_deadlock if this thread has the place, timed_out, which names the
  // process that has it.
  void lock(std::chrono::milliseconds timeout, i64 now_us);
  // Any thread may give the place back for the one that took it.
  void unlock() noexcept;
  // Takes the place if it is free, or a dead process has it.
  bool try_lock(i64 now_us);
  ProcessTag owner() const noexcept { return lock_.owner(); }
  // True if a thread of this process has the place.
  bool is_ours() const noexcept { return owner_.load() != std::thread::id(); }
  // True if the calling thread took the place that is held now.
  bool held_here() const noexcept { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

 private:
  void note_owner(i64 now_us);

  Processes& processes_;
  SharedLock lock_;
  std::atomic<std::thread::id> owner_{};  // of this process's threads
};

}  // namespace sapwood::storage
