// Nested collections for golden files: of every kind in every kind, in values of type any, and some that wait to be
// reclaimed.
#pragma once

#include "sapwood/sapwood.h"
#include "tests/support/golden_types.h"

namespace sapwood::test {

// What both files hold. Throws Disagreement.
void require_golden_nested(const ReadTxn& snapshot);

// Commits that only the log of the killed one has: creations, moves and reclaim steps are among them.
inline constexpr u64 kGoldenNestedRecords = 4;

// Makes both databases, with pages of 512 bytes; the same bytes each time.
GoldenImages make_golden_nested();

}  // namespace sapwood::test
