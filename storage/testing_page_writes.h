// For tests: which page writer they run with. The build registers the whole-engine tests once for each.
#pragma once

#include <cstdlib>
#include <string_view>

#include "sapwood/options.h"

namespace sapwood::storage::testing {

// SAPWOOD_PAGE_WRITES is "mapped" or "calls"; anything else is automatic, which on a simulated disk means calls.
inline PageWrites test_page_writes() {
  const char* text = std::getenv("SAPWOOD_PAGE_WRITES");
  const std::string_view wanted = text == nullptr ? "" : text;
  return wanted == "mapped" ? PageWrites::mapped : wanted == "calls" ? PageWrites::calls : PageWrites::automatic;
}

}  // namespace sapwood::storage::testing
