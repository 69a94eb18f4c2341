// List<T>: items by position. Insert and erase anywhere in O(log n); nothing moves.
//
// A List is a small copyable handle, got from a ReadTxn, a WriteTxn or a Database by name. It keeps the file open. What
// every call may throw is said in detail/handle.h; here stands what is special. Positions past the end throw
// Error{out_of_range}; values over 2^48 bytes Error{too_long}; both change nothing.
#pragma once

#include <functional>
#include <optional>
#include <ranges>
#include <vector>

#include "sapwood/codec.h"
#include "sapwood/detail/batch.h"
#include "sapwood/detail/blocks.h"
#include "sapwood/detail/changes.h"
#include "sapwood/detail/item.h"
#include "sapwood/detail/range.h"
#include "sapwood/detail/sample.h"
#include "sapwood/detail/update.h"

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
      handle_.at(index, {}, detail::value_into(item));
    }
    return item;
  }
  T operator[](std::uint64_t index) const { return at(index); }
  T front() const { return at(0); }
  T back() const {
    T item{};
    if (!handle_.near(detail::Near::last, {}, {}, detail::value_into(item)))
      handle_.at(0, {}, detail::value_into(item));  // throws
    return item;
  }
  // What leads from `before`, the same collection in another version (of the two read transactions either may be the
  // older one), to this: calls `visit(const Change<std::monostate, T>&)` for each entry that was added, removed or changed, in the
  // collection's order, until it returns false, if it returns a bool. Items between unchanged stretches are
  // matched from both ends, and what is left pair by pair. Cost: what differs, times the height of the
  // tree; pages that both versions have are not read. Memory: some bytes for each child of a branch that differs.
  // Throws Error{wrong_type} if the two are of other types or files, Error{invalid_argument} in a write transaction.
  template <class Visit>
  ChangeSummary changes_since(const List& before, Visit visit) const {
    return detail::find_changes(before.handle_, handle_, detail::change_nothing, detail::change_value<T>, visit);
  }
  // The item without a copy, until the transaction ends (a write transaction: until its next change). One too big for
  // its page: only until the next view through this handle too. Without a transaction: Error{invalid_argument}.
  View at_view(std::uint64_t index) const { return Codec<T>::view_value(handle_.view_at(index)); }

  // The items at many positions, in their order, as they are at one moment; the look-ups wait for memory together.
  template <std::ranges::input_range R>
  std::vector<T> get_many(R&& indexes) const {
    std::vector<std::uint64_t> positions;
    for (const std::uint64_t index : indexes) positions.insert(positions.end(), index);
    return detail::entries_at<detail::ItemOf<T>>(handle_, positions);
  }
  // `count` items at different positions (all, if there are fewer) in random order, each choice as likely; the same for
  // the same random bits or seed. O(count log n).
  template <detail::RandomBits G>
  std::vector<T> sample(std::uint64_t count, G& random) const {
    return detail::sample_of<detail::ItemOf<T>>(handle_, count, detail::source_of(random));
  }
  std::vector<T> sample(std::uint64_t count, std::uint64_t seed) const {
    detail::SeededBits random(seed);
    return sample(count, random);
  }

  // The first position >= `from` with an item equal to `item`, or nullopt; how many are equal. Numbers compare as C++
  // compares them. O(size).
  std::optional<std::uint64_t> find(Argument item, std::uint64_t from = 0) const {
    const detail::EqualItem<T> equal{item};
    return handle_.find(from, detail::entry_test(equal));
  }
  std::uint64_t count(Argument item) const {
    const detail::EqualItem<T> equal{item};
    return handle_.count(detail::entry_test(equal));
  }

  // Copies numbers [first, first + to.size()) at the speed of memory. Throws Error{out_of_range} if there are fewer.
  void read(std::uint64_t first, std::span<T> to) const
    requires detail::StoredInBlocks<T>
  {
    handle_.read_items(first, to.size(), to.data());
  }
  // Items [first, first + count) as they lie in pages: a range of std::span<const T>, to be read once from its begin.
  // Each lives as long as a view does (at_view). Handles without a transaction: Error{invalid_argument}.
  detail::Blocks<T> blocks(std::uint64_t first, std::uint64_t count) const
    requires detail::StoredInBlocks<T>
  {
    return detail::Blocks<T>({handle_.view_slice(first, count)});
  }

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

  detail::Handle handle_;
};

}  // namespace sapwood
