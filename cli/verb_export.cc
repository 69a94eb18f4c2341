// sapwood export FILE [COLLECTION]: JSON lines, or CSV, that import reads back.
#include "cli/csv.h"
#include "cli/import_json.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "All is of one moment, even while others write. Each collection starts with a header line:\n"
    "  "
    "{\"sapwood\":{\"collection\":\"mass\",\"kind\":\"sorted_map\",\"key\":\"string\",\"value\":\"double\",\"count\":2}"
    "}\n"
    "  {\"key\":\"H\",\"value\":1.008}\n"
    "Nothing is lost: bytes, and strings that are not UTF-8, are {\"base64\":\"...\"}; doubles that are no number are\n"
    "\"nan\", \"inf\" and \"-inf\"; values of type any are JSON with {\"$bytes\":\"00ff\"} and the like; a document of "
    "type\n"
    "json that is not written as compact as it can be is {\"$json\":\"...\"}. A value that is a collection says how "
    "that\n"
    "begins, {\"$collection\":{\"kind\":\"list\",\"value\":\"int64\",\"count\":2}}, and the lines of its entries "
    "follow. The\n"
    "output is JSON with or without --json.\n\n"
    "--format csv writes one collection as RFC 4180 says, lines ended by \\n: a header `key,value`, of a list "
    "`value`,\n"
    "of a set `key`; then a line an entry. Strings are written byte for byte, bytes in hexadecimal. The types are not\n"
    "in it: tell them to import.\n\n"
    "Examples:\n"
    "  sapwood export lab.sapwood > lab.jsonl\n"
    "  sapwood export lab.sapwood frames | sapwood import copy.sapwood - --into frames\n"
    "  sapwood export lab.sapwood mass --no-header | jq .value\n"
    "  sapwood export lab.sapwood mass --format csv > mass.csv";

struct Request {
  std::optional<std::string> collection;
  std::optional<std::string> format;
  std::optional<std::string> delimiter;
  bool no_header = false;
};

class JsonWriter {
 public:
  void header(const CollectionInfo& info) { print_json(export_header(info)); }
  void entry(const CollectionTypes& types, const AnyEntry& entry) {
    Json line = Json::object();
    if (types.has_keys()) line["key"] = to_json(types.key, entry.key);
    if (types.has_values()) line["value"] = to_json(types.value, entry.value);
    if (entry.time) line["time"] = entry.time->text();
    if (entry.expires) line["expires"] = expiry_text(*entry.expires);
    print_json(line);
  }
  void opening(const CollectionTypes& types, const AnyEntry& entry, const AnyCollection& child) {
    Json line = Json::object();
    if (types.has_keys()) line["key"] = to_json(types.key, entry.key);
    line["value"] = nested_header(child.types(), child.size());
    print_json(line);
  }
};

class CsvWriter {
 public:
  explicit CsvWriter(char delimiter) : delimiter_(delimiter) {}
  void header(const CollectionInfo& info) { line(info.types, "key", "value"); }
  void entry(const CollectionTypes& types, const AnyEntry& entry) {
    line(types, format_value(types.key, entry.key), format_value(types.value, entry.value));
  }
  [[noreturn]] void opening(const CollectionTypes&, const AnyEntry&, const AnyCollection&) {
    throw UsageError("a value is a collection, and CSV has no form for that; use jsonl");
  }

 private:
  void line(const CollectionTypes& types, const std::string& key, const std::string& value) {
    const bool both = types.has_keys() && types.has_values();
    line_.clear();
    if (types.has_keys()) append_csv_field(line_, key, delimiter_, !both);
    if (both) line_ += delimiter_;
    if (types.has_values()) append_csv_field(line_, value, delimiter_, !both);
    line_ += '\n';
    print(line_);
  }
  char delimiter_;
  std::string line_;
};

// A collection, and those in it that are not yet at their end.
struct Open {
  AnyCollection collection;
  CollectionTypes types;
  std::uint64_t next = 0;  // entry to write
};

// Writes entries up to the first that is a collection, which comes into `open`.
template <class Writer>
void write_some(std::vector<Open>& open, Writer& writer, const std::function<void()>& tell) {
  Open& from = open.back();
  std::optional<Open> below;
  from.collection.scan({.skip = from.next}, [&](const AnyEntry& entry) {
    ++from.next;
    tell();
    const auto* nested = std::get_if<Nested>(&entry.value);
    if (nested == nullptr) {
      writer.entry(from.types, entry);
      return true;
    }
    const AnyCollection child = from.collection.open(*nested);
    writer.opening(from.types, entry, child);
    below = Open{child, child.types()};
    return false;
  });
  if (below) open.push_back(*std::move(below));
  else open.pop_back();
}

// How many entries will be written: those that have expired are not.
std::uint64_t count_live(const AnyCollection& collection) {
  const CollectionOptions options = collection.options();
  if (!options.expiry && options.time_to_live.count() == 0) return collection.size();
  return collection.scan({}, [](const AnyEntry&) { return true; });
}

template <class Writer>
void write_all(const ReadTxn& txn, std::vector<CollectionInfo> collections, bool header, Writer writer) {
  std::uint64_t done = 0, total = 0;
  for (CollectionInfo& info : collections) total += info.count = count_live(txn.any(info.name));
  ProgressLine progress("export", "entries", true);
  for (const CollectionInfo& info : collections) {
    if (header) writer.header(info);
    std::vector<Open> open{{txn.any(info.name), info.types}};
    const auto tell = [&] {
      if (++done % 256 == 0) progress.update({done, std::max(done, total)});
    };
    while (!open.empty()) write_some(open, writer, tell);
  }
}

bool wants_csv(const Request& request, bool json) {
  const bool csv = request.format == "csv";
  if (request.format && !csv && request.format != "jsonl") {
    throw UsageError("unknown format '" + *request.format + "': the formats are jsonl and csv");
  }
  if (csv && json) throw UsageError("--json and --format csv exclude each other");
  if (!csv && request.delimiter) throw UsageError("--delimiter is for --format csv");
  return csv;
}

}  // namespace

int run_export(Command& command) {
  WantedVersion version;
  Request request;
  command.optional("COLLECTION", request.collection, "only this one; by default all");
  command.option("--format FORMAT", request.format, "jsonl (default) or csv");
  command.option("--delimiter CHAR", request.delimiter, "of CSV, in place of the comma; or tab");
  command.flag("--no-header", request.no_header, "entries only");
  version.declare(command);
  command.footer(kHelp);
  command.parse();
  const bool csv = wants_csv(request, command.json());
  const char delimiter = parse_delimiter(request.delimiter.value_or(","));

  const Database database = open_to_read(command.file());
  const ReadTxn txn = version.read(database);
  if (request.collection) find_collection(database, txn, *request.collection);
  std::vector<CollectionInfo> collections = txn.collections();
  std::erase_if(collections,
                [&](const CollectionInfo& info) { return request.collection && info.name != *request.collection; });
  if (csv && collections.size() != 1) {
    throw UsageError(command.file() + " has " + counted(collections.size(), "collection") +
                     ", and CSV holds one: name it");
  }
  if (csv) write_all(txn, collections, !request.no_header, CsvWriter(delimiter));
  else write_all(txn, collections, !request.no_header, JsonWriter());
  return kOk;
}

}  // namespace sapwood::cli
