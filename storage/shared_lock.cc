#include "storage/shared_lock.h"

#include "base/assert.h"
#include "base/fail_point.h"
#include "os/wait.h"

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

ProcessTag SharedLock::owner() const noexcept { return owner_of(word_.load(std::memory_order_relaxed)); }

bool SharedLock::try_lock() noexcept {
  SAPWOOD_ASSERT(processes_.self() != kNobody);
  u32 free = 0;
  return word_.compare_exchange_strong(free, static_cast<u32>(processes_.self()), std::memory_order_acquire,
                                       std::memory_order_relaxed);
}

bool SharedLock::steal() {
  u32 seen = word_.load(std::memory_order_relaxed);
  const ProcessTag owner = owner_of(seen);
  if (owner == kNobody || owner == processes_.self() || processes_.is_alive(owner)) return false;
  if (!word_.compare_exchange_strong(seen, static_cast<u32>(processes_.self()) | kWaiting, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
    return false;
  }
  SAPWOOD_FAIL_POINT("lock.stolen");
  return true;
}

// A thread that has waited keeps kWaiting set when it takes the word: others may sleep still.
bool SharedLock::lock(microseconds timeout) {
  if (try_lock()) return true;
  const microseconds start = os::wait_clock();
  const microseconds limit = timeout.count() < 0 ? kForEver : std::min<microseconds>(timeout, kForEver);
  bool has_waited = false;
  for (;;) {
    u32 seen = word_.load(std::memory_order_relaxed);
    const ProcessTag owner = owner_of(seen);
    if (owner == kNobody && (has_waited || (seen & kHandOver) == 0)) {
      const u32 ours = static_cast<u32>(processes_.self()) | kWaiting;
      if (word_.compare_exchange_weak(seen, ours, std::memory_order_acquire, std::memory_order_relaxed)) return true;
      continue;
    }
    if (owner != kNobody && steal()) return true;
    const microseconds waited = os::wait_clock() - start;
    if (waited >= limit) {
      if ((seen & kHandOver) != 0) os::wake_one(word_);  // the turn may have been ours
      return false;
    }
    const bool next_is_ours = owner != kNobody && waited >= kFairWait;
    const u32 wanted = seen | kWaiting | (next_is_ours ? kHandOver : 0);
    if (wanted != seen && !word_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) continue;
    os::wait_on(word_, wanted, std::min(limit - waited, waited < kFairWait ? kFairWait : kStep));
    has_waited = true;
  }
}

void SharedLock::unlock() noexcept {
  u32 seen = word_.load(std::memory_order_relaxed);
  SAPWOOD_ASSERT(owner_of(seen) == processes_.self());
  while (!word_.compare_exchange_weak(seen, (seen & kHandOver) != 0 ? kHandOver | kWaiting : 0,
                                      std::memory_order_release, std::memory_order_relaxed)) {
  }
  if ((seen & kWaiting) != 0) os::wake_one(word_);
}

}  // namespace sapwood::storage
