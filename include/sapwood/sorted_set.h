// SortedSet<T>: keys in their order, each once, with positions (rank, select). As SortedMap, without values.
#pragma once

#include "sapwood/detail/members.h"
#include "sapwood/detail/sorted.h"

namespace sapwood {

template <SortedKey T>
class SortedSet : public detail::Members<detail::Sorted<detail::SetEntry<T>>> {
 public:
  static constexpr CollectionTypes types{CollectionKind::sorted_set, Codec<T>::type, ValueType::none};

  using detail::Members<detail::Sorted<detail::SetEntry<T>>>::Members;

  // As insert_all, for keys that strictly ascend, into an empty set: full pages, each written once. Throws
  // Error{invalid_argument}, and the set stays empty, if they do not or it is not.
  template <std::ranges::input_range R>
  void bulk_load(R&& keys) {
    this->fill(detail::Batch::Mode::bulk, keys);
  }
};

}  // namespace sapwood
