// Whether this process is a child of fork(), for what must not be used by both.
#pragma once

#include <atomic>

#include "base/types.h"

namespace sapwood::os {

// How often fork() was on the way from the first call of this to the calling process; a child has one more than its
// parent. Async-signal-safe after the first call.
u32 fork_count() noexcept;

}  // namespace sapwood::os
