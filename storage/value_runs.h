// Large values in the redo log: where a record's operations refer to runs of pages in the data file instead of holding
// the bytes. docs/format.md, "Log file".
//
// The runs that a record refers to stand behind its operations, 14 bytes each: {start u48, bytes u32, checksum u32}.
// Operations name them by their place in this list.
//
// Invariants:
//   R1  a run that a record refers to is not used again before a checkpoint makes the record needless
//   R2  a record counts only if all its runs have their checksums: one that does not is the end of the log, as a record
//       that is cut off is
#pragma once

#include <span>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/geometry.h"
#include "storage/page.h"

namespace sapwood::storage {

inline constexpr u32 kValueRunBytes = 14;

// A run, and the bytes of a value in it.
struct ValueRun {
  Extent extent;
  u32 bytes = 0;
  u32 checksum = 0;
};

void append_value_runs(std::string& to, std::span<const ValueRun> runs);

// The runs of one record, as recovery reads them.
class ValueRuns {
 public:
  // `encoded`: a multiple of kValueRunBytes.
  ValueRuns(os::File& file, const Geometry& geometry, Bytes encoded);

  const std::vector<ValueRun>& list() const { return list_; }
  // True if the file holds the bytes of all of them.
  bool are_whole() const;
  // Writes all of them again, so that the next sync is of them. Throws io if the file does not hold their bytes.
  void write_again() const;
  // The bytes of runs [first, first + count), in order. Throws corrupt if there are no such runs.
  std::string read(u64 first, u64 count) const;

 private:
  os::File& file_;
  u32 page_shift_;
  std::vector<ValueRun> list_;
};

}  // namespace sapwood::storage
