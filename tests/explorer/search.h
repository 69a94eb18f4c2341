// Visits every state that can be reached, breadth first, so that the first violation has the shortest trace.
#pragma once

#include <string>
#include <vector>

#include "tests/explorer/machine.h"

namespace sapwood::explorer {

struct Report {
  u64 states = 0;
  u32 depth = 0;
  Invariant violated = Invariant::none;
  std::vector<std::string> trace;  // what led to it
  bool complete = true;            // false: stopped at the limit
};

// Visits at most `limit` states, some 70 bytes of memory each, or stops at the first that violates an invariant. Two
// states with the same 64-bit hash count as one, which for ten million states happens once in some hundred thousand
// runs.
Report explore(const Config& config, u64 limit);

std::string to_string(const Report& report);

}  // namespace sapwood::explorer
