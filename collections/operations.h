// The operations of redo records: what a transaction did to collections, resolved, so that applying them again in
// order to the same state gives the same state. docs/format.md, "Operations". A record is any number of them back to
// back; each starts with its kind (one byte) and the collection's id (varint). Byte strings are a varint length and
// the bytes; numbers are varints.
//
//   kind             after the id
//    1 create        kind u8, key type u8, value type u8, name, options: codecs and type options
//                    (collections/type_options.h), then those of the form (collections/value_form.h); or empty
//    2 drop
//    3 put           key, value
//    4 erase         key
//    5 list insert   index, value; at the end of a list with fixed leaves also several values back to back
//    6 list set      index, value
//    7 list erase    first index, count
//    8 erase range   bounds u8 (bit 0: low, bit 1: high), low key if there, high key if there: keys in [low, high)
//    9 clear
//   10 rename        name
//   11 move          location from, location to
//   14 reclaim step  number of entries: so many at the end of one that was dropped, and it with the last of them
//   15 create nested kind u8, key type u8, value type u8, location, options
//   12 level         u8: values are compressed at that level from now on
//   13 timestamp: reserved
//   16 reform        kind u8, key type u8, value type u8, options, as in create: the collection is emptied, and has
//                    this form with new parts from now on
//
// A location is a byte 0 and a name; 1, the id of a collection, and a key in it; or 2, an id and a position.
//
// Values are as stored: with the header of the collection's form, and compressed if they were. The index of times is
// not spoken of: each change of an entry changes it too.
//
// Kinds 3, 5 and 6 with bit 7 set: the value is in runs of the record (storage/value_runs.h). In its place stand
// varints first run, number of runs and size, and a byte string, the tail: the value is the last `size` bytes of the
// runs and the tail together.
#pragma once

#include <optional>
#include <string>

#include "base/types.h"
#include "collections/value_form.h"
#include "sapwood/types.h"

namespace sapwood::collections {

// Stored; never renumber.
enum class OperationKind : u8 {
  create = 1,
  drop = 2,
  put = 3,
  erase = 4,
  list_insert = 5,
  list_set = 6,
  list_erase = 7,
  erase_range = 8,
  clear = 9,
  rename = 10,
  move = 11,
  level = 12,
  // 13 timestamp: reserved.
  reclaim_step = 14,
  create_nested = 15,
  reform = 16,
};

// A value in runs of the record: runs [first, first + count), then Operation::value; `size` bytes of that, the last.
struct InRuns {
  u64 first = 0;
  u64 count = 0;
  u64 size = 0;
  bool operator==(const InRuns&) const = default;
};

// Where a collection stands.
struct Location {
  enum class Kind : u8 { name = 0, key = 1, position = 2 };  // stored; never renumber
  Kind kind = Kind::name;
  u64 parent = 0;  // key, position: id of the collection that it is in
  Bytes key{};     // key; or the name
  u64 index = 0;   // position
  bool operator==(const Location&) const = default;
};

// Only the fields that its kind uses count. The byte strings are borrowed.
struct Operation {
  OperationKind kind = OperationKind::clear;
  u64 id = 0;
  CollectionTypes types{};          // create, create_nested, reform
  ValueForm form{};                 // create, reform; level: its level
  Bytes name{};                     // create, rename
  Bytes key{};                      // put, erase
  Bytes value{};                    // put, list_insert, list_set
  std::optional<InRuns> in_runs{};  // the value, but for its tail
  u64 index = 0;                    // list_insert, list_set, list_erase
  u64 count = 0;                    // list_erase, reclaim_step
  std::optional<Bytes> low{};
  std::optional<Bytes> high{};
  Location from{};  // move
  Location to{};    // move, create_nested
};

// Appends the operation's bytes to `to`.
void encode_operation(std::string& to, const Operation& operation);

// Takes one operation off the front of `from`; the result borrows from it. Throws Error{corrupt} if it is cut off,
// Error{newer_format} if its kind is not known.
Operation decode_operation(Bytes& from);

}  // namespace sapwood::collections
