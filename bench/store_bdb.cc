// Berkeley DB: a transactional environment, private to the process; a B-tree, and RECNO with renumbering as a list.
#include <db.h>

#include <array>
#include <mutex>

#include "bench/store.h"

namespace bench {
namespace {

void check(int code) { require(code == 0, "Berkeley DB: " + std::string(db_strerror(code))); }

DBT in(std::string_view bytes) {
  DBT result{};
  result.data = const_cast<char*>(bytes.data());
  result.size = static_cast<u_int32_t>(bytes.size());
  return result;
}

// Where found bytes are copied to.
class Buffer {
 public:
  DBT* dbt() {
    dbt_ = DBT{};
    dbt_.data = bytes_.data();
    dbt_.ulen = static_cast<u_int32_t>(bytes_.size());
    dbt_.flags = DB_DBT_USERMEM;
    return &dbt_;
  }
  std::string_view view() const { return {bytes_.data(), dbt_.size}; }

 private:
  std::string bytes_ = std::string(std::size_t{128} << 10, '\0');
  DBT dbt_{};
};

class Environment {
 public:
  Environment(const Setup& setup, DBTYPE type) : long_log_(setup.long_log) {
    check(db_env_create(&env_, 0));
    check(env_->set_cachesize(env_, 1, 0, 1));
    check(env_->set_lg_bsize(env_, kLogBuffer));
    check(env_->set_lg_max(env_, std::uint32_t{128} << 20));
    for (const auto set : {env_->set_lk_max_locks, env_->set_lk_max_objects, env_->set_lk_max_lockers})
      check(set(env_, kLocks));
    check(env_->set_lk_detect(env_, DB_LOCK_DEFAULT));
    check(env_->log_set_config(env_, DB_LOG_AUTO_REMOVE, 1));
    if (!setup.durable) check(env_->set_flags(env_, DB_TXN_WRITE_NOSYNC, 1));
    check(env_->open(
        env_, setup.folder.c_str(),
        DB_CREATE | DB_PRIVATE | DB_THREAD | DB_RECOVER | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_LOCK | DB_INIT_MPOOL,
        0644));
    check(db_create(&db_, env_, 0));
    if (type == DB_RECNO) check(db_->set_flags(db_, DB_RENUMBER));
    check(db_->open(db_, nullptr, "data.db", nullptr, type, DB_CREATE | DB_THREAD | DB_AUTO_COMMIT, 0644));
  }
  ~Environment() {
    db_->close(db_, 0);
    env_->txn_checkpoint(env_, 0, 0, 0);
    env_->close(env_, 0);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  DB* db() { return db_; }
  DB_TXN* begin() {
    DB_TXN* txn = nullptr;
    check(env_->txn_begin(env_, nullptr, &txn, 0));
    return txn;
  }
  void commit(DB_TXN* txn) {
    check(txn->commit(txn, 0));
    constexpr std::uint32_t kBetweenLooks = 64;
    const std::lock_guard lock(commits_mutex_);
    if (!long_log_ && ++commits_ % kBetweenLooks == 0) check(env_->txn_checkpoint(env_, kCheckpointKilobytes, 0, 0));
  }

 private:
  static constexpr std::uint32_t kLogBuffer = std::uint32_t{4} << 20;
  static constexpr std::uint32_t kCheckpointKilobytes = 64u << 10;
  static constexpr std::uint32_t kLocks = 200'000;

  bool long_log_;
  DB_ENV* env_ = nullptr;
  DB* db_ = nullptr;
  std::mutex commits_mutex_;
  std::uint64_t commits_ = 0;
};

class BerkeleySession : public Session {
 public:
  explicit BerkeleySession(Environment& environment) : environment_(environment), db_(environment.db()) {}

  void begin_write() override { txn_ = environment_.begin(); }
  void put(std::string_view key, std::string_view value) override { check(try_put(key, value)); }
  void erase(std::string_view key) override {
    DBT k = in(key);
    check(db_->del(db_, txn_, &k, 0));
  }
  void commit() override { environment_.commit(txn_); }

