// The crash sweeps that tests run, quick and slow.
#pragma once

#include "tests/support/crash_sweep.h"

namespace sapwood::test {

// Random operations on a database of that page size and log size. `images`: at most so many at each operation of the
// disk, 0 for all.
CrashSweep random_sweep(u64 seed, u32 page_size, u64 log_size, u64 operations, u64 images);

// The letters of the short sequences: what happens between open and close.
inline constexpr std::size_t kSequenceLetters = 11;
// Letters are numbers below kSequenceLetters. Each sequence begins with a database that holds something.
std::vector<Operation> sequence(const std::vector<u64>& letters);

}  // namespace sapwood::test
