// What the catalog keeps of types beyond their numbers. docs/format.md, "Type options".
//
// Type options are any number of {what u8, length u8, that many bytes}, `what` ascending:
//   1 parts of the key's tuple, a value type each    2 of the value's
//   3 width of the key's structure, u16              4 of the value's
// In a redo operation two codecs (u16 each, key and value) stand before them; all is left out if there is nothing to
// say.
#pragma once

#include <string>

#include "collections/value_form.h"
#include "sapwood/types.h"

namespace sapwood::collections {

void append_type_options(std::string& to, const CollectionTypes& types);
// How many bytes of a record's options are type options: those of the form follow.
std::size_t type_options_size(Bytes options);
// Adds what `options` say to `types`; false if they are not what append_type_options writes for the result.
bool take_type_options(Bytes options, CollectionTypes& types);

// All that a redo operation says of a new collection: codecs, type options, those of the form. False as above.
std::string create_options(const CollectionTypes& types, const ValueForm& form = {});
bool take_create_options(Bytes options, CollectionTypes& types, ValueForm& form);

}  // namespace sapwood::collections
