// ReadTxn, WriteTxn and Savepoint. A transaction and its handles are for one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "sapwood/any.h"
#include "sapwood/dict.h"
#include "sapwood/list.h"
#include "sapwood/options.h"
#include "sapwood/records.h"
#include "sapwood/set.h"
#include "sapwood/sorted_map.h"
#include "sapwood/sorted_set.h"

namespace sapwood {

namespace collections {
class Environment;
class WriteState;
struct SavedState;
}  // namespace collections

// A snapshot: the newest commit visible when it began. Never blocks and is never blocked. While it lives, the pages
// that it sees are not reused. Begin and end: tens of nanoseconds, no allocation.
class ReadTxn {
 public:
  explicit ReadTxn(std::shared_ptr<collections::Environment> environment);                    // by Database::read
  ReadTxn(std::shared_ptr<collections::Environment> environment, std::string_view snapshot);  // by Database::at
  ReadTxn(ReadTxn&& other) noexcept;
  ReadTxn& operator=(ReadTxn&& other) noexcept;
  ~ReadTxn() { end(); }

  // The collection with that name. Throws Error{not_found}, Error{wrong_type} if it is of another kind or other types.
  template <Storable T>
  List<T> list(std::string_view name) const {
    return List<T>(open(name, List<T>::types));
  }
  template <Storable K, Storable V>
  SortedMap<K, V> sorted_map(std::string_view name) const {
    return SortedMap<K, V>(open(name, SortedMap<K, V>::types));
  }
  template <Storable K, Storable V>
  Dict<K, V> dict(std::string_view name) const {
    return Dict<K, V>(open(name, Dict<K, V>::types));
  }
  template <Storable T>
  Set<T> set(std::string_view name) const {
    return Set<T>(open(name, Set<T>::types));
  }
  template <Storable T>
  SortedSet<T> sorted_set(std::string_view name) const {
    return SortedSet<T>(open(name, SortedSet<T>::types));
  }
  template <Storable V>
  Records<V> records(std::string_view name) const {
    return Records<V>(open(name, Records<V>::types));
  }
  // The collection with that name, with the types that it has. Throws Error{not_found}.
  AnyCollection any(std::string_view name) const;
  AnyCollection any(std::uint64_t id) const;  // as of Database

  bool has(std::string_view name) const;
  std::vector<CollectionInfo> collections() const;  // by name
  // Number of the commit that is seen, and its time in microseconds since 1970, UTC.
  std::uint64_t txn() const;
  std::int64_t commit_time_us() const;

  // Ends it early; handles, views and iterators of it are dead.
  void end() noexcept;

 private:
  detail::Handle open(std::string_view name, CollectionTypes types) const;

  std::shared_ptr<collections::Environment> environment_;  // null once ended
  alignas(8) std::array<std::byte, 128> snapshot_;         // the engine's storage::Snapshot
};

// A point in a write transaction to go back to. Savepoints nest. They die with the transaction.
class Savepoint {
 public:
  explicit Savepoint(std::shared_ptr<collections::WriteState> state);  // by WriteTxn::savepoint
  Savepoint(Savepoint&&) noexcept;
  Savepoint& operator=(Savepoint&&) noexcept;
  ~Savepoint();  // rolls back if neither was called and the transaction is open

  // Undoes everything since; savepoints, ranges and iterators made since are dead, and so is this one. Throws
  // Error{ended} if it is used up or its transaction is over, Error{poisoned}.
  void rollback();
  // Keeps everything; only forgets the point.
  void release();

 private:
  std::shared_ptr<collections::WriteState> state_;
  std::shared_ptr<collections::SavedState> saved_;  // null once used up
};

// The one write transaction of a database at a time. Sees its own changes; nobody else does until commit.
//
//   open --commit()--> ended       open --rollback(), destructor--> ended
//   open --a write that fails after its first change--> poisoned --rollback(), destructor--> ended
// Wrong arguments (out_of_range, too_long, wrong_type, invalid_argument, not_found) change nothing and do not poison.
class WriteTxn {
 public:
  explicit WriteTxn(std::shared_ptr<collections::WriteState> state) : state_(std::move(state)) {}  // by Database
  WriteTxn(WriteTxn&&) noexcept = default;
  WriteTxn& operator=(WriteTxn&& other) noexcept;
  ~WriteTxn();  // rolls back if still open

  // The collection with that name, created if absent. Throws Error{wrong_type} if it is of another kind or other types,
  // Error{invalid_argument} for a name that is empty, too long or not UTF-8.
  template <Storable T>
  List<T> list(std::string_view name, const CollectionOptions& options = {}) {
    return List<T>(open(name, List<T>::types, options));
  }
  template <Storable K, Storable V>
  SortedMap<K, V> sorted_map(std::string_view name, const CollectionOptions& options = {}) {
    return SortedMap<K, V>(open(name, SortedMap<K, V>::types, options));
  }
  template <Storable K, Storable V>
  Dict<K, V> dict(std::string_view name, const CollectionOptions& options = {}) {
    return Dict<K, V>(open(name, Dict<K, V>::types, options));
  }
  template <Storable T>
  Set<T> set(std::string_view name) {
    return Set<T>(open(name, Set<T>::types));
  }
  template <Storable T>
  SortedSet<T> sorted_set(std::string_view name) {
    return SortedSet<T>(open(name, SortedSet<T>::types));
  }
  template <Storable V>
  Records<V> records(std::string_view name) {
    return Records<V>(open(name, Records<V>::types));
  }
  // The collection with that name, with the types that it has. Throws Error{not_found}. With types: created if absent.
  // With an id: as of Database.
  AnyCollection any(std::string_view name);
  AnyCollection any(std::uint64_t id);
  AnyCollection any(std::string_view name, CollectionTypes types, const CollectionOptions& options = {});

  bool has(std::string_view name) const;
  std::vector<CollectionInfo> collections() const;  // by name
  // Removes a collection with all it holds; false if there is none. Its handles throw Error{not_found} from now on.
  bool drop(std::string_view name);
  // Throws Error{not_found}, Error{exists}.
  void rename(std::string_view from, std::string_view to);
  // Moves a collection with all that is below it: between names, keys and positions (place() of maps and lists). What a
  // key has is dropped; in a list it becomes an item before that position, as positions are once it has left its place.
  // Handles of it stay good. Throws Error{not_found}, Error{exists} for a name that is used, Error{wrong_type} if
  // values there cannot be collections, Error{invalid_argument} if it would come to lie in itself. O(depth + log n).
  void move(const Place& from, const Place& to);

  Savepoint savepoint();

  // Makes the changes the newest version of the database, and returns when they are as durable as asked (default:
  // Options::durability). If it throws writes_refused or io, the outcome is unknown until the file is reopened; after
  // any other error nothing happened. The transaction has ended in every case but Error{poisoned}.
  void commit();
  void commit(Durability durability);
  void rollback() noexcept;

  bool is_open() const noexcept;  // neither committed nor rolled back

 private:
  detail::Handle open(std::string_view name, CollectionTypes types, const CollectionOptions& options = {});

  std::shared_ptr<collections::WriteState> state_;
};

}  // namespace sapwood
