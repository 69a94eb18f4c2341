// Keys with values: what Dict and SortedMap share.
#pragma once

#include <optional>
#include <ranges>
#include <string>
#include <vector>

#include "sapwood/detail/changes.h"
#include "sapwood/detail/children.h"
#include "sapwood/detail/keyed.h"
#include "sapwood/detail/times.h"
#include "sapwood/detail/update.h"

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
  // What leads from `before`, the same collection in another version (of the two read transactions either may be the
  // older one), to this: calls `visit(const Change<K, V>&)` for each entry that was added, removed, changed or touched,
  // in the collection's order, until it returns false, if it returns a bool. Cost: what differs, times the height of
  // the tree; pages that both versions have are not read. Memory: some bytes for each child of a branch that differs.
  // Throws Error{wrong_type} if the two are of other types or files, Error{invalid_argument} in a write transaction.
  template <class Visit>
  ChangeSummary changes_since(const Mapping& before, Visit visit) const {
    return find_changes(before.handle_, handle_, change_key<key_type>, change_value<V>, visit);
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
    const EncodedKeys<key_type> bytes(keys);
    std::vector<std::optional<V>> values(bytes.parts().size());
    handle_.get_many(bytes.parts(), {values.data(), [](void* to, std::size_t index, std::string_view found) {
                                       static_cast<std::optional<V>*>(to)[index] = Codec<V>::decode_value(found);
                                     }});
    return values;
  }
  // Without a copy, until the transaction ends (a write transaction: until its next change). A value too big for its
  // page: also only until the next view through this handle, and copied. So is a compressed one, which is decompressed:
  // a view of it costs what get() does. Handles without a transaction: Error{invalid_argument}.
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
  // The same, and the time of the entry is `time`. Throws Error{invalid_argument} without timestamps.
  bool put(KeyView key, Argument value, DateTime time) {
    typename Codec<V>::Scratch scratch;
    return handle_.put(EncodedKey(key), Codec<V>::encode_value(value, scratch), {.time_us = time.us});
  }
  // The same, and the entry is gone so long after this transaction. Throws Error{invalid_argument} without expiry.
  bool put(KeyView key, Argument value, std::chrono::microseconds time_to_live) {
    typename Codec<V>::Scratch scratch;
    return handle_.put(EncodedKey(key), Codec<V>::encode_value(value, scratch), {.lives_us = time_to_live.count()});
  }
  // False, and nothing is changed, if the key is there.
  bool put_if_absent(KeyView key, Argument value) {
    typename Codec<V>::Scratch scratch;
    return handle_.put_if_absent(EncodedKey(key), Codec<V>::encode_value(value, scratch));
  }
  // Calls `function(std::optional<V>)` with the value at `key` and stores what it returns: a value, or a std::optional
  // whose nullopt erases the key. One transaction; if the function throws, nothing is changed. The result is what the
  // function returned.
  template <std::invocable<std::optional<V>> Function>
  auto update(KeyView key, Function&& function) {
    ValueUpdate<V, Function> update(function);
    handle_.update(EncodedKey(key), update.updater());
    return update.result();
  }
  // Adds to the number at `key`, 0 if there is none, and returns the sum. Throws Error{out_of_range}, and nothing is
  // changed, if it is not in the range of V.
  template <std::integral Number>
  V add(KeyView key, Number delta)
    requires(std::integral<V> && !std::same_as<V, bool>)
  {
    return update(key, [&](std::optional<V> value) { return checked_sum(value.value_or(0), delta, handle_.name()); });
  }
  // Of maps and dicts created with timestamps (CollectionOptions); Error{invalid_argument} of others. When the entry
  // was put, or what was said then or by set_timestamp; nullopt if there is none.
  std::optional<DateTime> timestamp(KeyView key) const {
    const std::optional<std::int64_t> time_us = handle_.get_time(EncodedKey(key));
    if (!time_us) return std::nullopt;
    return DateTime{*time_us};
  }
  // Changes the time and nothing else; false if there is no such entry.
  bool set_timestamp(KeyView key, DateTime time) { return handle_.set_times(EncodedKey(key), {.time_us = time.us}); }
  // Of maps and dicts created with expiry; Error{invalid_argument} of others. From now on the entry is gone at that
  // moment, so long after this transaction, or (kNever) not at all, whatever time_to_live the collection has. put()
  // ends that; update() and set_timestamp() leave it as it is. False if there is no such entry.
  bool expire_at(KeyView key, DateTime moment) { return handle_.set_times(EncodedKey(key), {.expiry_us = moment.us}); }
  bool expire(KeyView key, std::chrono::microseconds time_to_live) {
    return handle_.set_times(EncodedKey(key), {.lives_us = time_to_live.count()});
  }
  // With time_to_live or expiry: when the entry is gone; kNever. nullopt if there is none.
  std::optional<DateTime> expires(KeyView key) const {
    const std::optional<std::int64_t> moment_us = handle_.get_expiry(EncodedKey(key));
    if (!moment_us) return std::nullopt;
    return DateTime{*moment_us};
  }
  // Entries with times in [from, until), as they are when begin() is called: TimedEntry<K, V>, to be read once. With an
  // index of times in their order, O(log n) each; without one in the order of the collection, after a look at all.
  TimeRange<key_type, V> time_range(DateTime from, DateTime until) const {
    return TimeRange<key_type, V>({handle_, from, until});
  }
  // Removes entries older than `before`, but for the keys of `keep`, and tells how many; all or none. Keeps these keys
  // in memory. O(log n) an entry removed with an index of times, else O(size).
  template <std::ranges::input_range R = std::vector<key_type>>
  std::uint64_t prune(DateTime before, R&& keep = {}) {
    const EncodedKeys<key_type> kept(keep);
    return handle_.prune(before.us, kept.parts());
  }

  // Puts all pairs of `entries`, or none if it throws.
  template <std::ranges::input_range R>
  void put_all(R&& entries) {
    fill(Batch::Mode::put, entries);
  }

  // Values that are collections (sapwood/nested.h). A new, empty one, in the place of what the key has. Any C, such as
  // List<std::string>.
  template <TypedCollection C>
  C create(KeyView key)
    requires HoldsCollections<V>
  {
    return C(handle_.create_child(EncodedKey(key), C::types));
  }
  // The collection that the value at `key` is; AnyCollection takes all. Throws Error{not_found} without the key,
  // Error{wrong_type} if it is of another kind or other types, or the value no collection.
  template <AnyTypeOfCollection C>
  C open(KeyView key) const
    requires HoldsCollections<V>
  {
    return open_as<C>([&](const CollectionTypes* types) { return handle_.child(EncodedKey(key), types); });
  }
  // The same, as a value read before told it. Throws Error{not_found} if it is no value of this map any more.
  template <AnyTypeOfCollection C>
  C open(Nested value) const
    requires HoldsCollections<V>
  {
    return open_as<C>([&](const CollectionTypes* types) { return handle_.child_with(value.id, types); });
  }
  // For WriteTxn::move.
  Place place(KeyView key) const
    requires HoldsCollections<V>
  {
    return {handle_, std::string_view(EncodedKey(key))};
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

}  // namespace sapwood::detail
