// What a collection keeps beside its entries, and how. Chosen when it is created.
#pragma once

#include <chrono>
#include <cstdint>

namespace sapwood {

// A collection with any of these holds no collections, also if its values are of type any.
//
// Who opens a collection that exists asks for what it needs: Error{invalid_argument} if the collection was created
// without it. Compression is not asked for: a program sees no difference.
struct CollectionOptions {
  // Of maps and dicts: each entry has a time, when it was put unless put or set_timestamp say another. 8 bytes an
  // entry.
  bool timestamps = false;
  // time_range and prune find entries by their times, without a look at all others. A key more for each entry, in a
  // tree beside. Implies timestamps.
  bool time_index = false;
  // Of maps and dicts: an entry is gone so long after its time; 0: never. Implies timestamps, and without `expiry`
  // time_index. docs/guarantees.md, "Expiry".
  std::chrono::microseconds time_to_live{0};
  // Of maps and dicts: an entry can have a moment of its own at which it is gone, which overrides time_to_live: put
  // with a time to live, expire, expire_at. 8 bytes an entry, and a key more, in a tree beside, for each that will be
  // gone.
  bool expiry = false;
  // Values that vary in size are compressed with zstd, at this level: 1 (fast) to 19 (small). 0: stored as they are.
  // Not of records. Database::recompress changes it.
  std::uint8_t compression = 0;

  bool operator==(const CollectionOptions&) const = default;
};

}  // namespace sapwood
