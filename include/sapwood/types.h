// Kinds of collections and types of keys and values, as the catalog of a file tells them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "sapwood/collection_options.h"

namespace sapwood {

// Stored; never renumber.
enum class CollectionKind : std::uint8_t {
  list = 1,
  sorted_map = 2,
  dict = 3,
  set = 4,
  sorted_set = 5,
  records = 6,
};

// Stored; never renumber.
enum class ValueType : std::uint8_t {
  none = 0,  // the key type of a list and of records, the value type of a set
  boolean = 1,
  int32 = 2,
  int64 = 3,
  uint64 = 4,
  float64 = 5,
  string = 6,  // text; UTF-8 by convention, stored as it is given
  bytes = 7,
  int128 = 8,
  uuid = 9,
  datetime = 10,    // UTC, microseconds since 1970
  json = 11,        // well-formed JSON; values only
  any = 12,         // says itself what it is: sapwood/any_value.h
  tuple = 13,       // of 1..8 parts
  structure = 14,   // bytes of a C++ struct; values, and keys of dicts and sets
  collection = 15,  // a collection of its own: sapwood/nested.h; values only
};

inline constexpr std::size_t kMaxTupleParts = 8;

// A type of keys or values with all that tells it from others.
struct TypeInfo {
  ValueType type = ValueType::none;
  std::uint16_t codec = 0;                        // of a user, 1..65535; 0: the one of the type
  std::uint16_t width = 0;                        // of a structure: its bytes
  std::array<ValueType, kMaxTupleParts> parts{};  // of a tuple; none behind the last
  bool row = false;                               // a row of named fields of this type: the values of records
  bool operator==(const TypeInfo&) const = default;

  constexpr TypeInfo() = default;
  constexpr TypeInfo(ValueType plain) : type(plain) {}  // NOLINT(google-explicit-constructor): a type without more
  static constexpr TypeInfo tuple(std::initializer_list<ValueType> of) {
    TypeInfo info(ValueType::tuple);
    for (std::size_t count = 0; const ValueType part : of) info.parts[count++] = part;
    return info;
  }
  static constexpr TypeInfo structure(std::uint16_t bytes) {
    TypeInfo info(ValueType::structure);
    info.width = bytes;
    return info;
  }
  constexpr TypeInfo with_codec(std::uint16_t id) const {
    TypeInfo info = *this;
    info.codec = id;
    return info;
  }
  constexpr TypeInfo as_row() const {
    TypeInfo info = *this;
    info.row = true;
    return info;
  }
  constexpr TypeInfo of_field() const {  // of a row
    TypeInfo info = *this;
    info.row = false;
    return info;
  }
  constexpr std::size_t part_count() const {
    std::size_t count = 0;
    while (count < parts.size() && parts[count] != ValueType::none) ++count;
    return count;
  }
};

// Whether tuples may have such parts: those with a fixed width, strings and bytes.
constexpr bool is_tuple_part(ValueType type) { return type >= ValueType::boolean && type <= ValueType::datetime; }

// "list", "sorted_map", "dict", "set", "sorted_set", "records"; "unknown" for others.
const char* kind_name(CollectionKind kind) noexcept;
// The kind with that name. Throws Error{invalid_argument}, listing the names, if there is none.
CollectionKind kind_of_name(const std::string& name);
// "bool", "int32", "int64", "uint64", "double", "string", "bytes", "int128", "uuid", "datetime", "json", "any",
// "tuple", "structure", "collection", "none"; "unknown" for others.
const char* type_name(ValueType type) noexcept;
// All of it: "double", "tuple(string, int64)", "structure(24)", "double with codec 7", "row of double".
std::string type_name(const TypeInfo& type);
// The type with that name. Throws Error{invalid_argument}, listing the names, if there is none.
TypeInfo type_of_name(const std::string& name);

// What a collection was created as; it never changes.
struct CollectionTypes {
  CollectionKind kind = CollectionKind::list;
  TypeInfo key = ValueType::none;
  TypeInfo value = ValueType::none;
  bool operator==(const CollectionTypes&) const = default;

  // Whether entries are found by key (else by position); in the order of the keys, or of their hashes; whether they
  // have values.
  constexpr bool has_keys() const { return kind != CollectionKind::list && kind != CollectionKind::records; }
  constexpr bool is_sorted() const { return kind == CollectionKind::sorted_map || kind == CollectionKind::sorted_set; }
  constexpr bool is_hashed() const { return kind == CollectionKind::dict || kind == CollectionKind::set; }
  constexpr bool has_values() const { return kind != CollectionKind::set && kind != CollectionKind::sorted_set; }
};

// One collection of a database.
struct CollectionInfo {
  std::string name;
  CollectionTypes types;
  std::uint64_t count = 0;  // items
  std::uint64_t id = 0;     // never used again, even after a drop
  CollectionOptions options{};
};

// Longest name of a collection in bytes (in files with pages under 1 KiB: a quarter of the page less one).
inline constexpr std::size_t kMaxNameSize = 255;
// Longest name of a field of records in bytes.
inline constexpr std::size_t kMaxFieldName = 65536;

}  // namespace sapwood
