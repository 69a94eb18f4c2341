// How a function of the user changes a value.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "sapwood/codec.h"
#include "sapwood/detail/handle.h"

namespace sapwood::detail {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// Calls the function once, with the value decoded, and keeps what it returned, whose bytes become the value.
template <class V, class Function>
class ValueUpdate {
 public:
  using Result = std::remove_cvref_t<std::invoke_result_t<Function&, std::optional<V>>>;

  explicit ValueUpdate(Function& function) : function_(function) {}
  ValueUpdate(const ValueUpdate&) = delete;
  ValueUpdate& operator=(const ValueUpdate&) = delete;

  Updater updater() {
    return {this, [](void* self, std::optional<std::string_view> value) {
              return static_cast<ValueUpdate*>(self)->call(value);
            }};
  }
  Result result() { return std::move(*result_); }

 private:
  std::optional<std::string_view> call(std::optional<std::string_view> bytes) {
    std::optional<V> value;
    if (bytes) value = Codec<V>::decode_value(*bytes);
    result_.emplace(std::invoke(function_, std::move(value)));
    if constexpr (kIsOptional<Result>) {
      if (!*result_) return std::nullopt;
      return Codec<V>::encode_value(**result_, scratch_);
    } else {
      return Codec<V>::encode_value(*result_, scratch_);
    }
  }

  Function& function_;
  std::optional<Result> result_;
  typename Codec<V>::Scratch scratch_;
};

// Throws Error{out_of_range} that names the collection if V cannot hold the sum.
template <std::integral V, std::integral Number>
V checked_sum(V value, Number delta, const std::string& collection) {
  V sum;
  if (__builtin_add_overflow(value, delta, &sum)) throw_overflow(collection);
  return sum;
}

}  // namespace sapwood::detail
