// Kinds of collections and types of keys and values, as the catalog of a file tells them.
#pragma once

#include <cstdint>
#include <string>

namespace sapwood {

// Stored; never renumber.
enum class CollectionKind : std::uint8_t {
  list = 1,
  sorted_map = 2,
  dict = 3,
  set = 4,
  sorted_set = 5,
};

// Stored; never renumber.
enum class ValueType : std::uint8_t {
  none = 0,  // the key type of a list, the value type of a set
  boolean = 1,
  int32 = 2,
  int64 = 3,
  uint64 = 4,
  float64 = 5,
  string = 6,  // text; UTF-8 by convention, stored as it is given
  bytes = 7,
};

// "list", "sorted_map", "dict", "set", "sorted_set"; "unknown" for others.
const char* kind_name(CollectionKind kind) noexcept;
// The kind with that name. Throws Error{invalid_argument}, listing the names, if there is none.
CollectionKind kind_of_name(const std::string& name);
// "bool", "int32", "int64", "uint64", "double", "string", "bytes", "none"; "unknown" for others.
const char* type_name(ValueType type) noexcept;
// The type with that name. Throws Error{invalid_argument}, listing the names, if there is none.
ValueType type_of_name(const std::string& name);

// What a collection was created as; it never changes.
struct CollectionTypes {
  CollectionKind kind = CollectionKind::list;
  ValueType key = ValueType::none;
  ValueType value = ValueType::none;
  bool operator==(const CollectionTypes&) const = default;

  // Whether entries are found by key; in the order of the keys, or of their hashes; whether they have values.
  constexpr bool has_keys() const { return kind != CollectionKind::list; }
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
};

// Longest name of a collection in bytes (in files with pages under 1 KiB: a quarter of the page less one).
inline constexpr std::size_t kMaxNameSize = 255;

}  // namespace sapwood
