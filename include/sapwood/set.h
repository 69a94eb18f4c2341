// Set<T>: keys, each once, in the order of their hashes. As Dict, without values.
#pragma once

#include "sapwood/detail/mapping.h"

namespace sapwood {

template <HashedKey T>
class Set : public detail::Members<detail::Keyed<detail::SetEntry<T>>> {
 public:
  static constexpr CollectionTypes types{CollectionKind::set, Codec<T>::type, ValueType::none};

  using detail::Members<detail::Keyed<detail::SetEntry<T>>>::Members;
};

}  // namespace sapwood
