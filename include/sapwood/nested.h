// Nested: a value that is a collection of its own, of any kind, at any depth.
//
//   auto books = txn.dict<std::string, Nested>("books");
//   auto words = books.create<List<std::string>>("Moby Dick");  // an empty list, in the place of what was there
//   words.push_back("Call");
//   books.open<List<std::string>>("Moby Dick").at(0);
//   txn.move(books.place("Moby Dick"), shelf.place(0));         // sapwood/place.h
//   shelf.erase(0);                                             // the list and all below it are gone
//
// A nested collection belongs to the one entry that holds it: who erases or replaces the entry, or clears or drops what
// it is in, drops it too. So a Nested cannot be put by hand (Error{invalid_argument}): it is created or moved. Values
// of type any can be collections as well, but not parts of lists, tuples and maps in them. The name() of a nested
// collection is # and its id.
#pragma once

#include "sapwood/codec.h"

namespace sapwood {

struct AnyValue;

// The collection, as the entry that holds it tells.
struct Nested {
  std::uint64_t id = 0;  // of the collection; never used again
  auto operator<=>(const Nested&) const = default;
};

// Values that can be collections.
template <class V>
concept HoldsCollections = std::same_as<V, Nested> || std::same_as<V, AnyValue>;

template <>
struct Codec<Nested> {
  using View = Nested;
  using Argument = Nested;
  using Scratch = std::array<char, 8>;
  static constexpr TypeInfo type = ValueType::collection;
  static constexpr std::size_t width = 8;
  static constexpr KeyUse key_use = KeyUse::none;
  static std::string_view encode_value(Nested value, Scratch& scratch) {
    std::memcpy(scratch.data(), &value.id, sizeof value.id);
    return {scratch.data(), scratch.size()};
  }
  static Nested decode_value(std::string_view bytes) { return {detail::load_exactly<std::uint64_t>(bytes)}; }
  static Nested view_value(std::string_view bytes) { return decode_value(bytes); }
};

}  // namespace sapwood
