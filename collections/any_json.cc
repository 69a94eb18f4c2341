#include "collections/any_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "collections/hex.h"
#include "collections/json_text.h"
#include "collections/number_text.h"
#include "collections/utf8.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

using ByteVector = std::vector<std::byte>;

// --- To JSON ---------------------------------------------------------------------------------------------------------

void append_tagged(std::string& to, const char* tag, const std::string& text) {
  (((to += "{\"$") += tag) += "\":\"") += text;
  to += "\"}";
}

void append_double(std::string& to, double number) {
  const std::string text = format_double(number);
  if (!std::isfinite(number)) return append_tagged(to, "double", text);
  to += text;
  if (text.find_first_of(".e") == std::string::npos) to += ".0";
}

void append_value(std::string& to, const AnyValue& value);

void append_array(std::string& to, const std::vector<AnyValue>& values) {
  to += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) to += ',';
    append_value(to, values[i]);
  }
  to += ']';
}

// An object needs strings as names, and must not look like one of ours.
bool is_object(const AnyMap& map) {
  return std::ranges::all_of(map.entries, [](const auto& entry) {
    const auto* name = std::get_if<std::string>(&entry.first);
    return name != nullptr && is_utf8(*name) && !name->starts_with('$');
  });
}

void append_map(std::string& to, const AnyMap& map) {
  const bool object = is_object(map);
  to += object ? "{" : "{\"$map\":[";
  bool first = true;
  for (const auto& [key, value] : map.entries) {
    if (!first) to += ',';
    first = false;
    if (!object) to += '[';
    append_value(to, key);
    to += object ? ':' : ',';
    append_value(to, value);
    if (!object) to += ']';
  }
  to += object ? "}" : "]}";
}

struct AppendValue {
  std::string& to;
  void operator()(std::monostate) const { to += "null"; }
  void operator()(bool flag) const { to += flag ? "true" : "false"; }
  void operator()(std::int64_t number) const { to += std::to_string(number); }
  void operator()(std::uint64_t number) const { to += std::to_string(number); }
  void operator()(double number) const { append_double(to, number); }
  void operator()(const Int128& number) const { append_tagged(to, "int", format_int128(number)); }
  void operator()(const std::string& text) const {
    if (is_utf8(text)) append_json_string(to, text);
    else append_tagged(to, "string", to_hex(std::as_bytes(std::span(text))));
  }
  void operator()(const ByteVector& bytes) const { append_tagged(to, "bytes", to_hex(bytes)); }
  void operator()(const Uuid& uuid) const { append_tagged(to, "uuid", uuid.text()); }
  void operator()(const DateTime& time) const { append_tagged(to, "datetime", time.text()); }
  void operator()(const Json& json) const { to += json.text; }
  void operator()(const AnyTuple& tuple) const {
    to += "{\"$tuple\":";
    append_array(to, tuple.parts);
    to += '}';
  }
  void operator()(const AnyList& list) const { append_array(to, list.items); }
  void operator()(const AnyMap& map) const { append_map(to, map); }
  void operator()(const Nested& nested) const { append_json_string(to, "#" + std::to_string(nested.id)); }
};

void append_value(std::string& to, const AnyValue& value) { std::visit(AppendValue{to}, value); }

// A part of a tuple whose type is known: without tags.
void append_part(std::string& to, const AnyValue& part) {
  const auto append_hex = [&](std::span<const std::byte> bytes) { to += "{\"hex\":\"" + to_hex(bytes) + "\"}"; };
  if (const auto* text = std::get_if<std::string>(&part); text != nullptr && !is_utf8(*text)) {
    append_hex(std::as_bytes(std::span(*text)));
  } else if (const auto* bytes = std::get_if<ByteVector>(&part)) {
    append_hex(*bytes);
  } else if (const auto* number = std::get_if<double>(&part); number != nullptr && !std::isfinite(*number)) {
    append_json_string(to, format_double(*number));
  } else if (std::holds_alternative<Uuid>(part) || std::holds_alternative<DateTime>(part)) {
    append_json_string(to, format_value(part));
  } else if (const auto* big = std::get_if<Int128>(&part)) {
    const bool fits = *big == static_cast<Int128>(static_cast<i64>(*big));
    to += fits ? format_int128(*big) : "\"" + format_int128(*big) + "\"";
  } else {
    append_value(to, part);
  }
}

// --- From JSON -------------------------------------------------------------------------------------------------------

AnyValue take_value(JsonReader& in, std::size_t depth);

AnyValue take_number(JsonReader& in) {
  const Bytes text = in.number();
  if (text.find_first_of(".eE") == Bytes::npos) {
    const std::optional<Int128> number = parse_int128(text);
    if (!number) in.fail("the whole number before does not fit 128 bits; with .0 it is a double");
    if (*number == static_cast<i64>(*number)) return static_cast<i64>(*number);
    if (*number == static_cast<Int128>(static_cast<u64>(*number))) return static_cast<u64>(*number);
    return *number;
  }
  double number = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) in.fail("the number before is too big, or too near to 0, for a double");
  return number;
}

std::vector<AnyValue> take_array(JsonReader& in, std::size_t depth) {
  std::vector<AnyValue> values;
  in.expect('[');
  if (in.take(']')) return values;
  do values.push_back(take_value(in, depth));
  while (in.take(','));
  in.expect(']');
  return values;
}

