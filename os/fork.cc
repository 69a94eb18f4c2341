#include "os/fork.h"

#include <pthread.h>

namespace sapwood::os {
namespace {

std::atomic<u32> forks{0};

}  // namespace

u32 fork_count() noexcept {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  static_cast<void>(registered);
  return forks.load(std::memory_order_relaxed);
}

}  // namespace sapwood::os
