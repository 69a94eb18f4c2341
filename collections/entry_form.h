// Whether the bytes of keys and values are what their types make.
#pragma once

#include "base/types.h"
#include "sapwood/types.h"

namespace sapwood::collections {

// Whether bytes of the type's width, or of any if it has none, may still be wrong.
bool has_form(const TypeInfo& type);
// Throws Error if the bytes are not what the type makes. Their width is not looked at.
void check_form(const TypeInfo& type, Bytes bytes);

}  // namespace sapwood::collections
