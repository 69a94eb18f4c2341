// A lock between threads of any processes: a word in shared memory that says whose it is.
//
//   free --try_lock(), lock()--> owned --unlock()--> free, or handed over if a thread has waited for long
//                                owned by a process that died --lock(), try_lock()--> owned
//   handed over --lock() of a thread that waited--> owned
//
// A holder that dies leaves nothing behind but the word; what it protects must be whole at each of its steps.
// Word: the owner's ProcessTag, or 0; kWaiting: a thread sleeps; kHandOver: whoever comes new has to wait.
#pragma once

#include <chrono>
#include <mutex>

#include "storage/processes.h"

namespace sapwood::storage {

// Longer time limits are none: they overflow where steps are counted.
inline constexpr std::chrono::hours kForEver{24 * 365 * 10};

class SharedLock {
 public:
  SharedLock(std::atomic<u32>& word, const Processes& processes) : word_(word), processes_(processes) {}

  bool try_lock() noexcept;
  // Waits for at most `timeout`; negative: without limit. False if that was not enough.
  bool lock(std::chrono::microseconds timeout);
  // Takes it from a process that died. False if it is free, or its owner lives.
  bool steal();
  // Any thread of the owner's process.
  void unlock() noexcept;

  ProcessTag owner() const noexcept;

 private:
  std::atomic<u32>& word_;
  const Processes& processes_;
};

// Held for a scope.
class SharedGuard {
 public:
  explicit SharedGuard(SharedLock& lock) : lock_(lock) { lock_.lock(std::chrono::microseconds(-1)); }
  SharedGuard(SharedLock& lock, std::adopt_lock_t) : lock_(lock) {}
  ~SharedGuard() { lock_.unlock(); }
  SharedGuard(const SharedGuard&) = delete;
  SharedGuard& operator=(const SharedGuard&) = delete;

 private:
  SharedLock& lock_;
};

}  // namespace sapwood::storage
