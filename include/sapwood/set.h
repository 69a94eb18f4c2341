// Set<T>: keys, each once, in the order of their hashes. As Dict, without values.
#pragma once

#include "sapwood/detail/members.h"

namespace sapwood {

template <HashedKey T>
class Set : public detail::Members<detail::Keyed<detail::SetEntry<T>>> {
 public:
  static constexpr CollectionTypes types{CollectionKind::set, Codec<T>::type, ValueType::none};

  using detail::Members<detail::Keyed<detail::SetEntry<T>>>::Members;

  // As insert_all, into an empty set, in any order: sorted in runs of Options::dirty_limit, then written into full
  // pages in one go. Throws Error{invalid_argument}, and changes nothing, if the set is not empty.
  template <std::ranges::input_range R>
  void bulk_load(R&& keys) {
    this->fill(detail::Batch::Mode::bulk, keys);
  }
};

}  // namespace sapwood
