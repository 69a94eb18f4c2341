#include "collections/any_codec.h"

#include <cstring>
#include <deque>
#include <utility>

#include "collections/types.h"
#include "sapwood/detail/rows.h"
#include "sapwood/error.h"
#include "sapwood/tuple.h"

namespace sapwood::collections {
namespace {

[[noreturn]] void throw_wrong_type(const TypeInfo& wanted, const AnyValue& value) {
  throw Error(ErrorCode::wrong_type, "a " + type_name(wanted) + " is needed, not the " + type_name(type_of(value)) +
                                         " " + format_value(value));
}

template <class T>
const T& get(const TypeInfo& wanted, const AnyValue& value) {
  const T* found = std::get_if<T>(&value);
  if (found == nullptr) throw_wrong_type(wanted, value);
  return *found;
}

// The value as an integer of type T, if it is one that fits.
template <class T>
T to_integer(const TypeInfo& wanted, const AnyValue& value) {
  Int128 number = 0;
  if (const auto* small = std::get_if<std::int64_t>(&value)) number = *small;
  else if (const auto* positive = std::get_if<std::uint64_t>(&value)) number = *positive;
  else number = get<Int128>(wanted, value);
  if (static_cast<Int128>(static_cast<T>(number)) != number) throw_wrong_type(wanted, value);
  return static_cast<T>(number);
}

// Integers up to 2^53 are doubles without loss.
double to_double(const TypeInfo& wanted, const AnyValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  const i64 number = to_integer<i64>(wanted, value);
  if (number > (i64{1} << 53) || number < -(i64{1} << 53)) throw_wrong_type(wanted, value);
  return static_cast<double>(number);
}

// The first parts of a tuple, as many as `value` has.
void append_parts(std::string& to, const TypeInfo& type, const AnyValue& value) {
  const std::vector<AnyValue>& parts = get<AnyTuple>(type, value).parts;
  if (parts.size() > type.part_count()) throw_wrong_type(type, value);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const EncodedAny<true> part(type.parts[i], parts[i]);
    if (width_of(type.parts[i]) != 0) to += Bytes(part);
    else detail::append_escaped(to, part);
  }
}

AnyValue take_part(ValueType type, Bytes& from) {
  const u32 width = width_of(type);
  if (width != 0) return decode_as<true>(type, detail::take_fixed(from, width));
  return decode_as<true>(type, detail::take_escaped(from));
}

// A row is a map from strings; a placeholder is none.
void encode_any_row(std::string& to, const TypeInfo& type, const AnyValue& row) {
  if (std::holds_alternative<std::monostate>(row)) return to.clear();
  std::deque<EncodedAny<false>> values;
  std::vector<detail::FieldBytes> fields;
  for (const auto& [name, value] : get<AnyMap>(type, row).entries) {
    const EncodedAny<false>& encoded = values.emplace_back(type.of_field(), value);
    fields.push_back({get<std::string>(ValueType::string, name), encoded});
  }
  detail::encode_row(to, fields);
}

AnyValue decode_any_row(const TypeInfo& type, Bytes bytes) {
  struct Target {
    TypeInfo type;
    AnyMap row;
  } target{type.of_field(), {}};
  const auto take = [](void* to, const detail::FieldBytes& field) {
    Target& into = *static_cast<Target*>(to);
    into.row.entries.emplace_back(std::string(field.name), decode_as<false>(into.type, field.value));
  };
  if (!detail::read_row(bytes, {&target, take})) return std::monostate{};
  return std::move(target.row);
}

AnyValue decode_tuple(const TypeInfo& type, Bytes bytes) {
  AnyTuple tuple;
  for (std::size_t i = 0; i < type.part_count(); ++i) tuple.parts.push_back(take_part(type.parts[i], bytes));
  detail::require_end(bytes);
  return tuple;
}

}  // namespace

template <bool kKey>
template <class T>
Bytes EncodedAny<kKey>::as(typename Codec<T>::Argument value) {
  typename Codec<T>::Scratch scratch;
  Bytes bytes;
  if constexpr (kKey && Codec<T>::key_use != KeyUse::none) bytes = Codec<T>::encode_key(value, scratch);
  else bytes = Codec<T>::encode_value(value, scratch);
  if constexpr (Codec<T>::width == 0) return bytes;
  static_assert(Codec<T>::width <= sizeof fixed_);
  std::memcpy(fixed_.data(), bytes.data(), bytes.size());
  return {fixed_.data(), bytes.size()};
}

