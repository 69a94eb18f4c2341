// C++ structs as values, and as keys of dicts and sets, byte for byte as memory has them.
//
// What is stored depends on the compiler's layout: a changed struct of another size is Error{wrong_type} at opening,
// one of the same size is not noticed. Bytes of padding are stored too, with what happens to be in them.
#pragma once

#include <memory>
#include <type_traits>

#include "sapwood/codec.h"

namespace sapwood {

// Whether T is stored so: plain structs are. Specialise it as true for a trivially copyable class with constructors, as
// false for one that holds pointers.
template <class T>
inline constexpr bool is_structure = std::is_class_v<T> && std::is_aggregate_v<T>;

template <class T>
  requires(is_structure<T> && std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
           sizeof(T) <= 65535)
struct Codec<T> {
  using View = T;
  using Argument = const T&;
  using Scratch = detail::NoScratch;
  static constexpr TypeInfo type = TypeInfo::structure(sizeof(T));
  static constexpr std::size_t width = sizeof(T);
  // Equal keys must have equal bytes: no padding, no floating-point numbers.
  static constexpr KeyUse key_use = std::has_unique_object_representations_v<T> ? KeyUse::hashed : KeyUse::none;

  static std::string_view encode_key(Argument value, Scratch& scratch) { return encode_value(value, scratch); }
  static std::string_view encode_value(Argument value, Scratch&) {
    return {reinterpret_cast<const char*>(std::addressof(value)), sizeof(T)};
  }
  static T decode_key(std::string_view bytes) { return decode_value(bytes); }
  static T decode_value(std::string_view bytes) {
    if (bytes.size() != sizeof(T)) [[unlikely]]
      detail::throw_wrong_width(bytes.size(), sizeof(T));
    T value{};
    std::memcpy(std::addressof(value), bytes.data(), sizeof(T));
    return value;
  }
  static T view_key(std::string_view bytes) { return decode_value(bytes); }
  static T view_value(std::string_view bytes) { return decode_value(bytes); }
};

}  // namespace sapwood
