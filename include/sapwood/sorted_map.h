// SortedMap<K, V>: values by key, in the order of the keys, which also have positions (rank, select).
//
// A SortedMap is a small copyable handle, got from a ReadTxn, a WriteTxn or a Database by name. It keeps the file open.
// What every call may throw is said in detail/handle.h; here stands what is special. Keys over a quarter page throw
// Error{too_long} when put, and are absent otherwise. A NaN is one key, after all numbers. All is O(log n) unless said.
#pragma once

#include <optional>
#include <ranges>
#include <utility>

#include "sapwood/codec.h"
#include "sapwood/detail/range.h"

namespace sapwood {

template <Storable K, Storable V>
class SortedMap {
 public:
  using key_type = K;
  using mapped_type = V;
  using value_type = std::pair<K, V>;
  using KeyView = typename Codec<K>::View;
  using View = typename Codec<V>::View;
  using Range = detail::EntryRange<K, V>;
  using iterator = typename Range::iterator;
  static constexpr CollectionTypes types{CollectionKind::sorted_map, Codec<K>::type, Codec<V>::type};

  SortedMap() = default;
  explicit SortedMap(detail::Handle handle) : handle_(std::move(handle)) {}

  const std::string& name() const { return handle_.name(); }
  std::uint64_t size() const { return handle_.size(); }  // O(1)
  bool empty() const { return size() == 0; }

  std::optional<V> get(KeyView key) const {
    const EncodedKey bytes(key);
    std::optional<V> value(std::in_place);
    bool found;
    if constexpr (std::is_same_v<V, std::string>) {
      found = handle_.get(bytes, *value);
    } else {
      found = handle_.get(bytes, into(*value));
    }
    if (!found) value.reset();
    return value;
  }
  // The value at `key`; throws Error{not_found} if there is none.
  V at(KeyView key) const {
    std::optional<V> value = get(key);
    if (!value) detail::throw_no_key(handle_.name());
    return std::move(*value);
  }
  // Without a copy, until the transaction ends (a write transaction: until its next change). A value too big for its
  // page: also only until the next view through this handle. Handles without a transaction: Error{invalid_argument}.
  std::optional<View> get_view(KeyView key) const {
    const std::optional<std::string_view> bytes = handle_.view(EncodedKey(key));
    if (!bytes) return std::nullopt;
    return Codec<V>::view_value(*bytes);
  }
  bool contains(KeyView key) const { return handle_.contains(EncodedKey(key)); }

  // True if the key is new; otherwise its value is replaced.
  bool put(KeyView key, View value) {
    detail::Scratch scratch;
    return handle_.put(EncodedKey(key), Codec<V>::encode_value(value, scratch));
  }
  // False, and nothing is changed, if the key is there.
  bool put_if_absent(KeyView key, View value) {
    detail::Scratch scratch;
    return handle_.put_if_absent(EncodedKey(key), Codec<V>::encode_value(value, scratch));
  }
  // False if the key was not there.
  bool erase(KeyView key) { return handle_.erase(EncodedKey(key)); }
  // Removes the keys in [low, high); the result is how many. Whole pages are given back without a visit to each entry.
  std::uint64_t erase(KeyView low, KeyView high) {
    const EncodedKey from(low), to(high);
    return handle_.erase(detail::KeyInterval{from, to});
  }
  void clear() { handle_.clear(); }

  // Puts all pairs of `entries`, or none if it throws.
  template <std::ranges::input_range R>
  void put_all(R&& entries) {
    fill(detail::Batch::Mode::put, entries);
  }
  // As put_all, for keys that strictly ascend, into an empty map: full pages, each written once. Throws
  // Error{invalid_argument}, and the map stays empty, if they do not or it is not.
  template <std::ranges::input_range R>
  void bulk_load(R&& entries) {
    fill(detail::Batch::Mode::bulk, entries);
  }

