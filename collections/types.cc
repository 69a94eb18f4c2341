#include "collections/types.h"

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

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

constexpr std::array<TypeFacts, 16> kTypes{{
    {ValueType::none, "none", 0},
    {ValueType::boolean, "bool", 1},
    {ValueType::int32, "int32", 4},
    {ValueType::int64, "int64", 8},
    {ValueType::uint64, "uint64", 8},
    {ValueType::float64, "double", 8},
    {ValueType::string, "string", 0},
    {ValueType::bytes, "bytes", 0},
    {ValueType::int128, "int128", 16},
    {ValueType::uuid, "uuid", 16},
    {ValueType::datetime, "datetime", 8},
    {ValueType::json, "json", 0},
    {ValueType::any, "any", 0},
    {ValueType::tuple, "tuple", 0},
    {ValueType::structure, "structure", 0},
    {ValueType::collection, "collection", 8},
}};

const TypeFacts* facts_of(ValueType type) {
  const std::size_t number = static_cast<std::size_t>(type);
  return number < kTypes.size() ? &kTypes[number] : nullptr;
}

// Whether the number of the type says all.
bool is_plain(ValueType type) {
  return type != ValueType::none && type != ValueType::tuple && type != ValueType::structure;
}

// What says more than the type is there exactly where it is needed.
bool is_known(const TypeInfo& type) {
  const bool takes_codec = type.type != ValueType::none && type.type != ValueType::collection;
  if (facts_of(type.type) == nullptr || (!takes_codec && type.codec != 0)) return false;
  if ((type.type == ValueType::structure) != (type.width != 0)) return false;
  const std::size_t count = type.part_count();
  if ((type.type == ValueType::tuple) != (count != 0)) return false;
  for (std::size_t i = 0; i < type.parts.size(); ++i) {
    if (i < count ? !is_tuple_part(type.parts[i]) : type.parts[i] != ValueType::none) return false;
  }
  return true;
}

// --- Names -----------------------------------------------------------------------------------------------------------

[[noreturn]] void throw_unknown_type(std::string_view name) {
  std::string known;
  for (const TypeFacts& facts : kTypes) {
    if (!is_plain(facts.type)) continue;
    known += known.empty() ? facts.name : std::string(", ") + facts.name;
  }
  throw Error(ErrorCode::invalid_argument, "unknown type '" + std::string(name) + "': the types are " + known +
                                               ", tuple(TYPE, ...) and structure(BYTES)");
}

// A number from 1 to 65535.
std::optional<u16> parse_u16(std::string_view text) {
  u16 number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || after != end || number == 0) return std::nullopt;
  return number;
}

std::optional<ValueType> plain_type(std::string_view name) {
  for (const TypeFacts& facts : kTypes) {
    if (name == facts.name && is_plain(facts.type)) return facts.type;
  }
  return std::nullopt;
}

// What stands in the parentheses of tuple(...).
std::optional<TypeInfo> parse_parts(std::string_view text) {
  TypeInfo type(ValueType::tuple);
  for (std::size_t count = 0;; ++count) {
    const std::size_t comma = text.find(',');
    const std::optional<ValueType> part = plain_type(text.substr(0, comma));
    if (!part || !is_tuple_part(*part) || count == kMaxTupleParts) return std::nullopt;
    type.parts[count] = *part;
    if (comma == std::string_view::npos) return type;
    text.remove_prefix(comma + 1);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
}

// `text` between `before` and `after`.
std::optional<std::string_view> between(std::string_view text, std::string_view before, std::string_view after) {
  if (text.size() < before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after)) {
    return std::nullopt;
  }
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

std::optional<TypeInfo> parse_type(std::string_view text) {
  if (const auto of = between(text, "row of ", "")) {
    const std::optional<TypeInfo> field = parse_type(*of);
    return field && !field->row ? std::optional(field->as_row()) : std::nullopt;
  }
  constexpr std::string_view kCodec = " with codec ";
  if (const std::size_t at = text.find(kCodec); at != std::string_view::npos) {
    const std::optional<TypeInfo> type = parse_type(text.substr(0, at));
    const std::optional<u16> codec = parse_u16(text.substr(at + kCodec.size()));
    if (!type || type->codec != 0 || !codec) return std::nullopt;
    return type->with_codec(*codec);
  }
  if (const auto inner = between(text, "tuple(", ")")) return parse_parts(*inner);
  if (const auto inner = between(text, "structure(", ")")) {
    const std::optional<u16> width = parse_u16(*inner);
    if (!width) return std::nullopt;
    return TypeInfo::structure(*width);
  }
  return plain_type(text);
}

}  // namespace

