// Rows of records at the byte level, compiled once; Records encodes, calls and decodes.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sapwood/detail/handle.h"

namespace sapwood::collections {
class ColumnState;
}

namespace sapwood::detail {

struct FieldBytes {
  std::string_view name;
  std::string_view value;
};

// Receives fields while they can be read.
struct FieldReceiver {
  void* to = nullptr;
  void (*take)(void* to, const FieldBytes& field) = nullptr;
};

// Replaces `to` by the bytes of a row with these fields; they come in any order. Throws Error{too_long} for names over
// kMaxFieldName, Error{invalid_argument} for one that is there twice.
void encode_row(std::string& to, std::span<const FieldBytes> fields);

// Hands over all fields of a row in the order of their names; false if it is a placeholder. Throws Error{corrupt}.
bool read_row(std::string_view row, FieldReceiver fields);

// Calls on records; beside what calls on handles throw: out_of_range, and corrupt for damaged rows.

// The fields with these names in rows, in one state: `take` gets those that are there, with (number of the row among
// `rows`) * names.size() + (number of the name). Reads nothing else of the rows.
void read_fields(const Handle& records, std::span<const std::uint64_t> rows, std::span<const std::string_view> names,
                 ManyReceiver fields);
// Valid as Handle::view_at; nullopt if there is no such field.
std::optional<std::string_view> view_field(const Handle& records, std::uint64_t row, std::string_view name);
// Ascending.
std::vector<std::string> field_names(const Handle& records, std::uint64_t row);
bool is_placeholder(const Handle& records, std::uint64_t row);

// Adds fields, ascending by name, to a row or replaces them. A placeholder becomes a row.
void update_row(const Handle& records, std::uint64_t row, std::span<const FieldBytes> fields);
// Removes fields from a row; false if it had none of them. From all rows: how many had one of them.
bool drop_fields(const Handle& records, std::uint64_t row, std::span<const std::string_view> names);
std::uint64_t drop_fields(const Handle& records, std::span<const std::string_view> names);

// A position in the rows of a section, of which one field is read. Copies share it.
class ColumnCursor {
 public:
  ColumnCursor(const Section& rows, std::string_view name);
  bool at_end() const;
  std::uint64_t index() const;
  // Of the field here; valid until next(). Throws Error{ended} after the transaction.
  std::optional<std::string_view> field() const;
  void next();

 private:
  std::shared_ptr<collections::ColumnState> state_;
};

}  // namespace sapwood::detail
