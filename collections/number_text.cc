#include "collections/number_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace sapwood::collections {

std::optional<Int128> parse_int128(Bytes text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  const detail::Uint128 most = (~detail::Uint128{0} >> 1) + (negative ? 1 : 0);
  detail::Uint128 magnitude = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const unsigned digit = static_cast<unsigned>(c - '0');
    if (magnitude > (most - digit) / 10) return std::nullopt;
    magnitude = magnitude * 10 + digit;
  }
  return static_cast<Int128>(negative ? detail::Uint128{0} - magnitude : magnitude);
}

std::string format_int128(Int128 number) {
  detail::Uint128 magnitude = static_cast<detail::Uint128>(number);
  if (number < 0) magnitude = detail::Uint128{0} - magnitude;
  std::string text;
  do text += static_cast<char>('0' + static_cast<unsigned>(magnitude % 10));
  while ((magnitude /= 10) != 0);
  if (number < 0) text += '-';
  std::ranges::reverse(text);
  return text;
}

std::string format_double(double number) {
  if (std::isnan(number)) return "nan";
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return std::string(text, end);
}

}  // namespace sapwood::collections
