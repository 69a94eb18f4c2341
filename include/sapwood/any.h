// A collection whose types are known only when the program runs: for command lines, scripts and other languages.
//
// The same bytes and the same code below as List, SortedMap and the others; only encoding is chosen at run time. Values
// of another type than the collection's throw Error{wrong_type}; integers are converted where nothing is lost.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "sapwood/any_value.h"
#include "sapwood/detail/batch.h"
#include "sapwood/detail/changes.h"
#include "sapwood/place.h"

namespace sapwood {

struct AnyEntry {
  std::uint64_t index = 0;            // position in the collection
  AnyValue key;                       // std::monostate in a list and in records
  AnyValue value;                     // of records: an AnyMap with strings as keys; std::monostate for a placeholder
  std::optional<DateTime> time{};     // in collections with timestamps
  std::optional<DateTime> expires{};  // its own expiry, if it has one; kNever: it stays
};

using AnyChange = Change<AnyValue, AnyValue>;

// Which entries a scan gives. Keys are for sorted collections, positions for all; all conditions together.
struct AnyScan {
  std::optional<AnyValue> low{};   // keys >= low
  std::optional<AnyValue> high{};  // keys < high
  // Keys that start with it: strings, bytes; tuples whose first parts are these; in keys of any also lists.
  std::optional<AnyValue> prefix{};
  std::uint64_t skip = 0;  // entries left out at the start (at the end, if reversed)
  std::uint64_t limit = ~std::uint64_t{0};
  bool reversed = false;
};

// A small copyable handle. What its calls throw: detail/handle.h, and Error{wrong_type} for calls that are not of the
// collection's kind.
class AnyCollection {
 public:
  AnyCollection() = default;
  explicit AnyCollection(detail::Handle handle) : handle_(std::move(handle)) {}

  const std::string& name() const { return handle_.name(); }
  CollectionTypes types() const { return handle_.types(); }
  CollectionOptions options() const { return handle_.options(); }
  std::uint64_t size() const { return handle_.size(); }

  // With keys. Of a set: values are std::monostate.
  std::optional<AnyValue> get(const AnyValue& key) const;
  // Of many keys, in one state of the collection: faster than one by one.
  std::vector<std::optional<AnyValue>> get_many(std::span<const AnyValue> keys) const;
  bool put(const AnyValue& key, const AnyValue& value);  // true if the key is new
  bool erase(const AnyValue& key);
  // With timestamps, with expiry: as of Dict.
  bool put(const AnyValue& key, const AnyValue& value, DateTime time);
  bool put(const AnyValue& key, const AnyValue& value, std::chrono::microseconds time_to_live);
  std::optional<DateTime> timestamp(const AnyValue& key) const;
  bool set_timestamp(const AnyValue& key, DateTime time);
  std::optional<DateTime> expires(const AnyValue& key) const;
  bool expire(const AnyValue& key, std::chrono::microseconds time_to_live);
  bool expire_at(const AnyValue& key, DateTime moment);
  std::uint64_t prune(DateTime before, std::span<const AnyValue> keep = {});
  // Sorted ones.
  std::uint64_t rank(const AnyValue& key) const;
  std::uint64_t erase_range(const AnyScan& interval);  // low, high and prefix count; how many were erased

  // Lists and records.
  void set(std::uint64_t index, const AnyValue& value);
  void insert(std::uint64_t index, const AnyValue& value);
  void push_back(const AnyValue& value);
  void erase_at(std::uint64_t first, std::uint64_t count = 1);

  // Values that are collections (sapwood/nested.h): as in Dict and List.
  AnyCollection create(const AnyValue& key, const CollectionTypes& types);
  AnyCollection create_at(std::uint64_t index, const CollectionTypes& types);
  AnyCollection open(const AnyValue& key) const;
  AnyCollection open_at(std::uint64_t index) const;  // of a list
  AnyCollection open(Nested value) const;            // as an entry read before told it; else Error{not_found}
  Place place(const AnyValue& key) const;
  Place place_at(std::uint64_t index) const;

  // All.
  AnyEntry at(std::uint64_t index) const;  // throws Error{out_of_range}
  std::uint64_t count(const AnyScan& scan) const;
  // Calls `visit` for each entry until it returns false; on one state of the collection. The result: entries visited.
  std::uint64_t scan(const AnyScan& scan, const std::function<bool(const AnyEntry&)>& visit) const;
  // What leads from `before`, the same collection in another version, to this: as changes_since() of the others.
  ChangeSummary changes_since(const AnyCollection& before,
                              const std::function<bool(const AnyChange& change)>& visit) const;
  void clear() { handle_.clear(); }
  const detail::Handle& handle() const { return handle_; }

  // Adds all entries that `next` gives until nullopt, or none if it throws: to the end of a list or of records, by key
  // into others.
  // Their times and expiry count where the collection keeps them.
  void extend(const std::function<std::optional<AnyEntry>()>& next);
  // The same into an empty collection: full pages, each written once. Keys of sorted ones strictly ascend.
  void bulk_load(const std::function<std::optional<AnyEntry>()>& next);

 private:
  void fill(detail::Batch batch, const std::function<std::optional<AnyEntry>()>& next);
  detail::Section section(const AnyScan& scan) const;
  detail::Handle handle_;
};

}  // namespace sapwood
