// sapwood get FILE COLLECTION KEY|POSITION: one value; with --many those of all keys on standard input.
#include <cstdio>

#include "cli/encoding.h"
#include "cli/line_source.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "The value is printed as it is, with a line end; bytes in hexadecimal. Exit code 1 if there is no such key or\n"
    "position. A key that starts with '-' and is no number goes after `--`.\n\n"
    "Keys of type bytes are given in hexadecimal, or as base64:..., or as text:...\n"
    "--many reads keys from standard input, one a line, and prints `key, tab, value` (of a set: the key) as scan "
    "does.\n"
    "A key that is not there is told on standard error (with --json: \"found\": false), and exit code 1 at the end.\n\n"
    "Examples:\n"
    "  sapwood get lab.sapwood mass H            the value of a key\n"
    "  sapwood get lab.sapwood frames -1         the last item of a list\n"
    "  sapwood get lab.sapwood mass 10 --at      the entry at position 10 of a sorted map\n"
    "  sapwood get lab.sapwood mass H --rank     how many keys are smaller\n"
    "  sapwood get lab.sapwood images cat --raw > cat.jpeg\n"
    "  cut -f 1 symbols.txt | sapwood get lab.sapwood mass --many";

constexpr std::size_t kKeysAtOnce = 1024;

struct Request {
  std::string collection;
  std::string key;  // unless many
  bool many = false;
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
  const bool as_it_is = request.raw || type == ValueType::string || type == ValueType::json;
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
    const CollectionOptions options = collection.options();
    if (options.timestamps) json["time"] = collection.timestamp(key).value_or(DateTime()).text();
    if (options.expiry || options.time_to_live.count() != 0)
      json["expires"] = expiry_text(collection.expires(key).value_or(kNever));
    print_json(json);
  } else {
    print_value(request, types.has_values() ? types.value : types.key, types.has_values() ? *value : key);
  }
  return kOk;
}

AnyValue parse_line(const TypeInfo& type, const LineSource& source, std::string_view line) {
  try {
    return parse_argument(type, line);
  } catch (const Error& error) {
    throw Error(error.code(), source.name() + ":" + std::to_string(source.line()) + ": " + error.what());
  }
}

// True if the key is there.
bool print_one_of_many(const Command& command, const Request& request, const CollectionTypes& types,
                       const AnyValue& key, const std::optional<AnyValue>& value) {
  if (command.json()) {
    Json json = Json::object({{"key", to_json(types.key, key)}, {"found", value.has_value()}});
    if (types.has_values()) json["value"] = value ? to_json(types.value, *value) : Json(nullptr);
    print_json(json);
  } else if (value) {
    print(line_text(types.key, key) + (types.has_values() ? "\t" + line_text(types.value, *value) : "") + "\n");
  } else {
    std::fprintf(stderr, "sapwood: get: %s: %s has no key '%s'\n", command.file().c_str(), request.collection.c_str(),
                 line_text(types.key, key).c_str());
  }
  return value.has_value();
}

int get_many(const Command& command, const Request& request, const AnyCollection& collection) {
  const CollectionTypes types = collection.types();
  if (!types.has_keys())
    throw UsageError("--many needs keys; '" + request.collection + "' is a " + kind_words(types.kind));
  LineSource source("-");
  std::vector<AnyValue> keys;
  bool found_all = true;
  std::string_view line;
  for (bool more = true; more;) {
    keys.clear();
    while (keys.size() < kKeysAtOnce && (more = source.next(line))) keys.push_back(parse_line(types.key, source, line));
    const std::vector<std::optional<AnyValue>> values = collection.get_many(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      found_all &= print_one_of_many(command, request, types, keys[i], values[i]);
    }
  }
  return found_all ? kOk : kFoundNothing;
}

void check_usage(const Request& request, bool has_key, bool json) {
  if (request.at && request.rank) throw UsageError("--at and --rank exclude each other");
  if (request.raw && json) throw UsageError("--raw and --json exclude each other");
  if (request.many && has_key) throw UsageError("give KEY or --many, not both; --many reads keys from standard input");
  if (request.many && (request.at || request.rank || request.raw)) {
    throw UsageError("--many goes with none of --at, --rank and --raw");
  }
  if (!request.many && !has_key) throw UsageError("KEY is missing; --many reads keys from standard input");
}

}  // namespace

int run_get(Command& command) {
  WantedVersion version;
  Request request;
  std::optional<std::string> key;
  command.required("COLLECTION", request.collection, "where to look");
  command.optional("KEY", key, "a key; in a list a position from 0, or from the end: -1 is the last");
  command.flag("--many", request.many, "read keys from standard input, one a line");
  command.flag("--at", request.at, "KEY is a position, also in a sorted map");
  command.flag("--rank", request.rank, "print how many keys of a sorted map are smaller");
  command.flag("--raw", request.raw, "the value alone, byte for byte");
  version.declare(command);
  command.footer(kHelp);
  command.parse();
  check_usage(request, key.has_value(), command.json());
  request.key = key.value_or("");

  const Database database = open_to_read(command.file());
  const ReadTxn txn = version.read(database);
  const AnyCollection collection = find_collection(database, txn, request.collection);
  if (request.many) return get_many(command, request, collection);
  const bool is_list = !collection.types().has_keys();
  if (request.rank && !collection.types().is_sorted()) {
    throw UsageError("--rank is for sorted collections; '" + request.collection + "' is a " +
                     kind_words(collection.types().kind));
  }
  return is_list || request.at ? get_by_position(command, request, collection)
                               : get_by_key(command, request, collection);
}

}  // namespace sapwood::cli
