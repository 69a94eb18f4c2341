// Rows of records as bytes: named fields behind a directory that is searched in place. docs/format.md, "Rows".
//
// A placeholder has no bytes. Else, where w is the width of the row's numbers, little-endian:
//   size          field
//      1          w: 1, 2, 4 or 8, the least that holds all numbers
//      w          n, the number of fields
//     4n          hashes of the names (XXH3-64 with seed 0, its halves xored), ascending
//     2w n        per field: end of its name among the names, end of its value among the values
//                 the names, then the values, back to back
//
// Invariants (check_row tests all, readers what keeps them within the row):
//   W1  the parts have exactly the row's size; ends do not descend
//   W2  fields are ordered by (hash, name); no name is there twice, none is longer than kMaxFieldName
//   W3  a value is one of the type of the fields
#pragma once

#include <optional>
#include <span>
#include <string>

#include "sapwood/detail/rows.h"
#include "tree/value.h"

namespace sapwood::collections {

using detail::FieldBytes;

// Finds fields in a stored row and reads only what it needs of it. Everything it gives is valid while the value is.
class RowReader {
 public:
  // Throws Error{corrupt} if the directory does not fit the row.
  explicit RowReader(const tree::ValueView& row);

  bool is_placeholder() const { return row_.size() == 0; }
  u64 count() const { return count_; }
  // The number of the field with that name. O(log n), and two cache lines or so of the hashes.
  std::optional<u64> find(Bytes name) const;
  // Name and value of field `i` < count(), in the row itself or in `buffer`. Throws Error{corrupt}.
  Bytes name(u64 i, std::string& buffer) const;
  Bytes value(u64 i, std::string& buffer) const;

 private:
  struct Part {
    u64 offset;
    u64 size;
  };
  Bytes read(Part part, std::string& buffer) const;
  u64 number_at(u64 offset) const;
  u32 hash_at(u64 i) const;
  u64 lower_bound(u32 hash) const;
  // Of a field: which = 0 its name, 1 its value.
  Part part(u64 i, u32 which, u64 start) const;

  tree::ValueView row_;
  Bytes head_;  // the bytes that lie together at the start
  u64 width_ = 0;
  u64 count_ = 0;
  u64 ends_at_ = 0;
  u64 names_at_ = 0;
  u64 values_at_ = 0;
};

// Throws Error{corrupt} that tells what is wrong with a row whose fields are of type `field`.
void check_row(Bytes row, const TypeInfo& field);

}  // namespace sapwood::collections
