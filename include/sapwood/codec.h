// How C++ types become the bytes of keys and values. docs/format.md, "Keys and values".
//
// Keys are encoded so that their bytes (memcmp) are in the order of the type:
//   string, bytes    as they are
//   bool             one byte, 0 or 1
//   int32, int64, int128   big-endian with the sign bit flipped
//   uint64           big-endian
//   double           big-endian; negative numbers with all bits inverted, others with the sign bit flipped. -0.0 is
//                    stored as 0.0; every NaN is stored as one NaN, which is after all numbers and equal to itself
// Values are little-endian, as memory has them; strings and bytes as they are; a bool is one byte.
// Others: uuid.h, datetime.h, json.h, tuple.h, structure.h, any_value.h; and user_codec.h for types of your own.
//
// Codec<T> has: `type`; `width` (bytes of every key and value, 0 if they vary); `key_use`; `Argument`, what calls take;
// `View`, what views give; and the conversions. A `Scratch` holds what has to be rearranged; the bytes refer to it or
// to the argument.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sapwood/types.h"

namespace sapwood {

// A whole number of 128 bits.
__extension__ typedef __int128 Int128;

template <class T>
struct Codec;

// Which collections a type can be the key of: none, dicts and sets only, all.
enum class KeyUse : std::uint8_t { none, hashed, sorted };

template <class T>
concept Storable = requires { typename Codec<T>::View; };
template <class T>
concept HashedKey = Storable<T> && Codec<T>::key_use != KeyUse::none;
template <class T>
concept SortedKey = Storable<T> && Codec<T>::key_use == KeyUse::sorted;

namespace detail {

__extension__ typedef unsigned __int128 Uint128;

struct NoScratch {};

// Throws Error{corrupt}: a stored key or value is not as wide as its type.
[[noreturn]] void throw_wrong_width(std::size_t found, std::size_t expected);

template <class U>
U load_exactly(std::string_view bytes) {
  if (bytes.size() != sizeof(U)) [[unlikely]]
    throw_wrong_width(bytes.size(), sizeof(U));
  U value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

inline std::uint8_t swap_bytes(std::uint8_t value) { return value; }
inline std::uint32_t swap_bytes(std::uint32_t value) { return __builtin_bswap32(value); }
inline std::uint64_t swap_bytes(std::uint64_t value) { return __builtin_bswap64(value); }
inline Uint128 swap_bytes(Uint128 value) {
  return Uint128{__builtin_bswap64(static_cast<std::uint64_t>(value))} << 64 |
         __builtin_bswap64(static_cast<std::uint64_t>(value >> 64));
}

// Numbers: `Bits` is the unsigned integer of the same width; to_ordered maps to integers that compare as T does.
template <class T, class Bits, ValueType kType>
struct NumberCodec {
  using View = T;
  using Argument = T;
  using Scratch = std::array<char, sizeof(Bits)>;
  static constexpr TypeInfo type = kType;
  static constexpr std::size_t width = sizeof(Bits);
  static constexpr KeyUse key_use = KeyUse::sorted;
  static constexpr Bits kSign = Bits{1} << (sizeof(Bits) * 8 - 1);
  static constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);

  static Bits to_ordered(T value) {
    if constexpr (std::floating_point<T>) {
      if (value != value) return ~Bits{0};
      const Bits bits = std::bit_cast<Bits>(value == 0 ? T{0} : value);
      return (bits & kSign) != 0 ? ~bits : bits | kSign;
    } else {
      return static_cast<Bits>(value) ^ (kSigned ? kSign : Bits{0});
    }
  }
  static T from_ordered(Bits ordered) {
    if constexpr (std::floating_point<T>) {
      return std::bit_cast<T>((ordered & kSign) != 0 ? ordered ^ kSign : ~ordered);
    } else {
      return static_cast<T>(ordered ^ (kSigned ? kSign : Bits{0}));
    }
  }

  static std::string_view encode_key(T value, Scratch& scratch) {
    const Bits bits = swap_bytes(to_ordered(value));
    std::memcpy(scratch.data(), &bits, sizeof bits);
    return {scratch.data(), sizeof bits};
  }
  static T decode_key(std::string_view bytes) { return from_ordered(swap_bytes(load_exactly<Bits>(bytes))); }

  static std::string_view encode_value(T value, Scratch& scratch) {
    const Bits bits = [&] {
      if constexpr (std::same_as<T, bool>) return static_cast<Bits>(value);
      else return std::bit_cast<Bits>(value);
    }();
    std::memcpy(scratch.data(), &bits, sizeof bits);
    return {scratch.data(), sizeof bits};
  }
  static T decode_value(std::string_view bytes) {
    const Bits bits = load_exactly<Bits>(bytes);
    if constexpr (std::same_as<T, bool>) return bits != 0;
    else return std::bit_cast<T>(bits);
  }

  static View view_key(std::string_view bytes) { return decode_key(bytes); }
  static View view_value(std::string_view bytes) { return decode_value(bytes); }
};

}  // namespace detail

template <>
struct Codec<bool> : detail::NumberCodec<bool, std::uint8_t, ValueType::boolean> {};
template <>
struct Codec<std::int32_t> : detail::NumberCodec<std::int32_t, std::uint32_t, ValueType::int32> {};
template <>
struct Codec<std::int64_t> : detail::NumberCodec<std::int64_t, std::uint64_t, ValueType::int64> {};
template <>
struct Codec<std::uint64_t> : detail::NumberCodec<std::uint64_t, std::uint64_t, ValueType::uint64> {};
template <>
struct Codec<Int128> : detail::NumberCodec<Int128, detail::Uint128, ValueType::int128> {};
template <>
struct Codec<double> : detail::NumberCodec<double, std::uint64_t, ValueType::float64> {};

template <>
struct Codec<std::string> {
  using View = std::string_view;
  using Argument = View;
  using Scratch = detail::NoScratch;
  static constexpr TypeInfo type = ValueType::string;
  static constexpr std::size_t width = 0;
  static constexpr KeyUse key_use = KeyUse::sorted;
  static std::string_view encode_key(View value, Scratch&) { return value; }
  static std::string_view encode_value(View value, Scratch&) { return value; }
  static std::string decode_key(std::string_view bytes) { return std::string(bytes); }
  static std::string decode_value(std::string_view bytes) { return std::string(bytes); }
  static View view_key(std::string_view bytes) { return bytes; }
  static View view_value(std::string_view bytes) { return bytes; }
};

template <>
struct Codec<std::vector<std::byte>> {
  using View = std::span<const std::byte>;
  using Argument = View;
  using Scratch = detail::NoScratch;
  static constexpr TypeInfo type = ValueType::bytes;
  static constexpr std::size_t width = 0;
  static constexpr KeyUse key_use = KeyUse::sorted;
  static std::string_view encode_key(View value, Scratch&) { return encode(value); }
  static std::string_view encode_value(View value, Scratch&) { return encode(value); }
  static std::vector<std::byte> decode_key(std::string_view bytes) { return decode(bytes); }
  static std::vector<std::byte> decode_value(std::string_view bytes) { return decode(bytes); }
  static View view_key(std::string_view bytes) { return view(bytes); }
  static View view_value(std::string_view bytes) { return view(bytes); }

 private:
  static std::string_view encode(View value) { return {reinterpret_cast<const char*>(value.data()), value.size()}; }
  static View view(std::string_view bytes) { return {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}; }
  static std::vector<std::byte> decode(std::string_view bytes) { return {view(bytes).begin(), view(bytes).end()}; }
};

}  // namespace sapwood