  // How many keys are smaller; how many are in [low, high).
  std::uint64_t rank(KeyView key) const { return handle_.rank(EncodedKey(key)); }
  std::uint64_t count(KeyView low, KeyView high) const {
    const EncodedKey from(low), to(high);
    return handle_.count(detail::KeyInterval{from, to});
  }
  // The entry at a position in key order. Throws Error{out_of_range}.
  value_type select(std::uint64_t index) const {
    value_type entry{};
    handle_.at(index, into_key(entry.first), into(entry.second));
    return entry;
  }

  std::optional<value_type> first() const { return near(detail::Near::first, {}); }
  std::optional<value_type> last() const { return near(detail::Near::last, {}); }
  std::optional<value_type> lower(KeyView key) const { return near(detail::Near::lower, EncodedKey(key)); }  // < key
  std::optional<value_type> floor(KeyView key) const { return near(detail::Near::floor, EncodedKey(key)); }  // <=
  std::optional<value_type> ceiling(KeyView key) const { return near(detail::Near::ceiling, EncodedKey(key)); }  // >=
  std::optional<value_type> higher(KeyView key) const { return near(detail::Near::higher, EncodedKey(key)); }    // >

  // Entries as they are now. Of a handle without a transaction: a snapshot held by the range and its iterators.
  Range range() const { return Range(handle_.all()); }
  // Keys in [low, high); from `low` on; below `high`.
  Range range(KeyView low, KeyView high) const {
    const EncodedKey from(low), to(high);
    return Range(handle_.range(detail::KeyInterval{from, to}));
  }
  Range from(KeyView low) const {
    const EncodedKey bytes(low);
    return Range(handle_.range(detail::KeyInterval{bytes, std::nullopt}));
  }
  Range until(KeyView high) const {
    const EncodedKey bytes(high);
    return Range(handle_.range(detail::KeyInterval{std::nullopt, bytes}));
  }
  // Keys that start with `prefix`.
  Range prefix(KeyView prefix) const
    requires(Codec<K>::width == 0)
  {
    const EncodedKey bytes(prefix);
    const std::string after = detail::prefix_end(bytes);
    const bool open = after.empty();
    return Range(handle_.range({bytes, open ? std::nullopt : std::optional<std::string_view>(after)}));
  }
  Range reversed() const { return range().reversed(); }
  // As with List: begin() and end() of two calls belong together only while nothing is changed. Prefer range().
  iterator begin() const { return range().begin(); }
  iterator end() const { return range().end(); }

 private:
  // The bytes of a key for the length of a call.
  class EncodedKey {
   public:
    explicit EncodedKey(KeyView key) : bytes_(Codec<K>::encode_key(key, scratch_)) {}
    EncodedKey(const EncodedKey&) = delete;
    EncodedKey& operator=(const EncodedKey&) = delete;
    operator std::string_view() const { return bytes_; }

   private:
    detail::Scratch scratch_;
    std::string_view bytes_;
  };

  static detail::Receiver into_key(K& key) {
    return {&key, [](void* to, std::string_view bytes) { *static_cast<K*>(to) = Codec<K>::decode_key(bytes); }};
  }
  static detail::Receiver into(V& value) {
    return {&value, [](void* to, std::string_view bytes) { *static_cast<V*>(to) = Codec<V>::decode_value(bytes); }};
  }
  std::optional<value_type> near(detail::Near place, std::string_view key) const {
    std::optional<value_type> entry(std::in_place);
    if (!handle_.near(place, key, into_key(entry->first), into(entry->second))) entry.reset();
    return entry;
  }
  template <class R>
  void fill(detail::Batch::Mode mode, R& entries) {
    detail::Batch batch(handle_, mode);
    detail::Scratch scratch;
    for (auto&& entry : entries) {
      const auto& [key, value] = entry;
      batch.add(EncodedKey(key), Codec<V>::encode_value(value, scratch));
    }
    batch.finish();
  }

  detail::Handle handle_;
};

}  // namespace sapwood
