// Uuid: 16 bytes, ordered by them.
#pragma once

#include <compare>

#include "sapwood/codec.h"

namespace sapwood {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;

  // "0190163d-8694-739b-aea5-966c26f8ad91".
  std::string text() const;
  // Hexadecimal digits of both cases, with these dashes or without any. Throws Error{invalid_argument}.
  static Uuid parse(std::string_view text);
};

template <>
struct Codec<Uuid> {
  using View = Uuid;
  using Argument = Uuid;
  using Scratch = Uuid;
  static constexpr TypeInfo type = ValueType::uuid;
  static constexpr std::size_t width = sizeof(Uuid);
  static constexpr KeyUse key_use = KeyUse::sorted;
  static std::string_view encode_key(Uuid value, Scratch& scratch) { return encode_value(value, scratch); }
  static std::string_view encode_value(Uuid value, Scratch& scratch) {
    scratch = value;
    return {reinterpret_cast<const char*>(scratch.bytes.data()), width};
  }
  static Uuid decode_key(std::string_view bytes) { return detail::load_exactly<Uuid>(bytes); }
  static Uuid decode_value(std::string_view bytes) { return detail::load_exactly<Uuid>(bytes); }
  static Uuid view_key(std::string_view bytes) { return decode_key(bytes); }
  static Uuid view_value(std::string_view bytes) { return decode_value(bytes); }
};

}  // namespace sapwood
