#include "cli/text_value.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "cli/command.h"
#include "cli/encoding.h"
#include "sapwood/error.h"

namespace sapwood::cli {
namespace {

using Bytes = std::vector<std::byte>;

Bytes copy_of(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

[[noreturn]] void throw_not_a(const TypeInfo& type, const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  throw Error(ErrorCode::invalid_argument, text + " is not a value of type " + type_name(type));
}

AnyValue integer_from_json(ValueType type, const Json& json) {
  const bool is_unsigned = json.is_number_unsigned();
  if (!json.is_number_integer()) throw_not_a(type, json);
  const bool fits_signed = !is_unsigned || json.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
  if (type == ValueType::uint64) {
    if (!is_unsigned) throw_not_a(type, json);
    return json.get<std::uint64_t>();
  }
  if (!fits_signed) throw_not_a(type, json);
  const auto number = json.get<std::int64_t>();
  if (type == ValueType::int32 && !std::in_range<std::int32_t>(number)) throw_not_a(type, json);
  return number;
}

// A whole number, or its digits as a string.
AnyValue int128_from_json(const Json& json) {
  if (json.is_string()) return parse_value(ValueType::int128, json.get_ref<const std::string&>());
  if (json.is_number_unsigned()) return Int128{json.get<std::uint64_t>()};
  if (json.is_number_integer()) return Int128{json.get<std::int64_t>()};
  throw_not_a(ValueType::int128, json);
}

AnyValue parsed_from_json(ValueType type, const Json& json) {
  if (!json.is_string()) throw_not_a(type, json);
  return parse_value(type, json.get_ref<const std::string&>());
}

AnyValue double_from_json(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "nan" || json == "inf" || json == "-inf") return parse_value(ValueType::float64, json.get<std::string>());
  throw_not_a(ValueType::float64, json);
}

// A string, or {"base64": ...}, or {"hex": ...}.
AnyValue text_from_json(const TypeInfo& type, const Json& json) {
  Bytes bytes;
  if (json.is_string()) {
    bytes = copy_of(as_bytes(json.get_ref<const std::string&>()));
  } else if (json.is_object() && json.size() == 1 && json.begin()->is_string() && json.begin().key() == "base64") {
    bytes = from_base64(json.begin()->get_ref<const std::string&>());
  } else if (json.is_object() && json.size() == 1 && json.begin()->is_string() && json.begin().key() == "hex") {
    bytes = std::get<Bytes>(parse_value(ValueType::bytes, json.begin()->get_ref<const std::string&>()));
  } else if (type == ValueType::string) {
    return json.dump();
  } else {
    throw_not_a(type, json);
  }
  if (type != ValueType::string) return bytes;
  return std::string(as_text(bytes));
}

constexpr const char* kJsonTag = "$json";

bool is_tagged_json(const Json& json) { return json.is_object() && json.size() == 1 && json.begin().key() == kJsonTag; }

// A document, or the text of one.
AnyValue document_from_json(const Json& json) {
  if (!is_tagged_json(json)) return sapwood::Json{json.dump()};
  const AnyValue text = text_from_json(ValueType::string, *json.begin());
  return parse_value(ValueType::json, std::get<std::string>(text));
}

Json document_to_json(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_discarded() && !is_tagged_json(json) &&
      json.dump(-1, ' ', false, Json::error_handler_t::ignore) == text) {
    return json;
  }
  return {{kJsonTag, to_json(text)}};
}

constexpr const char* kRowTag = "$row";

bool is_tagged_row(const Json& json) {
  return json.is_object() && json.size() == 1 && json.begin().key() == kRowTag && json.begin()->is_array();
}

AnyValue row_from_json(const TypeInfo& type, const Json& json) {
  if (json.is_null()) return std::monostate{};
  if (!json.is_object()) throw_not_a(type, json);
  AnyMap row;
  const auto add = [&](AnyValue name, const Json& value) {
    row.entries.emplace_back(std::move(name), from_json(type.of_field(), value));
  };
  if (!is_tagged_row(json)) {
    for (const auto& [name, value] : json.items()) add(name, value);
    return row;
  }
  for (const Json& field : *json.begin()) {
    if (!field.is_array() || field.size() != 2) throw_not_a(type, json);
    add(text_from_json(ValueType::string, field[0]), field[1]);
  }
  return row;
}

Json row_to_json(const TypeInfo& type, const AnyValue& value) {
  const AnyMap* row = std::get_if<AnyMap>(&value);
  if (row == nullptr) return nullptr;
  Json named = Json::object();
  Json pairs = Json::array();
  bool all_text = true;
  for (const auto& [name, field] : row->entries) {
    const auto& text = std::get<std::string>(name);
    all_text = all_text && is_utf8(text);
    if (all_text) named[text] = to_json(type.of_field(), field);
    pairs.push_back({to_json(name), to_json(type.of_field(), field)});
  }
  return all_text && !is_tagged_row(named) ? named : Json({{kRowTag, pairs}});
}

// A whole number from `text`, with a sign.
std::int64_t parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || after != end) {
    throw UsageError("'" + std::string(text) + "' is not a position: expected a whole number; -1 is the last item");
  }
  return number;
}

}  // namespace

