// SAPWOOD_FAIL_POINT("machine.state"): a place where tests stop or kill a process, behind the step that the name tells.
// Nothing is compiled in unless the build has SAPWOOD_FAIL_POINTS (presets dev, asan and tsan), and nothing happens
// there unless a test sets the hook. tests/fail_points_test.cc has a row for each.
#pragma once

#include <atomic>

namespace sapwood {

// Called with the name of each point that is reached, by any thread, with the locks that it has there. Must not throw.
inline std::atomic<void (*)(const char* name)> fail_point_hook = nullptr;

inline void reach_fail_point(const char* name) noexcept {
  if (const auto hook = fail_point_hook.load(std::memory_order_acquire); hook != nullptr) hook(name);
}

}  // namespace sapwood

#ifdef SAPWOOD_FAIL_POINTS
#define SAPWOOD_FAIL_POINT(name) ::sapwood::reach_fail_point(name)
#else
#define SAPWOOD_FAIL_POINT(name) static_cast<void>(0)
#endif
