// Items of lists, and values, between their type and their bytes.
#pragma once

#include <type_traits>

#include "sapwood/codec.h"
#include "sapwood/detail/handle.h"

namespace sapwood::detail {

template <class V>
Receiver value_into(V& value) {
  return {&value, [](void* to, std::string_view bytes) { *static_cast<V*>(to) = Codec<V>::decode_value(bytes); }};
}

// What an entry of a list is.
template <class T>
struct ItemOf {
  using value_type = T;
  static T decode(std::string_view, std::string_view item) { return Codec<T>::decode_value(item); }
};

// Whether an item is equal to one that is given: numbers as C++ compares them, others by their bytes.
template <class T>
struct EqualItem {
  bool operator()(std::string_view, std::string_view stored) const {
    if constexpr (std::is_arithmetic_v<T>) {
      return Codec<T>::decode_value(stored) == item;
    } else {
      typename Codec<T>::Scratch scratch;
      return stored == Codec<T>::encode_value(item, scratch);
    }
  }
  typename Codec<T>::Argument item;
};

}  // namespace sapwood::detail
