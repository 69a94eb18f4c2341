// Where imported records come from: one reader a format.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "cli/line_source.h"
#include "sapwood/any.h"

namespace sapwood::cli {

// A collection that records go to.
struct ImportTarget {
  std::string name;
  CollectionTypes types;
  CollectionOptions options{};  // if it is created
};

// An entry; or the announcement that the entries that follow go to another collection. An entry whose value `opens` a
// nested collection is followed by the entries of that, whose depth is one more.
struct ImportItem {
  std::optional<ImportTarget> target{};
  AnyEntry entry{};
  std::size_t depth = 0;
  std::optional<CollectionTypes> opens{};
};

// A record that cannot be used; the reader can go on behind it.
struct BadRecord : std::runtime_error {
  BadRecord(std::uint64_t at_line, const std::string& what) : std::runtime_error(what), line(at_line) {}
  std::uint64_t line;
};

class ImportReader {
 public:
  virtual ~ImportReader() = default;
  // The next item, or nullopt at the end. Throws BadRecord; std::runtime_error if it cannot go on.
  virtual std::optional<ImportItem> next() = 0;
};

// The fields of a record that become key and value. No key: the collection is a list. No value: the whole record.
struct ImportFields {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

enum class ImportFormat { json_lines, csv, debian, exported };

// From what the first line looks like and the ending of the name. Throws UsageError if neither tells.
ImportFormat guess_format(LineSource& source);
// "jsonl", "csv", "deb", "export". Throws UsageError.
ImportFormat format_of_name(const std::string& name);

// JSON documents, one a line. Fields are names, or JSON pointers such as "/address/city".
std::unique_ptr<ImportReader> read_json_lines(LineSource& source, const CollectionTypes& types, ImportFields fields);
// Debian control files: paragraphs of "Field: value", between blank lines. Case of names does not matter.
std::unique_ptr<ImportReader> read_debian(LineSource& source, const CollectionTypes& types, ImportFields fields);
// What `sapwood export` wrote; it announces its collections.
std::unique_ptr<ImportReader> read_exported(LineSource& source);

}  // namespace sapwood::cli
