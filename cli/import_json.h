// JSON lines, as import reads them and export writes them.
//
// An export is JSON lines. A header opens each collection:
//   {"sapwood": {"collection": "mass", "kind": "sorted_map", "key": "string", "value": "double", "count": 2}}
// and a line follows for each entry, in order: {"key": "H", "value": 1.008}, or of a list {"value": "water"}.
// Keys and values are as cli/text_value.h says. Where a value is a collection there stands how it begins, and a line
// for each of its entries follows:
//   {"key": "water", "value": {"$collection": {"kind": "list", "value": "string", "count": 2}}}
//   {"value": "H"}
//   {"value": "O"}
#pragma once

#include "cli/line_source.h"
#include "cli/output.h"
#include "sapwood/any.h"

namespace sapwood::cli {

bool is_export_header(const Json& json);
Json export_header(const CollectionInfo& info);
// The value that opens a nested collection.
Json nested_header(const CollectionTypes& types, std::uint64_t count);

// The document in `line`. Throws BadRecord.
Json parse_json_line(const LineSource& source, std::string_view line);

}  // namespace sapwood::cli