AnyValue parse_argument(const TypeInfo& type, std::string_view text) {
  if (type.row) {
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) {
      throw Error(ErrorCode::invalid_argument,
                  "'" + std::string(text) + "' is no row: expected a JSON object, or null for a placeholder");
    }
    return row_from_json(type, json);
  }
  if (type.type != ValueType::bytes && type.type != ValueType::structure) return parse_value(type, text);
  constexpr std::string_view kBase64 = "base64:", kText = "text:", kHex = "hex:";
  if (text.starts_with(kBase64)) return from_base64(text.substr(kBase64.size()));
  if (text.starts_with(kText)) return copy_of(as_bytes(text.substr(kText.size())));
  return parse_value(type, text.starts_with(kHex) ? text.substr(kHex.size()) : text);
}

AnyValue from_json(const TypeInfo& type, const Json& json) {
  if (type.row) return row_from_json(type, json);
  switch (type.type) {
    case ValueType::none: break;
    case ValueType::boolean:
      if (!json.is_boolean()) throw_not_a(type, json);
      return json.get<bool>();
    case ValueType::int32:
    case ValueType::int64:
    case ValueType::uint64: return integer_from_json(type.type, json);
    case ValueType::int128: return int128_from_json(json);
    case ValueType::float64: return double_from_json(json);
    case ValueType::string:
    case ValueType::bytes:
    case ValueType::structure: return text_from_json(type, json);
    case ValueType::uuid:
    case ValueType::datetime: return parsed_from_json(type.type, json);
    case ValueType::json: return document_from_json(json);
    case ValueType::any:
    case ValueType::tuple: return parse_value(type, json.dump());
    case ValueType::collection: return parse_value(type, "");  // throws
  }
  return std::monostate{};
}

Json to_json(const TypeInfo& type, const AnyValue& value) {
  if (type.row) return row_to_json(type, value);
  return type.type == ValueType::any ? Json::parse(format_value(type, value)) : to_json(value);
}

Json to_json(const AnyValue& value) {
  struct Convert {
    Json operator()(std::monostate) const { return nullptr; }
    Json operator()(bool flag) const { return flag; }
    Json operator()(std::int64_t number) const { return number; }
    Json operator()(std::uint64_t number) const { return number; }
    Json operator()(double number) const {
      if (std::isfinite(number)) return number;
      return format_value(number);
    }
    Json operator()(const std::string& text) const {
      if (is_utf8(text)) return text;
      return {{"base64", to_base64(as_bytes(text))}};
    }
    Json operator()(const Bytes& bytes) const { return {{"base64", to_base64(bytes)}}; }
    Json operator()(const Int128& number) const {
      const auto small = static_cast<std::int64_t>(number);
      if (small == number) return small;
      return format_value(number);
    }
    Json operator()(const Uuid& uuid) const { return uuid.text(); }
    Json operator()(const DateTime& time) const { return time.text(); }
    Json operator()(const sapwood::Json& json) const { return document_to_json(json.text); }
    Json operator()(const AnyTuple& tuple) const { return Json::parse(format_value(tuple)); }
    Json operator()(const AnyList& list) const { return Json::parse(format_value(list)); }
    Json operator()(const AnyMap& map) const { return Json::parse(format_value(map)); }
    Json operator()(const Nested& nested) const { return format_value(nested); }
  };
  return std::visit(Convert{}, value);
}

std::string raw_text(const TypeInfo& type, const AnyValue& value) {
  if (type.row) return row_to_json(type, value).dump();
  if (type.type == ValueType::any) return format_value(type, value);
  if (const auto* bytes = std::get_if<Bytes>(&value)) return std::string(as_text(*bytes));
  return format_value(value);
}

std::string line_text(const TypeInfo& type, const AnyValue& value) {
  if (type.row) return row_to_json(type, value).dump();
  if (type.type == ValueType::any) return format_value(type, value);
  if (const auto* text = std::get_if<std::string>(&value)) return escaped(*text);
  std::string line = format_value(value);
  const bool breaks = line.find_first_of("\n\r\t") != std::string::npos;  // only JSON text may have them
  return breaks ? escaped(line) : line;
}

std::string expiry_text(DateTime moment) { return moment == kNever ? "never" : moment.text(); }

DateTime parse_expiry(std::string_view text) { return text == "never" ? kNever : DateTime::parse(text); }

std::optional<std::uint64_t> parse_position(std::string_view text, std::uint64_t size) {
  const std::int64_t number = parse_integer(text);
  const std::uint64_t distance = number < 0 ? 0 - static_cast<std::uint64_t>(number) : 0;  // from the end
  if (number < 0) return distance <= size ? std::optional(size - distance) : std::nullopt;
  return static_cast<std::uint64_t>(number) < size ? std::optional(static_cast<std::uint64_t>(number)) : std::nullopt;
}

std::uint64_t parse_boundary(std::string_view text, std::uint64_t size) {
  if (const std::optional<std::uint64_t> position = parse_position(text, size)) return *position;
  return parse_integer(text) < 0 ? 0 : size;
}

}  // namespace sapwood::cli
