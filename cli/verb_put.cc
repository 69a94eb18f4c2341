// sapwood put FILE COLLECTION [KEY] VALUE: stores one value. sapwood insert FILE COLLECTION POSITION VALUE: the same
// before an item of a list.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "The change is on the disk when the command returns. Types are fixed when a collection is created; keys and "
    "values\n"
    "are read as those types. Bytes are given in hexadecimal, or as base64:..., or as text:...; tuples as JSON arrays\n"
    "of their parts; values of type any as JSON, with {\"$bytes\":\"00ff\"} and the like for what JSON has no words "
    "for.\n"
    "A key or value that starts with '-' and is no number goes after `--`.\n\n"
    "Examples:\n"
    "  sapwood put lab.sapwood mass H 1.008 --type double   into a sorted map, which is created if absent\n"
    "  sapwood put lab.sapwood frames water --kind list     to the end of a list\n"
    "  sapwood put lab.sapwood seen H2O --kind set          into a set\n"
    "  sapwood put lab.sapwood frames 0 ethanol --insert    before the first item\n"
    "  sapwood put lab.sapwood frames -1 methane            in place of the last item\n"
    "  sapwood put lab.sapwood runs '[\"H2O\",3]' {} --key-type 'tuple(string,int64)' --type json\n"
    "  sapwood put lab.sapwood pages / '<p>' --kind dict --time-index --compress 3\n"
    "  sapwood put lab.sapwood tokens alice 9f3c --kind dict --expires 3600   gone in an hour\n"
    "  sapwood put lab.sapwood notes todo --input todo.txt  the contents of a file; - is standard input";

struct Request {
  std::string collection;
  std::optional<std::string> first;
  std::optional<std::string> second;
  std::optional<std::string> input;
  bool insert = false;
  std::optional<std::string> time;
  std::optional<std::string> expires;
  WantedTypes wanted;

  // KEY or position, and VALUE; filled by resolve().
  std::optional<std::string> key;
  std::string value;
};

std::string read_all(const std::string& path) {
  const bool standard = path == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(standard ? stdin : std::fopen(path.c_str(), "rb"),
                                                             standard ? [](std::FILE*) { return 0; } : std::fclose);
  if (!file) throw std::runtime_error(path + " cannot be read: " + std::strerror(errno));
  std::string text;
  char buffer[1 << 16];
  for (std::size_t count; (count = std::fread(buffer, 1, sizeof buffer, file.get())) != 0;) text.append(buffer, count);
  if (std::ferror(file.get()) != 0) throw std::runtime_error(path + " cannot be read: " + std::strerror(errno));
  return text;
}

// Which argument is the key and which the value.
void resolve(Request& request) {
  if (request.input) {
    if (request.second) throw UsageError("give VALUE or --input, not both");
    request.key = request.first;
    request.value = read_all(*request.input);
    return;
  }
  if (!request.first) throw UsageError("VALUE (of a set: KEY) is missing");
  if (request.second) request.key = request.first;
  request.value = request.second ? *request.second : *request.first;
}

AnyValue parse_put_value(const Request& request, const TypeInfo& type) {
  if (!request.input) return parse_argument(type, request.value);
  if (type == ValueType::string) return request.value;
  const std::span<const std::byte> bytes = as_bytes(request.value);
  if (!type.row && (type.type == ValueType::bytes || type.type == ValueType::structure))
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  const std::size_t end = request.value.find_last_not_of(" \t\r\n");
  return parse_argument(type, request.value.substr(0, end == std::string::npos ? 0 : end + 1));
}

// Everything that can be wrong with the arguments, before a file is made for them.
void check_for_new_file(const Request& request) {
  const CollectionTypes types = request.wanted.for_new();
  if (!types.has_values()) {
    parse_put_value(request, types.key);
    return;
  }
  if (types.has_keys()) {
    if (!request.key) {
      throw UsageError("a new collection is a " + kind_words(types.kind) +
                       ", and needs KEY and VALUE; --kind list makes a list");
    }
    parse_argument(types.key, *request.key);
  }
  parse_put_value(request, types.value);
}

// Of a set: the one argument is the key.
Json put_into_set(const Request& request, AnyCollection& set) {
  const std::string kind = kind_words(set.types().kind);
  if (request.key) throw UsageError("'" + request.collection + "' is a " + kind + ": give KEY only");
  if (request.insert) throw UsageError("--insert is for lists; '" + request.collection + "' is a " + kind);
  const AnyValue key = parse_put_value(request, set.types().key);
  const bool is_new = !set.get(key) && set.put(key, {});
  return Json::object(
      {{"collection", to_json(request.collection)}, {"key", to_json(set.types().key, key)}, {"new", is_new}});
}

