// Opening databases and finding collections, with messages that help.
#pragma once

#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/output.h"
#include "sapwood/database.h"

namespace sapwood::cli {

// For reading; never creates. A file that was not closed cleanly is recovered first, with a note on standard error.
Database open_to_read(const std::string& path);
// For writing; never creates.
Database open_to_write(const std::string& path);
// For writing; created if absent.
Database open_or_create(const std::string& path);
bool file_exists(const std::string& path);

// The collection `name`. Throws Error{not_found} that names the nearest one.
AnyCollection find_collection(const Database& database, const ReadTxn& txn, const std::string& name);
AnyCollection find_collection(const Database& database, WriteTxn& txn, const std::string& name);

// Which version a verb reads: --snapshot.
struct WantedVersion {
  std::optional<std::string> snapshot;

  void declare(Command& command);
  ReadTxn read(const Database& database) const;  // by default the newest one
};

// What a collection that may have to be created shall be: --kind, --key-type, --type; --timestamps, --time-index,
// --ttl, --compress.
struct WantedTypes {
  std::optional<std::string> kind;
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool timestamps = false;
  bool time_index = false;
  std::optional<std::string> seconds_to_live;
  bool expiry = false;
  std::optional<std::string> level;

  void declare(Command& command);
  // With what is not given filled in: a sorted map of string to string. Throws UsageError for names that do not exist.
  CollectionTypes for_new(CollectionKind default_kind = CollectionKind::sorted_map) const;
  // Throws UsageError for numbers that are none.
  CollectionOptions options() const;
};

// The collection `name`, created if absent. Throws Error{wrong_type} if it is there and not as wanted.
AnyCollection find_or_create(WriteTxn& txn, const std::string& name, const WantedTypes& wanted,
                             CollectionKind default_kind = CollectionKind::sorted_map);

// The number that an option was given, from 1 to `most`. Throws UsageError.
std::uint64_t parse_whole(const char* option, const std::string& text, std::uint64_t most);
inline constexpr std::uint64_t kHighestLevel = 19;  // of compression

// "sorted map".
std::string kind_words(CollectionKind kind);
// "sorted_map of string to double".
std::string describe(const CollectionTypes& types);
Json collection_json(const CollectionInfo& info);
// {"timestamps": true, "time_index": true, "time_to_live_us": 1000000, "expiry": true, "compression": 3}, without
// those that are not chosen; and the inverse. Throws nlohmann::json::exception.
Json options_json(const CollectionOptions& options);
CollectionOptions options_from_json(const Json& json);

}  // namespace sapwood::cli
