// Iterators and ranges over collections.
//
// An iterator reads the collection as it was when its range was made. It may be moved to another thread, but not used
// by two at once. Moving by any distance is arithmetic; reading costs amortised O(1) after a step and O(log n) after a
// jump, as does the first read of a copy: prefer reversed() to std::views::reverse, which reads through copies.
// Dereferencing after the end of the transaction throws Error{ended}.
//
// Entries that have expired are left out. In collections with a time to live an iterator therefore goes any distance in
// as many steps, and size() counts.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <ranges>

#include "sapwood/detail/element.h"

namespace sapwood::detail {

template <class Element>
class Iterator {
 public:
  using iterator_concept = typename Element::Concept;
  using iterator_category = std::input_iterator_tag;
  using value_type = typename Element::value_type;
  using reference = value_type;
  using difference_type = std::ptrdiff_t;

  struct Arrow {
    value_type value;
    const value_type* operator->() const { return &value; }
  };
  using pointer = Arrow;

  Iterator() = default;
  // At the first entry of the section from position `index` on, in steps of +1 or -1.
  Iterator(const Section& section, std::uint64_t index, std::int64_t step)
      : cursor_(section.scan, index), step_(step), may_expire_(section.may_expire) {
    if (!may_expire_) return;
    stop_ = step > 0 ? section.last : section.first - 1;
    skip_expired();
  }

  // Decodes a copy. Throws Error{ended}, Error{out_of_range} past the ends of the collection.
  value_type operator*() const { return Element::read(cursor_); }
  Arrow operator->() const { return {**this}; }

  // The key and value without a copy if they are strings or bytes. Valid until the iterator moves.
  auto key_view() const
    requires(!std::is_void_v<typename Element::Key>)
  {
    return Codec<typename Element::Key>::view_key(cursor_.entry().key);
  }
  auto value_view() const
    requires(!std::is_void_v<typename Element::Value>)
  {
    return Codec<typename Element::Value>::view_value(cursor_.entry().value);
  }
  // Position in the collection.
  std::uint64_t index() const { return cursor_.index(); }

  Iterator& operator++() {
    cursor_.move(step_);
    if (may_expire_) [[unlikely]]
      skip_expired();
    return *this;
  }
  Iterator operator++(int) {
    Iterator old = *this;
    ++*this;
    return old;
  }
  Iterator& operator--() {
    do cursor_.move(-step_);
    while (may_expire_ && cursor_.entry().expired);
    return *this;
  }
  Iterator operator--(int) {
    Iterator old = *this;
    --*this;
    return old;
  }
  Iterator& operator+=(difference_type by) {
    if (!may_expire_) [[likely]] {
      cursor_.move(by * step_);
      return *this;
    }
    for (; by > 0; --by) ++*this;
    for (; by < 0; ++by) --*this;
    return *this;
  }
  Iterator& operator-=(difference_type by) { return *this += -by; }
  Iterator operator+(difference_type by) const { return Iterator(*this) += by; }
  Iterator operator-(difference_type by) const { return Iterator(*this) -= by; }
  value_type operator[](difference_type by) const { return *(*this + by); }
  // Only iterators of one range may be compared.
  difference_type operator-(const Iterator& other) const {
    const difference_type positions = static_cast<difference_type>(index() - other.index()) * step_;
    if (!may_expire_ || positions == 0) [[likely]]
      return positions;
    return positions > 0 ? other.steps_to(*this) : -steps_to(other);
  }
  bool operator==(const Iterator& other) const { return index() == other.index(); }
  std::strong_ordering operator<=>(const Iterator& other) const {
    return static_cast<difference_type>(index() - other.index()) * step_ <=> 0;
  }

 private:
  void skip_expired() {
    while (index() != stop_ && cursor_.entry().expired) cursor_.move(step_);
  }
  difference_type steps_to(const Iterator& end) const {
    difference_type steps = 0;
    for (Iterator at = *this; at != end; ++at) ++steps;
    return steps;
  }

  Cursor cursor_;
  std::int64_t step_ = 1;
  std::uint64_t stop_ = 0;   // where the section ends, if
  bool may_expire_ = false;  // entries that have expired and are left out lie in it
};

template <class Element>
Iterator<Element> operator+(std::ptrdiff_t by, const Iterator<Element>& from) {
  return from + by;
}

// Entries [first, last) of one state of a collection. Its iterators outlive it; a copy is cheap.
template <class Element>
class Range : public std::ranges::view_base {
 public:
  using iterator = Iterator<Element>;
  using value_type = typename Element::value_type;

  explicit Range(Section section, bool backwards = false) : section_(std::move(section)), backwards_(backwards) {}

  iterator begin() const {
    return backwards_ ? iterator(section_, section_.last - 1, -1) : iterator(section_, section_.first, 1);
  }
  iterator end() const {
    return backwards_ ? iterator(section_, section_.first - 1, -1) : iterator(section_, section_.last, 1);
  }
  std::uint64_t size() const {
    return section_.may_expire ? static_cast<std::uint64_t>(end() - begin()) : section_.last - section_.first;
  }
  bool empty() const { return section_.may_expire ? begin() == end() : section_.first == section_.last; }
  // The entry at a place of the range. Requires: index < size().
  value_type operator[](std::uint64_t index) const { return begin()[static_cast<std::ptrdiff_t>(index)]; }
  // The same entries from the last to the first.
  Range reversed() const { return Range(section_, !backwards_); }

 protected:
  Section section_;
  bool backwards_;
};

template <class T>
class ItemRange : public Range<ItemElement<T>> {
 public:
  using Range<ItemElement<T>>::Range;
  ItemRange reversed() const { return ItemRange(this->section_, !this->backwards_); }
  // Items without copies; each is valid until its iterator moves.
  Range<ItemViewElement<T>> views() const { return Range<ItemViewElement<T>>(this->section_, this->backwards_); }
};

template <class K>
class KeyRange : public Range<KeyElement<K>> {
 public:
  using Range<KeyElement<K>>::Range;
  KeyRange reversed() const { return KeyRange(this->section_, !this->backwards_); }
  // Keys without copies; each is valid until its iterator moves.
  Range<KeyViewElement<K>> views() const { return Range<KeyViewElement<K>>(this->section_, this->backwards_); }
};

template <class K, class V>
class EntryRange : public Range<EntryElement<K, V>> {
 public:
  using Range<EntryElement<K, V>>::Range;
  EntryRange reversed() const { return EntryRange(this->section_, !this->backwards_); }
  // Keys and values without copies; each pair is valid until its iterator moves.
  Range<EntryViewElement<K, V>> views() const {
    return Range<EntryViewElement<K, V>>(this->section_, this->backwards_);
  }
  KeyRange<K> keys() const { return KeyRange<K>(this->section_, this->backwards_); }
};

}  // namespace sapwood::detail

template <class Element>
inline constexpr bool std::ranges::enable_borrowed_range<sapwood::detail::Range<Element>> = true;
template <class T>
inline constexpr bool std::ranges::enable_borrowed_range<sapwood::detail::ItemRange<T>> = true;
template <class K>
inline constexpr bool std::ranges::enable_borrowed_range<sapwood::detail::KeyRange<K>> = true;
template <class K, class V>
inline constexpr bool std::ranges::enable_borrowed_range<sapwood::detail::EntryRange<K, V>> = true;