AnyMap take_pairs(JsonReader& in, std::size_t depth) {
  AnyMap map;
  in.expect('[');
  if (in.take(']')) return map;
  do {
    in.expect('[');
    AnyValue key = take_value(in, depth);
    in.expect(',');
    AnyValue value = take_value(in, depth);
    map.entries.emplace_back(std::move(key), std::move(value));
    in.expect(']');
  } while (in.take(','));
  in.expect(']');
  return map;
}

ByteVector take_hex(JsonReader& in) {
  std::string text;
  in.string(&text);
  std::optional<ByteVector> bytes = from_hex(text);
  if (!bytes) in.fail("the string before is no even number of hexadecimal digits");
  return *std::move(bytes);
}

// What follows {"$<tag>": up to the closing brace.
AnyValue take_tagged(JsonReader& in, Bytes tag, std::size_t depth) {
  if (tag == "tuple") return AnyTuple{take_array(in, depth)};
  if (tag == "map") return take_pairs(in, depth);
  if (tag == "bytes") return take_hex(in);
  if (tag == "string") {
    const ByteVector bytes = take_hex(in);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  ValueType type = ValueType::none;
  if (tag == "double") type = ValueType::float64;
  if (tag == "int") type = ValueType::int128;
  if (tag == "uuid") type = ValueType::uuid;
  if (tag == "datetime") type = ValueType::datetime;
  if (type == ValueType::none) in.fail("an object whose one name starts with $ is none of those that have a meaning");
  std::string text;
  in.string(&text);
  return parse_value(type, text);
}

AnyValue take_object(JsonReader& in, std::size_t depth) {
  AnyMap map;
  in.expect('{');
  if (in.take('}')) return map;
  do {
    std::string name;
    in.string(&name);
    in.expect(':');
    if (name.starts_with('$')) {
      if (!map.entries.empty()) in.fail("a name that starts with $ needs the form {\"$map\": [[name, value], ...]}");
      AnyValue value = take_tagged(in, Bytes(name).substr(1), depth);
      in.expect('}');
      return value;
    }
    AnyValue value = take_value(in, depth);
    map.entries.emplace_back(std::move(name), std::move(value));
  } while (in.take(','));
  in.expect('}');
  return map;
}

AnyValue take_value(JsonReader& in, std::size_t depth) {
  const char first = in.peek();
  if ((first == '{' || first == '[') && depth == kMaxAnyDepth) in.fail("nested more than 64 deep");
  switch (first) {
    case '{': return take_object(in, depth + 1);
    case '[': return AnyList{take_array(in, depth + 1)};
    case 't': in.word("true"); return true;
    case 'f': in.word("false"); return false;
    case 'n': in.word("null"); return std::monostate{};
    case '"': {
      std::string text;
      in.string(&text);
      return text;
    }
    default: return take_number(in);
  }
}

// A part of a tuple from what stands for it in JSON.
AnyValue part_of(ValueType type, const AnyValue& json) {
  const bool is_bytes = type == ValueType::string || type == ValueType::bytes;
  if (const auto* map = std::get_if<AnyMap>(&json); is_bytes && map != nullptr && map->entries.size() == 1) {
    const auto* hex = map->find("hex") != nullptr ? std::get_if<std::string>(map->find("hex")) : nullptr;
    const std::optional<ByteVector> bytes = hex != nullptr ? from_hex(*hex) : std::nullopt;
    if (bytes && type == ValueType::bytes) return *bytes;
    if (bytes) return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  }
  if (const auto* text = std::get_if<std::string>(&json)) return parse_value(type, *text);
  const ValueType found = type_of(json);
  const bool is_plain = found == ValueType::boolean || found == ValueType::int64 || found == ValueType::uint64 ||
                        found == ValueType::int128 || found == ValueType::float64;
  if (is_plain && !is_bytes) return parse_value(type, format_value(json));
  throw Error(ErrorCode::invalid_argument, format_any(json) + " is not a value of type " + type_name(type));
}

}  // namespace

AnyValue parse_any(Bytes json) {
  JsonReader in(json);
  AnyValue value = take_value(in, 0);
  in.end();
  return value;
}

std::string format_any(const AnyValue& value) {
  std::string text;
  append_value(text, value);
  return text;
}

AnyValue parse_tuple(const TypeInfo& type, Bytes json) {
  const AnyValue parsed = parse_any(json);
  const auto* list = std::get_if<AnyList>(&parsed);
  const std::size_t count = type.part_count();
  if (list == nullptr || list->items.size() != count) {
    throw Error(ErrorCode::invalid_argument, "'" + std::string(json) + "' is not a value of type " + type_name(type) +
                                                 ": expected a JSON array of " + std::to_string(count));
  }
  AnyTuple tuple;
  for (std::size_t i = 0; i < count; ++i) tuple.parts.push_back(part_of(type.parts[i], list->items[i]));
  return tuple;
}

std::string format_tuple(const AnyTuple& tuple) {
  std::string text = "[";
  for (const AnyValue& part : tuple.parts) {
    if (text.size() > 1) text += ',';
    append_part(text, part);
  }
  return text += ']';
}

}  // namespace sapwood::collections
