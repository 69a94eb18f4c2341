// How the stored bytes of a value come from the user's. docs/format.md, "Forms of values".
//
// A collection without options stores the user's bytes and nothing else: its form is plain. Others put before them
//   size  field
//      8  time             i64, microseconds since 1970 UTC     with timestamps
//      8  expiry           i64, the same: when it is gone;      with expiry
//                          the least: as the collection says, the greatest: never
//      1  coding           0 as they are, 1 a zstd frame        with compression
// Which of them there are changes only when all entries are loaded anew (WriteSession::reform); the level of the
// compression may at any time.
//
// In the catalog's options and the redo operation that creates a collection, after the type options:
//   16 timestamps: nothing                   17 time index: id of its tree u64
//   18 time to live: microseconds, i64       19 compression: level u8, id of the tree of its dictionaries u64
//   20 expiry: id of the tree of its index u64
#pragma once

#include <array>
#include <limits>
#include <string>

#include "base/types.h"
#include "sapwood/types.h"

namespace sapwood::collections {

inline constexpr u8 kHighestLevel = 19;

inline constexpr i64 kNeverUs = std::numeric_limits<i64>::max();
inline constexpr i64 kNoExpiryUs = std::numeric_limits<i64>::min();

// The times in a stored value.
struct StoredTimes {
  i64 time_us = 0;              // with timestamps
  i64 expiry_us = kNoExpiryUs;  // its own, with expiry
  bool operator==(const StoredTimes&) const = default;
};

struct ValueForm {
  bool timestamps = false;
  u64 time_index = 0;       // id of the collection that is the index; 0: none
  i64 time_to_live_us = 0;  // of entries without an expiry of their own; 0: they do not expire
  u64 expiry_index = 0;     // the same as time_index, of when entries are gone; 0: they have no expiry of their own
  u64 dictionaries = 0;     // id of the collection that holds the dictionaries; 0: values are never compressed
  u8 level = 0;             // of zstd; 0: values are stored as they are from now on
  bool operator==(const ValueForm&) const = default;

  bool is_plain() const { return !timestamps && expiry_index == 0 && dictionaries == 0; }
  // Bytes before those of the value.
  u32 header_size() const { return (timestamps ? 8 : 0) + (expiry_index != 0 ? 8 : 0) + (dictionaries != 0 ? 1 : 0); }
  // The collections that are parts of the form: ids, 0 for those that it has not.
  std::array<u64, 3> parts() const { return {time_index, expiry_index, dictionaries}; }
  bool has_index() const { return time_index != 0 || expiry_index != 0; }
  bool may_expire() const { return time_to_live_us != 0 || expiry_index != 0; }
  // When an entry is gone; kNeverUs. At that moment it is.
  i64 expires_at(const StoredTimes& times) const {
    if (times.expiry_us != kNoExpiryUs) return times.expiry_us;
    if (time_to_live_us == 0 || times.time_us > kNeverUs - time_to_live_us) return kNeverUs;
    return times.time_us + time_to_live_us;
  }
};

// A stored value taken apart. `payload` lies in it.
struct FormedValue {
  StoredTimes times;
  bool compressed = false;
  Bytes payload;
};

// Throws Error{corrupt} that names `collection` if `stored` cannot have this form.
FormedValue split_value(const ValueForm& form, Bytes stored, const std::string& collection);
// Appends the header.
void append_header(std::string& to, const ValueForm& form, const StoredTimes& times, bool compressed);
// Replaces the times in a stored value.
void replace_times(std::string& stored, const ValueForm& form, const StoredTimes& times);

// The first number of the options that are of forms.
inline constexpr u8 kFirstFormOption = 16;
void append_form_options(std::string& to, const ValueForm& form);
// False if `options` are not what append_form_options writes for the result.
bool take_form_options(Bytes options, ValueForm& form);

// The options that the form came from.
CollectionOptions options_of(const ValueForm& form);
// The form that complete options ask for; its parts have the id `parts`.
ValueForm form_of(const CollectionOptions& complete, u64 parts);
// With what the options imply. Throws Error{invalid_argument} if such a collection cannot have them.
CollectionOptions complete_options(const std::string& name, const CollectionTypes& types,
                                   const CollectionOptions& options);
// Throws Error{invalid_argument} if a collection of that form lacks what is asked for.
void require_options(const std::string& name, const ValueForm& form, const CollectionOptions& asked);

}  // namespace sapwood::collections
