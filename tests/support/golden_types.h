// A golden database with every kind of collection of every type of keys and values, and values in every form that large
// ones take: closed, and as a killed process left it, with the newest commits in the redo log alone.
#pragma once

#include <string>

#include "base/types.h"
#include "sapwood/sapwood.h"

namespace sapwood::test {

// What both files hold, read by the typed and the untyped face. Throws Disagreement.
void require_golden_types(const ReadTxn& snapshot);

// Commits that only the log of the killed one has. Every kind of redo operation is among them.
extern const u64 kGoldenLogRecords;

struct GoldenImages {
  std::string killed;
  std::string killed_log;
  std::string closed;
};
// Makes both databases, with pages of 512 bytes; the same bytes each time.
GoldenImages make_golden_types();

}  // namespace sapwood::test
