// What collections with keys share: Keyed here for all of them, Sorted (sorted.h) for those in the order of their keys,
// Mapping for those with values and Members for those without (mapping.h). SortedMap, Dict, Set and SortedSet put them
// together.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "sapwood/codec.h"
#include "sapwood/detail/batch.h"
#include "sapwood/detail/item.h"
#include "sapwood/detail/range.h"
#include "sapwood/detail/sample.h"

namespace sapwood::detail {

// The bytes of a key for the length of a call.
template <class K>
class EncodedKey {
 public:
  explicit EncodedKey(typename Codec<K>::Argument key) : bytes_(Codec<K>::encode_key(key, scratch_)) {}
  EncodedKey(const EncodedKey&) = delete;
  EncodedKey& operator=(const EncodedKey&) = delete;
  operator std::string_view() const { return bytes_; }

 private:
  typename Codec<K>::Scratch scratch_;
  std::string_view bytes_;
};

// The bytes of many keys.
template <class K>
class EncodedKeys {
 public:
  template <class R>
  explicit EncodedKeys(R&& keys) {
    std::vector<std::size_t> ends;
    for (auto&& key : keys) {
      bytes_ += std::string_view(EncodedKey<K>(key));
      ends.push_back(bytes_.size());
    }
    for (std::size_t begin = 0; const std::size_t end : ends) {
      parts_.push_back(std::string_view(bytes_).substr(begin, end - begin));
      begin = end;
    }
  }
  EncodedKeys(const EncodedKeys&) = delete;
  EncodedKeys& operator=(const EncodedKeys&) = delete;
  std::span<const std::string_view> parts() const { return parts_; }

 private:
  std::string bytes_;
  std::vector<std::string_view> parts_;
};

template <class K>
Receiver key_into(K& key) {
  return {&key, [](void* to, std::string_view bytes) { *static_cast<K*>(to) = Codec<K>::decode_key(bytes); }};
}
// What an entry of a map is, and of a set.
template <class K, class V>
struct MapEntry {
  using Key = K;
  using Range = EntryRange<K, V>;
  using value_type = std::pair<K, V>;
  static Receiver key_of(value_type& entry) { return key_into(entry.first); }
  static Receiver value_of(value_type& entry) { return value_into(entry.second); }
  static value_type decode(std::string_view key, std::string_view value) {
    return {Codec<K>::decode_key(key), Codec<V>::decode_value(value)};
  }
};
template <class K>
struct SetEntry {
  using Key = K;
  using Range = KeyRange<K>;
  using value_type = K;
  static Receiver key_of(value_type& entry) { return key_into(entry); }
  static Receiver value_of(value_type&) { return {}; }
  static value_type decode(std::string_view key, std::string_view) { return Codec<K>::decode_key(key); }
};

template <class Entry>
class Keyed {
 public:
  using key_type = typename Entry::Key;
  using KeyView = typename Codec<key_type>::Argument;
  using value_type = typename Entry::value_type;
  using Range = typename Entry::Range;
  using iterator = typename Range::iterator;

  Keyed() = default;
  explicit Keyed(Handle handle) : handle_(std::move(handle)) {}

  const std::string& name() const { return handle_.name(); }
  std::uint64_t size() const { return handle_.size(); }  // O(1)
  bool empty() const { return size() == 0; }
  bool contains(KeyView key) const { return handle_.contains(EncodedKey<key_type>(key)); }
  // False if the key was not there.
  bool erase(KeyView key) { return handle_.erase(EncodedKey<key_type>(key)); }
  // Removes the entries for which `predicate(value_type)` is true, or none if it throws; the result is how many.
  // O(size).
  template <std::predicate<value_type> Predicate>
  std::uint64_t erase_if(Predicate&& predicate) {
    const auto test = [&](std::string_view key, std::string_view value) -> bool {
      return std::invoke(predicate, Entry::decode(key, value));
    };
    return handle_.erase_if(entry_test(test));
  }
  void clear() { handle_.clear(); }
  // The entries for which `predicate(value_type)` is true, found as they are read, in flat memory, as they are now.
  template <std::predicate<value_type> Predicate>
  auto scan(Predicate predicate) const {
    return range() | std::views::filter(std::move(predicate));
  }

  // The entry at a position in the collection's order. Throws Error{out_of_range}.
  value_type select(std::uint64_t index) const {
    value_type entry{};
    handle_.at(index, Entry::key_of(entry), Entry::value_of(entry));
    return entry;
  }

  // `count` different entries (all, if there are fewer) in random order, each choice as likely. The same random bits or
  // seed give the same sample of the same state. O(count log n).
  template <RandomBits G>
  std::vector<value_type> sample(std::uint64_t count, G& random) const {
    return sample_of<Entry>(handle_, count, source_of(random));
  }
  std::vector<value_type> sample(std::uint64_t count, std::uint64_t seed) const {
    SeededBits random(seed);
    return sample(count, random);
  }

  // All entries, as they are now. Of a handle without a transaction: a snapshot held by the range and its iterators.
  Range range() const { return Range(handle_.all()); }
  // As with List: begin() and end() of two calls belong together only while nothing is changed. Prefer range().
  iterator begin() const { return range().begin(); }
  iterator end() const { return range().end(); }

  const Handle& handle() const { return handle_; }

 protected:
  Handle handle_;
};

}  // namespace sapwood::detail
