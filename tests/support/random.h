// Randomness of tests: one seed a test, told when the test starts, replayed by SAPWOOD_SEED.
#pragma once

#include <random>

#include "base/types.h"

namespace sapwood::test {

using Rng = std::mt19937_64;

// SAPWOOD_SEED, or `fallback`; printed, so that a failure can be replayed.
u64 test_seed(u64 fallback = 1);

// How much larger than the usual amount of work to do: 1, or with SAPWOOD_SOAK=1 ten times, =n n times.
u64 soak_scale();

// `amount` times soak_scale(), and a tenth of that under sanitizers.
u64 scaled(u64 amount);

inline u64 below(Rng& random, u64 bound) { return bound == 0 ? 0 : random() % bound; }
inline bool one_in(Rng& random, u64 chances) { return below(random, chances) == 0; }

}  // namespace sapwood::test
