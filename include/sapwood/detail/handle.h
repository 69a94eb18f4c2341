// The byte level of every collection, compiled once; List, SortedMap and AnyCollection encode, call and decode.
//
// A handle belongs to a read transaction, to a write transaction, or to none ("automatic": each call is its own
// transaction). It keeps the open file alive. Every call throws Error{ended} after the transaction or close(), and
// changes throw Error{read_only} on a snapshot, Error{poisoned} after a failed write, Error{would_deadlock} through an
// automatic handle while this thread has a write transaction open.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sapwood/types.h"

namespace sapwood::collections {
class HandleState;
class ScanState;
}  // namespace sapwood::collections

namespace sapwood::detail {

// Receives bytes while they can be read. `take` may be null: not wanted.
struct Receiver {
  void* to = nullptr;
  void (*take)(void* to, std::string_view bytes) = nullptr;
  // Asked before a value is read that does not lie in its leaf; false leaves it out.
  bool (*wants_large)(void* to) = nullptr;
};

// The same for one of many.
struct ManyReceiver {
  void* to = nullptr;
  void (*take)(void* to, std::size_t index, std::string_view bytes) = nullptr;
};

// The same for entries.
struct ManyEntries {
  void* to = nullptr;
  void (*take)(void* to, std::size_t index, std::string_view key, std::string_view value) = nullptr;
};

// The times of an entry that is put or changed, as far as they are told. Of one that is put, else: the time is that of
// the transaction, and it has no expiry of its own.
struct EntryTimes {
  std::optional<std::int64_t> time_us{};
  std::optional<std::int64_t> expiry_us{};  // when it is gone
  std::optional<std::int64_t> lives_us{};   // or so long after the transaction
};

// What becomes of an entry: given its value (nullopt: there is no entry), tells the value that it has from now on
// (nullopt: none). The result is read before anything else happens.
struct Updater {
  void* self = nullptr;
  std::optional<std::string_view> (*call)(void* self, std::optional<std::string_view> value) = nullptr;
};

// A question to an entry while its bytes can be read. Lists have empty keys, sets empty values.
struct EntryTest {
  const void* self = nullptr;
  bool (*ask)(const void* self, std::string_view key, std::string_view value) = nullptr;
};
// Asks `test`, which outlives the result.
template <class Test>
EntryTest entry_test(const Test& test) {
  return {&test, [](const void* self, std::string_view key, std::string_view value) -> bool {
            return (*static_cast<const Test*>(self))(key, value);
          }};
}

// A place in key order, from the ends or from a key.
enum class Near { first, last, lower, floor, ceiling, higher };

// A key interval [low, high); nullopt is open.
struct KeyInterval {
  std::optional<std::string_view> low;
  std::optional<std::string_view> high;
};

// The state of a collection at one moment: of its snapshot, or (it places a mark) of its write transaction.
using Scan = std::shared_ptr<collections::ScanState>;

// Positions [first, last) of a scan.
struct Section {
  Scan scan;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool may_expire = false;  // some entries may be there only until they are reclaimed: readers leave them out
};

// The smallest string after all that start with `prefix`; empty if there is none.
std::string prefix_end(std::string_view prefix);

// The keys that start with some bytes. `width`: of every key, 0 if they vary; the bounds are made as wide.
class PrefixInterval {
 public:
  PrefixInterval(std::string_view prefix, std::size_t width);
  operator KeyInterval() const;  // NOLINT(google-explicit-constructor)

 private:
  std::string low_;
  std::string high_;  // empty: open
};

[[noreturn]] void throw_no_key(const std::string& collection);
[[noreturn]] void throw_overflow(const std::string& collection);

class Handle {
 public:
  Handle() = default;  // belongs to nothing: every call throws Error{ended}
  explicit Handle(std::shared_ptr<collections::HandleState> state) : state_(std::move(state)) {}

  const std::string& name() const;
  CollectionTypes types() const;
  CollectionOptions options() const;
  std::uint64_t size() const;

