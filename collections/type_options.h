// What the catalog keeps of types beyond their numbers. docs/format.md, "Type options".
//
// Type options are any number of {what u8, length u8, that many bytes}, `what` ascending:
//   1 parts of the key's tuple, a value type each    2 of the value's
//   3 width of the key's structure, u16              4 of the value's
// In a redo operation two codecs (u16 each, key and value) stand before them; all is left out if there is nothing to
// say.
#pragma once

#include <string>

#include "base/types.h"
#include "sapwood/types.h"

namespace sapwood::collections {

void append_type_options(std::string& to, const CollectionTypes& types);
// Adds what `options` say to `types`; false if they are not what append_type_options writes for the result.
bool take_type_options(Bytes options, CollectionTypes& types);

// The same with codecs, for redo operations.
std::string create_options(const CollectionTypes& types);
bool take_create_options(Bytes options, CollectionTypes& types);

}  // namespace sapwood::collections
