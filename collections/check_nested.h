// Verifies C5 of the catalog: every nested collection is the value of exactly one entry of its parent, and lies in a
// collection with a name, or in what waits to be reclaimed. Memory: 17 bytes for each collection.
#pragma once

#include <string>
#include <vector>

#include "collections/catalog.h"

namespace sapwood::collections {

class NestedCheck {
 public:
  // `ids` ascend: of all records.
  explicit NestedCheck(const std::vector<u64>& ids) : ids_(ids), parents_(ids.size()), states_(ids.size()) {}

  // First all records that can be read.
  void note_record(const CatalogRecord& record);
  // Then the entries of all that are sound: one of `owner` refers to the collection `child`. What is wrong with that,
  // or an empty string.
  std::string note_entry(const CatalogRecord& owner, u64 child);
  // Entries of that one were not all noted.
  void note_unsound(const CatalogRecord& owner);
  // Then what is wrong with records.
  void finish(std::vector<std::string>& findings);

 private:
  enum State : u8 { kRead = 1, kDropped = 2, kReferred = 4, kUnsound = 8, kOnWay = 16, kReachable = 32 };
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t find(u64 id) const;
  bool is_reachable(std::size_t at);

  const std::vector<u64>& ids_;
  std::vector<u64> parents_;
  std::vector<u8> states_;
  std::vector<u64> dropped_;  // what they were the trees of
  bool has_unsound_drop_ = false;
};

}  // namespace sapwood::collections
