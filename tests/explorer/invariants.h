// The invariants that are read off a state; they are listed in state.h.
#pragma once

#include "tests/explorer/state.h"

namespace sapwood::explorer {

// The first that does not hold, of those that need no disk: E2 to E5.
Invariant check_memory(const State& state);
// Recovery from all that the disk may hold now, and from the cached files: E1, E2, E3, E7, E10.
Invariant check_recovery(const State& state);

}  // namespace sapwood::explorer
