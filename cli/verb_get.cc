// sapwood get FILE COLLECTION KEY|POSITION: one value.
#include <cstdio>

#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "The value is printed as it is, with a line end; bytes in hexadecimal. Exit code 1 if there is no such key or\n"
    "position. A key that starts with '-' and is no number goes after `--`.\n\n"
    "Keys of type bytes are given in hexadecimal, or as base64:..., or as text:...\n\n"
    "Examples:\n"
    "  sapwood get lab.sapwood mass H            the value of a key\n"
    "  sapwood get lab.sapwood frames -1         the last item of a list\n"
    "  sapwood get lab.sapwood mass 10 --at      the entry at position 10 of a sorted map\n"
    "  sapwood get lab.sapwood mass H --rank     how many keys are smaller\n"
    "  sapwood get lab.sapwood images cat --raw > cat.jpeg";

struct Request {
  std::string collection;
  std::string key;
  bool at = false;
  bool rank = false;
  bool raw = false;
};

int print_absent(const Command& command, const Request& request, const AnyCollection& collection, bool by_position) {
  if (command.json()) {
    const Json asked = by_position ? Json(std::stoll(request.key)) : to_json(request.key);
    print_json(Json::object({{by_position ? "position" : "key", asked}, {"found", false}}));
  }
  const std::string what = by_position ? "no position " : "no key '";
  const std::string size = by_position ? "; it has " + counted(collection.size(), "item") : "'";
  std::fprintf(stderr, "sapwood: get: %s: %s has %s%s%s\n", command.file().c_str(), request.collection.c_str(),
               what.c_str(), escaped(request.key).c_str(), size.c_str());
  return kFoundNothing;
}

void print_value(const Request& request, const TypeInfo& type, const AnyValue& value) {
  const bool as_it_is = request.raw || type.type == ValueType::string || type.type == ValueType::json;
  print(as_it_is ? raw_text(type, value) : line_text(type, value));
  if (!request.raw) print("\n");
}

int get_by_position(const Command& command, const Request& request, const AnyCollection& collection) {
  const std::optional<std::uint64_t> position = parse_position(request.key, collection.size());
  if (!position) return print_absent(command, request, collection, true);
  const AnyEntry entry = collection.at(*position);
  const CollectionTypes types = collection.types();
  if (command.json()) {
    Json json = Json::object({{"position", *position}, {"found", true}});
    if (types.has_keys()) json["key"] = to_json(types.key, entry.key);
    if (types.has_values()) json["value"] = to_json(types.value, entry.value);
    print_json(json);
    return kOk;
  }
  if (!types.has_values()) {
    print_value(request, types.key, entry.key);
  } else if (types.has_keys() && !request.raw) {
    print(line_text(types.key, entry.key) + "\t" + line_text(types.value, entry.value) + "\n");
  } else {
    print_value(request, types.value, entry.value);
  }
  return kOk;
}

int get_by_key(const Command& command, const Request& request, const AnyCollection& collection) {
  const CollectionTypes types = collection.types();
  const AnyValue key = parse_argument(types.key, request.key);
  if (request.rank) {
    const std::uint64_t rank = collection.rank(key);
    if (command.json()) {
      print_json(Json::object({{"key", to_json(types.key, key)}, {"rank", rank}}));
    } else {
      print(std::to_string(rank) + "\n");
    }
    return kOk;
  }
  const std::optional<AnyValue> value = collection.get(key);
  if (!value) return print_absent(command, request, collection, false);
  if (command.json()) {
    Json json = Json::object({{"key", to_json(types.key, key)}, {"found", true}});
    if (types.has_values()) json["value"] = to_json(types.value, *value);
    print_json(json);
  } else {
    print_value(request, types.has_values() ? types.value : types.key, types.has_values() ? *value : key);
  }
  return kOk;
}

}  // namespace

int run_get(Command& command) {
  Request request;
  command.required("COLLECTION", request.collection, "where to look");
  command.required("KEY", request.key, "a key; in a list a position from 0, or from the end: -1 is the last");
  command.flag("--at", request.at, "KEY is a position, also in a sorted map");
  command.flag("--rank", request.rank, "print how many keys of a sorted map are smaller");
  command.flag("--raw", request.raw, "the value alone, byte for byte");
  command.footer(kHelp);
  command.parse();
  if (request.at && request.rank) throw UsageError("--at and --rank exclude each other");
  if (request.raw && command.json()) throw UsageError("--raw and --json exclude each other");

  const Database database = open_to_read(command.file());
  const ReadTxn txn = database.read();
  const AnyCollection collection = find_collection(database, txn, request.collection);
  const bool is_list = collection.types().kind == CollectionKind::list;
  if (request.rank && !collection.types().is_sorted()) {
    throw UsageError("--rank is for sorted collections; '" + request.collection + "' is a " +
                     kind_words(collection.types().kind));
  }
  return is_list || request.at ? get_by_position(command, request, collection)
                               : get_by_key(command, request, collection);
}

}  // namespace sapwood::cli
