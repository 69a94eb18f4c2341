// sapwood import FILE SOURCE: records from a file or from standard input.
#include <cstdio>
#include <filesystem>

#include "cli/encoding.h"
#include "cli/import_csv.h"
#include "cli/importer.h"
#include "cli/open.h"
#include "cli/output.h"
#include "cli/text_value.h"
#include "cli/verbs.h"

namespace sapwood::cli {
namespace {

constexpr const char* kHelp =
    "Formats, told by the first line or by --format:\n"
    "  jsonl   a JSON document a line. Without --key each line becomes an item of a list, as it stands; values of\n"
    "          another --type than string are converted.\n"
    "  csv     a header line with the names of columns, then a record a line, as RFC 4180 says. The columns `key` and\n"
    "          `value`, or those that --key and --value name, make a sorted map; `value` alone a list; `key` alone a\n"
    "          sorted set. With --no-header columns have numbers from 1. Types are told by --key-type and --type.\n"
    "  deb     Debian control files: a record is a paragraph of `Field: value` lines\n"
    "  export  what `sapwood export` wrote; it brings names and types with it\n\n"
    "With --key FIELD records go into a sorted map by that field; the value is the record, or --value FIELD. In JSON "
    "a\n"
    "FIELD such as /address/city is looked up inside. Lists are added to, keys that exist are replaced.\n"
    "Without --into the collection is named as the file is without its ending; for standard input it is `main`, for\n"
    "the format deb `packages`. An export has names in it; if it holds one collection, --into renames that.\n"
    "Records are stored in batches, each whole or not at all. If one fails, the batches before it stay. An export\n"
    "that goes --into a name is one batch. One that has not as many items as its headers say is refused.\n\n"
    "Examples:\n"
    "  sapwood import people.sapwood people.jsonl                    into the list `people`\n"
    "  sapwood import people.sapwood people.jsonl --key id --key-type int64\n"
    "  sapwood import people.sapwood people.jsonl --into age --key name --value age --type int32\n"
    "  sapwood import lab.sapwood mass.csv --type double             columns key and value\n"
    "  sapwood import lab.sapwood cities.tsv --format csv --delimiter tab --key Name --value Country\n"
    "  apt-cache dumpavail | sapwood import apt.sapwood - --into packages --key Package\n"
    "  sapwood export lab.sapwood | sapwood import copy.sapwood -";

struct Request {
  std::string source;
  std::optional<std::string> format;
  ImportFields fields;
  WantedTypes wanted;
  std::optional<std::string> delimiter;
  bool no_header = false;
  Importer::Settings settings;
};

void declare(Command& command, Request& request) {
  command.required("SOURCE", request.source, "a file, or - for standard input");
  command.option("--format FORMAT", request.format, "jsonl, csv, deb or export");
  command.option("--into NAME", request.settings.into, "the collection; see below what it is by default");
  command.option("--key FIELD", request.fields.key, "the field that is the key: makes a sorted map");
  command.option("--value FIELD", request.fields.value, "the field that is the value, in place of the record");
  request.wanted.declare(command);
  command.option("--delimiter CHAR", request.delimiter, "of CSV, in place of the comma; or tab");
  command.flag("--no-header", request.no_header, "CSV that begins with a record");
  command.option("--batch", request.settings.batch, "records a transaction (10000)");
  command.flag("--skip-bad", request.settings.skip_bad, "leave out records that cannot be used, and say which");
  command.flag("--replace", request.settings.replace, "empty the collections first");
  command.footer(kHelp);
}

std::string default_name(const Request& request, ImportFormat format) {
  if (format == ImportFormat::debian) return "packages";
  if (request.source == "-") return "main";
  return std::filesystem::path(request.source).stem().string();
}

CollectionKind kind_by_key(const Request& request) {
  return request.fields.key ? CollectionKind::sorted_map : CollectionKind::list;
}

// Where records go, by default into a new collection of that kind; the types of one that exists are its own.
ImportTarget find_target(const Request& request, Database& database, ImportFormat format, CollectionKind kind) {
  const std::string name = request.settings.into.value_or(default_name(request, format));
  CollectionTypes types = request.wanted.for_new(kind);
  if (database.has(name)) {
    WriteTxn txn = database.begin_write();
    types = find_or_create(txn, name, request.wanted, kind).types();
  }
  return {name, types, request.wanted.options()};
}

// The same for records that become values.
ImportTarget choose_target(const Request& request, Database& database, ImportFormat format) {
  ImportTarget target = find_target(request, database, format, kind_by_key(request));
  const CollectionTypes& types = target.types;
  const bool wants_keys = request.fields.key.has_value();
  if (types.has_values() && types.has_keys() == wants_keys) return target;
  throw UsageError("'" + target.name + "' is a " + describe(types) + ": " +
                   (!types.has_values() ? "records do not fit a set"
                    : wants_keys        ? "leave out --key"
                                        : "say which field is the key with --key") +
                   ", or choose another name with --into");
}

void check_usage(const Request& request, ImportFormat format) {
  if (format == ImportFormat::exported && (request.fields.key || request.fields.value)) {
    throw UsageError("an export has its keys and values marked; leave out --key and --value");
  }
  if (format != ImportFormat::csv && (request.delimiter || request.no_header)) {
    throw UsageError("--delimiter and --no-header are for CSV; if it is that, say --format csv");
  }
}

struct OpenedImport {
  Database database;
  std::optional<ImportTarget> target;
  std::unique_ptr<ImportReader> reader;
};

// The header is read before a file is made.
OpenedImport open_csv(const Request& request, LineSource& source, const std::string& file) {
  const CsvOptions options{parse_delimiter(request.delimiter.value_or(",")), !request.no_header};
  auto reader = std::make_unique<CsvReader>(source, options, request.fields);
  request.wanted.for_new(reader->natural_kind());
  Database database = open_or_create(file);
  ImportTarget target = find_target(request, database, ImportFormat::csv, reader->natural_kind());
  reader->set_target(target);
  return {std::move(database), std::move(target), std::move(reader)};
}

OpenedImport open_import(const Request& request, LineSource& source, const std::string& file) {
  const ImportFormat format = request.format ? format_of_name(*request.format) : guess_format(source);
  check_usage(request, format);
  if (format == ImportFormat::csv) return open_csv(request, source, file);
  request.wanted.for_new(kind_by_key(request));  // wrong names: now
  Database database = open_or_create(file);
  if (format == ImportFormat::exported) return {std::move(database), std::nullopt, read_exported(source)};
  const ImportTarget target = choose_target(request, database, format);
  auto reader = format == ImportFormat::json_lines ? read_json_lines(source, target.types, request.fields)
                                                   : read_debian(source, target.types, request.fields);
  return {std::move(database), target, std::move(reader)};
}

Json as_json(const Importer& importer, const Request& request) {
  Json list = Json::array();
  for (const Importer::Tally& tally : importer.tallies()) {
    list.push_back(Json::object({{"name", to_json(tally.collection)},
                                 {"added", tally.added},
                                 {"replaced", tally.replaced},
                                 {"count", tally.size}}));
  }
  return Json::object({{"source", request.source},
                       {"stored", importer.stored()},
                       {"skipped", importer.skipped()},
                       {"seconds", importer.seconds()},
                       {"collections", list}});
}

void print_summary(const Importer& importer) {
  for (const Importer::Tally& tally : importer.tallies()) {
    std::string line = escaped(tally.collection) + ": " + counted(tally.added, "record") + " added";
    if (tally.replaced != 0) line += ", " + with_thousands(tally.replaced) + " replaced";
    print(line + "; it is a " + describe(tally.types) + " with " + counted(tally.size, "item") + " now\n");
  }
  if (importer.skipped() != 0) print(counted(importer.skipped(), "bad record") + " skipped\n");
}

// What is in the file, for a message on an import that failed.
std::string what_is_in(const Importer& importer, const std::string& file) {
  if (importer.stored() == 0) return ". Nothing was stored in " + file;
  return ". " + counted(importer.stored(), "record") + " of the batches before are in " + file + ", none after them";
}

}  // namespace

int run_import(Command& command) {
  Request request;
  declare(command, request);
  command.parse();
  if (request.settings.batch == 0) throw UsageError("--batch must be at least 1");

  LineSource source(request.source);
  OpenedImport opened = open_import(request, source, command.file());
  Importer importer(opened.database, source, request.settings);
  try {
    importer.run(*opened.reader, opened.target);
  } catch (const BadRecord& bad) {
    throw std::runtime_error(source.name() + ":" + std::to_string(bad.line) + ": " + bad.what() +
                             what_is_in(importer, command.file()) + ". --skip-bad leaves out such records");
  } catch (const UsageError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(source.name() + ", at or before line " + std::to_string(source.line()) + ": " +
                             error.what() + what_is_in(importer, command.file()));
  }
  opened.database.close();
  if (command.json()) print_json(as_json(importer, request));
  else print_summary(importer);
  return kOk;
}

}  // namespace sapwood::cli
