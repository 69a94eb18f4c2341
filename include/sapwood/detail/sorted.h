// Collections in the order of their keys.
#pragma once

#include <optional>

#include "sapwood/any_value.h"
#include "sapwood/detail/keyed.h"
#include "sapwood/tuple.h"

namespace sapwood::detail {

template <class K>
concept PrefixKey =
    std::same_as<K, std::string> || std::same_as<K, std::vector<std::byte>> || std::same_as<K, AnyValue>;
template <class K, class... Firsts>
concept TuplePrefix = requires(const std::tuple<Firsts...>& firsts, typename Codec<K>::Scratch& scratch) {
  Codec<K>::encode_prefix(firsts, scratch);
};

template <class Entry>
class Sorted : public Keyed<Entry> {
  using Base = Keyed<Entry>;
  using EncodedKey = detail::EncodedKey<typename Entry::Key>;

 public:
  using Base::Base;
  using Base::erase;
  using Base::range;
  using typename Base::KeyView;
  using typename Base::Range;
  using typename Base::value_type;

  // Removes the keys in [low, high); the result is how many. Whole pages are given back without a visit to each entry.
  std::uint64_t erase(KeyView low, KeyView high) {
    const EncodedKey from(low), to(high);
    return handle_.erase(KeyInterval{from, to});
  }
  // How many keys are smaller; how many are in [low, high).
  std::uint64_t rank(KeyView key) const { return handle_.rank(EncodedKey(key)); }
  std::uint64_t count(KeyView low, KeyView high) const {
    const EncodedKey from(low), to(high);
    return handle_.count(KeyInterval{from, to});
  }

  std::optional<value_type> first() const { return near(Near::first, {}); }
  std::optional<value_type> last() const { return near(Near::last, {}); }
  std::optional<value_type> lower(KeyView key) const { return near(Near::lower, EncodedKey(key)); }      // < key
  std::optional<value_type> floor(KeyView key) const { return near(Near::floor, EncodedKey(key)); }      // <= key
  std::optional<value_type> ceiling(KeyView key) const { return near(Near::ceiling, EncodedKey(key)); }  // >= key
  std::optional<value_type> higher(KeyView key) const { return near(Near::higher, EncodedKey(key)); }    // > key

  // Removes the first (last) entry and returns it; nullopt if there is none.
  std::optional<value_type> pop_first() { return pop(true); }
  std::optional<value_type> pop_last() { return pop(false); }

  // Entries with keys in [low, high), >= low, < high; all as they are now.
  Range range(KeyView low, KeyView high) const {
    const EncodedKey from(low), to(high);
    return Range(handle_.range(KeyInterval{from, to}));
  }
  Range from(KeyView low) const {
    const EncodedKey bytes(low);
    return Range(handle_.range(KeyInterval{bytes, std::nullopt}));
  }
  Range until(KeyView high) const {
    const EncodedKey bytes(high);
    return Range(handle_.range(KeyInterval{std::nullopt, bytes}));
  }
  // Keys that start with `prefix`: strings, bytes; of type any also tuples and lists.
  Range prefix(KeyView prefix) const
    requires PrefixKey<typename Entry::Key>
  {
    if constexpr (std::is_same_v<typename Entry::Key, AnyValue>) return starting_with(any_prefix(prefix));
    else return starting_with(EncodedKey(prefix));
  }
  // Keys whose first parts are these: of a map with keys tuple<string, int64>, prefix(std::tuple("section")).
  template <class... Firsts>
    requires TuplePrefix<typename Entry::Key, Firsts...>
  Range prefix(const std::tuple<Firsts...>& firsts) const {
    typename Codec<typename Entry::Key>::Scratch scratch;
    return starting_with(Codec<typename Entry::Key>::encode_prefix(firsts, scratch));
  }
  Range reversed() const { return range().reversed(); }

 protected:
  using Base::handle_;

 private:
  Range starting_with(std::string_view bytes) const {
    const PrefixInterval interval(bytes, Codec<typename Entry::Key>::width);
    return Range(handle_.range(interval));
  }
  std::optional<value_type> pop(bool front) {
    std::optional<value_type> entry(std::in_place);
    if (!handle_.pop(front, Entry::key_of(*entry), Entry::value_of(*entry))) entry.reset();
    return entry;
  }
  std::optional<value_type> near(Near place, std::string_view key) const {
    std::optional<value_type> entry(std::in_place);
    if (!handle_.near(place, key, Entry::key_of(*entry), Entry::value_of(*entry))) entry.reset();
    return entry;
  }
};

}  // namespace sapwood::detail
