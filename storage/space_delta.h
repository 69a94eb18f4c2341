// What a commit did to the space of the data file, as its redo record tells it: pages and runs that it took, and those
// that it dropped. For processes that write after it (storage/engine_follow.cc); recovery does not need it.
//
// A sequence of items, in the order in which they hold:
//   varint   zigzag(start - end of the item before) << 3 | dropped << 2 | run << 1 | longer
//   varint   pages, if `longer`, else 1
//   varint   age, if `dropped`: the commit's transaction minus the birth, low 32 bits
#pragma once

#include <optional>
#include <string>

#include "storage/page.h"

namespace sapwood::storage {

struct SpaceChange {
  Extent extent;
  bool dropped = false;
  bool run = false;  // of a value, without page headers
  u32 birth = 0;     // low 32 bits; of a dropped one
};

class SpaceDeltaWriter {
 public:
  SpaceDeltaWriter(std::string& to, TxnId txn) : to_(to), txn_(static_cast<u32>(txn)) {}
  void add(const SpaceChange& change);

 private:
  std::string& to_;
  u32 txn_;
  u64 end_ = 0;
};

// Reads the items one by one. Throws Error{corrupt} if the bytes are none.
class SpaceDeltaReader {
 public:
  SpaceDeltaReader(Bytes delta, TxnId txn);
  std::optional<SpaceChange> next();

 private:
  u64 get();

  const u8* at_;
  const u8* end_of_bytes_;
  u32 txn_;
  u64 end_ = 0;
};

}  // namespace sapwood::storage
