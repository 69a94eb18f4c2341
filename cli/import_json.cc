#include "cli/import_json.h"

#include <utility>

#include "cli/encoding.h"
#include "cli/import_reader.h"
#include "cli/open.h"
#include "cli/text_value.h"
#include "sapwood/error.h"

namespace sapwood::cli {
namespace {

constexpr std::size_t kMaxDepth = 1000;  // writing JSON is recursive

std::size_t depth_of(std::string_view line) {
  std::size_t depth = 0, deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '\\') ++i;
    else if (c == '"') quoted = !quoted;
    else if (!quoted && (c == '[' || c == '{')) deepest = std::max(deepest, ++depth);
    else if (!quoted && (c == ']' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == std::string_view::npos; }

class JsonLinesReader : public ImportReader {
 public:
  JsonLinesReader(LineSource& source, const CollectionTypes& types, ImportFields fields)
      : source_(source), types_(types), fields_(std::move(fields)) {}

  std::optional<ImportItem> next() override {
    std::string_view line;
    do {
      if (!source_.next(line)) return std::nullopt;
    } while (is_blank(line));
    const Json json = parse_json_line(source_, line);
    try {
      ImportItem item;
      if (fields_.key) item.entry.key = from_json(types_.key, key_json(field(json, *fields_.key)));
      if (fields_.value) item.entry.value = from_json(types_.value, field(json, *fields_.value));
      else if (types_.value == ValueType::string) item.entry.value = std::string(line);
      else if (types_.value == ValueType::json) item.entry.value = sapwood::Json{std::string(line)};
      else item.entry.value = from_json(types_.value, json);
      return item;
    } catch (const Error& error) {
      throw BadRecord(source_.line(), error.what());
    }
  }

 private:
  const Json& field(const Json& json, const std::string& name) const {
    const bool is_pointer = name.starts_with('/');
    if (is_pointer) {
      const Json::json_pointer pointer(name);
      if (json.contains(pointer)) return json.at(pointer);
    } else if (json.is_object()) {
      if (const auto found = json.find(name); found != json.end()) return *found;
    }
    throw BadRecord(source_.line(), "the record has no field '" + name + "'");
  }
  // A number can be the key of a map of strings; null and objects are hardly meant.
  const Json& key_json(const Json& json) const {
    const ValueType type = types_.key.type;
    const bool takes_arrays = type == ValueType::tuple || type == ValueType::any;
    const bool fits = json.is_array() ? takes_arrays : !json.is_object() || type != ValueType::string;
    if (!json.is_null() && fits) return json;
    throw BadRecord(source_.line(), "the field '" + *fields_.key + "' is no key: it is " + json.type_name());
  }

  LineSource& source_;
  CollectionTypes types_;
  ImportFields fields_;
};

std::string text_of(const Json& json) {
  if (!json.is_string()) throw Error(ErrorCode::invalid_argument, "a time of it is no text");
  return json.get<std::string>();
}

CollectionTypes types_from(const Json& header) {
  CollectionTypes types;
  types.kind = kind_of_name(header.at("kind").get_ref<const std::string&>());
  if (types.has_keys()) types.key = type_of_name(header.at("key").get<std::string>());
  if (types.has_values()) types.value = type_of_name(header.at("value").get<std::string>());
  types.value.row = types.kind == CollectionKind::records;
  return types;
}

std::optional<std::uint64_t> count_from(const Json& header) {
  if (!header.contains("count")) return std::nullopt;
  if (!header["count"].is_number_unsigned()) throw std::runtime_error("its count is no whole number from 0");
  return header["count"].get<std::uint64_t>();
}

void put_types(Json& header, const CollectionTypes& types) {
  if (types.key != ValueType::none) header["key"] = type_name(types.key);
  if (types.has_values()) header["value"] = type_name(types.value.of_field());
}

class ExportReader : public ImportReader {
 public:
  explicit ExportReader(LineSource& source) : source_(source) {}

  std::optional<ImportItem> next() override {
    std::string_view line;
    do {
      if (!source_.next(line)) {
        expect_all(entries_);
        return std::nullopt;
      }
    } while (is_blank(line));
    while (!open_.empty() && open_.back().left == 0) open_.pop_back();
    const std::uint64_t entries_before = entries_;
    if (open_.empty()) ++entries_;  // counts also those that cannot be used
    else --open_.back().left;
    if (!may_open_collections()) return read(line, entries_before);
    try {
      return read(line, entries_before);
    } catch (const BadRecord& bad) {  // what follows may be its entries: it cannot be left out
      throw std::runtime_error(std::string(bad.what()) + "; this one cannot be skipped");
    }
  }

 private:
  struct Open {
    CollectionTypes types;
    std::uint64_t left;  // entries still to come
  };

  bool may_open_collections() const {
    if (!open_.empty()) return true;
    return target_ && (target_->types.value == ValueType::collection || target_->types.value == ValueType::any);
  }

  std::optional<ImportItem> read(std::string_view line, std::uint64_t entries_before) {
    const Json json = parse_json_line(source_, line);
    if (is_export_header(json)) {
      expect_all(entries_before);
      entries_ = 0;
      return ImportItem{.target = target_of(json["sapwood"])};
    }
    if (!target_) throw std::runtime_error("an entry stands before the first header; is it an export?");
    const CollectionTypes types = open_.empty() ? target_->types : open_.back().types;
    if (!json.is_object() || json.contains("value") != types.has_values() || json.contains("key") != types.has_keys()) {
      throw BadRecord(source_.line(), !types.has_keys()    ? "an item needs \"value\" only"
                                      : types.has_values() ? "an entry needs \"key\" and \"value\""
                                                           : "a set's entry needs \"key\" only");
    }
    try {
      ImportItem item;
      item.depth = open_.size();
      if (types.has_keys()) item.entry.key = from_json(types.key, json["key"]);
      if (json.contains("time")) item.entry.time = DateTime::parse(text_of(json["time"]));
      if (json.contains("expires")) item.entry.expires = parse_expiry(text_of(json["expires"]));
      if (types.has_values() && json["value"].is_object() && json["value"].contains("$collection")) {
        item.opens = open(json["value"]["$collection"]);
      } else if (types.has_values()) {
        item.entry.value = from_json(types.value, json["value"]);
      }
      return item;
    } catch (const Error& error) {
      throw BadRecord(source_.line(), error.what());
    }
  }

  CollectionTypes open(const Json& header) {
    try {
      const std::optional<std::uint64_t> count = count_from(header);
      if (!count) throw std::runtime_error("it has no count");
      return open_.emplace_back(Open{types_from(header), *count}).types;
    } catch (const std::exception& error) {
      throw std::runtime_error(std::string("how a nested collection begins cannot be read: ") + error.what());
    }
  }

  // Throws if the header of the collection that ends here says another number of entries. No BadRecord: entries that
  // are not there cannot be skipped.
  void expect_all(std::uint64_t entries) const {
    for (const Open& nested : open_) {
      if (nested.left == 0) continue;
      throw std::runtime_error(counted(nested.left, "item") +
                               " of a nested collection are missing; the file seems "
                               "to be cut off");
    }
    if (!target_ || !count_ || entries == *count_) return;
    throw std::runtime_error("the header of '" + escaped(target_->name) + "' says " + counted(*count_, "item") +
                             ", the file has " + with_thousands(entries) +
                             (entries < *count_ ? "; it seems to be cut off" : "; it seems to be damaged"));
  }

  // A header that cannot be read is no BadRecord: the entries behind it would go to the wrong place.
  const std::optional<ImportTarget>& target_of(const Json& header) {
    try {
      ImportTarget target;
      target.name = std::get<std::string>(from_json(ValueType::string, header.at("collection")));
      target.types = types_from(header);
      if (header.contains("options")) target.options = options_from_json(header["options"]);
      count_ = count_from(header);
      target_ = std::move(target);
    } catch (const std::exception& error) {
      throw std::runtime_error(std::string("the header of a collection cannot be read: ") + error.what());
    }
    return target_;
  }

  LineSource& source_;
  std::optional<ImportTarget> target_;
  std::optional<std::uint64_t> count_;  // of entries, as the header says
  std::uint64_t entries_ = 0;           // lines since the header, but those of nested collections
  std::vector<Open> open_;              // nested collections, the innermost last
};

}  // namespace

bool is_export_header(const Json& json) {
  if (!json.is_object() || json.size() != 1 || !json.contains("sapwood")) return false;
  const Json& header = json["sapwood"];
  return header.is_object() && header.contains("collection") && header.contains("kind");
}

Json export_header(const CollectionInfo& info) {
  Json header = Json::object({{"collection", to_json(info.name)}, {"kind", kind_name(info.types.kind)}});
  put_types(header, info.types);
  header["count"] = info.count;
  if (info.options != CollectionOptions()) header["options"] = options_json(info.options);
  Json line = Json::object();
  line["sapwood"] = std::move(header);
  return line;
}

Json nested_header(const CollectionTypes& types, std::uint64_t count) {
  Json header = Json::object({{"kind", kind_name(types.kind)}});
  put_types(header, types);
  header["count"] = count;
  Json value = Json::object();
  value["$collection"] = std::move(header);
  return value;
}

Json parse_json_line(const LineSource& source, std::string_view line) {
  if (depth_of(line) > kMaxDepth) throw BadRecord(source.line(), "nested more than 1,000 deep");
  try {
    return Json::parse(line);
  } catch (const nlohmann::json::parse_error& error) {
    throw BadRecord(source.line(), "not a JSON document on one line: wrong at byte " + std::to_string(error.byte));
  } catch (const nlohmann::json::exception&) {
    throw BadRecord(source.line(), "not a JSON document that can be used: a number is too big");
  }
}

std::unique_ptr<ImportReader> read_json_lines(LineSource& source, const CollectionTypes& types, ImportFields fields) {
  return std::make_unique<JsonLinesReader>(source, types, std::move(fields));
}

std::unique_ptr<ImportReader> read_exported(LineSource& source) { return std::make_unique<ExportReader>(source); }

}  // namespace sapwood::cli
