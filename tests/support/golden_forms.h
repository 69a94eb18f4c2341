// Collections whose values have forms for golden files: times, expiry, compression with and without dictionaries, each
// also changed later; and a named snapshot of them as they were before.
#pragma once

#include "sapwood/sapwood.h"
#include "tests/support/golden_types.h"

namespace sapwood::test {

inline constexpr const char* kGoldenSnapshot = "before";

// What both files hold, in the newest version and in the snapshot. Throws Disagreement.
void require_golden_forms(const Database& database);

// Commits that only the log of the killed one has: changes of forms and levels, and reclaimed entries are among them.
extern const u64 kGoldenFormsRecords;

// Makes both databases, with pages of 512 bytes.
GoldenImages make_golden_forms();

}  // namespace sapwood::test
