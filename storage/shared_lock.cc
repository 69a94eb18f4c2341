#include "storage/shared_lock.h"

#include "base/assert.h"
#include "base/fail_point.h"
#include "os/wait.h"
#include "storage/deadline.h"

namespace sapwood::storage {
namespace {

using std::chrono::microseconds;

constexpr u32 kWaiting = u32{1} << 30;
constexpr u32 kHandOver = u32{1} << 31;
constexpr u32 kTagMask = (u32{1} << kTagBits) - 1;

constexpr microseconds kStep{50'000};     // an owner's life is looked at so often
constexpr microseconds kFairWait{2'000};  // who waited longer gets it next

ProcessTag owner_of(u32 word) { return ProcessTag{word & kTagMask}; }

}  // namespace

ProcessTag LockWord::owner() const noexcept { return owner_of(word_.load(std::memory_order_relaxed)); }

bool LockWord::take(u32& seen, u32 flags) noexcept {
  SAPWOOD_ASSERT(self_ != kNobody);
  return word_.compare_exchange_strong(seen, static_cast<u32>(self_) | flags, std::memory_order_acquire,
                                       std::memory_order_relaxed);
}

bool LockWord::try_lock() {
  u32 free = 0;
  return take(free, 0) || steal();
}

// From who does not have it any more.
bool LockWord::steal() {
  const ProcessTag owner = this->owner();
  if (processes_ == nullptr || owner == kNobody) return false;
  if (owner != self_ && processes_->is_alive(owner)) return false;
  if (!take_from(owner)) return false;
  SAPWOOD_FAIL_POINT("lock.stolen");
  return true;
}

bool LockWord::take_from(ProcessTag owner) noexcept {
  u32 seen = word_.load(std::memory_order_relaxed);
  return owner_of(seen) == owner && take(seen, kWaiting);
}

// A thread that has waited keeps kWaiting set when it takes the word: others may sleep still.
bool LockWord::lock(microseconds timeout) {
  if (try_lock()) return true;
  const microseconds start = os::wait_clock();
  bool has_waited = false;
  for (;;) {
    u32 seen = word_.load(std::memory_order_relaxed);
    const ProcessTag owner = owner_of(seen);
    if (owner == kNobody && (has_waited || (seen & kHandOver) == 0)) {
      if (take(seen, kWaiting)) return true;
      continue;
    }
    if (steal()) return true;
    // Who it was handed over to may be gone: that takes a moment to tell, whatever the time limit.
    const microseconds limit = owner == kNobody && !has_waited ? std::max(timeout, kFairWait) : timeout;
    const microseconds waited = os::wait_clock() - start;
    if (waited >= limit) {
      if ((seen & kHandOver) == 0) return false;
      // The turn may have been ours; others that wait ask for it again.
      if (!word_.compare_exchange_weak(seen, seen & ~kHandOver, std::memory_order_relaxed)) continue;
      os::wake_one(word_);
      return false;
    }
    const bool next_is_ours = owner != kNobody && waited >= kFairWait;
    const u32 wanted = seen | kWaiting | (next_is_ours ? kHandOver : 0);
    if (wanted != seen && !word_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) continue;
    os::wait_on(word_, wanted, std::min(limit - waited, waited < kFairWait ? kFairWait : kStep));
    has_waited = true;
  }
}

void LockWord::unlock() noexcept {
  u32 seen = word_.load(std::memory_order_relaxed);
  do {
    if (owner_of(seen) != self_) return;  // taken over, or the lock file is damaged
  } while (!word_.compare_exchange_weak(seen, (seen & kHandOver) != 0 ? kHandOver | kWaiting : 0,
                                        std::memory_order_release, std::memory_order_relaxed));
  if ((seen & kWaiting) != 0) os::wake_one(word_);
}

bool SharedLock::try_lock() {
  if (!among_threads().try_lock()) return false;
  if (among_processes().try_lock()) return true;
  among_threads().unlock();
  return false;
}

bool SharedLock::lock(microseconds timeout) {
  if (try_lock()) return true;
  const microseconds limit = timeout.count() < 0 || timeout > kForEver ? kForEver : timeout;
  const microseconds end = os::wait_clock() + limit;
  if (!among_threads().lock(limit)) return false;
  if (among_processes().lock(std::max(microseconds(0), end - os::wait_clock()))) return true;
  among_threads().unlock();
  return false;
}

void SharedLock::unlock() noexcept {
  among_processes().unlock();
  among_threads().unlock();
}

ProcessTag SharedLock::owner() const noexcept {
  const ProcessTag owner = owner_of(word_.load(std::memory_order_relaxed));
  return owner == kNobody && own_word_.load(std::memory_order_relaxed) != 0 ? processes_.self() : owner;
}

bool SharedLock::take_over(ProcessTag from) noexcept {
  if (from == processes_.self() || !among_threads().try_lock()) return false;
  if (among_processes().take_from(from)) return true;
  among_threads().unlock();
  return false;
}

}  // namespace sapwood::storage
