// AnyValue as text.
#include <charconv>

#include "base/types.h"
#include "collections/any_json.h"
#include "collections/hex.h"
#include "collections/number_text.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

[[noreturn]] void throw_not_a(const TypeInfo& type, std::string_view text, const char* expected) {
  throw Error(ErrorCode::invalid_argument,
              "'" + std::string(text) + "' is not a value of type " + type_name(type) + ": expected " + expected);
}

template <class T>
T parse_number(ValueType type, std::string_view text, const char* expected) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || after != end) throw_not_a(type, text, expected);
  return number;
}

std::vector<std::byte> parse_bytes(const TypeInfo& type, std::string_view text) {
  std::optional<std::vector<std::byte>> bytes = collections::from_hex(text);
  if (!bytes) throw_not_a(type, text, "an even number of hexadecimal digits");
  if (type.type == ValueType::structure && bytes->size() != type.width)
    throw_not_a(type, text, "two digits for each byte");
  return *std::move(bytes);
}

Int128 parse_int128(std::string_view text) {
  const std::optional<Int128> number = collections::parse_int128(text);
  if (!number) throw_not_a(ValueType::int128, text, "a whole number that fits 128 bits");
  return *number;
}

AnyValue parse_row(const TypeInfo& type, std::string_view text) {
  AnyValue row = collections::parse_any(text);
  if (!std::holds_alternative<std::monostate>(row) && !std::holds_alternative<AnyMap>(row))
    throw_not_a(type, text, "an object, or null for a placeholder");
  return row;
}

}  // namespace

ValueType type_of(const AnyValue& value) noexcept {
  using enum ValueType;
  constexpr ValueType kByIndex[] = {none, boolean,  int64, uint64, float64, string, bytes,     int128,
                                    uuid, datetime, json,  tuple,  any,     any,    collection};
  static_assert(std::size(kByIndex) == std::variant_size_v<detail::AnyVariant>);
  return kByIndex[value.index()];
}

AnyValue parse_value(const TypeInfo& type, std::string_view text) {
  if (type.row) return parse_row(type, text);
  switch (type.type) {
    case ValueType::none: break;
    case ValueType::boolean:
      if (text == "true") return true;
      if (text == "false") return false;
      throw_not_a(type, text, "true or false");
    case ValueType::int32: {
      constexpr const char* kExpected = "a whole number between -2147483648 and 2147483647";
      return std::int64_t{parse_number<std::int32_t>(type.type, text, kExpected)};
    }
    case ValueType::int64: return parse_number<std::int64_t>(type.type, text, "a whole number that fits 64 bits");
    case ValueType::uint64:
      return parse_number<std::uint64_t>(type.type, text, "a whole number from 0 that fits 64 bits");
    case ValueType::int128: return parse_int128(text);
    case ValueType::float64: return parse_number<double>(type.type, text, "a number, nan, inf or -inf");
    case ValueType::string: return std::string(text);
    case ValueType::bytes:
    case ValueType::structure: return parse_bytes(type, text);
    case ValueType::uuid: return Uuid::parse(text);
    case ValueType::datetime: return DateTime::parse(text);
    case ValueType::json: check_json(text); return Json{std::string(text)};
    case ValueType::tuple: return collections::parse_tuple(type, text);
    case ValueType::any: return collections::parse_any(text);
    case ValueType::collection:
      throw Error(ErrorCode::invalid_argument,
                  (text.empty() ? "this" : "'" + std::string(text) + "'") +
                      " cannot be a value of type collection: those are created, not read");
  }
  return std::monostate{};
}

std::string format_value(const TypeInfo& type, const AnyValue& value) {
  return type.row || type.type == ValueType::any ? collections::format_any(value) : format_value(value);
}

std::string format_value(const AnyValue& value) {
  struct Format {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(std::uint64_t number) const { return std::to_string(number); }
    std::string operator()(const Int128& number) const { return collections::format_int128(number); }
    std::string operator()(double number) const { return collections::format_double(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const std::vector<std::byte>& bytes) const { return collections::to_hex(bytes); }
    std::string operator()(const Uuid& uuid) const { return uuid.text(); }
    std::string operator()(const DateTime& time) const { return time.text(); }
    std::string operator()(const Json& json) const { return json.text; }
    std::string operator()(const AnyTuple& tuple) const { return collections::format_tuple(tuple); }
    std::string operator()(const AnyList& list) const { return collections::format_any(list); }
    std::string operator()(const AnyMap& map) const { return collections::format_any(map); }
    std::string operator()(const Nested& nested) const { return "#" + std::to_string(nested.id); }
  };
  return std::visit(Format{}, value);
}

}  // namespace sapwood
