// What iterators give: items, entries, keys; each as a copy or as a view.
#pragma once

#include <iterator>
#include <utility>

#include "sapwood/codec.h"
#include "sapwood/detail/cursor.h"

namespace sapwood::detail {

// What an iterator gives. Owned ones decode, views refer to the iterator and die when it moves.
template <class T>
struct ItemElement {
  using value_type = T;
  using Key = void;
  using Value = T;
  using Concept = std::random_access_iterator_tag;
  static value_type read(const Cursor& cursor) { return Codec<T>::decode_value(cursor.entry().value); }
};
template <class T>
struct ItemViewElement {
  using value_type = typename Codec<T>::View;
  using Key = void;
  using Value = T;
  using Concept = std::input_iterator_tag;
  static value_type read(const Cursor& cursor) { return Codec<T>::view_value(cursor.entry().value); }
};
template <class K, class V>
struct EntryElement {
  using value_type = std::pair<K, V>;
  using Key = K;
  using Value = V;
  using Concept = std::random_access_iterator_tag;
  static value_type read(const Cursor& cursor) {
    const Cursor::Entry& entry = cursor.entry();
    return {Codec<K>::decode_key(entry.key), Codec<V>::decode_value(entry.value)};
  }
};
template <class K, class V>
struct EntryViewElement {
  using value_type = std::pair<typename Codec<K>::View, typename Codec<V>::View>;
  using Key = K;
  using Value = V;
  using Concept = std::input_iterator_tag;
  static value_type read(const Cursor& cursor) {
    const Cursor::Entry& entry = cursor.entry();
    return {Codec<K>::view_key(entry.key), Codec<V>::view_value(entry.value)};
  }
};
template <class K>
struct KeyElement {
  using value_type = K;
  using Key = K;
  using Value = void;
  using Concept = std::random_access_iterator_tag;
  static value_type read(const Cursor& cursor) { return Codec<K>::decode_key(cursor.entry().key); }
};

template <class K>
struct KeyViewElement {
  using value_type = typename Codec<K>::View;
  using Key = K;
  using Value = void;
  using Concept = std::input_iterator_tag;
  static value_type read(const Cursor& cursor) { return Codec<K>::view_key(cursor.entry().key); }
};

}  // namespace sapwood::detail
