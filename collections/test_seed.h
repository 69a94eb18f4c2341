// The seed of randomised tests: SAPWOOD_SEED from the environment, or a fixed one. Printed, so that a failure can be
// replayed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace sapwood {

inline std::uint64_t test_seed(std::uint64_t otherwise = 20260101) {
  const char* given = std::getenv("SAPWOOD_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
  std::printf("SAPWOOD_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace sapwood
