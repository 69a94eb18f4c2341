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

class LockWord {
 public:
  // Of `self`. With `processes`, an owner that died, or that is `self`, does not have it any more; without, none does.
  LockWord(std::atomic<u32>& word, ProcessTag self, const Processes* processes)
      : word_(word), self_(self), processes_(processes) {}

  bool try_lock();
  // Waits for at most `timeout`, or 2 ms for one that it was handed over to. False if that was not enough.
  bool lock(std::chrono::microseconds timeout);
  // Any thread of the owner's process. Changes nothing if it is another's by now.
  void unlock() noexcept;
  ProcessTag owner() const noexcept;
  // Takes it from that owner, whether it lives or not. False if it is another's.
  bool take_from(ProcessTag owner) noexcept;

 private:
  bool take(u32& seen, u32 flags) noexcept;
  bool steal();

  std::atomic<u32>& word_;
  const ProcessTag self_;
  const Processes* processes_;
};

// Threads of a process take turns by a word of their own first: so whoever damages the lock file cannot let two of them
// in, nor keep them all out.
class SharedLock {
 public:
  SharedLock(std::atomic<u32>& word, const Processes& processes) : word_(word), processes_(processes) {}

  // If it is free, or its owner died.
  bool try_lock();
  bool lock(std::chrono::microseconds timeout);
  void unlock() noexcept;
  // For a lock that only spares others the same work: takes it from a process that may live, which may go on, and whose
  // unlock() then changes nothing. kNobody: it was handed over to one that
  // did not take it. False if this process or a new owner has it.
  bool take_over(ProcessTag from) noexcept;
  // kNobody if it is free.
  ProcessTag owner() const noexcept;

 private:
  LockWord among_threads() { return {own_word_, ProcessTag{1}, nullptr}; }
  LockWord among_processes() { return {word_, processes_.self(), &processes_}; }

  std::atomic<u32>& word_;
  const Processes& processes_;
  std::atomic<u32> own_word_ = 0;
};

}  // namespace sapwood::storage
