// Types of your own, stored as one of ours: the file stays readable by every tool, and says whose codec it was.
//
//   template <>
//   struct sapwood::Codec<Celsius> : sapwood::UserCodec<Celsius, double, 7> {
//     static double to_stored(const Celsius& value) { return value.degrees; }
//     static Celsius from_stored(double stored) { return {stored}; }
//   };
//
// The id (here 7) is kept in the catalog: opening the collection with another one, or as plain doubles, is
// Error{wrong_type}; AnyCollection and the command see doubles. Ids are the program's to choose, one a way of storing.
// Keys are in the order of what is stored, and can be keys wherever that can. T must be default-constructible.
#pragma once

#include "sapwood/codec.h"

namespace sapwood {

namespace detail {

// Stores T as `Stored`, by Codec<T>::to_stored and Codec<T>::from_stored.
template <class T, Storable Stored>
struct MappedCodec {
  using View = T;
  using Argument = const T&;
  struct Scratch {
    Stored stored{};
    typename Codec<Stored>::Scratch inner;
  };
  static constexpr std::size_t width = Codec<Stored>::width;
  static constexpr KeyUse key_use = Codec<Stored>::key_use;

  static std::string_view encode_key(Argument value, Scratch& scratch)
    requires(key_use != KeyUse::none)
  {
    scratch.stored = Codec<T>::to_stored(value);
    return Codec<Stored>::encode_key(scratch.stored, scratch.inner);
  }
  static std::string_view encode_value(Argument value, Scratch& scratch) {
    scratch.stored = Codec<T>::to_stored(value);
    return Codec<Stored>::encode_value(scratch.stored, scratch.inner);
  }
  static T decode_key(std::string_view bytes)
    requires(key_use != KeyUse::none)
  {
    return Codec<T>::from_stored(Codec<Stored>::decode_key(bytes));
  }
  static T decode_value(std::string_view bytes) { return Codec<T>::from_stored(Codec<Stored>::decode_value(bytes)); }
  static T view_key(std::string_view bytes)
    requires(key_use != KeyUse::none)
  {
    return decode_key(bytes);
  }
  static T view_value(std::string_view bytes) { return decode_value(bytes); }
};

}  // namespace detail

template <class T, Storable Stored, std::uint16_t kCodecId>
struct UserCodec : detail::MappedCodec<T, Stored> {
  static_assert(kCodecId != 0, "0 is the codec of the type itself");
  static_assert(Codec<Stored>::type.codec == 0, "the stored type is one of the library's");
  static constexpr std::uint16_t codec_id = kCodecId;
  static constexpr TypeInfo type = Codec<Stored>::type.with_codec(kCodecId);
};

}  // namespace sapwood
