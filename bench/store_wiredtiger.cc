// WiredTiger: a session and a cursor for each thread.
#include <wiredtiger.h>

#include "bench/store.h"

namespace bench {
namespace {

void check(int code) { require(code == 0, "WiredTiger: " + std::string(wiredtiger_strerror(code))); }

WT_ITEM item(std::string_view bytes) {
  WT_ITEM result{};
  result.data = bytes.data();
  result.size = bytes.size();
  return result;
}

class WiredSession : public Session {
 public:
  explicit WiredSession(WT_CONNECTION* connection) {
    check(connection->open_session(connection, nullptr, "isolation=snapshot", &session_));
    check(session_->create(session_, "table:m", "key_format=u,value_format=u"));
    check(session_->open_cursor(session_, "table:m", nullptr, "overwrite=true", &cursor_));
  }
  ~WiredSession() override { session_->close(session_, nullptr); }

  void begin_write() override { check(session_->begin_transaction(session_, nullptr)); }
  void put(std::string_view key, std::string_view value) override {
    WT_ITEM k = item(key), v = item(value);
    cursor_->set_key(cursor_, &k);
    cursor_->set_value(cursor_, &v);
    check(cursor_->insert(cursor_));
  }
  void erase(std::string_view key) override {
    WT_ITEM k = item(key);
    cursor_->set_key(cursor_, &k);
    check(cursor_->remove(cursor_));
  }
  void commit() override { check(session_->commit_transaction(session_, nullptr)); }

  void begin_read() override { check(session_->begin_transaction(session_, nullptr)); }
  void end_read() override {
    check(cursor_->reset(cursor_));
    check(session_->rollback_transaction(session_, nullptr));
  }
  std::optional<std::string_view> get(std::string_view key) override {
    WT_ITEM k = item(key);
    cursor_->set_key(cursor_, &k);
    const int code = cursor_->search(cursor_);
    if (code == WT_NOTFOUND) return std::nullopt;
    check(code);
    return value();
  }
  Sum scan(std::string_view from, std::size_t count) override {
    Sum sum;
    check(cursor_->reset(cursor_));
    int code = seek(from);
    for (; code == 0 && sum.entries < count; code = cursor_->next(cursor_)) sum.add(value());
    if (code != WT_NOTFOUND) check(code);
    return sum;
  }

 private:
  int seek(std::string_view from) {
    if (from.empty()) return cursor_->next(cursor_);
    WT_ITEM k = item(from);
    cursor_->set_key(cursor_, &k);
    int exact = 0;
    const int code = cursor_->search_near(cursor_, &exact);
    return code == 0 && exact < 0 ? cursor_->next(cursor_) : code;
  }
  std::string_view value() {
    WT_ITEM found{};
    check(cursor_->get_value(cursor_, &found));
    return {static_cast<const char*>(found.data), found.size};
  }

  WT_SESSION* session_ = nullptr;
  WT_CURSOR* cursor_ = nullptr;
};

class WiredStore : public Store {
 public:
  explicit WiredStore(const Setup& setup) {
    const std::string sync = setup.durable ? "fsync" : "none";
    const std::string checkpoint = setup.long_log ? "" : ",checkpoint=(log_size=64MB)";
    const std::string how =
        "create,cache_size=2GB,log=(enabled=true),transaction_sync=(enabled=true,method=" + sync + ")" + checkpoint;
    check(wiredtiger_open(setup.folder.c_str(), nullptr, how.c_str(), &connection_));
  }
  ~WiredStore() override { connection_->close(connection_, nullptr); }

  std::unique_ptr<Session> session() override { return std::make_unique<WiredSession>(connection_); }

 private:
  WT_CONNECTION* connection_ = nullptr;
};

}  // namespace

void add_wiredtiger(Peers& peers) {
  peers.stores.push_back(
      {.name = "wiredtiger",
       .title = "WiredTiger",
       .version = std::to_string(WIREDTIGER_VERSION_MAJOR) + "." + std::to_string(WIREDTIGER_VERSION_MINOR) + "." +
                  std::to_string(WIREDTIGER_VERSION_PATCH),
       .settings = "log on, `transaction_sync=(method=none)`, cache of 2 GB, a checkpoint each 64 MB of log",
       .unsynced = "all; all but the newest",
       .durable = "`transaction_sync=(method=fsync)`",
       .open = [](const Setup& setup) { return std::make_unique<WiredStore>(setup); }});
}

}  // namespace bench
