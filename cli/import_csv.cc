#include "cli/import_csv.h"

#include <algorithm>
#include <charconv>

#include "cli/command.h"
#include "cli/encoding.h"
#include "cli/open.h"
#include "cli/output.h"
#include "sapwood/error.h"

namespace sapwood::cli {

CsvReader::CsvReader(LineSource& source, const CsvOptions& options, const ImportFields& fields)
    : source_name_(source.name()), records_(source, options.delimiter), given_(fields) {
  if (options.has_header) read_header();
  width_ = header_.size();
  key_ = find(given_.key, "--key", "key");
  value_ = find(given_.value, "--value", "value");
  if (header_.empty() || key_ || value_) return;
  std::string names;
  for (const std::string& name : header_) names += (names.empty() ? "'" : ", '") + escaped(name) + "'";
  throw UsageError(source_name_ + " has no column 'value', only " + names +
                   "; name one with --value (and --key), or say --no-header if that line is a record");
}

void CsvReader::read_header() {
  try {
    if (records_.next(header_)) return;
  } catch (const BadRecord& bad) {
    throw std::runtime_error(source_name_ + ":" + std::to_string(bad.line) + ": " + bad.what());
  }
  throw UsageError(source_name_ + " is empty: a CSV file begins with the names of its columns, or say --no-header");
}

CsvReader::Column CsvReader::find(const std::optional<std::string>& given, const char* option,
                                  const std::string& by_default) const {
  if (header_.empty()) {
    if (!given) return std::nullopt;
    std::size_t number = 0;
    const char* end = given->data() + given->size();
    const auto [after, error] = std::from_chars(given->data(), end, number);
    if (error == std::errc{} && after == end && number != 0) return number - 1;
    throw UsageError(std::string(option) + " must be the number of a column, from 1, as there is no header; not '" +
                     *given + "'");
  }
  const auto found = std::ranges::find(header_, given.value_or(by_default));
  if (found != header_.end()) return static_cast<std::size_t>(found - header_.begin());
  if (given) throw UsageError(source_name_ + " has no column '" + *given + "'");
  return std::nullopt;
}

CollectionKind CsvReader::natural_kind() const {
  if (!key_) return CollectionKind::list;
  return value_ || header_.empty() ? CollectionKind::sorted_map : CollectionKind::sorted_set;
}

void CsvReader::set_target(const ImportTarget& target) {
  types_ = target.types;
  const std::string what = "'" + target.name + "' is a " + describe(types_) + ": ";
  if (!types_.has_keys()) {
    if (given_.key) throw UsageError(what + "leave out --key, or choose another name with --into");
    if (key_ && !given_.value) throw UsageError(what + "it has no keys; --value names the one column to take");
    key_.reset();
  } else if (!types_.has_values()) {
    if (given_.key && given_.value) throw UsageError(what + "leave out --value, or choose another name with --into");
    if (key_ && value_ && !given_.key) throw UsageError(what + "it has no values; --key names the one column to take");
    if (!key_) key_ = value_;
    value_.reset();
  }
  if (header_.empty()) {
    const bool both = types_.has_keys() && types_.has_values();
    if (!given_.key && !given_.value) width_ = both ? 2 : 1;
    if (types_.has_keys() && !key_) key_ = 0;
    if (types_.has_values() && !value_) value_ = both ? 1 : 0;
  }
  if (types_.has_keys() && !key_) throw UsageError(what + "say which column is the key with --key");
  if (types_.has_values() && !value_) throw UsageError(what + "say which column is the value with --value");
}

std::string CsvReader::column_text(std::size_t column) const {
  return header_.empty() ? "column " + std::to_string(column + 1) : "column '" + escaped(header_[column]) + "'";
}

AnyValue CsvReader::value_of(const TypeInfo& type, std::size_t column) const {
  try {
    return parse_value(type, fields_[column]);
  } catch (const Error& error) {
    throw BadRecord(records_.line(), column_text(column) + ": " + error.what());
  }
}

std::optional<ImportItem> CsvReader::next() {
  if (!records_.next(fields_)) return std::nullopt;
  if (width_ == 0) {
    for (const Column& column : {key_, value_}) {
      if (column && *column >= fields_.size()) {
        throw BadRecord(records_.line(),
                        "it has " + counted(fields_.size(), "field") + ", so no " + column_text(*column));
      }
    }
    width_ = fields_.size();
  }
  if (fields_.size() != width_) {
    const char* as = !header_.empty()               ? "the header has"
                     : (given_.key || given_.value) ? "the first record has"
                                                    : "a record here must have";
    throw BadRecord(records_.line(),
                    "it has " + counted(fields_.size(), "field") + "; " + as + " " + std::to_string(width_));
  }
  ImportItem item;
  if (key_) item.entry.key = value_of(types_.key, *key_);
  if (value_) item.entry.value = value_of(types_.value, *value_);
  return item;
}

}  // namespace sapwood::cli
