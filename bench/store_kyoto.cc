// Kyoto Cabinet: a hash and a tree database. Loads run without its transactions, of which there is one at a time.
#include <kchashdb.h>
#include <kcplantdb.h>

#include <algorithm>
#include <mutex>

#include "bench/store.h"

namespace bench {
namespace {

namespace kc = kyotocabinet;

void check(const kc::BasicDB& db, bool good) {
  require(good, "Kyoto Cabinet: " + std::string(db.error().name()) + ", " + db.error().message());
}

class SumVisitor : public kc::DB::Visitor {
 public:
  const char* visit_full(const char*, std::size_t, const char* value, std::size_t size, std::size_t*) override {
    sum.add(std::string_view(value, size));
    return NOP;
  }
  Sum sum;
};

class KyotoSession : public Session {
 public:
  KyotoSession(kc::BasicDB& db, std::mutex* writer) : db_(db), writer_(writer) {}

  // A durable store has transactions: threads wait for each other here, as the store's own waiting is by sleeping.
  void begin_write() override {
    if (writer_ == nullptr) return;
    writer_->lock();
    check(db_, db_.begin_transaction(true));
  }
  void put(std::string_view key, std::string_view value) override {
    check(db_, db_.set(key.data(), key.size(), value.data(), value.size()));
  }
  void erase(std::string_view key) override { check(db_, db_.remove(key.data(), key.size())); }
  void commit() override {
    if (writer_ == nullptr) return;
    check(db_, db_.end_transaction(true));
    writer_->unlock();
  }

  std::optional<std::string_view> get(std::string_view key) override {
    const std::int32_t size = db_.get(key.data(), key.size(), found_.data(), found_.size());
    if (size < 0) return std::nullopt;
    return std::string_view(found_).substr(0, static_cast<std::size_t>(size));
  }
  Sum scan(std::string_view from, std::size_t count) override {
    SumVisitor visitor;
    const std::unique_ptr<kc::BasicDB::Cursor> cursor(db_.cursor());
    bool more = from.empty() ? cursor->jump() : cursor->jump(from.data(), from.size());
    while (more && visitor.sum.entries < count) more = cursor->accept(&visitor, false, true);
    return visitor.sum;
  }

 private:
  kc::BasicDB& db_;
  std::mutex* writer_;
  std::string found_ = std::string(std::size_t{128} << 10, '\0');
};

constexpr std::int64_t kMap = std::int64_t{1} << 30;

void tune(kc::HashDB& db, std::size_t entries) {
  constexpr std::int64_t kLeastBuckets = 10'000;
  db.tune_buckets(std::max(kLeastBuckets, 2 * static_cast<std::int64_t>(entries)));
  db.tune_map(kMap);
}
void tune(kc::TreeDB& db, std::size_t) {
  db.tune_map(kMap);
  db.tune_page_cache(kMap);
}

template <class Db>
class KyotoStore : public Store {
 public:
  KyotoStore(const Setup& setup, const std::string& name) : durable_(setup.durable) {
    tune(db_, setup.entries);
    check(db_, db_.open(setup.folder + "/" + name, kc::BasicDB::OWRITER | kc::BasicDB::OCREATE));
  }
  ~KyotoStore() override { db_.close(); }

  std::unique_ptr<Session> session() override {
    return std::make_unique<KyotoSession>(db_, durable_ ? &writer_ : nullptr);
  }

 private:
  bool durable_;
  std::mutex writer_;
  Db db_;
};

template <class Db>
StoreKind kind_of(const std::string& name, const std::string& title, const std::string& settings, bool tree) {
  return {.name = name,
          .title = title,
          .version = kc::VERSION,
          .settings = settings + ", map of 1 GB, no transactions",
          .unsynced = tree ? "those written from the cache; nothing is promised" : "all; nothing is promised",
          .durable = "a hard transaction each commit",
          .ordered = tree,
          .survives_kill = !tree,
          .open = [file = tree ? "data.kct" : "data.kch"](const Setup& setup) {
            return std::make_unique<KyotoStore<Db>>(setup, file);
          }};
}

}  // namespace

void add_kyoto(Peers& peers) {
  peers.stores.push_back(kind_of<kc::HashDB>("kyoto-hash", "Kyoto Cabinet hash", "two buckets an entry", false));
  peers.stores.push_back(kind_of<kc::TreeDB>("kyoto-tree", "Kyoto Cabinet tree", "page cache of 1 GB", true));
}

}  // namespace bench
