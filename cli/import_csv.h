// CSV files as entries: columns named by a header line, or numbered.
#pragma once

#include "cli/csv.h"
#include "cli/import_reader.h"

namespace sapwood::cli {

struct CsvOptions {
  char delimiter = ',';
  bool has_header = true;
};

// `fields` name columns, or without a header number them from 1. By default they are `key` and `value`; without a
// header the first ones.
class CsvReader : public ImportReader {
 public:
  // Reads the header. Throws UsageError if there is none or it lacks a column that `fields` name, std::runtime_error
  // if it cannot be read.
  CsvReader(LineSource& source, const CsvOptions& options, const ImportFields& fields);

  // What a new collection is unless the user says another: a sorted map, a sorted set (a key but no value), or a list.
  CollectionKind natural_kind() const;
  // Where entries go. Throws UsageError if the columns do not fit.
  void set_target(const ImportTarget& target);

  // Requires: set_target() was called.
  std::optional<ImportItem> next() override;

 private:
  using Column = std::optional<std::size_t>;
  void read_header();
  Column find(const std::optional<std::string>& given, const char* option, const std::string& by_default) const;
  AnyValue value_of(const TypeInfo& type, std::size_t column) const;
  std::string column_text(std::size_t column) const;

  std::string source_name_;
  CsvRecords records_;
  ImportFields given_;
  std::vector<std::string> header_;  // empty if there is none
  Column key_;
  Column value_;
  CollectionTypes types_;
  std::size_t width_ = 0;  // fields of every record; 0: the next one tells
  std::vector<std::string> fields_;
};

}  // namespace sapwood::cli
