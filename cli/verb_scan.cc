// sapwood scan FILE COLLECTION: entries in order (dicts and sets: that of their hashes).
#include <algorithm>
#include <limits>

#include "cli/open.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "One entry a line: key, tab, value (of a list: the value; of a set: the key). Line ends, tabs and bytes that are "
    "not UTF-8 are "
    "printed\n"
    "as \\n, \\t, \\x00; bytes in hexadecimal. With --json a document a line, which loses nothing.\n\n"
    "Examples:\n"
    "  sapwood scan lab.sapwood mass --from H --to P      keys from H up to, not including, P\n"
    "  sapwood scan apt.sapwood packages --prefix libboost --keys\n"
    "  sapwood scan apt.sapwood packages --offset 30000 --limit 10\n"
    "  sapwood scan lab.sapwood frames --reverse --limit 5\n"
    "  sapwood scan apt.sapwood packages --prefix lib --count    without reading them";

struct Request {
  std::string collection;
  Selection selection;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t offset = 0;
  bool reverse = false;
  bool keys = false;
  bool values = false;
  bool count = false;
};

AnyScan scan_of(const Request& request, const AnyCollection& collection) {
  AnyScan scan = scan_of(request.selection, collection, request.reverse);
  const std::uint64_t offset = std::min(request.offset, scan.limit);
  scan.limit = std::min(scan.limit - offset, request.limit);
  scan.skip = std::min(scan.skip + offset, collection.size());
  return scan;
}

Json as_json(const Request& request, const AnyEntry& entry, const CollectionTypes& types) {
  Json json = Json::object();
  if (!request.keys) json["position"] = entry.index;
  if (types.has_keys() && !request.values) json["key"] = to_json(types.key, entry.key);
  if (types.has_values() && !request.keys) json["value"] = to_json(types.value, entry.value);
  return json;
}

std::string as_line(const Request& request, const AnyEntry& entry, const CollectionTypes& types) {
  if (request.keys || !types.has_values()) return line_text(types.key, entry.key) + "\n";
  if (request.values || !types.has_keys()) return line_text(types.value, entry.value) + "\n";
  return line_text(types.key, entry.key) + "\t" + line_text(types.value, entry.value) + "\n";
}

void declare(Command& command, Request& request) {
  command.required("COLLECTION", request.collection, "what to scan");
  request.selection.declare(command);
  command.option("--limit", request.limit, "at most so many entries");
  command.option("--offset", request.offset, "leave out so many entries first; costs no more than a look-up");
  command.flag("--reverse", request.reverse, "last entry first");
  command.flag("--keys", request.keys, "keys only");
  command.flag("--values", request.values, "values only");
  command.flag("--count", request.count, "print only how many entries there are");
  command.footer(kHelp);
}

}  // namespace

int run_scan(Command& command) {
  WantedVersion version;
  Request request;
  declare(command, request);
  version.declare(command);
  command.parse();
  if (request.keys && request.values) throw UsageError("--keys and --values exclude each other");

  const Database database = open_to_read(command.file());
  const ReadTxn txn = version.read(database);
  const AnyCollection collection = find_collection(database, txn, request.collection);
  const CollectionTypes types = collection.types();
  if (request.keys && !types.has_keys()) {
    throw UsageError("--keys needs keys; '" + request.collection + "' is a " + kind_words(types.kind));
  }
  if (request.values && !types.has_values()) {
    throw UsageError("--values needs values; '" + request.collection + "' is a " + kind_words(types.kind));
  }
  const AnyScan scan = scan_of(request, collection);
  if (request.count) {
    const std::uint64_t count = collection.count(scan);
    if (command.json()) print_json(Json::object({{"count", count}}));
    else print(std::to_string(count) + "\n");
    return kOk;
  }
  collection.scan(scan, [&](const AnyEntry& entry) {
    if (command.json()) print_json(as_json(request, entry, types));
    else print(as_line(request, entry, types));
    return true;
  });
  return kOk;
}

}  // namespace sapwood::cli
