// Keys and values of any type as arguments, as lines and as JSON.
//
// Arguments: as parse_value has them (sapwood/any_value.h). Bytes are hexadecimal digits, or "base64:...", or
// "text:..." for the bytes of a text. JSON: numbers, booleans and strings as themselves, without loss. What JSON has no
// words for: doubles that are no number are "nan", "inf" and "-inf"; bytes, and strings that are not UTF-8, are
// {"base64": "..."}; integers past 64 bits, uuids and datetimes are strings; tuples and values of type any are as
// parse_value has them. A value of type json is the document itself, or {"$json": "<text>"} if the document would not
// come back byte for byte. A row is an object, or {"$row": [[name, value], ...]} if a name is not UTF-8; a placeholder
// is null. A nested collection is "#" and its id, and cannot be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "sapwood/any.h"

namespace sapwood::cli {

// Both throw Error{invalid_argument} that tells what was expected.
AnyValue parse_argument(const TypeInfo& type, std::string_view text);
AnyValue from_json(const TypeInfo& type, const Json& json);

Json to_json(const TypeInfo& type, const AnyValue& value);
Json to_json(const AnyValue& value);  // of any type but any
// The value alone, exactly: a string as it is, bytes raw.
std::string raw_text(const TypeInfo& type, const AnyValue& value);
// On one line, bytes in hexadecimal.
std::string line_text(const TypeInfo& type, const AnyValue& value);

// When an entry is gone: a date and time, or "never".
std::string expiry_text(DateTime moment);
// Throws Error{invalid_argument}.
DateTime parse_expiry(std::string_view text);

// Position `text` in a list of `size` items; -1 is the last. Throws UsageError if it is no whole number; the result may
// be out of range: then it is nullopt.
std::optional<std::uint64_t> parse_position(std::string_view text, std::uint64_t size);
// The same as a boundary: clamped to [0, size].
std::uint64_t parse_boundary(std::string_view text, std::uint64_t size);

}  // namespace sapwood::cli
