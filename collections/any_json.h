// Values of type any, and tuples, as JSON. The forms are those of parse_value: sapwood/any_value.h.
#pragma once

#include <string>

#include "base/types.h"
#include "sapwood/any_value.h"

namespace sapwood::collections {

// Throws Error{invalid_argument} for text that is not JSON or no value of type any.
AnyValue parse_any(Bytes json);
std::string format_any(const AnyValue& value);

// A tuple of that type, as a JSON array. Throws Error{invalid_argument}.
AnyValue parse_tuple(const TypeInfo& type, Bytes json);
std::string format_tuple(const AnyTuple& tuple);

}  // namespace sapwood::collections
