// LevelDB: a transaction is a WriteBatch; reads see the newest state.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>

#include "bench/store.h"

namespace bench {
namespace {

void check(const leveldb::Status& status) { require(status.ok(), "LevelDB: " + status.ToString()); }
leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class LevelSession : public Session {
 public:
  LevelSession(leveldb::DB& db, bool durable) : db_(db) { how_.sync = durable; }

  void begin_write() override { batch_.Clear(); }
  void put(std::string_view key, std::string_view value) override { batch_.Put(slice(key), slice(value)); }
  void erase(std::string_view key) override { batch_.Delete(slice(key)); }
  void commit() override { check(db_.Write(how_, &batch_)); }

  std::optional<std::string_view> get(std::string_view key) override {
    const leveldb::Status status = db_.Get({}, slice(key), &found_);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return found_;
  }
  Sum scan(std::string_view from, std::size_t count) override {
    Sum sum;
    const std::unique_ptr<leveldb::Iterator> it(db_.NewIterator({}));
    for (it->Seek(slice(from)); it->Valid() && sum.entries < count; it->Next())
      sum.add(std::string_view(it->value().data(), it->value().size()));
    check(it->status());
    return sum;
  }

 private:
  leveldb::DB& db_;
  leveldb::WriteOptions how_;
  leveldb::WriteBatch batch_;
  std::string found_;
};

class LevelStore : public Store {
 public:
  explicit LevelStore(const Setup& setup)
      : durable_(setup.durable),
        cache_(leveldb::NewLRUCache(std::size_t{1} << 30)),
        filter_(leveldb::NewBloomFilterPolicy(10)) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.compression = leveldb::kNoCompression;
    options.write_buffer_size = std::size_t{setup.long_log ? 128u : 64u} << 20;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    leveldb::DB* db = nullptr;
    check(leveldb::DB::Open(options, setup.folder, &db));
    db_.reset(db);
  }

  std::unique_ptr<Session> session() override { return std::make_unique<LevelSession>(*db_, durable_); }
  void settle() override { db_->CompactRange(nullptr, nullptr); }

 private:
  bool durable_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace

void add_leveldb(Peers& peers) {
  peers.stores.push_back(
      {.name = "leveldb",
       .title = "LevelDB",
       .version = std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion),
       .settings = "no compression, write buffer of 64 MB, cache of 1 GB, Bloom filters of 10 bits, reads after a full "
                   "compaction",
       .unsynced = "all; all but the newest",
       .durable = "`WriteOptions::sync`",
       .open = [](const Setup& setup) { return std::make_unique<LevelStore>(setup); }});
}

}  // namespace bench
