// Facts about kinds and types of collections that the layers below the public face need.
#pragma once

#include "base/types.h"
#include "sapwood/types.h"

namespace sapwood::collections {

// Bytes of every key and value of that type; 0 if they vary.
u32 width_of(const TypeInfo& type);

// Kind and types known to this version, and in a combination that makes sense: structures are no keys of sorted
// collections, JSON and collections are no keys at all.
bool are_known(const CollectionTypes& types);

// "list of string", "sorted_map of string to double".
std::string describe(const CollectionTypes& types);

}  // namespace sapwood::collections
