// Database: one file with named collections.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "sapwood/backup.h"
#include "sapwood/error.h"
#include "sapwood/info.h"
#include "sapwood/metrics.h"
#include "sapwood/transaction.h"

namespace sapwood {

// An open file. Movable; for any number of threads at once. It stays open until the last Database, transaction, handle
// or range of it is gone, or close() is called. Errors of files: not_found, exists, in_use, not_a_database,
// newer_format, corrupt, read_only, invalid_argument (see Options), disk_full, io.
class Database {
 public:
  // Opens the file at `path`, by default creating it if absent. Recovers it if it was not closed cleanly.
  static Database open(const std::string& path, const Options& options = {});
  // A database without a name that is gone when closed.
  static Database temporary(const Options& options = {});

  // A snapshot of the newest visible commit. Throws Error{limit} when too many are open.
  ReadTxn read() const;
  // Waits for the writer's place: for Options::write_timeout, or `timeout` (negative: without limit). Throws timed_out,
  // read_only, writes_refused, would_deadlock if this thread has a write transaction open already.
  WriteTxn begin_write();
  WriteTxn begin_write(std::chrono::milliseconds timeout);
  // The same, but nullopt if others have the place for that long. Throws what begin_write() throws but timed_out.
  std::optional<WriteTxn> try_begin_write(std::chrono::milliseconds timeout = std::chrono::milliseconds(0));

  // Calls `function` with a write transaction, commits, and returns what it returned. If it throws, everything is
  // rolled back and the exception goes on. A function that committed or rolled back itself is left alone.
  template <std::invocable<WriteTxn&> Function>
  auto write(Function&& function) {
    WriteTxn txn = begin_write();
    if constexpr (std::is_void_v<std::invoke_result_t<Function&, WriteTxn&>>) {
      std::invoke(function, txn);
      if (txn.is_open()) txn.commit();
    } else {
      auto result = std::invoke(function, txn);
      if (txn.is_open()) txn.commit();
      return result;
    }
  }

  // Handles without a transaction: each call is its own, on the newest visible commit; changes are durable as
  // Options::durability says. The collection is created if absent (Error{not_found} in a file opened for reading).
  // Throws Error{wrong_type} if it is of another kind or other types.
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
  // With the id of a collection (CollectionInfo::id, Nested::id): that one, which may have another name since then, or
  // be in another collection.
  AnyCollection any(std::string_view name);
  AnyCollection any(std::uint64_t id);
  AnyCollection any(std::string_view name, CollectionTypes types, const CollectionOptions& options = {});

  bool has(std::string_view name) const;
  std::vector<CollectionInfo> collections() const;  // by name
  // Each its own transaction; as in WriteTxn.
  bool drop(std::string_view name);
  void rename(std::string_view from, std::string_view to);

  // Gives the newest commit a name. It stays as it is, across restarts, until it is dropped; its pages are not reused.
  // Waits as begin_write() does, and writes a checkpoint. Throws Error{exists}, Error{invalid_argument} for a name that
  // is empty, too long or not UTF-8, would_deadlock while this thread has a write transaction open.
  void snapshot(std::string_view name);
  // The same for dropping one; false if there is none. What it alone held is free once readers of it have ended. Cost:
  // what differs between it and its neighbours in time. Memory: a bit a page, and 16 bytes for each page freed.
  bool drop_snapshot(std::string_view name);
  // A read transaction of that version. It also keeps the newest commit's pages while it lives. Throws
  // Error{not_found}.
  ReadTxn at(std::string_view name) const;
  // In the order of their commits. Cost: what differs between each and its neighbours. Memory: a bit a page.
  std::vector<SnapshotInfo> snapshots() const;

