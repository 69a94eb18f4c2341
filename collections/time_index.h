// The index of times: a sorted map of bytes to bytes beside a map or dict, with one entry for each of its entries.
// docs/format.md, "Index of times".
//
// Its key is the entry's time, 8 bytes big-endian with the sign bit flipped, and the entry's key in the collection's
// tree; its value is empty. Where that is a quarter page or more, the key is exactly a quarter page: the time, as many
// bytes of the tree's key as leave 16, XXH3-128 of it (seeded with the file's hash key); then the value is the tree's
// key.
#pragma once

#include <string>

#include "base/hash.h"
#include "tree/cursor.h"

namespace sapwood::collections {

inline constexpr u32 kTimeBytes = 8;

// The entry of the index for the length of a call.
class TimeEntry {
 public:
  TimeEntry(i64 time_us, Bytes tree_key, const KeyHash& hash, u32 page_size);
  Bytes key() const { return key_; }
  Bytes value() const { return value_; }

 private:
  std::string key_;
  Bytes value_;
};

// The first 8 bytes of the keys of all entries of that time.
std::string time_bound(i64 time_us);

// An entry of the index taken apart. Throws Error{corrupt} that names `collection`.
struct TimedKey {
  i64 time_us = 0;
  std::string tree_key;
};
TimedKey read_time_entry(const tree::Cursor& cursor, const std::string& collection);

}  // namespace sapwood::collections
