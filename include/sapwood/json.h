// Json: a text that is one well-formed JSON document (RFC 8259), stored as it is given. Values only.
#pragma once

#include "sapwood/codec.h"

namespace sapwood {

// Deepest nesting of arrays and objects.
inline constexpr std::size_t kMaxJsonDepth = 512;

// Throws Error{invalid_argument} that tells the byte where `text` stops being JSON, or that it is nested too deep.
// Strings must be UTF-8, and surrogates escaped in pairs. Numbers may be of any size. O(size).
void check_json(std::string_view text);

struct Json {
  std::string text = "null";
  bool operator==(const Json&) const = default;
  operator std::string_view() const { return text; }  // NOLINT(google-explicit-constructor): calls take texts
};

// Calls take any text; it is checked when it is stored (Error{invalid_argument}), not when it is read.
template <>
struct Codec<Json> {
  using View = std::string_view;
  using Argument = View;
  using Scratch = detail::NoScratch;
  static constexpr TypeInfo type = ValueType::json;
  static constexpr std::size_t width = 0;
  static constexpr KeyUse key_use = KeyUse::none;
  static std::string_view encode_value(View text, Scratch&) {
    check_json(text);
    return text;
  }
  static Json decode_value(std::string_view bytes) { return {std::string(bytes)}; }
  static View view_value(std::string_view bytes) { return bytes; }
};

}  // namespace sapwood