  // Copies a version into a new file at `to`, which gets its name when it is whole and on the disk. Writers go on; the
  // version's pages are not reused meanwhile. A whole backup is a database like any other, without named snapshots; its
  // free pages are holes where the file system has them. An increment (BackupOptions::since) is for restore(). Verifies
  // checksums on the way. Reads and writes the pages that it copies, in the order of the file, and reads all branches.
  // Memory: two bits a page. Throws exists if `to` is there; not_found for a snapshot that is not;
  // Error{invalid_argument} if `since` is not older; corrupt, disk_full, io, cancelled.
  BackupReport backup(const std::string& to, const BackupOptions& options = {}) const;

  // Makes the file as small as it can be while others go on to read and write: entries move together into full pages,
  // and pages (and large values up to Options::dirty_limit) from the end of the file into free space, in short write
  // transactions; then the free end goes back to the system, if no other process has the file open, else when the last
  // one closes it. Pages that named snapshots have stay where they are. The file grows meanwhile by some 32 MiB at
  // most, beside what others write. A crash loses nothing, and being cancelled nothing but time. Reads all leaves.
  // `progress` is told entries; Error{cancelled} if it returns false. Waits as begin_write() does.
  CompactReport compact(const Progress& progress = {});
  // The same for a copy of the newest version at `to`; this file stays as it is. Throws what backup() does.
  CompactReport compact_to(const std::string& to, const Progress& progress = {}) const;

  // All commits so far become durable, whatever their durability. Throws writes_refused, io.
  void sync();
  // Writes a checkpoint: the next open has nothing to replay. Waits as begin_write() does. Throws timed_out, read_only,
  // writes_refused, io, disk_full, would_deadlock.
  void checkpoint();

  // Compresses the values of a collection anew: with a dictionary made of all of them, at another level if one is given
  // (0: stored as they are). Maps and dicts are rewritten in many transactions, between which others write, a list in
  // one. If it fails, what is done stays; begin it again. A collection without compression gets it, at the level given:
  // it is loaded anew in one transaction, while others read, and none write; the file grows by it meanwhile. `progress`
  // is told entries; Error{cancelled} if it returns false. Throws Error{not_found}, Error{invalid_argument} if its
  // values are not compressed: they have a fixed size, may be collections, or are rows.
  void recompress(std::string_view name, std::optional<std::uint8_t> level = std::nullopt,
                  const Progress& progress = {});

  // Verifies every page and value of the newest visible commit: checksums, structure, order, counts, forms of values;
  // then that each page in use is referred to once, and marked as in use, and no other is. A sentence for each fault
  // found, which names the collection, the page and the broken rule; 1,000 at most; empty is good. Writers go on, but
  // for the last part. `progress` is told pages; Error{cancelled} if it returns false. Reads all pages in use. Memory:
  // a bit for each page of the file, 17 bytes for each collection. Waits as begin_write() does.
  std::vector<std::string> check(const Progress& progress = {});
  // Facts at hand, and who has the file open. Microseconds, and a system call for each process; waits for a write
  // transaction that is open for a twentieth of a second at most, and goes on without: Info::space_txn.
  Info info() const;
  // All that can be told. Reads every page of the newest visible commit but large values, while writers go on, and
  // waits for a write transaction that is open for a second at most. `progress` as in check(). Throws Error{corrupt}
  // that names the first damaged page; check() goes on and finds them all.
  Metrics metrics(const Progress& progress = {}) const;
  // The same of one collection; `progress` is told pages of that. Throws Error{not_found}.
  CollectionMetrics metrics(std::string_view name, const Progress& progress = {}) const;

  // Makes everything durable and closes the file; handles throw Error{ended} from now on. The last process marks it
  // clean, and leaves one file. Throws Error{in_use}, and stays open, while transactions or ranges are open. Requires:
  // no call in another thread. If this process opened the file more than once, the others go on with it.
  void close();
  // As it was opened; empty for a temporary one.
  const std::string& path() const;

 private:
  explicit Database(std::shared_ptr<collections::Environment> environment) : environment_(std::move(environment)) {}
  collections::Environment& environment() const;
  detail::Handle open(std::string_view name, CollectionTypes types, const CollectionOptions& options = {});

  std::shared_ptr<collections::Environment> environment_;
};

}  // namespace sapwood
