// RocksDB: a transaction is a WriteBatch; reads see the newest state.
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include "bench/store.h"

namespace bench {
namespace {

void check(const rocksdb::Status& status) { require(status.ok(), "RocksDB: " + status.ToString()); }
rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

class RocksSession : public Session {
 public:
  RocksSession(rocksdb::DB& db, bool durable) : db_(db) { how_.sync = durable; }

  void begin_write() override { batch_.Clear(); }
  void put(std::string_view key, std::string_view value) override { check(batch_.Put(slice(key), slice(value))); }
  void erase(std::string_view key) override { check(batch_.Delete(slice(key))); }
  void commit() override { check(db_.Write(how_, &batch_)); }

  std::optional<std::string_view> get(std::string_view key) override {
    found_.Reset();
    const rocksdb::Status status = db_.Get({}, db_.DefaultColumnFamily(), slice(key), &found_);
    if (status.IsNotFound()) return std::nullopt;
    check(status);
    return view(found_);
  }
  std::vector<std::optional<std::string>> get_many(std::span<const std::string_view> keys) override {
    std::vector<rocksdb::Slice> slices;
    slices.reserve(keys.size());
    for (const std::string_view key : keys) slices.push_back(slice(key));
    std::vector<rocksdb::PinnableSlice> found(keys.size());
    std::vector<rocksdb::Status> states(keys.size());
    db_.MultiGet({}, db_.DefaultColumnFamily(), keys.size(), slices.data(), found.data(), states.data());
    std::vector<std::optional<std::string>> values(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!states[i].IsNotFound()) check(states[i]);
      if (states[i].ok()) values[i] = found[i].ToString();
    }
    return values;
  }
  Sum scan(std::string_view from, std::size_t count) override {
    Sum sum;
    const std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator({}));
    for (it->Seek(slice(from)); it->Valid() && sum.entries < count; it->Next()) sum.add(view(it->value()));
    check(it->status());
    return sum;
  }

 private:
  rocksdb::DB& db_;
  rocksdb::WriteOptions how_;
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice found_;
};

class RocksStore : public Store {
 public:
  explicit RocksStore(const Setup& setup) : durable_(setup.durable) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    if (setup.long_log) options.write_buffer_size = std::size_t{128} << 20;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(std::size_t{1} << 30);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* db = nullptr;
    check(rocksdb::DB::Open(options, setup.folder, &db));
    db_.reset(db);
  }

  std::unique_ptr<Session> session() override { return std::make_unique<RocksSession>(*db_, durable_); }
  void settle() override { check(db_->CompactRange({}, nullptr, nullptr)); }

 private:
  bool durable_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

void add_rocksdb(Peers& peers) {
  peers.stores.push_back({.name = "rocksdb",
                          .title = "RocksDB",
                          .version = rocksdb::GetRocksVersionAsString(),
                          .settings = "no compression, cache of 1 GB, Bloom filters of 10 bits, reads after a full "
                                      "compaction",
                          .unsynced = "all; all but the newest",
                          .durable = "`WriteOptions::sync`",
                          .open = [](const Setup& setup) { return std::make_unique<RocksStore>(setup); }});
}

}  // namespace bench
