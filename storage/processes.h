// The processes that have one database open, and this one's place among them.
//
// A process holds a byte lock of the data file for as long as it lives (kFirstSlotLock + slot); the system drops it
// when the process ends, however it ends. So others see at once that an owner of something in the lock file is dead. A
// slot used again has another generation, so that what its last process owned is nobody's.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "os/file.h"
#include "sapwood/info.h"
#include "storage/lock_file.h"

namespace sapwood::storage {

// A process as it stands in words of the lock file: slot + 1 in the low 7 bits, its generation above. 0: nobody.
enum class ProcessTag : u32 {};
inline constexpr ProcessTag kNobody{0};
inline constexpr u32 kTagBits = 30;  // the rest of a word is its user's

class Processes {
 public:
  // `memory` holds at least sizeof(LockFile) bytes, shared with the other processes; `file` is the data file, which
  // outlives this; null: there are no others.
  Processes(std::unique_ptr<os::Mapping> memory, os::File* file);

  LockFile& lock_file() { return *lock_file_; }
  const LockFile& lock_file() const { return *lock_file_; }

  // Makes the lock file as new. Requires: no other process uses it.
  void make_anew(const os::ProcessInfo& self, const std::array<u8, 16>& uuid);
  // Whether a process may go on with what the lock file says: it is of this boot of the system, and whole as far as one
  // can see. `alone`: all its processes are dead.
  bool can_join(const os::ProcessInfo& self, bool alone) const;
  // What dead processes owned is free. Requires: no other process uses it.
  void forget_dead() noexcept;

  // Takes a process slot. Throws limit if all are taken.
  void enter(const os::ProcessInfo& self, i64 now_us);
  void leave() noexcept;

  ProcessTag self() const { return self_; }
  // Cost: a system call, unless it is this process.
  bool is_alive(ProcessTag process) const;
  struct Member {
    ProcessTag tag;
    ProcessInfo info;
  };
  // Those that live, this one included, in the order in which they came. Cost: a system call for each.
  std::vector<Member> members() const;
  // "process 12 (python3, since 2026-01-31 12:00:00 UTC)", or "another process".
  std::string describe(ProcessTag process) const;

  // What it cannot be counts as poisoned.
  SharedState state() const {
    return static_cast<SharedState>(
        std::min<u32>(lock_file_->state.load(std::memory_order_acquire), static_cast<u32>(SharedState::poisoned)));
  }
  void set_state(SharedState state) { lock_file_->state.store(static_cast<u32>(state), std::memory_order_release); }

 private:
  std::unique_ptr<os::Mapping> memory_;
  LockFile* lock_file_;
  os::File* file_;
  u32 slot_ = 0;
  ProcessTag self_ = kNobody;
};

// The same from the bytes of a lock file, which may hold anything, for the first process in it: for messages of those
// who cannot join.
u32 holding_process(const u8* lock_file, u64 size);  // its process id, 0 if that cannot be read
std::string describe_holder(const u8* lock_file, u64 size);

// What the lock file says does not hold together: somebody wrote into it. Throws corrupt.
[[noreturn]] void throw_damaged_lock_file(const std::string& what);

}  // namespace sapwood::storage
