#include "collections/types.h"

#include <array>

#include "sapwood/codec.h"
#include "sapwood/detail/handle.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

struct TypeFacts {
  ValueType type;
  const char* name;
  u32 width;
};

constexpr std::array<TypeFacts, 8> kTypes{{
    {ValueType::none, "none", 0},
    {ValueType::boolean, "bool", 1},
    {ValueType::int32, "int32", 4},
    {ValueType::int64, "int64", 8},
    {ValueType::uint64, "uint64", 8},
    {ValueType::float64, "double", 8},
    {ValueType::string, "string", 0},
    {ValueType::bytes, "bytes", 0},
}};

const TypeFacts* facts_of(ValueType type) {
  const std::size_t number = static_cast<std::size_t>(type);
  return number < kTypes.size() ? &kTypes[number] : nullptr;
}

}  // namespace

const char* kind_name(CollectionKind kind) noexcept {
  switch (kind) {
    case CollectionKind::list: return "list";
    case CollectionKind::sorted_map: return "sorted_map";
    case CollectionKind::dict: return "dict";
    case CollectionKind::set: return "set";
    case CollectionKind::sorted_set: return "sorted_set";
  }
  return "unknown";
}

CollectionKind kind_of_name(const std::string& name) {
  std::string known;
  for (CollectionKind kind = CollectionKind::list; kind <= CollectionKind::sorted_set;
       kind = static_cast<CollectionKind>(static_cast<u8>(kind) + 1)) {
    if (name == kind_name(kind)) return kind;
    known += known.empty() ? kind_name(kind) : std::string(", ") + kind_name(kind);
  }
  throw Error(ErrorCode::invalid_argument, "unknown kind '" + name + "': the kinds are " + known);
}

const char* type_name(ValueType type) noexcept {
  const TypeFacts* facts = facts_of(type);
  return facts != nullptr ? facts->name : "unknown";
}

ValueType type_of_name(const std::string& name) {
  std::string known;
  for (const TypeFacts& facts : kTypes) {
    if (facts.type == ValueType::none) continue;
    if (name == facts.name) return facts.type;
    known += known.empty() ? facts.name : std::string(", ") + facts.name;
  }
  throw Error(ErrorCode::invalid_argument, "unknown type '" + name + "': the types are " + known);
}

namespace collections {

u32 width_of(ValueType type) {
  const TypeFacts* facts = facts_of(type);
  return facts != nullptr ? facts->width : 0;
}

bool are_known(const CollectionTypes& types) {
  if (types.kind < CollectionKind::list || types.kind > CollectionKind::sorted_set) return false;
  if (facts_of(types.key) == nullptr || facts_of(types.value) == nullptr) return false;
  return types.has_keys() == (types.key != ValueType::none) && types.has_values() == (types.value != ValueType::none);
}

std::string describe(const CollectionTypes& types) {
  std::string text = kind_name(types.kind);
  text += " of ";
  if (types.key != ValueType::none) text += type_name(types.key);
  if (types.key != ValueType::none && types.value != ValueType::none) text += " to ";
  if (types.value != ValueType::none) text += type_name(types.value);
  return text;
}

}  // namespace collections

namespace detail {

void throw_wrong_width(std::size_t found, std::size_t expected) {
  throw Error(ErrorCode::corrupt, "a stored key or value has " + std::to_string(found) + " bytes, but its type has " +
                                      std::to_string(expected) + "; run check on the file");
}

void throw_no_key(const std::string& collection) {
  throw Error(ErrorCode::not_found, "'" + collection + "' has no such key");
}

void throw_overflow(const std::string& collection) {
  throw Error(ErrorCode::out_of_range, "'" + collection + "': the sum does not fit the type of the values");
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<u8>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<u8>(end.back()) + 1);
  return end;
}

}  // namespace detail
}  // namespace sapwood
