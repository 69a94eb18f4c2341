// List<T>: items by position. Insert and erase anywhere in O(log n); nothing moves. What it reads: detail/items.h.
//
// A List is a small copyable handle, got from a ReadTxn, a WriteTxn or a Database by name. It keeps the file open. What
// every call may throw is said in detail/handle.h; here stands what is special. Positions past the end throw
// Error{out_of_range}; values over 2^48 bytes Error{too_long}; both change nothing.
#pragma once

#include <functional>
#include <optional>
#include <ranges>

#include "sapwood/detail/batch.h"
#include "sapwood/detail/items.h"
#include "sapwood/detail/update.h"

namespace sapwood {

template <Storable T>
class List : public detail::Items<T> {
  using Base = detail::Items<T>;
  using Base::handle_;

 public:
  using Base::Base;
  using typename Base::Argument;
  static constexpr CollectionTypes types{CollectionKind::list, ValueType::none, Codec<T>::type};

  void set(std::uint64_t index, Argument item) {
    typename Codec<T>::Scratch scratch;
    handle_.set(index, Codec<T>::encode_value(item, scratch));
  }
  // Calls `function(T)` with the item and stores what it returns: an item, or a std::optional whose nullopt erases it.
  // One transaction; if the function throws, nothing is changed. The result is what the function returned.
  template <std::invocable<T> Function>
  auto update(std::uint64_t index, Function&& function) {
    const auto of_item = [&](std::optional<T> item) { return std::invoke(function, std::move(*item)); };
    detail::ValueUpdate<T, const decltype(of_item)> update(of_item);
    handle_.update_at(index, update.updater());
    return update.result();
  }
  // Adds to the number at `index` and returns the sum. Throws Error{out_of_range}, and nothing is changed, if it is not
  // in the range of T.
  template <std::integral Number>
  T add(std::uint64_t index, Number delta)
    requires(std::integral<T> && !std::same_as<T, bool>)
  {
    return update(index, [&](T item) { return detail::checked_sum(item, delta, handle_.name()); });
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
  // Removes the item and puts the last one in its place: for bags, where order does not count, cheaper than erase() and
  // no other item moves. One change; O(log n) and the size of the last item.
  void swap_erase(std::uint64_t index) { handle_.swap_erase(index); }
  // Removes the last (first) item and returns it. Throws Error{out_of_range} if there is none.
  T pop_back() { return pop(false); }
  T pop_front() { return pop(true); }
  void clear() { handle_.clear(); }

  // Adds all items of `items`, or none if it throws; then the transaction is as it was before. Numbers that lie in an
  // array (std::vector, std::span) are copied block by block: many times faster than one by one.
  template <std::ranges::input_range R>
  void extend(R&& items) {
    if constexpr (detail::ArrayOf<R, T>) {
      const std::span<const T> block(items);
      handle_.append_items({reinterpret_cast<const char*>(block.data()), block.size_bytes()});
    } else {
      fill(detail::Batch::appending(handle_), items);
    }
  }
  template <std::ranges::input_range R>
  void insert_range(std::uint64_t index, R&& items) {
    fill(detail::Batch::inserting(handle_, index), items);
  }
  // Puts all of `items`, as many as they are, in the place of items [first, first + count), or changes nothing if it
  // throws. Throws Error{out_of_range} if there are fewer than `count`.
  template <std::ranges::input_range R>
  void assign(std::uint64_t first, std::uint64_t count, R&& items) {
    fill(detail::Batch::replacing(handle_, first, count), items);
  }
  // Removes the items for which `predicate(T)` is true, or none if it throws; the result is how many. O(size).
  template <std::predicate<T> Predicate>
  std::uint64_t erase_if(Predicate&& predicate) {
    const auto test = [&](std::string_view, std::string_view item) -> bool {
      return std::invoke(predicate, Codec<T>::decode_value(item));
    };
    return handle_.erase_if(detail::entry_test(test));
  }
  // As extend, into an empty list: full pages, each written once. Throws Error{invalid_argument} if it is not empty.
  template <std::ranges::input_range R>
  void bulk_load(R&& items) {
    fill(detail::Batch(handle_, detail::Batch::Mode::bulk), items);
  }

 private:
  T pop(bool front) {
    T item{};
    if (!handle_.pop(front, {}, detail::value_into(item))) handle_.at(0, {}, detail::value_into(item));  // throws
    return item;
  }
  template <class R>
  static void fill(detail::Batch batch, R& items) {
    typename Codec<T>::Scratch scratch;
    for (auto&& item : items) batch.add({}, Codec<T>::encode_value(item, scratch));
    batch.finish();
  }
};

}  // namespace sapwood