  std::optional<std::string_view> get(std::string_view key) override {
    DBT k = in(key);
    const int code = db_->get(db_, nullptr, &k, found_.dbt(), 0);
    if (code == DB_NOTFOUND) return std::nullopt;
    check(code);
    return found_.view();
  }
  Sum scan(std::string_view from, std::size_t count) override {
    Sum sum;
    DBC* cursor = nullptr;
    check(db_->cursor(db_, nullptr, &cursor, 0));
    std::array<char, 64> room{};
    std::copy_n(from.data(), from.size(), room.data());
    DBT key{};
    key.data = room.data();
    key.size = static_cast<u_int32_t>(from.size());
    key.ulen = room.size();
    key.flags = DB_DBT_USERMEM;
    int code = cursor->get(cursor, &key, found_.dbt(), from.empty() ? DB_FIRST : DB_SET_RANGE);
    while (code == 0) {
      sum.add(found_.view());
      if (sum.entries == count) break;
      code = cursor->get(cursor, &key, found_.dbt(), DB_NEXT);
    }
    if (code != DB_NOTFOUND) check(code);
    check(cursor->close(cursor));
    return sum;
  }

  // Threads may lock pages in ways that block each other: then one is told to try again.
  void put_one(std::string_view key, std::string_view value) override {
    for (;;) {
      begin_write();
      const int code = try_put(key, value);
      if (code == 0) return commit();
      check(txn_->abort(txn_));
      if (code != DB_LOCK_DEADLOCK) check(code);
    }
  }

 private:
  int try_put(std::string_view key, std::string_view value) {
    DBT k = in(key), v = in(value);
    return db_->put(db_, txn_, &k, &v, 0);
  }

  Environment& environment_;
  DB* db_;
  DB_TXN* txn_ = nullptr;
  Buffer found_;
};

class BerkeleyStore : public Store {
 public:
  explicit BerkeleyStore(const Setup& setup) : environment_(setup, DB_BTREE) {}
  std::unique_ptr<Session> session() override { return std::make_unique<BerkeleySession>(environment_); }

 private:
  Environment environment_;
};

class BerkeleyList : public ListStore {
 public:
  explicit BerkeleyList(const Setup& setup) : environment_(setup, DB_RECNO), db_(environment_.db()) {}

  void begin_write() override { txn_ = environment_.begin(); }
  void append(std::string_view value) override {
    db_recno_t number = 0;
    DBT k = key_of(number), v = in(value);
    check(db_->put(db_, txn_, &k, &v, DB_APPEND));
    ++size_;
  }
  void commit() override { environment_.commit(txn_); }
  std::string_view at(std::uint64_t index) override {
    db_recno_t number = static_cast<db_recno_t>(index + 1);
    DBT k = key_of(number);
    check(db_->get(db_, nullptr, &k, found_.dbt(), 0));
    return found_.view();
  }

  void insert_one(std::uint64_t index, std::string_view value) override {
    begin_write();
    if (index == size_) append(value);
    else insert_before(index, value);
    commit();
  }
  void erase_front_one() override {
    begin_write();
    db_recno_t number = 1;
    DBT k = key_of(number);
    check(db_->del(db_, txn_, &k, 0));
    --size_;
    commit();
  }

 private:
  static DBT key_of(db_recno_t& number) {
    DBT key{};
    key.data = &number;
    key.size = key.ulen = sizeof number;
    key.flags = DB_DBT_USERMEM;
    return key;
  }
  void insert_before(std::uint64_t index, std::string_view value) {
    DBC* cursor = nullptr;
    check(db_->cursor(db_, txn_, &cursor, 0));
    db_recno_t number = static_cast<db_recno_t>(index + 1);
    DBT k = key_of(number), v = in(value);
    check(cursor->get(cursor, &k, found_.dbt(), DB_SET));
    check(cursor->put(cursor, &k, &v, DB_BEFORE));
    check(cursor->close(cursor));
    ++size_;
  }

  Environment environment_;
  DB* db_;
  DB_TXN* txn_ = nullptr;
  Buffer found_;
  std::uint64_t size_ = 0;
};

constexpr const char* kSettings =
    "`DB_TXN_WRITE_NOSYNC`, private environment, cache of 1 GB, log buffer of 4 MB, a checkpoint each 64 MB of log";

}  // namespace

void add_bdb(Peers& peers) {
  peers.stores.push_back({.name = "bdb",
                          .title = "Berkeley DB",
                          .version = std::to_string(DB_VERSION_MAJOR) + "." + std::to_string(DB_VERSION_MINOR) + "." +
                                     std::to_string(DB_VERSION_PATCH),
                          .settings = kSettings,
                          .unsynced = "all; all but the newest",
                          .durable = "without `DB_TXN_WRITE_NOSYNC`",
                          .open = [](const Setup& setup) { return std::make_unique<BerkeleyStore>(setup); }});
  peers.lists.push_back({.name = "bdb",
                         .title = "Berkeley DB RECNO",
                         .settings = "`DB_RENUMBER`; otherwise as above",
                         .open = [](const Setup& setup) { return std::make_unique<BerkeleyList>(setup); }});
}

}  // namespace bench
