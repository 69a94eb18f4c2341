// Until when a call may wait for others.
#pragma once

#include <algorithm>
#include <chrono>

#include "os/wait.h"

namespace sapwood::storage {

// Longer time limits are this: they overflow where steps are counted.
inline constexpr std::chrono::hours kForEver{24 * 365 * 10};

class Deadline {
 public:
  // From now on; negative: without limit.
  explicit Deadline(std::chrono::milliseconds timeout)
      : timeout_(std::min<std::chrono::milliseconds>(timeout, kForEver)), end_(os::wait_clock() + timeout_) {}

  // What is left: 0 once it has passed; negative: without limit.
  std::chrono::microseconds left() const {
    if (timeout_.count() < 0) return timeout_;
    return std::max(end_ - os::wait_clock(), std::chrono::microseconds(0));
  }
  std::chrono::milliseconds timeout() const { return timeout_; }

 private:
  std::chrono::milliseconds timeout_;
  std::chrono::microseconds end_;
};

}  // namespace sapwood::storage