// WHEN: seconds from now, a date and time, or never.
void set_expiry(const std::string& when, AnyCollection& map, const AnyValue& key) {
  constexpr std::uint64_t kMostSeconds = 1'000'000'000'000;
  const bool is_number = when.find_first_not_of("0123456789") == std::string::npos;
  const bool is_set = is_number ? map.expire(key, std::chrono::seconds(parse_whole("--expires", when, kMostSeconds)))
                                : map.expire_at(key, parse_expiry(when));
  if (!is_set) throw UsageError("--time is so long ago that the entry has expired already");
}

Json put_into_map(const Request& request, AnyCollection& map) {
  const std::string kind = kind_words(map.types().kind);
  if (!request.key) throw UsageError("'" + request.collection + "' is a " + kind + ": give KEY and VALUE");
  if (request.insert) throw UsageError("--insert is for lists; '" + request.collection + "' is a " + kind);
  const AnyValue key = parse_argument(map.types().key, *request.key);
  const AnyValue value = parse_put_value(request, map.types().value);
  const bool is_new = request.time ? map.put(key, value, DateTime::parse(*request.time)) : map.put(key, value);
  if (request.expires) set_expiry(*request.expires, map, key);
  return Json::object(
      {{"collection", to_json(request.collection)}, {"key", to_json(map.types().key, key)}, {"new", is_new}});
}

Json put_into_list(const Request& request, AnyCollection& list) {
  const AnyValue value = parse_put_value(request, list.types().value);
  const std::uint64_t size = list.size();
  std::optional<std::uint64_t> position = size;
  if (request.key) position = parse_position(*request.key, size);
  if (request.insert && !request.key) throw UsageError("--insert needs a position and a VALUE");
  if (request.insert && !position && *request.key == std::to_string(size)) position = size;
  if (!position) {
    throw Error(ErrorCode::out_of_range, request.collection + " has no position " + *request.key + "; it has " +
                                             counted(size, "item") + ". Without a position, put adds to the end");
  }
  const bool is_new = !request.key || request.insert;
  if (is_new) {
    list.insert(*position, value);
  } else {
    list.set(*position, value);
  }
  return Json::object({{"collection", to_json(request.collection)}, {"position", *position}, {"new", is_new}});
}

constexpr const char* kInsertHelp =
    "Items from POSITION on move up by one; the size of the list as POSITION adds to the end. The value is read as "
    "the\n"
    "list's type, as put does. Into records: a JSON object, or null for a placeholder.\n\n"
    "Examples:\n"
    "  sapwood insert lab.sapwood frames 0 ethanol          before the first item\n"
    "  sapwood insert lab.sapwood frames -1 methane         before the last one\n"
    "  sapwood insert lab.sapwood rows 2 '{\"name\":\"neon\"}'";

}  // namespace

int run_insert(Command& command) {
  Request request;
  request.insert = true;
  request.key.emplace();
  command.required("COLLECTION", request.collection, "a list or records");
  command.required("POSITION", *request.key, "of the item to insert before; -1 is the last");
  command.required("VALUE", request.value, "what to insert");
  command.footer(kInsertHelp);
  command.parse();

  Database database = open_to_write(command.file());
  WriteTxn txn = database.begin_write();
  AnyCollection list = find_collection(database, txn, request.collection);
  if (list.types().has_keys()) {
    throw UsageError("'" + request.collection + "' is a " + kind_words(list.types().kind) +
                     ", which has no positions to insert at: use put");
  }
  const Json result = put_into_list(request, list);
  txn.commit();
  database.close();
  if (command.json()) print_json(result);
  return kOk;
}

int run_put(Command& command) {
  Request request;
  command.required("COLLECTION", request.collection, "where to put it");
  command.optional("KEY", request.first, "a key; in a list a position to replace. Without it: the end of the list");
  command.optional("VALUE", request.second, "what to store");
  command.option("--input PATH", request.input, "store the contents of a file instead of VALUE");
  command.flag("--insert", request.insert, "insert before the position instead of replacing");
  command.option("--time DATETIME", request.time, "of the entry, where they have times: 2026-01-31T20:15:13Z");
  command.option("--expires WHEN", request.expires,
                 "when the entry is gone: seconds from now, a date and time, or never; a new collection gets --expiry");
  request.wanted.declare(command);
  command.footer(kHelp);
  command.parse();
  resolve(request);
  request.wanted.expiry |= request.expires.has_value();
  request.wanted.options();  // wrong ones: now
  if (!file_exists(command.file())) check_for_new_file(request);

  Database database = open_or_create(command.file());
  WriteTxn txn = database.begin_write();
  if (!txn.has(request.collection)) check_for_new_file(request);
  AnyCollection collection = find_or_create(txn, request.collection, request.wanted);
  const CollectionTypes types = collection.types();
  const Json result = !types.has_keys()    ? put_into_list(request, collection)
                      : types.has_values() ? put_into_map(request, collection)
                                           : put_into_set(request, collection);
  txn.commit();
  database.close();
  if (command.json()) print_json(result);
  return kOk;
}

}  // namespace sapwood::cli
