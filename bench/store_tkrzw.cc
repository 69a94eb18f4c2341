// Tkrzw: a hash and a tree database. Neither has transactions; all sessions share the database.
#include <tkrzw_dbm_hash.h>
#include <tkrzw_dbm_tree.h>
#include <tkrzw_lib_common.h>

#include <algorithm>

#include "bench/store.h"

namespace bench {
namespace {

void check(const tkrzw::Status& status) { require(status.IsOK(), "Tkrzw: " + tkrzw::ToString(status)); }

class Visitor final : public tkrzw::DBM::RecordProcessor {
 public:
  std::string_view ProcessFull(std::string_view, std::string_view value) override {
    sum.add(value);
    return NOOP;
  }
  Sum sum;
};

template <class Dbm>
class TkrzwSession : public Session {
 public:
  explicit TkrzwSession(Dbm& dbm) : dbm_(dbm) {}

  void begin_write() override {}
  void put(std::string_view key, std::string_view value) override { check(dbm_.Set(key, value)); }
  void erase(std::string_view key) override { check(dbm_.Remove(key)); }
  void commit() override {}

  std::optional<std::string_view> get(std::string_view key) override {
    const tkrzw::Status status = dbm_.Get(key, &found_);
    if (status == tkrzw::Status::NOT_FOUND_ERROR) return std::nullopt;
    check(status);
    return found_;
  }
  Sum scan(std::string_view from, std::size_t count) override {
    Visitor visitor;
    const std::unique_ptr<tkrzw::DBM::Iterator> it = dbm_.MakeIterator();
    tkrzw::Status status = from.empty() ? it->First() : it->Jump(from);
    while (status.IsOK() && visitor.sum.entries < count) {
      status = it->Process(&visitor, false);
      if (status.IsOK()) status = it->Next();
    }
    if (status != tkrzw::Status::NOT_FOUND_ERROR) check(status);
    return visitor.sum;
  }

 private:
  Dbm& dbm_;
  std::string found_;
};

template <class Dbm>
class TkrzwStore : public Store {
 public:
  explicit TkrzwStore(const Setup& setup) {
    typename Dbm::TuningParameters tuning;
    constexpr std::int64_t kLeastBuckets = 10'000;
    if constexpr (std::is_same_v<Dbm, tkrzw::TreeDBM>) {
      tuning.max_cached_pages = 1 << 20;
    } else {
      tuning.num_buckets = std::max(kLeastBuckets, 2 * static_cast<std::int64_t>(setup.entries));
    }
    check(dbm_.OpenAdvanced(setup.folder + "/data.tkrzw", true, tkrzw::File::OPEN_DEFAULT, tuning));
  }
  ~TkrzwStore() override { dbm_.Close(); }

  std::unique_ptr<Session> session() override { return std::make_unique<TkrzwSession<Dbm>>(dbm_); }

 private:
  Dbm dbm_;
};

template <class Dbm>
StoreKind kind_of(const std::string& name, const std::string& title, const std::string& settings, bool tree) {
  return {.name = name,
          .title = title,
          .version = tkrzw::PACKAGE_VERSION,
          .settings = settings + ", no transactions",
          .unsynced = tree ? "those written from the cache; nothing is promised" : "all; nothing is promised",
          .durable = "",
          .ordered = tree,
          .survives_kill = !tree,
          .open = [](const Setup& setup) { return std::make_unique<TkrzwStore<Dbm>>(setup); }};
}

}  // namespace

void add_tkrzw(Peers& peers) {
  peers.stores.push_back(kind_of<tkrzw::HashDBM>("tkrzw-hash", "Tkrzw hash", "two buckets an entry", false));
  peers.stores.push_back(kind_of<tkrzw::TreeDBM>("tkrzw-tree", "Tkrzw tree", "all pages cached", true));
}

}  // namespace bench
