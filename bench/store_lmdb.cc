// LMDB as its users use it: one environment, one database, a map size guessed large.
#include <lmdb.h>

#include "bench/store.h"

namespace bench {
namespace {

void check(int code) { require(code == 0, "LMDB: " + std::string(mdb_strerror(code))); }
MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
std::string_view view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

class Environment {
 public:
  Environment(const Setup& setup, unsigned flags) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, std::size_t{16} << 30));
    const unsigned sync = setup.durable ? 0u : unsigned{MDB_NOSYNC};
    check(mdb_env_open(env_, (setup.folder + "/data.mdb").c_str(), MDB_NOSUBDIR | MDB_NOTLS | sync | flags, 0644));
    MDB_txn* txn = begin(0);
    check(mdb_dbi_open(txn, nullptr, 0, &dbi_));
    check(mdb_txn_commit(txn));
  }
  ~Environment() { mdb_env_close(env_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  MDB_txn* begin(unsigned flags) {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, flags, &txn));
    return txn;
  }
  void put(MDB_txn* txn, std::string_view key, std::string_view value, unsigned flags = 0) {
    MDB_val k = val(key), v = val(value);
    check(mdb_put(txn, dbi_, &k, &v, flags));
  }
  bool get(MDB_txn* txn, std::string_view key, MDB_val& value) {
    MDB_val k = val(key);
    const int code = mdb_get(txn, dbi_, &k, &value);
    if (code != MDB_NOTFOUND) check(code);
    return code == 0;
  }
  MDB_env* env() { return env_; }
  MDB_dbi dbi() const { return dbi_; }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

