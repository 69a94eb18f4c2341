// The writer's place: one thread at a time has it, others wait, with an optional time limit.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace sapwood::storage {

class WriterLock {
 public:
  // `timeout` negative: without limit. Throws would_deadlock if this thread has the place, timed_out.
  void lock(std::chrono::milliseconds timeout);
  // Any thread may give the place back for the one that took it.
  void unlock() noexcept;
  // Takes the place if it is free.
  bool try_lock();
  // True if the calling thread took the place that is held now.
  bool held_here() const noexcept { return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  std::atomic<std::thread::id> owner_{};  // none: free
};

}  // namespace sapwood::storage
