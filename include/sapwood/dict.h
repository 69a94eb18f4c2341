// Dict<K, V>: values by key, in the order of the keys' hashes, which looks random and never changes.
//
// A small copyable handle like SortedMap. Keys up to 64 KiB; longer ones throw Error{too_long} when put, and are absent
// otherwise. There is nothing to rehash: an insert splits a page at most. Positions (select) are by hash. A key over a
// quarter page is known by a keyed hash of 192 bits and stored beside its value.
#pragma once

#include "sapwood/detail/mapping.h"

namespace sapwood {

template <HashedKey K, Storable V>
class Dict : public detail::Mapping<detail::Keyed<detail::MapEntry<K, V>>, V> {
 public:
  static constexpr CollectionTypes types{CollectionKind::dict, Codec<K>::type, Codec<V>::type};

  using detail::Mapping<detail::Keyed<detail::MapEntry<K, V>>, V>::Mapping;

  // As put_all, into an empty dict, in any order: sorted in runs of Options::dirty_limit, then written into full pages
  // in one go. Throws Error{invalid_argument}, and changes nothing, if the dict is not empty.
  template <std::ranges::input_range R>
  void bulk_load(R&& entries) {
    this->fill(detail::Batch::Mode::bulk, entries);
  }
};

}  // namespace sapwood
