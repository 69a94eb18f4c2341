// AnyValue: a key or value that says itself what it is; of AnyCollection, and of typed collections of "any".
//
// As a stored type it has one encoding for keys and values (docs/format.md, "Any"). Its order is by kind: none, false,
// true, whole numbers, doubles, strings, bytes, uuids, datetimes, tuples, lists, maps; then by value. What comes back
// is equal but for three things: whole numbers come as the first of int64, uint64 and Int128 that holds them, -0.0 as
// 0.0, and the entries of a map in the order of their keys. Json and more than 64 levels of nesting are
// Error{invalid_argument}.
#pragma once

#include <utility>
#include <variant>

#include "sapwood/datetime.h"
#include "sapwood/json.h"
#include "sapwood/nested.h"
#include "sapwood/uuid.h"

namespace sapwood {

struct AnyValue;

struct AnyTuple {
  std::vector<AnyValue> parts;
  bool operator==(const AnyTuple& other) const;
};
struct AnyList {
  std::vector<AnyValue> items;
  bool operator==(const AnyList& other) const;
};
struct AnyMap {
  std::vector<std::pair<AnyValue, AnyValue>> entries;  // keys of any kind, each once
  bool operator==(const AnyMap& other) const;
  // The value of the first entry with that string as its key, or null. O(size).
  const AnyValue* find(std::string_view key) const;
};

namespace detail {

using AnyVariant =
    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, std::vector<std::byte>, Int128,
                 Uuid, DateTime, Json, AnyTuple, AnyList, AnyMap, Nested>;
template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... Ts>
inline constexpr bool is_alternative<T, std::variant<Ts...>> = (std::same_as<T, Ts> || ...);

}  // namespace detail

// Deepest nesting of tuples, lists and maps.
inline constexpr std::size_t kMaxAnyDepth = 64;

// A std::variant: std::get, std::get_if, std::holds_alternative, std::visit and index() work. std::monostate is none
// (the key of a list's item, the value of a set's). Structures come as their bytes.
struct AnyValue : detail::AnyVariant {
  AnyValue() = default;
  template <class T>
    requires detail::is_alternative<std::remove_cvref_t<T>, detail::AnyVariant>
  AnyValue(T&& value)  // NOLINT: implicit, as a variant is
      : detail::AnyVariant(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(value)) {}
  // Other integers as int64 or uint64.
  template <std::integral T>
    requires(!detail::is_alternative<T, detail::AnyVariant>)
  AnyValue(T value)  // NOLINT
      : AnyValue(static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(value)) {}
  AnyValue(const char* text) : AnyValue(std::string(text)) {}       // NOLINT
  AnyValue(std::string_view text) : AnyValue(std::string(text)) {}  // NOLINT
  bool operator==(const AnyValue& other) const;
};

// The type of collections that hold such values (int64 for std::int64_t, any for lists and maps).
ValueType type_of(const AnyValue& value) noexcept;

// Reads a value of `type` from text. Throws Error{invalid_argument} that tells what was expected.
//   numbers     in decimal; "nan" and "inf" are doubles        bool       true or false
//   strings     as they are                                    bytes      hexadecimal digits, and structures
//   uuid        Uuid::parse                                    datetime   DateTime::parse
//   json        a JSON document, kept as it is
//   tuple       a JSON array of its parts: numbers, bools and strings as themselves, what JSON cannot say is a string
//               as above; bytes, and strings that are not UTF-8, as {"hex": "00ff"}
//   any         JSON: doubles have a point or an exponent, whole numbers have not; objects are maps of strings.
//               What JSON cannot say is an object with one name: {"$double": "nan"}, {"$int": "<past 64 bits>"},
//               {"$bytes": "00ff"}, {"$string": "<hexadecimal, not UTF-8>"}, {"$uuid": "..."}, {"$datetime": "..."},
//               {"$tuple": [...]}, {"$map": [[key, value], ...]}, also for strings that start with $
//   row         as any: a map of strings, null for a placeholder
//   collection  none: it is created, not read
AnyValue parse_value(const TypeInfo& type, std::string_view text);
// The inverse of parse_value, with as many digits as a double needs to come back the same. Without a type: as that
// which type_of tells. A collection: # and its id.
std::string format_value(const TypeInfo& type, const AnyValue& value);
std::string format_value(const AnyValue& value);

namespace detail {

// Appends the encoding of `value`. Throws Error{invalid_argument}.
void append_any(std::string& to, const AnyValue& value);
// Throws Error{corrupt} for bytes that append_any cannot have made.
AnyValue decode_any(std::string_view bytes);
// What the encodings of all strings, bytes, tuples or lists that start with `first` start with. Throws
// Error{wrong_type} for others.
std::string any_prefix(const AnyValue& first);

}  // namespace detail

template <>
struct Codec<AnyValue> {
  using View = AnyValue;
  using Argument = const AnyValue&;
  using Scratch = std::string;
  static constexpr TypeInfo type = ValueType::any;
  static constexpr std::size_t width = 0;
  static constexpr KeyUse key_use = KeyUse::sorted;
  static std::string_view encode_key(Argument value, Scratch& scratch) { return encode_value(value, scratch); }
  static std::string_view encode_value(Argument value, Scratch& scratch) {
    scratch.clear();
    detail::append_any(scratch, value);
    return scratch;
  }
  static AnyValue decode_key(std::string_view bytes) { return detail::decode_any(bytes); }
  static AnyValue decode_value(std::string_view bytes) { return detail::decode_any(bytes); }
  static AnyValue view_key(std::string_view bytes) { return detail::decode_any(bytes); }
  static AnyValue view_value(std::string_view bytes) { return detail::decode_any(bytes); }
};

}  // namespace sapwood
