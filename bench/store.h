// The seam between workloads and stores. A peer is one file, store_<peer>.cc, that defines add_<peer>(Peers&), and one
// line in cmake/bench.cmake that finds its library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/workload.h"

namespace bench {

struct Setup {
  std::string folder;       // exists; all files go there
  std::size_t entries = 0;  // about as many as will come: some stores want to know
  bool durable = false;     // a commit returns when it is on the disk
  bool long_log = false;    // what is committed stays in the log alone up to 80 MB, where there is a log
};

// One thread's access to a store.
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  // A transaction, or a batch, or nothing where the store has neither.
  virtual void begin_write() = 0;
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
  virtual void commit() = 0;

  // A snapshot where the store has them. get, get_many and scan happen between the two.
  virtual void begin_read() {}
  virtual void end_read() {}
  // Valid until the next call. Without a copy where the store can.
  virtual std::optional<std::string_view> get(std::string_view key) = 0;
  virtual std::vector<std::optional<std::string>> get_many(std::span<const std::string_view> keys);
  // Visits `count` entries in the store's order, from the first that is not before `from` on; "" is before all.
  virtual Sum scan(std::string_view from, std::size_t count) = 0;

  // The same, each in a transaction of its own.
  virtual void put_one(std::string_view key, std::string_view value);
  virtual bool get_one(std::string_view key, std::string& value);
};

// An open store. The destructor closes it cleanly.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // Requires: none is left when the store goes.
  virtual std::unique_ptr<Session> session() = 0;
  // Loads all of `data` in the order of its keys by the store's own way for that; false: it has none.
  virtual bool bulk_load(const Workload&) { return false; }
  // Bytes of the pages that hold the entries, without free ones; nothing: not told.
  virtual std::optional<double> live_bytes() { return std::nullopt; }
  // Waits until the work that was left to background threads is done.
  virtual void settle() {}
};

// One kind of store, and what a reader of its numbers must know.
struct StoreKind {
  std::string name;           // as --stores takes it
  std::string title;          // as plots show it
  std::string version;        //
  std::string settings;       // those that are not the default
  std::string unsynced;       // which commits are left after a killed process; after a power cut
  std::string durable;        // how a durable commit is made; empty: the store has none
  bool ordered = true;        // scans are in the order of the keys
  bool survives_kill = true;  // all commits are left after a killed process
  std::function<std::unique_ptr<Store>(const Setup&)> open;
};

// A list: items by position. Between begin and commit, or each change by itself.
class ListStore {
 public:
  ListStore() = default;
  ListStore(const ListStore&) = delete;
  ListStore& operator=(const ListStore&) = delete;
  virtual ~ListStore() = default;

  virtual void begin_write() {}
  virtual void append(std::string_view value) = 0;
  virtual void commit() {}
  virtual void begin_read() {}
  virtual void end_read() {}
  // Valid until the next call.
  virtual std::string_view at(std::uint64_t index) = 0;
  // Each its own commit.
  virtual void insert_one(std::uint64_t index, std::string_view value) = 0;
  virtual void erase_front_one() = 0;
};

struct ListKind {
  std::string name;
  std::string title;
  std::string settings;
  std::function<std::unique_ptr<ListStore>(const Setup&)> open;
};

struct Peers {
  std::vector<StoreKind> stores;
  std::vector<ListKind> lists;
};

// All that were found when this was built. Sapwood comes first, then LMDB, if it is there.
Peers all_peers();

// Throws std::runtime_error{what} unless `good`.
void require(bool good, const std::string& what);

}  // namespace bench
