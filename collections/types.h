// Facts about kinds and types of collections that the layers below the public face need.
#pragma once

#include "base/types.h"
#include "sapwood/types.h"

namespace sapwood::collections {

// Whether entries are found by key, in the order of the keys, in that of their hashes; whether they have values.
constexpr bool has_keys(CollectionKind kind) { return kind != CollectionKind::list; }
constexpr bool is_sorted(CollectionKind kind) {
  return kind == CollectionKind::sorted_map || kind == CollectionKind::sorted_set;
}
constexpr bool is_hashed(CollectionKind kind) { return kind == CollectionKind::dict || kind == CollectionKind::set; }
constexpr bool has_values(CollectionKind kind) {
  return kind != CollectionKind::set && kind != CollectionKind::sorted_set;
}

// Bytes of every key and value of that type; 0 if they vary.
u32 width_of(ValueType type);

// Kind and types known to this version, and in a combination that makes sense.
bool are_known(const CollectionTypes& types);

// "list of string", "sorted_map of string to double".
std::string describe(const CollectionTypes& types);

}  // namespace sapwood::collections
