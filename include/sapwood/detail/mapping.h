// Keys with values, and keys alone.
#pragma once

#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "sapwood/detail/keyed.h"

namespace sapwood::detail {

template <class Base, class V>
class Mapping : public Base {
  using EncodedKey = detail::EncodedKey<typename Base::key_type>;

 public:
  using typename Base::key_type;
  using typename Base::KeyView;
  using mapped_type = V;
  using View = typename Codec<V>::View;
  using Argument = typename Codec<V>::Argument;
  using Base::Base;

  std::optional<V> get(KeyView key) const {
    const EncodedKey bytes(key);
    std::optional<V> value(std::in_place);
    bool found;
    if constexpr (std::is_same_v<V, std::string>) {
      found = handle_.get(bytes, *value);
    } else {
      found = handle_.get(bytes, value_into(*value));
    }
    if (!found) value.reset();
    return value;
  }
  // The value at `key`; throws Error{not_found} if there is none.
  V at(KeyView key) const {
    std::optional<V> value = get(key);
    if (!value) throw_no_key(handle_.name());
    return std::move(*value);
  }
  // The values at many keys, in their order, as they are at one moment; the look-ups wait for memory together.
  template <std::ranges::input_range R>
  std::vector<std::optional<V>> get_many(R&& keys) const {
    std::vector<std::optional<V>> values;
    std::string bytes;  // of all keys
    std::vector<std::size_t> ends;
    for (auto&& key : keys) {
      bytes += std::string_view(EncodedKey(key));
      ends.push_back(bytes.size());
    }
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; const std::size_t end : ends) {
      parts.push_back(std::string_view(bytes).substr(begin, end - begin));
      begin = end;
    }
    values.resize(parts.size());
    handle_.get_many(parts, {values.data(), [](void* to, std::size_t index, std::string_view found) {
                               static_cast<std::optional<V>*>(to)[index] = Codec<V>::decode_value(found);
                             }});
    return values;
  }
  // Without a copy, until the transaction ends (a write transaction: until its next change). A value too big for its
  // page: also only until the next view through this handle. Handles without a transaction: Error{invalid_argument}.
  std::optional<View> get_view(KeyView key) const {
    const std::optional<std::string_view> bytes = handle_.view(EncodedKey(key));
    if (!bytes) return std::nullopt;
    return Codec<V>::view_value(*bytes);
  }

  // True if the key is new; otherwise its value is replaced.
  bool put(KeyView key, Argument value) {
    typename Codec<V>::Scratch scratch;
    return handle_.put(EncodedKey(key), Codec<V>::encode_value(value, scratch));
  }
  // False, and nothing is changed, if the key is there.
  bool put_if_absent(KeyView key, Argument value) {
    typename Codec<V>::Scratch scratch;
    return handle_.put_if_absent(EncodedKey(key), Codec<V>::encode_value(value, scratch));
  }
  // Puts all pairs of `entries`, or none if it throws.
  template <std::ranges::input_range R>
  void put_all(R&& entries) {
    fill(Batch::Mode::put, entries);
  }

 protected:
  using Base::handle_;

  template <class R>
  void fill(Batch::Mode mode, R& entries) {
    Batch batch(handle_, mode);
    typename Codec<V>::Scratch scratch;
    for (auto&& entry : entries) {
      const auto& [key, value] = entry;
      batch.add(EncodedKey(key), Codec<V>::encode_value(value, scratch));
    }
    batch.finish();
  }
};

template <class Base>
class Members : public Base {
  using EncodedKey = detail::EncodedKey<typename Base::key_type>;

 public:
  using Base::Base;
  using typename Base::KeyView;

  // False, and nothing is changed, if the key is there.
  bool insert(KeyView key) { return handle_.put_if_absent(EncodedKey(key), {}); }
  // Inserts all of `keys`, or none if it throws.
  template <std::ranges::input_range R>
  void insert_all(R&& keys) {
    fill(Batch::Mode::put, keys);
  }

 protected:
  using Base::handle_;

  template <class R>
  void fill(Batch::Mode mode, R& keys) {
    Batch batch(handle_, mode);
    for (auto&& key : keys) batch.add(EncodedKey(key), {});
    batch.finish();
  }
};

}  // namespace sapwood::detail