  // Reading. The results of get, at, near: false if there is no such entry.
  bool get(std::string_view key, Receiver value) const;
  bool get(std::string_view key, std::string& value) const;
  // Takes the values of those keys that are there, in one state of the collection.
  void get_many(std::span<const std::string_view> keys, ManyReceiver values) const;
  void at(std::uint64_t index, Receiver key, Receiver value) const;  // throws out_of_range
  void at(std::uint64_t index, std::string& value) const;            // throws out_of_range
  // The entries at many positions, in one state of the collection. Throws out_of_range.
  void at_many(std::span<const std::uint64_t> indexes, ManyEntries entries) const;
  bool near(Near place, std::string_view key, Receiver found_key, Receiver value) const;
  bool contains(std::string_view key) const { return get(key, Receiver{}); }
  std::uint64_t rank(std::string_view key) const;
  std::uint64_t count(const KeyInterval& interval) const;
  // The first position >= `first` whose entry passes; how many entries pass. O(size).
  std::optional<std::uint64_t> find(std::uint64_t first, EntryTest test) const;
  std::uint64_t count(EntryTest test) const;
  // Of a list of fixed width: copies the bytes of items [first, first + count) to `to`. Throws out_of_range.
  void read_items(std::uint64_t first, std::uint64_t count, void* to) const;
  // Valid until the next view through this handle, and only in its transaction. Throws invalid_argument without one.
  std::optional<std::string_view> view(std::string_view key) const;
  std::string_view view_at(std::uint64_t index) const;

  // A handle whose calls all read one snapshot, which it holds: of an automatic handle a new one, else this handle.
  Handle pinned() const;
  // The same; but of an automatic handle beside one of a transaction of the same file: read in that transaction.
  Handle beside(const Handle& other) const;

  // Of collections with timestamps (get_expiry: whose entries may expire; set_times: with what `times` tell), else
  // invalid_argument. When the entry was put, when it is gone, nullopt if there is none; false if there is none;
  // entries older than `before_us` that are not in `keep` are removed, and counted.
  std::optional<std::int64_t> get_time(std::string_view key) const;
  std::optional<std::int64_t> get_expiry(std::string_view key) const;
  bool set_times(std::string_view key, const EntryTimes& times);
  std::uint64_t prune(std::int64_t before_us, std::span<const std::string_view> keep);

  Section all() const;
  Section slice(std::uint64_t first, std::uint64_t count) const;       // throws out_of_range
  Section view_slice(std::uint64_t first, std::uint64_t count) const;  // and invalid_argument, as view
  Section range(const KeyInterval& interval) const;

  // Changing.
  // Throws invalid_argument for times that the collection does not keep.
  bool put(std::string_view key, std::string_view value, const EntryTimes& times = {});
  bool put_if_absent(std::string_view key, std::string_view value);
  // One look-up, one call and at most one change, in one transaction. If it throws, nothing is changed. What has an
  // expiry of its own keeps it.
  void update(std::string_view key, Updater updater);
  void update_at(std::uint64_t index, Updater updater);  // throws out_of_range
  bool erase(std::string_view key);
  std::uint64_t erase(const KeyInterval& interval);
  void insert(std::uint64_t index, std::string_view value);  // index <= size, else out_of_range
  void append(std::string_view value);
  // Of a list of fixed width: many values back to back, all or none.
  void append_items(std::string_view values);
  void set(std::uint64_t index, std::string_view value);
  void swap_erase(std::uint64_t index);  // the last item takes its place; throws out_of_range
  void erase_at(std::uint64_t first, std::uint64_t count);
  bool pop(bool front, Receiver key, Receiver value);  // removes an entry at an end; false if there is none
  // Removes the entries that pass, or none if the test throws; the result is how many. O(size).
  std::uint64_t erase_if(EntryTest test);
  void clear();

  // Values that are collections. create: an empty one at a key, in the place of what is there, or in front of the item
  // at `index` <= size. Throws wrong_type if values of this one cannot be collections. child: the one at a key, at a
  // position, with that id; with `types` unless null, else wrong_type, also of a value that is none. Throws not_found,
  // out_of_range.
  Handle create_child(std::string_view key, const CollectionTypes& types);
  Handle create_child_at(std::uint64_t index, const CollectionTypes& types);
  Handle child(std::string_view key, const CollectionTypes* types) const;
  Handle child_at(std::uint64_t index, const CollectionTypes* types) const;
  Handle child_with(std::uint64_t id, const CollectionTypes* types) const;

  const std::shared_ptr<collections::HandleState>& state() const { return state_; }
  // What it refers to. Throws Error{ended} if it belongs to nothing.
  collections::HandleState& checked() const;

 private:
  std::shared_ptr<collections::HandleState> state_;
};

}  // namespace sapwood::detail
