#include "tests/support/random.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/sanitized.h"

namespace sapwood::test {

u64 test_seed(u64 fallback) {
  const char* given = std::getenv("SAPWOOD_SEED");
  const u64 seed = given != nullptr ? std::strtoull(given, nullptr, 10) : fallback;
  std::printf("SAPWOOD_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

u64 soak_scale() {
  const char* given = std::getenv("SAPWOOD_SOAK");
  if (given == nullptr) return 1;
  const u64 scale = std::strtoull(given, nullptr, 10);
  return scale == 1 ? 10 : std::max<u64>(scale, 1);
}

u64 scaled(u64 amount) {
  const u64 whole = amount * soak_scale();
  return kSanitized ? std::max<u64>(whole / 10, 1) : whole;
}

}  // namespace sapwood::test
