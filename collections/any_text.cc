// AnyValue as text.
#include <charconv>
#include <cmath>

#include "base/types.h"
#include "sapwood/any.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

[[noreturn]] void throw_not_a(ValueType type, std::string_view text, const char* expected) {
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

constexpr const char* kHexExpected = "an even number of hexadecimal digits";

u8 hex_digit(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c >= '0' && c <= '9') return static_cast<u8>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<u8>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<u8>(c - 'A' + 10);
  throw_not_a(ValueType::bytes, text, kHexExpected);
}

std::vector<std::byte> parse_hex(std::string_view text) {
  if (text.size() % 2 != 0) throw_not_a(ValueType::bytes, text, kHexExpected);
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(hex_digit(text, i) << 4 | hex_digit(text, i + 1)));
  }
  return bytes;
}

std::string format_double(double number) {
  if (std::isnan(number)) return "nan";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return std::string(text, end);
}

std::string format_hex(const std::vector<std::byte>& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace

ValueType type_of(const AnyValue& value) noexcept {
  constexpr ValueType kByIndex[] = {ValueType::none,    ValueType::boolean, ValueType::int64, ValueType::uint64,
                                    ValueType::float64, ValueType::string,  ValueType::bytes};
  return kByIndex[value.index()];
}

AnyValue parse_value(ValueType type, std::string_view text) {
  switch (type) {
    case ValueType::none: break;
    case ValueType::boolean:
      if (text == "true") return true;
      if (text == "false") return false;
      throw_not_a(type, text, "true or false");
    case ValueType::int32: {
      constexpr const char* kExpected = "a whole number between -2147483648 and 2147483647";
      return std::int64_t{parse_number<std::int32_t>(type, text, kExpected)};
    }
    case ValueType::int64: return parse_number<std::int64_t>(type, text, "a whole number that fits 64 bits");
    case ValueType::uint64: return parse_number<std::uint64_t>(type, text, "a whole number from 0 that fits 64 bits");
    case ValueType::float64: return parse_number<double>(type, text, "a number, nan, inf or -inf");
    case ValueType::string: return std::string(text);
    case ValueType::bytes: return parse_hex(text);
  }
  return std::monostate{};
}

std::string format_value(const AnyValue& value) {
  switch (value.index()) {
    case 1: return std::get<bool>(value) ? "true" : "false";
    case 2: return std::to_string(std::get<std::int64_t>(value));
    case 3: return std::to_string(std::get<std::uint64_t>(value));
    case 4: return format_double(std::get<double>(value));
    case 5: return std::get<std::string>(value);
    case 6: return format_hex(std::get<std::vector<std::byte>>(value));
    default: return {};
  }
}

}  // namespace sapwood
