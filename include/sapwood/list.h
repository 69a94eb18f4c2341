// List<T>: items by position. Insert and erase anywhere in O(log n); nothing moves.
//
// A List is a small copyable handle, got from a ReadTxn, a WriteTxn or a Database by name. It keeps the file open. What
// every call may throw is said in detail/handle.h; here stands what is special. Positions past the end throw
// Error{out_of_range}; values over 2^48 bytes Error{too_long}; both change nothing.
#pragma once

#include <ranges>

#include "sapwood/codec.h"
#include "sapwood/detail/range.h"

namespace sapwood {

template <Storable T>
class List {
 public:
  using value_type = T;
  using View = typename Codec<T>::View;
  using Argument = typename Codec<T>::Argument;
  using Range = detail::ItemRange<T>;
  using iterator = typename Range::iterator;
  static constexpr CollectionTypes types{CollectionKind::list, ValueType::none, Codec<T>::type};

  List() = default;
  explicit List(detail::Handle handle) : handle_(std::move(handle)) {}

  const std::string& name() const { return handle_.name(); }
  std::uint64_t size() const { return handle_.size(); }  // O(1)
  bool empty() const { return size() == 0; }

  // The item at `index`. O(log n).
  T at(std::uint64_t index) const {
    T item{};
    if constexpr (std::is_same_v<T, std::string>) {
      handle_.at(index, item);
    } else {
      handle_.at(index, {}, into(item));
    }
    return item;
  }
  T operator[](std::uint64_t index) const { return at(index); }
  T front() const { return at(0); }
  T back() const {
    T item{};
    if (!handle_.near(detail::Near::last, {}, {}, into(item))) handle_.at(0, {}, into(item));  // throws
    return item;
  }
  // The item without a copy, until the transaction ends (a write transaction: until its next change). One too big for
  // its page: also only until the next view through this handle. Handles without a transaction:
  // Error{invalid_argument}.
  View at_view(std::uint64_t index) const { return Codec<T>::view_value(handle_.view_at(index)); }

  void set(std::uint64_t index, Argument item) {
    typename Codec<T>::Scratch scratch;
    handle_.set(index, Codec<T>::encode_value(item, scratch));
  }
  // Inserts before position `index` <= size(). O(log n).
  void insert(std::uint64_t index, Argument item) {
    typename Codec<T>::Scratch scratch;
    handle_.insert(index, Codec<T>::encode_value(item, scratch));
  }
  void push_back(Argument item) {
    typename Codec<T>::Scratch scratch;
    handle_.append(Codec<T>::encode_value(item, scratch));
  }
  void push_front(Argument item) { insert(0, item); }

  void erase(std::uint64_t index) { handle_.erase_at(index, 1); }
  // Removes `count` items from `first` on. O(log n), and O(count / 10,000) or so for whole pages given back.
  void erase(std::uint64_t first, std::uint64_t count) { handle_.erase_at(first, count); }
  // Removes the last (first) item and returns it. Throws Error{out_of_range} if there is none.
  T pop_back() { return pop(false); }
  T pop_front() { return pop(true); }
  void clear() { handle_.clear(); }

  // Adds all items of `items`, or none if it throws; then the transaction is as it was before.
  template <std::ranges::input_range R>
  void extend(R&& items) {
    fill(detail::Batch::appending(handle_), items);
  }
  template <std::ranges::input_range R>
  void insert_range(std::uint64_t index, R&& items) {
    fill(detail::Batch(handle_, detail::Batch::Mode::insert, index), items);
  }
  // As extend, into an empty list: full pages, each written once. Throws Error{invalid_argument} if it is not empty.
  template <std::ranges::input_range R>
  void bulk_load(R&& items) {
    fill(detail::Batch(handle_, detail::Batch::Mode::bulk), items);
  }

  // All items, as they are now. Of a handle without a transaction: a snapshot held by the range and its iterators.
  Range range() const { return Range(handle_.all()); }
  // Items [first, first + count). Throws Error{out_of_range} if there are fewer.
  Range slice(std::uint64_t first, std::uint64_t count) const { return Range(handle_.slice(first, count)); }
  Range reversed() const { return range().reversed(); }
  // begin() and end() of two calls belong together only while nothing is changed: a range-for over the list is
  // right, as it calls both before the first step. Prefer range().
  iterator begin() const { return range().begin(); }
  iterator end() const { return range().end(); }

 private:
  static detail::Receiver into(T& item) {
    return {&item, [](void* to, std::string_view bytes) { *static_cast<T*>(to) = Codec<T>::decode_value(bytes); }};
  }
  T pop(bool front) {
    T item{};
    handle_.pop(front, into(item));
    return item;
  }
  template <class R>
  static void fill(detail::Batch batch, R& items) {
    typename Codec<T>::Scratch scratch;
    for (auto&& item : items) batch.add({}, Codec<T>::encode_value(item, scratch));
    batch.finish();
  }

  detail::Handle handle_;
};

}  // namespace sapwood
