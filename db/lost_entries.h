// How a repair names entries that are lost.
#pragma once

#include <string>

#include "sapwood/types.h"
#include "tree/salvage.h"

namespace sapwood::db {

// The key as its type is written; as hexadecimal digits if it is not one of that type.
std::string key_text(const TypeInfo& type, Bytes key);
// "positions 10 to 19", "keys from 'a' to before 'c'", or "keys that are neighbours by hash".
std::string gap_text(const CollectionTypes& types, const tree::Gap& gap);
// "position 10", "key 'a'". `key` is the user's.
std::string entry_text(const CollectionTypes& types, u64 position, Bytes key);
// The first sentence of an error's message: the page and what is wrong with it, without what to do.
std::string reason_of(std::string_view message);

}  // namespace sapwood::db
