// Values that are collections: what maps and lists of them have. sapwood/nested.h.
#pragma once

#include <concepts>
#include <utility>

#include "sapwood/nested.h"
#include "sapwood/place.h"

namespace sapwood::detail {

// What a class of collections says of its types: List<T> and the others; AnyCollection takes all.
template <class C>
concept SaysTypes = requires {
  { C::types } -> std::convertible_to<CollectionTypes>;
};
template <class C>
concept TypedCollection = SaysTypes<C> && std::constructible_from<C, Handle>;
template <class C>
concept AnyTypeOfCollection = std::constructible_from<C, Handle>;

// Calls `open(types)` with the types of C, or null for all.
template <AnyTypeOfCollection C, class Open>
C open_as(Open&& open) {
  if constexpr (SaysTypes<C>) {
    constexpr CollectionTypes kTypes = C::types;
    return C(open(&kTypes));
  } else {
    return C(open(static_cast<const CollectionTypes*>(nullptr)));
  }
}

// The part of List<T> that is for items that are collections.
template <class T>
class ItemChildren {
 public:
  ItemChildren() = default;
  explicit ItemChildren(Handle handle) : handle_(std::move(handle)) {}

  // A new, empty collection as an item before position `index` <= size(); at the end. Any C, such as
  // SortedMap<std::string, int64_t>. O(log n).
  template <TypedCollection C>
  C create(std::uint64_t index)
    requires HoldsCollections<T>
  {
    return C(handle_.create_child_at(index, C::types));
  }
  template <TypedCollection C>
  C create_back()
    requires HoldsCollections<T>
  {
    return create<C>(handle_.size());
  }
  // The collection that the item at `index` is; AnyCollection takes all. Throws Error{wrong_type} if it is of another
  // kind or other types, or the item no collection. O(log n).
  template <AnyTypeOfCollection C>
  C open(std::uint64_t index) const
    requires HoldsCollections<T>
  {
    return open_as<C>([&](const CollectionTypes* types) { return handle_.child_at(index, types); });
  }
  // The same, as an item read before told it. Throws Error{not_found} if it is no item of this list any more.
  template <AnyTypeOfCollection C>
  C open(Nested item) const
    requires HoldsCollections<T>
  {
    return open_as<C>([&](const CollectionTypes* types) { return handle_.child_with(item.id, types); });
  }
  // For WriteTxn::move: from that item, or to a new one before it.
  Place place(std::uint64_t index) const
    requires HoldsCollections<T>
  {
    return {handle_, index};
  }

 protected:
  Handle handle_;
};

}  // namespace sapwood::detail
