#include "os/wait.h"

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#else
#include <thread>
#endif

namespace sapwood::os {

static_assert(sizeof(std::atomic<u32>) == sizeof(u32) && std::atomic<u32>::is_always_lock_free);

std::chrono::microseconds wait_clock() noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

#ifdef __linux__

namespace {

void futex(const std::atomic<u32>& word, int operation, u32 value, const timespec* timeout) noexcept {
  static_cast<void>(::syscall(SYS_futex, &word, operation, value, timeout, nullptr, 0));  // its errors mean: look again
}

}  // namespace

void wait_on(const std::atomic<u32>& word, u32 expected, std::chrono::microseconds timeout) noexcept {
  const timespec limit{timeout.count() / 1'000'000, timeout.count() % 1'000'000 * 1000};
  futex(word, FUTEX_WAIT, expected, &limit);
}
void wake_one(const std::atomic<u32>& word) noexcept { futex(word, FUTEX_WAKE, 1, nullptr); }
void wake_all(const std::atomic<u32>& word) noexcept { futex(word, FUTEX_WAKE, INT_MAX, nullptr); }

#else

// Looks again and again, at most a millisecond apart.
void wait_on(const std::atomic<u32>& word, u32 expected, std::chrono::microseconds timeout) noexcept {
  constexpr std::chrono::microseconds kStep{1000};
  for (std::chrono::microseconds waited{0}; waited < timeout; waited += kStep) {
    if (word.load(std::memory_order_relaxed) != expected) return;
    std::this_thread::sleep_for(std::min(kStep, timeout - waited));
  }
}
void wake_one(const std::atomic<u32>&) noexcept {}
void wake_all(const std::atomic<u32>&) noexcept {}

#endif

}  // namespace sapwood::os
