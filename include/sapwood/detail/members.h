// Keys alone: what Set and SortedSet share, the algebra of sets above all.
//
// Where a set is asked about another one, both are read in one state: two handles without a transaction in one snapshot
// (or, for a change, in its transaction), one without a transaction beside one of a transaction in that. Both must have
// the same order: two SortedSets, or two Sets of one file; else Error{invalid_argument}. Of another file give keys:
// set.insert_all(other.range()).
#pragma once

#include <concepts>
#include <ranges>

#include "sapwood/detail/changes.h"
#include "sapwood/detail/keyed.h"
#include "sapwood/detail/merge.h"

namespace sapwood::detail {

// Keys as they come, not a set.
template <class R, class M>
concept KeysFor = std::ranges::input_range<R> && !std::derived_from<std::remove_cvref_t<R>, M>;

template <class Base>
class Members : public Base {
  using EncodedKey = detail::EncodedKey<typename Base::key_type>;

 public:
  using Base::Base;
  using typename Base::key_type;
  using typename Base::KeyView;
  using Merged = MergedKeys<key_type>;

  // As Mapping::changes_since; of sets nothing is `changed`.
  template <class Visit>
  ChangeSummary changes_since(const Members& before, Visit visit) const {
    return find_changes(before.handle_, handle_, change_key<key_type>, change_nothing, visit);
  }

  // False, and nothing is changed, if the key is there.
  bool insert(KeyView key) { return handle_.put_if_absent(EncodedKey(key), {}); }

  // Changes by all keys of a range, or by none if it throws: adds them; removes them; keeps only them; removes those
  // that are there and adds the others (the symmetric difference). The last two keep the given keys in memory.
  template <KeysFor<Members> R>
  void insert_all(R&& keys) {
    fill(Batch::Mode::put, keys);
  }
  template <KeysFor<Members> R>
  void erase_all(R&& keys) {
    fill(Batch::Mode::erase, keys);
  }
  template <KeysFor<Members> R>
  void retain_all(R&& keys) {
    fill(Batch::Mode::retain, keys);
  }
  template <KeysFor<Members> R>
  void toggle_all(R&& keys) {
    fill(Batch::Mode::toggle, keys);
  }
  // The same by another set, in little memory. It may be this set itself.
  void insert_all(const Members& other) { combine(handle_, other.handle_, Batch::Mode::put); }
  void erase_all(const Members& other) { combine(handle_, other.handle_, Batch::Mode::erase); }
  void retain_all(const Members& other) { combine(handle_, other.handle_, Batch::Mode::retain); }
  void toggle_all(const Members& other) { combine(handle_, other.handle_, Batch::Mode::toggle); }

  // Up to O(size() + other.size()), and O(log n) a key of the smaller set if the other is much larger.
  bool is_subset_of(const Members& other) const { return MergeCursor(pair(other), Merge::first_only).at_end(); }
  bool is_superset_of(const Members& other) const { return other.is_subset_of(*this); }
  bool is_disjoint_from(const Members& other) const { return MergeCursor(pair(other), Merge::both).at_end(); }

  // Keys of both sets read side by side, without a copy of either: a range to be read once from its begin, in the order
  // of the sets. Keys of this or the other; of both; of this but not the other; of exactly one.
  Merged union_with(const Members& other) const { return merged(other, Merge::either); }
  Merged intersection_with(const Members& other) const { return merged(other, Merge::both); }
  Merged difference_from(const Members& other) const { return merged(other, Merge::first_only); }
  Merged symmetric_difference_with(const Members& other) const { return merged(other, Merge::one_only); }

 protected:
  using Base::handle_;

  template <class R>
  void fill(Batch::Mode mode, R& keys) {
    Batch batch(handle_, mode);
    for (auto&& key : keys) batch.add(EncodedKey(key), {});
    batch.finish();
  }

 private:
  SetPair pair(const Members& other) const { return {handle_, other.handle_}; }
  Merged merged(const Members& other, Merge kind) const { return Merged({pair(other), kind}); }
};

}  // namespace sapwood::detail
