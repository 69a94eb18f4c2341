// LMDB as its users use it: one environment, one database, no sync unless asked, no writable map, a map size guessed
// large.
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {

class LmdbStore {
 public:
  LmdbStore(const std::string& path, bool sync) {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, std::size_t{16} << 30));
    check(mdb_env_open(env_, path.c_str(), MDB_NOSUBDIR | (sync ? 0u : unsigned{MDB_NOSYNC}), 0644));
    MDB_txn* txn = begin(false);
    check(mdb_dbi_open(txn, nullptr, 0, &dbi_));
    commit(txn);
  }
  ~LmdbStore() { mdb_env_close(env_); }
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;

  MDB_txn* begin(bool read) {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, read ? unsigned{MDB_RDONLY} : 0u, &txn));
    return txn;
  }
  static void commit(MDB_txn* txn) { check(mdb_txn_commit(txn)); }
  static void end(MDB_txn* txn) { mdb_txn_abort(txn); }

  void put(MDB_txn* txn, std::string_view key, std::string_view value, unsigned flags = 0) {
    MDB_val k = val(key), v = val(value);
    check(mdb_put(txn, dbi_, &k, &v, flags));
  }
  std::string_view get(MDB_txn* txn, std::string_view key) {
    MDB_val k = val(key), v{};
    check(mdb_get(txn, dbi_, &k, &v));
    return {static_cast<const char*>(v.mv_data), v.mv_size};
  }
  MDB_dbi dbi() const { return dbi_; }

  static void check(int code) {
    if (code != 0) throw std::runtime_error(mdb_strerror(code));
  }
  static MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

}  // namespace bench
