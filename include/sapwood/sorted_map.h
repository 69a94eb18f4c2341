// SortedMap<K, V>: values by key, in the order of the keys, which also have positions (rank, select).
//
// A SortedMap is a small copyable handle, got from a ReadTxn, a WriteTxn or a Database by name. It keeps the file open.
// What every call may throw is said in detail/handle.h; here and in detail/keyed.h, sorted.h and mapping.h stands what
// is special. Keys over a quarter page throw Error{too_long} when put, and are absent otherwise. A NaN is one key,
// after all numbers. All is O(log n) unless said.
#pragma once

#include "sapwood/detail/mapping.h"
#include "sapwood/detail/sorted.h"

namespace sapwood {

template <SortedKey K, Storable V>
class SortedMap : public detail::Mapping<detail::Sorted<detail::MapEntry<K, V>>, V> {
 public:
  static constexpr CollectionTypes types{CollectionKind::sorted_map, Codec<K>::type, Codec<V>::type};

  using detail::Mapping<detail::Sorted<detail::MapEntry<K, V>>, V>::Mapping;

  // As put_all, for keys that strictly ascend, into an empty map: full pages, each written once. Throws
  // Error{invalid_argument}, and the map stays empty, if they do not or it is not.
  template <std::ranges::input_range R>
  void bulk_load(R&& entries) {
    this->fill(detail::Batch::Mode::bulk, entries);
  }
};

}  // namespace sapwood
