// What a List<T> reads. A part of list.h.
#pragma once

#include <functional>
#include <optional>
#include <ranges>
#include <vector>

#include "sapwood/codec.h"
#include "sapwood/detail/blocks.h"
#include "sapwood/detail/changes.h"
#include "sapwood/detail/children.h"
#include "sapwood/detail/filtered.h"
#include "sapwood/detail/item.h"
#include "sapwood/detail/range.h"
#include "sapwood/detail/sample.h"

namespace sapwood::detail {

template <Storable T>
class Items : public ItemChildren<T> {
 protected:
  using ItemChildren<T>::handle_;

 public:
  using value_type = T;
  using View = typename Codec<T>::View;
  using Argument = typename Codec<T>::Argument;
  using Range = ItemRange<T>;
  using iterator = typename Range::iterator;

  using ItemChildren<T>::ItemChildren;

  const std::string& name() const { return handle_.name(); }
  std::uint64_t size() const { return handle_.size(); }  // O(1)
  bool empty() const { return size() == 0; }

  // The item at `index`. O(log n).
  T at(std::uint64_t index) const {
    T item{};
    if constexpr (std::is_same_v<T, std::string>) {
      handle_.at(index, item);
    } else {
      handle_.at(index, {}, value_into(item));
    }
    return item;
  }
  T operator[](std::uint64_t index) const { return at(index); }
  T front() const { return at(0); }
  T back() const {
    T item{};
    if (!handle_.near(Near::last, {}, {}, value_into(item))) handle_.at(0, {}, value_into(item));  // throws
    return item;
  }
  // The item without a copy, until the transaction ends (a write transaction: until its next change). One too big for
  // its page: only until the next view through this handle too, and copied. So is a compressed one, which is
  // decompressed: a view of it costs what at() does. Without a transaction: Error{invalid_argument}.
  View at_view(std::uint64_t index) const { return Codec<T>::view_value(handle_.view_at(index)); }

  // What leads from `before`, the same list in another version (of the two read transactions either may be the older
  // one), to this: calls `visit(const Change<std::monostate, T>&)` for each item that was added, removed or changed, in
  // their order, until it returns false, if it returns a bool. Items between stretches that both versions share are
  // matched from both ends, and what is left pair by pair. Cost: what differs, times the height of the tree; pages that
  // both versions have are not read. Memory: some bytes for each child of a branch that differs. Throws
  // Error{wrong_type} if the two are of other types or files, Error{invalid_argument} in a write transaction.
  template <class Visit>
  ChangeSummary changes_since(const Items& before, Visit visit) const {
    return find_changes(before.handle_, handle_, change_nothing, change_value<T>, visit);
  }

  // The items at many positions, in their order, as they are at one moment; the look-ups wait for memory together.
  template <std::ranges::input_range R>
  std::vector<T> get_many(R&& indexes) const {
    std::vector<std::uint64_t> positions;
    for (const std::uint64_t index : indexes) positions.insert(positions.end(), index);
    return entries_at<ItemOf<T>>(handle_, positions);
  }
  // `count` items at different positions (all, if there are fewer) in random order, each choice as likely; the same for
  // the same random bits or seed. O(count log n).
  template <RandomBits G>
  std::vector<T> sample(std::uint64_t count, G& random) const {
    return sample_of<ItemOf<T>>(handle_, count, source_of(random));
  }
  std::vector<T> sample(std::uint64_t count, std::uint64_t seed) const {
    SeededBits random(seed);
    return sample(count, random);
  }

  // The first position >= `from` with an item equal to `item` (for which `predicate(T)` is true), or nullopt; how many
  // are. Numbers compare as C++ compares them. O(size); numbers are tested where they lie, block by block, so that
  // compilers make vector instructions of simple predicates.
  std::optional<std::uint64_t> find(Argument item, std::uint64_t from = 0) const {
    if constexpr (StoredInBlocks<T>) {
      return find_if([item](T other) { return other == item; }, from);
    } else {
      const EqualItem<T> equal{item};
      return handle_.find(from, entry_test(equal));
    }
  }
  template <std::predicate<T> Predicate>
  std::optional<std::uint64_t> find_if(Predicate&& predicate, std::uint64_t from = 0) const {
    for (const Found& found : scan_from(from, std::ref(predicate))) return found.index;
    return std::nullopt;
  }
  std::uint64_t count(Argument item) const {
    if constexpr (StoredInBlocks<T>) {
      return count_if([item](T other) { return other == item; });
    } else {
      const EqualItem<T> equal{item};
      return handle_.count(entry_test(equal));
    }
  }
  template <std::predicate<T> Predicate>
  std::uint64_t count_if(Predicate&& predicate) const {
    if constexpr (StoredInBlocks<T>) {
      std::uint64_t count = 0;
      for (const std::span<const T> block : Blocks<T>({handle_.all()})) count += count_in(block, predicate);
      return count;
    } else {
      const auto test = [&](std::string_view, std::string_view item) -> bool {
        return std::invoke(predicate, Codec<T>::decode_value(item));
      };
      return handle_.count(entry_test(test));
    }
  }
  // The items for which `predicate(T)` is true, with their positions: a range of {index, value} to be read once from
  // its begin, in flat memory, of the list as it is now.
  template <std::predicate<T> Predicate>
  auto scan(Predicate predicate) const {
    return scan_from(0, std::move(predicate));
  }

  // Copies numbers [first, first + to.size()) at the speed of memory. Throws Error{out_of_range} if there are fewer.
  void read(std::uint64_t first, std::span<T> to) const
    requires StoredInBlocks<T>
  {
    handle_.read_items(first, to.size(), to.data());
  }
  // Items [first, first + count) as they lie in pages: a range of std::span<const T>, to be read once from its begin.
  // Each lives as long as a view does (at_view). Handles without a transaction: Error{invalid_argument}.
  Blocks<T> blocks(std::uint64_t first, std::uint64_t count) const
    requires StoredInBlocks<T>
  {
    return Blocks<T>({handle_.view_slice(first, count)});
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

  const Handle& handle() const { return handle_; }

 private:
  using Found = Indexed<T>;

  template <class Predicate>
  static std::uint64_t count_in(std::span<const T> block, Predicate& predicate) {
    std::uint64_t count = 0;
    for (const T item : block) count += std::invoke(predicate, item) ? 1 : 0;
    return count;
  }
  template <class Predicate>
  auto scan_from(std::uint64_t from, Predicate predicate) const {
    Section rest = handle_.all();
    rest.first = std::min(from, rest.last);
    return Filtered<T, Predicate>({std::move(rest), std::move(predicate)});
  }
};

}  // namespace sapwood::detail
