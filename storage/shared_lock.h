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

#include "storage/processes.h"

namespace sapwood::storage {

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

  // For a lock that only spares others the same work: takes it from a process that may live, which may go on and finds
  // at release() that it is another's. False if nobody, this process, or a new owner has it.
  bool take_over(ProcessTag from) noexcept;
  // unlock(), if it is still this process's.
  void release() noexcept;

  ProcessTag owner() const noexcept;

 private:
  std::atomic<u32>& word_;
  const Processes& processes_;
};

}  // namespace sapwood::storage
