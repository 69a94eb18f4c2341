#include "cli/selection.h"

#include "cli/open.h"
#include "cli/text_value.h"
#include "sapwood/error.h"

namespace sapwood::cli {

void Selection::declare(Command& command) {
  command.option("--from KEY", from, "keys from this one on; in a list a position, -1 is the last");
  command.option("--to KEY", to, "keys before this one; in a list a position");
  command.option("--prefix START", prefix, "keys that start with this: strings, bytes, the first parts of tuples");
}

namespace {

bool has_prefixes(const TypeInfo& type) {
  return type.type == ValueType::string || type.type == ValueType::bytes || type.type == ValueType::tuple ||
         type.type == ValueType::any;
}

// Of a tuple: its first parts, as many as are given.
AnyValue parse_prefix(const TypeInfo& type, const std::string& text) {
  if (type.type != ValueType::tuple) return parse_argument(type, text);
  const Json json = Json::parse(text, nullptr, false);
  TypeInfo firsts = type;
  for (std::size_t i = json.is_array() ? json.size() : firsts.parts.size(); i < firsts.parts.size(); ++i) {
    firsts.parts[i] = ValueType::none;
  }
  return parse_argument(firsts, text);
}

}  // namespace

Positions positions_of(const Selection& selection, const AnyCollection& list) {
  if (selection.prefix)
    throw UsageError("--prefix is for sorted maps; '" + list.name() + "' is a " + kind_words(list.types().kind));
  const std::uint64_t size = list.size();
  const std::uint64_t first = selection.from ? parse_boundary(*selection.from, size) : 0;
  const std::uint64_t end = selection.to ? parse_boundary(*selection.to, size) : size;
  return {first, end > first ? end - first : 0};
}

AnyScan scan_of(const Selection& selection, const AnyCollection& collection, bool reversed) {
  AnyScan scan;
  scan.reversed = reversed;
  const CollectionTypes types = collection.types();
  if (!types.has_keys()) {
    const Positions positions = positions_of(selection, collection);
    scan.skip = reversed ? collection.size() - positions.first - positions.count : positions.first;
    scan.limit = positions.count;
    return scan;
  }
  if (selection.is_given() && !types.is_sorted()) {
    throw UsageError("--from, --to and --prefix need keys in order; '" + collection.name() + "' is a " +
                     kind_words(types.kind));
  }
  if (selection.prefix && !has_prefixes(types.key)) {
    throw UsageError("keys of type " + type_name(types.key) + " have no prefixes; use --from and --to");
  }
  if (selection.from) scan.low = parse_argument(types.key, *selection.from);
  if (selection.to) scan.high = parse_argument(types.key, *selection.to);
  if (selection.prefix) scan.prefix = parse_prefix(types.key, *selection.prefix);
  return scan;
}

}  // namespace sapwood::cli
