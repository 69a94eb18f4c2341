// SQLite: a table without row ids in WAL mode, a connection a session, prepared statements.
#include <sqlite3.h>

#include <mutex>

#include "bench/store.h"

namespace bench {
namespace {

class Connection {
 public:
  Connection(const Setup& setup, bool first) {
    const std::string path = setup.folder + "/data.sqlite";
    check(
        sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr));
    check(sqlite3_busy_timeout(db_, 60'000));  // another connection may be writing while this one opens
    run("PRAGMA journal_mode=WAL");
    run(setup.durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    run("PRAGMA cache_size=-1000000");
    run("PRAGMA mmap_size=4294967296");
    run("PRAGMA wal_autocheckpoint=16384");  // 64 MB: each page of a commit goes to the log whole
    if (first) run("CREATE TABLE IF NOT EXISTS m(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID");
  }
  ~Connection() { sqlite3_close(db_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void check(int code) const {
    const bool good = code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE;
    require(good, "SQLite: " + std::string(sqlite3_errmsg(db_)));
  }
  void run(const char* sql) const { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  sqlite3* db() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

class Statement {
 public:
  Statement(const Connection& connection, const char* sql) : connection_(connection) {
    connection.check(sqlite3_prepare_v3(connection.db(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int place, std::string_view bytes) {
    connection_.check(sqlite3_bind_blob64(statement_, place, bytes.data(), bytes.size(), SQLITE_STATIC));
  }
  void bind(int place, std::int64_t number) { connection_.check(sqlite3_bind_int64(statement_, place, number)); }
  bool step() {
    const int code = sqlite3_step(statement_);
    connection_.check(code);
    return code == SQLITE_ROW;
  }
  std::string_view blob() const {
    const void* bytes = sqlite3_column_blob(statement_, 0);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, 0))};
  }
  void reset() { sqlite3_reset(statement_); }
  void run() {
    step();
    reset();
  }

 private:
  const Connection& connection_;
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteSession : public Session {
 public:
  SqliteSession(const Setup& setup, std::mutex& writer) : connection_(setup, false), writer_(writer) {}

  // Writers of this process wait for each other here: SQLite's own waiting is by sleeping.
  void begin_write() override {
    writer_.lock();
    begin_immediate_.run();
  }
  void put(std::string_view key, std::string_view value) override {
    put_.bind(1, key);
    put_.bind(2, value);
    put_.run();
  }
  void erase(std::string_view key) override {
    erase_.bind(1, key);
    erase_.run();
  }
  void commit() override {
    commit_.run();
    writer_.unlock();
  }

  void begin_read() override { begin_.run(); }
  void end_read() override {
    get_.reset();
    commit_.run();
  }
  std::optional<std::string_view> get(std::string_view key) override {
    get_.reset();
    get_.bind(1, key);
    if (!get_.step()) return std::nullopt;
    return get_.blob();
  }
  Sum scan(std::string_view from, std::size_t count) override {
    Sum sum;
    scan_.bind(1, from);
    scan_.bind(2, static_cast<std::int64_t>(count));
    while (scan_.step()) sum.add(scan_.blob());
    scan_.reset();
    return sum;
  }
  void put_one(std::string_view key, std::string_view value) override {
    const std::lock_guard lock(writer_);
    put(key, value);  // outside a transaction: one of its own
  }
  bool get_one(std::string_view key, std::string& value) override {
    const auto found = get(key);
    if (found) value.assign(*found);
    get_.reset();
    return found.has_value();
  }

 private:
  Connection connection_;
  std::mutex& writer_;
  Statement begin_{connection_, "BEGIN"};
  Statement begin_immediate_{connection_, "BEGIN IMMEDIATE"};
  Statement commit_{connection_, "COMMIT"};
  Statement put_{connection_, "INSERT INTO m VALUES(?1,?2) ON CONFLICT(k) DO UPDATE SET v=excluded.v"};
  Statement erase_{connection_, "DELETE FROM m WHERE k=?1"};
  Statement get_{connection_, "SELECT v FROM m WHERE k=?1"};
  Statement scan_{connection_, "SELECT v FROM m WHERE k>=?1 ORDER BY k LIMIT ?2"};
};

class SqliteStore : public Store {
 public:
  explicit SqliteStore(const Setup& setup) : setup_(setup), connection_(setup, true) {}
  std::unique_ptr<Session> session() override { return std::make_unique<SqliteSession>(setup_, writer_); }

 private:
  Setup setup_;
  Connection connection_;
  std::mutex writer_;
};

}  // namespace

void add_sqlite(Peers& peers) {
  peers.stores.push_back({.name = "sqlite",
                          .title = "SQLite",
                          .version = sqlite3_libversion(),
                          .settings = "WAL, `synchronous=NORMAL`, cache of 1 GB, mapped, a checkpoint each 64 MB of "
                                      "log, table `WITHOUT ROWID`, prepared statements",
                          .unsynced = "all; all but the newest",
                          .durable = "`synchronous=FULL`",
                          .open = [](const Setup& setup) { return std::make_unique<SqliteStore>(setup); }});
}

}  // namespace bench
