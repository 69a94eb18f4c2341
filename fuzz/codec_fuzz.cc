// The input is a byte that picks a type, and bytes that a file may hold as keys and values of it: two, split in the
// middle. Decoding gives Error{corrupt} or a value; what is decoded is encoded to bytes that mean the same and stay the
// same; the typed and the untyped face agree; text comes back.
#include <cstdlib>
#include <optional>
#include <string>

#include "collections/any_codec.h"
#include "sapwood/sapwood.h"

namespace {

using sapwood::AnyValue;
using sapwood::Codec;
using sapwood::Error;
using sapwood::ErrorCode;
using sapwood::TypeInfo;
using sapwood::ValueType;
using sapwood::collections::decode_as;
using sapwood::collections::EncodedAny;

struct Pair {
  std::uint64_t number;
  std::uint64_t other;
};

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Function>
auto decoded(Function&& function) -> std::optional<decltype(function())> {
  try {
    return function();
  } catch (const Error& error) {
    require(error.code() == ErrorCode::corrupt);
    return std::nullopt;
  }
}

template <bool kKey>
std::string bytes_of(const TypeInfo& type, const AnyValue& value) {
  return std::string(EncodedAny<kKey>(type, value));
}

// One encoding of bytes that could be decoded; any has only one, so it must be the same.
template <bool kKey>
std::optional<std::string> canonical(const TypeInfo& type, std::string_view bytes) {
  const std::optional<AnyValue> value = decoded([&] { return decode_as<kKey>(type, bytes); });
  if (!value) return std::nullopt;
  const std::string again = bytes_of<kKey>(type, *value);
  require(bytes_of<kKey>(type, decode_as<kKey>(type, again)) == again);
  require(type.type != ValueType::any || again == bytes);
  // A double's text forgets which NaN it is, as its key does.
  if (!kKey && type.type != ValueType::float64)
    require(bytes_of<kKey>(type, parse_value(type, format_value(type, *value))) == again);
  return again;
}

template <class T>
std::optional<std::string> typed_key(std::string_view bytes) {
  const std::optional<T> value = decoded([&] { return Codec<T>::decode_key(bytes); });
  if (!value) return std::nullopt;
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_key(*value, scratch));
}

// The order of tuples by that of their parts, which are keys of their own.
int compare(const TypeInfo& type, std::string_view a, std::string_view b) {
  if (type.type != ValueType::tuple) return a.compare(b);
  const auto parts = [&](std::string_view bytes) {
    return std::get<sapwood::AnyTuple>(decode_as<true>(type, bytes)).parts;
  };
  const std::vector<AnyValue> one = parts(a);
  const std::vector<AnyValue> two = parts(b);
  for (std::size_t i = 0; i < one.size(); ++i) {
    const int order = bytes_of<true>(type.parts[i], one[i]).compare(bytes_of<true>(type.parts[i], two[i]));
    if (order != 0) return order;
  }
  return 0;
}

template <class T>
void check(std::string_view a, std::string_view b) {
  const TypeInfo type = Codec<T>::type;
  for (const std::string_view bytes : {a, b}) canonical<false>(type, bytes);
  if constexpr (Codec<T>::key_use != sapwood::KeyUse::none) {
    const std::optional<std::string> one = canonical<true>(type, a);
    const std::optional<std::string> two = canonical<true>(type, b);
    require(typed_key<T>(a) == one && typed_key<T>(b) == two);
    if (!one || !two) return;
    const int order = compare(type, *one, *two);
    require((order < 0) == (*one < *two) && (order == 0) == (*one == *two));
  }
}

// JSON is checked when it is stored, and may be anything in a file.
void check_document(std::string_view text) {
  try {
    sapwood::check_json(text);
  } catch (const Error&) {
    return;
  }
  try {
    const AnyValue value = parse_value(ValueType::any, text);
    const std::string bytes = bytes_of<false>(ValueType::any, value);
    require(bytes_of<false>(ValueType::any, parse_value(ValueType::any, format_value(ValueType::any, value))) == bytes);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::invalid_argument);  // too deep, a number too big, a name with $, a name twice
  }
}

void check_names(std::string_view text) {
  for (const ValueType type : {ValueType::uuid, ValueType::datetime, ValueType::int128}) {
    try {
      const AnyValue value = parse_value(type, text);
      require(parse_value(type, format_value(value)) == value);
    } catch (const Error&) {
    }
  }
  try {
    const TypeInfo type = sapwood::type_of_name(std::string(text));
    require(sapwood::type_of_name(type_name(type)) == type);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view a = all.substr(0, all.size() / 2);
  const std::string_view b = all.substr(all.size() / 2);
  using Bytes = std::vector<std::byte>;
  switch (data[0] % 18) {
    case 0: check<bool>(a, b); break;
    case 1: check<std::int32_t>(a, b); break;
    case 2: check<std::int64_t>(a, b); break;
    case 3: check<std::uint64_t>(a, b); break;
    case 4: check<double>(a, b); break;
    case 5: check<sapwood::Int128>(a, b); break;
    case 6: check<sapwood::Uuid>(a, b); break;
    case 7: check<sapwood::DateTime>(a, b); break;
    case 8: check<std::string>(a, b); break;
    case 9: check<Bytes>(a, b); break;
    case 10: check<std::tuple<std::string, std::int64_t>>(a, b); break;
    case 11: check<std::tuple<std::string, Bytes, std::string>>(a, b); break;
    case 12: check<std::tuple<bool, std::int32_t, double>>(a, b); break;
    case 13: check<std::tuple<sapwood::Uuid, std::string, sapwood::Int128, sapwood::DateTime>>(a, b); break;
    case 14: check<Pair>(a, b); break;
    case 15: check_document(all); break;
    case 16: check_names(all); break;
    default: check<AnyValue>(a, b); check<AnyValue>(all, all);
  }
  return 0;
}