// A read transaction that is renewed and reset, as LMDB's manual advises.
class Reader {
 public:
  explicit Reader(Environment& environment) : txn_(environment.begin(MDB_RDONLY)) { mdb_txn_reset(txn_); }
  ~Reader() { mdb_txn_abort(txn_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  void renew() { check(mdb_txn_renew(txn_)); }
  void reset() { mdb_txn_reset(txn_); }
  MDB_txn* txn() { return txn_; }

 private:
  MDB_txn* txn_;
};

class LmdbSession : public Session {
 public:
  explicit LmdbSession(Environment& environment) : environment_(environment), reader_(environment) {
    reader_.renew();
    check(mdb_cursor_open(reader_.txn(), environment_.dbi(), &cursor_));
    reader_.reset();
  }
  ~LmdbSession() override { mdb_cursor_close(cursor_); }

  void begin_write() override { write_ = environment_.begin(0); }
  void put(std::string_view key, std::string_view value) override { environment_.put(write_, key, value); }
  void erase(std::string_view key) override {
    MDB_val k = val(key);
    check(mdb_del(write_, environment_.dbi(), &k, nullptr));
  }
  void commit() override { check(mdb_txn_commit(write_)); }

  void begin_read() override { reader_.renew(); }
  void end_read() override { reader_.reset(); }
  std::optional<std::string_view> get(std::string_view key) override {
    MDB_val value{};
    if (!environment_.get(reader_.txn(), key, value)) return std::nullopt;
    return view(value);
  }
  Sum scan(std::string_view from, std::size_t count) override {
    check(mdb_cursor_renew(reader_.txn(), cursor_));
    Sum sum;
    MDB_val key = val(from), value{};
    int code = mdb_cursor_get(cursor_, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    for (; code == 0 && sum.entries < count; code = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT))
      sum.add(view(value));
    return sum;
  }

 private:
  Environment& environment_;
  Reader reader_;
  MDB_cursor* cursor_ = nullptr;
  MDB_txn* write_ = nullptr;
};

class LmdbStore : public Store {
 public:
  LmdbStore(const Setup& setup, unsigned flags) : environment_(setup, flags) {}

  std::unique_ptr<Session> session() override { return std::make_unique<LmdbSession>(environment_); }
  bool bulk_load(const Workload& data) override {
    Values values;
    MDB_txn* txn = environment_.begin(0);
    for (std::size_t i = 0; i < data.count; ++i)
      environment_.put(txn, data.sorted[i], values(data.sorted_order[i]), MDB_APPEND);
    check(mdb_txn_commit(txn));
    return true;
  }
  std::optional<double> live_bytes() override {
    MDB_txn* txn = environment_.begin(MDB_RDONLY);
    MDB_stat stat{};
    check(mdb_stat(txn, environment_.dbi(), &stat));
    mdb_txn_abort(txn);
    return static_cast<double>((stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize);
  }

 private:
  Environment environment_;
};

// A list by position keys, counted from a base so that nothing moves when the front goes. An insert in the middle
// writes all items after it anew.
class LmdbList : public ListStore {
 public:
  explicit LmdbList(const Setup& setup) : environment_(setup, 0), reader_(environment_) {}

  void begin_write() override { write_ = environment_.begin(0); }
  void append(std::string_view value) override {
    environment_.put(write_, Position(base_ + size_++).key(), value, MDB_APPEND);
  }
  void commit() override { check(mdb_txn_commit(write_)); }
  void begin_read() override { reader_.renew(); }
  void end_read() override { reader_.reset(); }
  std::string_view at(std::uint64_t index) override {
    MDB_val value{};
    require(environment_.get(reader_.txn(), Position(base_ + index).key(), value), "LMDB: no such item");
    return view(value);
  }

  void insert_one(std::uint64_t index, std::string_view value) override {
    begin_write();
    MDB_cursor* cursor = nullptr;
    check(mdb_cursor_open(write_, environment_.dbi(), &cursor));
    std::string carried(value), displaced;
    const Position start(base_ + index);
    MDB_val key = val(start.key()), found{};
    int code = index == size_ ? MDB_NOTFOUND : mdb_cursor_get(cursor, &key, &found, MDB_SET);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &found, MDB_NEXT)) {
      displaced.assign(view(found));
      found = val(carried);
      check(mdb_cursor_put(cursor, &key, &found, MDB_CURRENT));
      carried.swap(displaced);
    }
    mdb_cursor_close(cursor);
    append(carried);
    commit();
  }
  void erase_front_one() override {
    begin_write();
    const Position front(base_++);
    --size_;
    MDB_val key = val(front.key());
    check(mdb_del(write_, environment_.dbi(), &key, nullptr));
    commit();
  }

 private:
  // A number as a key: big-endian.
  class Position {
   public:
    explicit Position(std::uint64_t number) : bytes_(__builtin_bswap64(number)) {}
    std::string_view key() const { return {reinterpret_cast<const char*>(&bytes_), sizeof bytes_}; }

   private:
    std::uint64_t bytes_;
  };

  Environment environment_;
  Reader reader_;
  MDB_txn* write_ = nullptr;
  std::uint64_t base_ = 0;
  std::uint64_t size_ = 0;
};

StoreKind kind_of(std::string name, std::string title, std::string settings, std::string durable, unsigned flags) {
  return {.name = std::move(name),
          .title = std::move(title),
          .version = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) + "." +
                     std::to_string(MDB_VERSION_PATCH),
          .settings = std::move(settings),
          .unsynced = "all; nothing is promised",
          .durable = std::move(durable),
          .open = [flags](const Setup& setup) { return std::make_unique<LmdbStore>(setup, flags); }};
}

}  // namespace

void add_lmdb(Peers& peers) {
  peers.stores.push_back(kind_of("lmdb", "LMDB", "`MDB_NOSYNC`, map of 16 GiB", "without `MDB_NOSYNC`", 0));
  peers.stores.push_back(kind_of("lmdb-writemap", "LMDB, writable map", "`MDB_NOSYNC`, `MDB_WRITEMAP`, map of 16 GiB",
                                 "`MDB_WRITEMAP` without `MDB_NOSYNC`", MDB_WRITEMAP));
  peers.lists.push_back({.name = "lmdb",
                         .title = "LMDB, position keys",
                         .settings = "`MDB_NOSYNC`; keys count from a base, an insert shifts the values behind it",
                         .open = [](const Setup& setup) { return std::make_unique<LmdbList>(setup); }});
}

}  // namespace bench
