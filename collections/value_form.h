// How the stored bytes of a value come from the user's. docs/format.md, "Forms of values".
//
// A collection without options stores the user's bytes and nothing else: its form is plain. Others put before them
//   size  field
//      8  time             i64, microseconds since 1970 UTC     with timestamps
//      1  coding           0 as they are, 1 a zstd frame        with compression
// Which of the two there are never changes in the life of a collection; the level of the compression may.
//
// In the catalog's options and the redo operation that creates a collection, after the type options:
//   16 timestamps: nothing                   17 time index: id of its tree u64
//   18 time to live: microseconds, i64       19 compression: level u8, id of the tree of its dictionaries u64
#pragma once

#include <string>

#include "base/types.h"
#include "sapwood/types.h"

namespace sapwood::collections {

inline constexpr u8 kHighestLevel = 19;

struct ValueForm {
  bool timestamps = false;
  u64 time_index = 0;       // id of the collection that is the index; 0: none
  i64 time_to_live_us = 0;  // 0: entries do not expire
  u64 dictionaries = 0;     // id of the collection that holds the dictionaries; 0: values are never compressed
  u8 level = 0;             // of zstd; 0: values are stored as they are from now on
  bool operator==(const ValueForm&) const = default;

  bool is_plain() const { return !timestamps && dictionaries == 0; }
  // Bytes before those of the value.
  u32 header_size() const { return (timestamps ? 8 : 0) + (dictionaries != 0 ? 1 : 0); }
  // Whether an entry of that time is gone at `now`.
  bool is_expired(i64 time_us, i64 now_us) const { return time_to_live_us != 0 && time_us <= now_us - time_to_live_us; }
};

// A stored value taken apart. `payload` lies in it.
struct FormedValue {
  i64 time_us = 0;
  bool compressed = false;
  Bytes payload;
};

// Throws Error{corrupt} that names `collection` if `stored` cannot have this form.
FormedValue split_value(const ValueForm& form, Bytes stored, const std::string& collection);
// Appends the header.
void append_header(std::string& to, const ValueForm& form, i64 time_us, bool compressed);
// Replaces the time in a stored value. Requires: the form has timestamps.
void replace_time(std::string& stored, i64 time_us);

// The first number of the options that are of forms.
inline constexpr u8 kFirstFormOption = 16;
void append_form_options(std::string& to, const ValueForm& form);
// False if `options` are not what append_form_options writes for the result.
bool take_form_options(Bytes options, ValueForm& form);

// The options that the form came from.
CollectionOptions options_of(const ValueForm& form);
// With what the options imply. Throws Error{invalid_argument} if such a collection cannot have them.
CollectionOptions complete_options(const std::string& name, const CollectionTypes& types,
                                   const CollectionOptions& options);
// Throws Error{invalid_argument} if a collection of that form lacks what is asked for.
void require_options(const std::string& name, const ValueForm& form, const CollectionOptions& asked);

}  // namespace sapwood::collections
