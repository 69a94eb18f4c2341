// Validity of UTF-8: no overlong forms, no surrogates, nothing past U+10FFFF (RFC 3629).
#pragma once

#include "base/types.h"

namespace sapwood::collections {

bool is_utf8(Bytes text);

}  // namespace sapwood::collections
