#include "cli/open.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "cli/nearest.h"
#include "cli/text_value.h"

namespace sapwood::cli {
namespace {

constexpr std::chrono::seconds kWritePatience{10};  // for the write transaction of another process

Database open_as(const std::string& path, OpenMode mode) {
  if (mode != OpenMode::create && !file_exists(path)) {
    throw Error(ErrorCode::not_found, path + " does not exist; `sapwood put` and `sapwood import` create a database");
  }
  Options options;
  options.mode = mode;
  options.write_timeout = kWritePatience;
  try {
    return Database::open(path, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
  }
  options.exclusive = true;  // on a network file system it has to be
  return Database::open(path, options);
}

void note_recovery(const std::string& path, const RecoveryInfo& recovery) {
  if (!recovery.recovered) return;
  const double seconds = static_cast<double>(recovery.scan_us + recovery.replay_us + recovery.checkpoint_us) / 1e6;
  std::fprintf(stderr, "sapwood: note: %s was not closed cleanly; recovered it (%s replayed) in %s\n", path.c_str(),
               counted(recovery.records, "commit").c_str(), duration_text(seconds).c_str());
}

[[noreturn]] void throw_no_collection(const std::string& path, const std::vector<CollectionInfo>& collections,
                                      const std::string& name) {
  std::vector<std::string> names;
  names.reserve(collections.size());
  for (const CollectionInfo& info : collections) names.push_back(info.name);
  const std::string near = nearest(name, names);
  std::string hint = "; `sapwood ls` lists what is there";
  if (names.empty()) hint = "; it has no collections at all";
  if (!near.empty()) hint = "; did you mean '" + near + "'?";
  throw Error(ErrorCode::not_found, path + " has no collection '" + name + "'" + hint);
}

// What `find` finds for a name that was given as an option.
template <class Find>
auto named(Find find, const std::string& name) {
  try {
    return find(name);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

bool file_exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Database open_to_read(const std::string& path) {
  std::string reason;
  try {
    return open_as(path, OpenMode::read);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::read_only) throw;
    reason = error.what();
  }
  try {
    return open_to_write(path);  // only a writer can recover it
  } catch (const Error& error) {
    if (error.code() != ErrorCode::read_only) throw;
    throw Error(ErrorCode::read_only, reason + ". That failed: " + error.what());
  }
}

Database open_to_write(const std::string& path) {
  Database database = open_as(path, OpenMode::write);
  note_recovery(path, database.info().recovery);
  return database;
}

Database open_or_create(const std::string& path) {
  Database database = open_as(path, OpenMode::create);
  note_recovery(path, database.info().recovery);
  return database;
}

AnyCollection find_collection(const Database& database, const ReadTxn& txn, const std::string& name) {
  if (!txn.has(name)) throw_no_collection(database.path(), txn.collections(), name);
  return txn.any(name);
}

AnyCollection find_collection(const Database& database, WriteTxn& txn, const std::string& name) {
  if (!txn.has(name)) throw_no_collection(database.path(), txn.collections(), name);
  return txn.any(name);
}

void WantedVersion::declare(Command& command) {
  command.option("--snapshot NAME", snapshot, "as it was when that snapshot was made");
}

ReadTxn WantedVersion::read(const Database& database) const {
  return snapshot ? database.at(*snapshot) : database.read();
}

void WantedTypes::declare(Command& command) {
  command.option("--kind KIND", kind,
                 "of a new collection: list, sorted_map (default), dict, set, sorted_set or records");
  command.option(
      "--key-type TYPE", key,
      "of the keys of a new collection: string (default), bytes, bool, int32, int64, uint64, int128, double, uuid, "
      "datetime, any, 'tuple(TYPE,...)', of dicts and sets also 'structure(BYTES)'");
  command.option("--type TYPE", value,
                 "of the values of a new collection, or of the fields of records: the same types, json and collection");
  command.flag("--timestamps", timestamps, "a new map or dict keeps the time of each entry");
  command.flag("--time-index", time_index, "and finds entries by it");
  command.option("--ttl SECONDS", seconds_to_live, "entries of a new map or dict expire so long after their time");
  command.flag("--expiry", expiry, "entries of a new map or dict can expire at moments of their own");
  command.option("--compress LEVEL", level, "compress the values of a new collection: 1 (fast) to 19 (small)");
}

std::uint64_t parse_whole(const char* option, const std::string& text, std::uint64_t most) {
  std::uint64_t found = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
  if (error == std::errc() && end == text.data() + text.size() && found >= 1 && found <= most) return found;
  throw UsageError(std::string(option) + " takes a whole number from 1 to " + std::to_string(most));
}

CollectionOptions WantedTypes::options() const {
  CollectionOptions options{.timestamps = timestamps, .time_index = time_index};
  constexpr std::uint64_t kMostSeconds = 1'000'000'000'000;
  if (seconds_to_live)
    options.time_to_live = std::chrono::seconds(parse_whole("--ttl", *seconds_to_live, kMostSeconds));
  options.expiry = expiry;
  if (level) options.compression = static_cast<std::uint8_t>(parse_whole("--compress", *level, kHighestLevel));
  return options;
}

CollectionTypes WantedTypes::for_new(CollectionKind default_kind) const {
  CollectionTypes types;
  types.kind = kind ? named(kind_of_name, *kind) : default_kind;
  if (!types.has_keys() && key)
    throw UsageError("--key-type is for collections with keys; a " + kind_words(types.kind) + " has none");
  if (!types.has_values() && value) throw UsageError("--type is for values; a set has keys only, see --key-type");
  if (types.has_keys()) types.key = named(type_of_name, key.value_or("string"));
  const bool is_records = types.kind == CollectionKind::records;
  if (types.has_values()) types.value = named(type_of_name, value.value_or(is_records ? "any" : "string"));
  types.value.row = is_records;
  if (types.key.type == ValueType::json || types.key.type == ValueType::collection ||
      (types.is_sorted() && types.key.type == ValueType::structure)) {
    throw UsageError("a " + kind_words(types.kind) + " cannot have keys of type " + type_name(types.key));
  }
  return types;
}

AnyCollection find_or_create(WriteTxn& txn, const std::string& name, const WantedTypes& wanted,
                             CollectionKind default_kind) {
  if (!txn.has(name)) return txn.any(name, wanted.for_new(default_kind), wanted.options());
  AnyCollection collection = txn.any(name);
  const CollectionTypes types = collection.types();
  const bool fits = (!wanted.kind || named(kind_of_name, *wanted.kind) == types.kind) &&
                    (!wanted.key || named(type_of_name, *wanted.key) == types.key) &&
                    (!wanted.value || named(type_of_name, *wanted.value) == types.value.of_field());
  if (!fits) {
    throw Error(ErrorCode::wrong_type, "'" + name + "' exists and is a " + describe(types) +
                                           ", not as the options say; leave them out, or choose another name");
  }
  return collection;
}

std::string kind_words(CollectionKind kind) {
  std::string words = kind_name(kind);
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string describe(const CollectionTypes& types) {
  std::string text = std::string(kind_name(types.kind)) + " of ";
  if (types.has_keys()) text += type_name(types.key);
  if (types.has_keys() && types.has_values()) text += " to ";
  if (types.has_values()) text += type_name(types.value.of_field());
  return text;
}

Json collection_json(const CollectionInfo& info) {
  Json json = Json::object({{"name", to_json(info.name)}, {"kind", kind_name(info.types.kind)}});
  if (info.types.key != ValueType::none) json["key"] = type_name(info.types.key);
  if (info.types.has_values()) json["value"] = type_name(info.types.value.of_field());
  json["count"] = info.count;
  if (info.options != CollectionOptions()) json["options"] = options_json(info.options);
  return json;
}

Json options_json(const CollectionOptions& options) {
  Json json = Json::object();
  if (options.timestamps) json["timestamps"] = true;
  if (options.time_index) json["time_index"] = true;
  if (options.time_to_live.count() != 0) json["time_to_live_us"] = options.time_to_live.count();
  if (options.expiry) json["expiry"] = true;
  if (options.compression != 0) json["compression"] = options.compression;
  return json;
}

CollectionOptions options_from_json(const Json& json) {
  CollectionOptions options;
  options.timestamps = json.value("timestamps", false);
  options.time_index = json.value("time_index", false);
  options.time_to_live = std::chrono::microseconds(json.value("time_to_live_us", std::int64_t{0}));
  options.expiry = json.value("expiry", false);
  options.compression = json.value("compression", std::uint8_t{0});
  return options;
}

}  // namespace sapwood::cli