template <bool kKey>
Bytes EncodedAny<kKey>::encode(const TypeInfo& type, const AnyValue& value) {
  if (type.row) {
    encode_any_row(varying_, type, value);
    return varying_;
  }
  switch (type.type) {
    case ValueType::boolean: return as<bool>(get<bool>(type, value));
    case ValueType::int32: return as<std::int32_t>(to_integer<std::int32_t>(type, value));
    case ValueType::int64: return as<std::int64_t>(to_integer<std::int64_t>(type, value));
    case ValueType::uint64: return as<std::uint64_t>(to_integer<std::uint64_t>(type, value));
    case ValueType::int128: return as<Int128>(to_integer<Int128>(type, value));
    case ValueType::float64: return as<double>(to_double(type, value));
    case ValueType::string: return as<std::string>(get<std::string>(type, value));
    case ValueType::bytes:
    case ValueType::structure: return as<std::vector<std::byte>>(get<std::vector<std::byte>>(type, value));
    case ValueType::uuid: return as<Uuid>(get<Uuid>(type, value));
    case ValueType::datetime: return as<DateTime>(get<DateTime>(type, value));
    case ValueType::json: return as<Json>(get<Json>(type, value));
    case ValueType::collection: return as<Nested>(get<Nested>(type, value));
    case ValueType::any: detail::append_any(varying_, value); return varying_;
    case ValueType::tuple:
      append_parts(varying_, type, value);
      if (std::get<AnyTuple>(value).parts.size() != type.part_count()) break;
      return varying_;
    case ValueType::none:
      if (kKey || std::holds_alternative<std::monostate>(value)) return {};
      break;
  }
  throw_wrong_type(type, value);
}

template class EncodedAny<true>;
template class EncodedAny<false>;

namespace {

template <class T, bool kKey>
T decode(Bytes bytes) {
  if constexpr (kKey) return Codec<T>::decode_key(bytes);
  else return Codec<T>::decode_value(bytes);
}

}  // namespace

template <bool kKey>
AnyValue decode_as(const TypeInfo& type, Bytes bytes) {
  if (type.row) return decode_any_row(type, bytes);
  switch (type.type) {
    case ValueType::boolean: return decode<bool, kKey>(bytes);
    case ValueType::int32: return i64{decode<std::int32_t, kKey>(bytes)};
    case ValueType::int64: return decode<std::int64_t, kKey>(bytes);
    case ValueType::uint64: return decode<std::uint64_t, kKey>(bytes);
    case ValueType::int128: return decode<Int128, kKey>(bytes);
    case ValueType::float64: return decode<double, kKey>(bytes);
    case ValueType::string: return std::string(bytes);
    case ValueType::structure:
      if (bytes.size() != type.width) detail::throw_wrong_width(bytes.size(), type.width);
      return decode<std::vector<std::byte>, kKey>(bytes);
    case ValueType::bytes: return decode<std::vector<std::byte>, kKey>(bytes);
    case ValueType::uuid: return decode<Uuid, kKey>(bytes);
    case ValueType::datetime: return decode<DateTime, kKey>(bytes);
    case ValueType::json: return Json{std::string(bytes)};
    case ValueType::collection: return Codec<Nested>::decode_value(bytes);
    case ValueType::any: return detail::decode_any(bytes);
    case ValueType::tuple: return decode_tuple(type, bytes);
    case ValueType::none: break;
  }
  return std::monostate{};
}

template AnyValue decode_as<true>(const TypeInfo& type, Bytes bytes);
template AnyValue decode_as<false>(const TypeInfo& type, Bytes bytes);

std::string encode_prefix(const TypeInfo& type, const AnyValue& first) {
  switch (type.type) {
    case ValueType::string:
    case ValueType::bytes: return std::string(EncodedAny<true>(type, first));
    case ValueType::any: return detail::any_prefix(first);
    case ValueType::tuple: {
      std::string bytes;
      append_parts(bytes, type, first);
      return bytes;
    }
    default: throw Error(ErrorCode::wrong_type, "keys of type " + type_name(type) + " have no prefixes");
  }
}

}  // namespace sapwood::collections
