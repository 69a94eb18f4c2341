#include "tests/support/golden_forms.h"

#include "os/sim_disk.h"
#include "tests/support/face.h"

namespace sapwood::test {
namespace {

using Timed = Dict<i64, std::string>;
using Expiring = SortedMap<std::string, std::string>;
using Plain = SortedMap<i64, std::string>;

constexpr const char* kPath = "/golden";
constexpr i64 kMany = 1100;  // enough for a dictionary
constexpr DateTime kFar{i64{1} << 60};
constexpr std::chrono::microseconds kLong{i64{1} << 60};
constexpr CollectionOptions kTimed{.time_index = true, .compression = 3};
constexpr CollectionOptions kExpiring{.time_to_live = kLong, .expiry = true};

const std::string& long_key() {
  static const std::string kKey(2000, 'k');
  return kKey;
}

std::string text(i64 i) { return "a value like all others but for its number, which is " + std::to_string(i * 7919); }

void require(bool ok, const std::string& what) {
  if (!ok) throw Disagreement("golden forms: " + what);
}

void fill(WriteTxn& txn) {
  Timed timed = txn.dict<i64, std::string>("timed", kTimed);
  for (i64 i = 0; i < kMany; ++i) timed.put(i, text(i), DateTime{i});
  Expiring expiring = txn.sorted_map<std::string, std::string>("expiring", kExpiring);
  expiring.put("usual", "1");
  expiring.put("gone", "2", DateTime{-kLong.count()});
  expiring.put("far", "3");
  expiring.expire_at("far", kFar);
  Dict<std::string, i64> keys = txn.dict<std::string, i64>("keys", {.expiry = true});
  keys.put(long_key(), 1);
  keys.expire_at(long_key(), kNever);
  txn.list<std::string>("lines", {.compression = 19}).push_back(std::string(5000, 'x'));
  for (i64 i = 0; i < 20; ++i) txn.sorted_map<i64, std::string>("plain").put(i, text(i));
}

// In the snapshot and in the newest version.
void require_filled(const ReadTxn& version) {
  const Timed timed = version.dict<i64, std::string>("timed");
  require(timed.size() == kMany, "the size");
  for (i64 i = 1; i < kMany; ++i) require(timed.get(i) == text(i), "a compressed value");
  require(version.list<std::string>("lines").at(0) == std::string(5000, 'x'), "an item");
  const Plain plain = version.sorted_map<i64, std::string>("plain");
  for (i64 i = 0; i < 20; ++i) require(plain.get(i) == text(i), "a value of the one that was plain");
  const Expiring expiring = version.sorted_map<std::string, std::string>("expiring");
  require(expiring.get("usual") == "1" && expiring.get("far") == "3", "what has not expired");
  require(!expiring.get("gone") && !expiring.expires("gone"), "what has expired");
  require(version.dict<std::string, i64>("keys").expires(long_key()) == kNever, "what never expires");
}

void change(Database& database) {
  database.recompress("plain", 5);
  database.recompress("lines", 1);
  database.write([](WriteTxn& txn) {
    txn.dict<i64, std::string>("timed").put(0, "new", DateTime{-5});
    txn.sorted_map<std::string, std::string>("expiring").expire_at("far", kNever);
    txn.sorted_map<std::string, std::string>("late", {.expiry = true, .compression = 1}).put("a", "1");
  });
}

}  // namespace

const u64 kGoldenFormsRecords = 4;

void require_golden_forms(const Database& database) {
  const ReadTxn before = database.at(kGoldenSnapshot);
  require_filled(before);
  require(before.dict<i64, std::string>("timed").timestamp(0) == DateTime{0}, "a time in the snapshot");
  require(before.sorted_map<std::string, std::string>("expiring").expires("far") == kFar, "an expiry in the snapshot");
  require(before.any("plain").options() == CollectionOptions(), "the plain form");
  const ReadTxn now = database.read();
  require_filled(now);
  const Timed timed = now.dict<i64, std::string>("timed");
  require(timed.get(0) == "new" && timed.timestamp(0) == DateTime{-5}, "what was put last");
  require((*timed.time_range(DateTime{-9}, DateTime{9}).begin()).key == 0, "the index of times");
  require(now.sorted_map<std::string, std::string>("expiring").expires("far") == kNever, "a new expiry");
  require(now.any("plain").options().compression == 5, "the new form");
  require(now.any("lines").options().compression == 1, "the new level");
  require(now.any("late").options() == CollectionOptions{.expiry = true, .compression = 1}, "the newest collection");
}

GoldenImages make_golden_forms() {
  os::SimDisk disk({.seed = 4, .reservation_bytes = u64{64} << 20});
  Options options;
  options.env = &disk;
  options.page_size = 512;
  options.log_size = options.log_size_max = u64{64} << 10;
  Database database = Database::open(kPath, options);
  database.write(fill);
  database.snapshot(kGoldenSnapshot);
  change(database);
  GoldenImages images{disk.contents(kPath), disk.contents(std::string(kPath) + "-log"), ""};
  database.close();
  images.closed = disk.contents(kPath);
  return images;
}

}  // namespace sapwood::test
