// AnyValues as the keys and values of collections whose types are known at run time.
#pragma once

#include <array>
#include <string>

#include "base/types.h"
#include "sapwood/any_value.h"

namespace sapwood::collections {

// The bytes of a key (kKey) or value for the length of a call; they refer to `value` or to this. Integers are converted
// where nothing is lost. Throws Error{wrong_type} if `value` is not of the type, Error{invalid_argument} for text that
// is not JSON and what any does not take.
template <bool kKey>
class EncodedAny {
 public:
  EncodedAny(const TypeInfo& type, const AnyValue& value) : bytes_(encode(type, value)) {}
  EncodedAny(const EncodedAny&) = delete;
  EncodedAny& operator=(const EncodedAny&) = delete;
  operator Bytes() const { return bytes_; }

 private:
  template <class T>
  Bytes as(typename Codec<T>::Argument value);
  Bytes encode(const TypeInfo& type, const AnyValue& value);

  std::array<char, 16> fixed_;
  std::string varying_;
  Bytes bytes_;
};

// Throws Error{corrupt} for bytes that are not of the type.
template <bool kKey>
AnyValue decode_as(const TypeInfo& type, Bytes bytes);

// What keys of the type that begin with `first` begin with: part of a string or of bytes, the first parts of a tuple,
// in any also the first items of a list. Throws Error{wrong_type} for keys that have no beginnings.
std::string encode_prefix(const TypeInfo& type, const AnyValue& first);

}  // namespace sapwood::collections
