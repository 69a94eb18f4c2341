// Numbers as text, and back.
#pragma once

#include <optional>
#include <string>

#include "base/types.h"
#include "sapwood/codec.h"

namespace sapwood::collections {

// Decimal, with a minus sign; nullopt if it is something else or does not fit.
std::optional<Int128> parse_int128(Bytes text);
std::string format_int128(Int128 number);

// As many digits as it needs to come back the same; "nan", "inf", "-inf".
std::string format_double(double number);

}  // namespace sapwood::collections