const char* kind_name(CollectionKind kind) noexcept {
  switch (kind) {
    case CollectionKind::list: return "list";
    case CollectionKind::sorted_map: return "sorted_map";
    case CollectionKind::dict: return "dict";
    case CollectionKind::set: return "set";
    case CollectionKind::sorted_set: return "sorted_set";
    case CollectionKind::records: return "records";
  }
  return "unknown";
}

CollectionKind kind_of_name(const std::string& name) {
  std::string known;
  for (CollectionKind kind = CollectionKind::list; kind <= CollectionKind::records;
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

std::string type_name(const TypeInfo& type) {
  if (type.row) return "row of " + type_name(type.of_field());
  std::string text = type_name(type.type);
  if (type.type == ValueType::structure) text += "(" + std::to_string(type.width) + ")";
  if (type.type == ValueType::tuple) {
    for (std::size_t i = 0; i < type.part_count(); ++i)
      text += (i == 0 ? "(" : ", ") + std::string(type_name(type.parts[i]));
    text += ")";
  }
  if (type.codec != 0) text += " with codec " + std::to_string(type.codec);
  return text;
}

TypeInfo type_of_name(const std::string& name) {
  const std::optional<TypeInfo> type = parse_type(name);
  if (!type) throw_unknown_type(name);
  return *type;
}

namespace collections {

u32 width_of(const TypeInfo& type) {
  if (type.row) return 0;
  if (type.type == ValueType::structure) return type.width;
  if (type.type != ValueType::tuple) {
    const TypeFacts* facts = facts_of(type.type);
    return facts != nullptr ? facts->width : 0;
  }
  u32 width = 0;
  for (std::size_t i = 0; i < type.part_count(); ++i) {
    const u32 part = width_of(type.parts[i]);
    if (part == 0) return 0;
    width += part;
  }
  return width;
}

bool are_known(const CollectionTypes& types) {
  if (types.kind < CollectionKind::list || types.kind > CollectionKind::records) return false;
  if (types.key.row || types.value.row != (types.kind == CollectionKind::records)) return false;
  if (types.value.row && types.value.type == ValueType::collection) return false;
  if (!is_known(types.key) || !is_known(types.value)) return false;
  if (types.key.type == ValueType::json || types.key.type == ValueType::collection) return false;
  if (types.is_sorted() && types.key.type == ValueType::structure) return false;
  return types.has_keys() == (types.key != ValueType::none) && types.has_values() == (types.value != ValueType::none);
}

std::string describe(const CollectionTypes& types) {
  std::string text = kind_name(types.kind);
  text += " of ";
  if (types.key != ValueType::none) text += type_name(types.key);
  if (types.key != ValueType::none && types.value != ValueType::none) text += " to ";
  if (types.value != ValueType::none) text += type_name(types.value.of_field());
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

PrefixInterval::PrefixInterval(std::string_view prefix, std::size_t width) : low_(prefix), high_(prefix_end(prefix)) {
  if (low_.size() < width) low_.resize(width, '\0');
  if (!high_.empty() && high_.size() < width) high_.resize(width, '\0');
}

PrefixInterval::operator KeyInterval() const {
  return {low_, high_.empty() ? std::nullopt : std::optional<std::string_view>(high_)};
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
