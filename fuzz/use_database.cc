#include "fuzz/use_database.h"

#include <algorithm>

#include "tests/support/type_samples.h"

namespace sapwood::fuzz {

Options fuzz_options(os::Env& disk) {
  Options options;
  options.env = &disk;
  options.page_size = 512;
  options.exclusive = true;  // a killed process leaves what is recovered
  options.log_size = 4096;
  options.log_size_max = 16384;
  return options;
}

namespace {

constexpr std::uint64_t kRead = 500;
constexpr std::uint64_t kChanged = 20;

template <class Function>
void tolerate(Function&& function) {
  try {
    function();
  } catch (const Error&) {
  }
}

void read_collection(const ReadTxn& snapshot, const CollectionInfo& info) {
  const AnyCollection collection = snapshot.any(info.name);
  const std::uint64_t size = collection.size();
  for (const bool reversed : {false, true}) {
    tolerate([&] {
      AnyScan scan;
      scan.limit = kRead;
      scan.reversed = reversed;
      collection.scan(scan, [&](const AnyEntry& entry) {
        if (info.types.has_keys()) collection.get(entry.key);
        if (info.types.is_sorted()) collection.rank(entry.key);
        format_value(info.types.key, entry.key);
        format_value(info.types.value, entry.value);
        return true;
      });
    });
  }
  for (const std::uint64_t index : {size / 2, size / 3, size - 1, size}) {
    tolerate([&] { collection.at(index); });
  }
}

void change_collection(WriteTxn& txn, const CollectionInfo& info) {
  AnyCollection collection = txn.any(info.name);
  const std::uint64_t size = collection.size();
  if (!info.types.has_keys()) {
    for (std::uint64_t i = 0; i < std::min(kChanged, size); ++i) {
      const AnyValue value = collection.at(size / 2).value;
      collection.insert(size / 3, value);
      collection.set(size / 4, value);
      collection.erase_at(size / 2);
    }
    collection.erase_at(size / 4, size / 3);
  } else {
    for (std::uint64_t i = 0; i < std::min(kChanged, size); ++i) {
      const AnyEntry entry = collection.at(collection.size() / 2);
      collection.erase(entry.key);
      if (i % 2 == 0) collection.put(entry.key, entry.value);
    }
    if (!info.types.is_sorted()) return;
    AnyScan interval;
    interval.low = collection.at(collection.size() / 4).key;
    interval.high = collection.at(collection.size() / 2).key;
    collection.erase_range(interval);
  }
}

}  // namespace

void use_database(os::SimDisk& disk) {
  tolerate([&] {
    Database database = Database::open(kPath, fuzz_options(disk));
    database.info();
    {
      const ReadTxn snapshot = database.read();
      const std::vector<CollectionInfo> collections = snapshot.collections();
      for (const CollectionInfo& info : collections) tolerate([&] { read_collection(snapshot, info); });
      tolerate([&] { database.check(); });
      tolerate([&] {
        for (const SnapshotInfo& info : database.snapshots()) {
          tolerate([&] {
            const ReadTxn then = database.at(info.name);
            for (const CollectionInfo& one : then.collections()) {
              tolerate([&] { read_collection(then, one); });
              tolerate([&] {
                snapshot.any(one.name).changes_since(then.any(one.name), [](const AnyChange&) { return true; });
              });
            }
          });
        }
      });
      for (const CollectionInfo& info : collections) {
        tolerate([&] {
          WriteTxn txn = database.begin_write();
          change_collection(txn, info);
          txn.commit(Durability::async);
        });
      }
    }
    tolerate([&] { database.list<std::string>("new").push_back("item"); });
    tolerate([&] { database.checkpoint(); });
    tolerate([&] { database.drop_snapshot("sample"); });
    tolerate([&] { database.compact(); });
    database.close();
  });
  tolerate([&] { Database::open(kPath, fuzz_options(disk)); });
}

void repair_database(os::SimDisk& disk) {
  RepairOptions options;
  options.env = &disk;
  try {
    repair(kPath, "/repaired.sapwood", options);
  } catch (const Error& error) {
    const bool is_foreign = error.code() == ErrorCode::not_a_database || error.code() == ErrorCode::newer_format;
    if (!is_foreign && error.code() != ErrorCode::limit) throw;  // the simulated disk's
  }
}

namespace {

using test::samples;

void fill(WriteTxn& txn, int first, int count) {
  auto words = txn.list<std::string>("words");
  auto numbers = txn.list<std::int64_t>("numbers");
  auto names = txn.sorted_map<std::string, std::string>("names");
  auto weights = txn.sorted_map<std::int64_t, double>("weights");
  for (int i = first; i < first + count; ++i) {
    const std::string number = std::to_string(i);
    words.insert(words.size() / 2, "word " + number);
    numbers.push_back(i);
    names.put("prefix/" + number, std::string(static_cast<std::size_t>(i % 9 == 0 ? 700 : i % 40), 'v'));
    weights.put(i * i, i / 3.0);
  }
  auto files = txn.dict<std::string, std::string>("files");
  auto seen = txn.set<std::int64_t>("seen");
  auto terms = txn.sorted_set<std::string>("terms");
  for (int i = first; i < first + count; ++i) {
    const std::string number = std::to_string(i);
    files.put(std::string(static_cast<std::size_t>(i % 7 == 0 ? 300 : i % 20), 'k') + number, number);
    seen.insert(i * 7);
    terms.insert("term " + number);
  }
  txn.list<double>("empty");
}

// A list of each type, and a map from it to itself where it can be a key.
template <class T>
void fill_list(WriteTxn& txn) {
  txn.list<T>("list of " + type_name(Codec<T>::type)).extend(samples<T>());
}
template <class T>
void fill_map(WriteTxn& txn) {
  const std::string name = "map of " + type_name(Codec<T>::type);
  const std::vector<T> all = samples<T>();
  const auto fill = [&](auto map) {
    for (std::size_t i = 0; i < all.size(); ++i) map.put(all[i], all[all.size() - 1 - i]);
  };
  if constexpr (SortedKey<T>) fill(txn.sorted_map<T, T>(name));
  else if constexpr (HashedKey<T>) fill(txn.dict<T, T>(name));
}

void write_checkpointed(Database& database) {
  database.write([](WriteTxn& txn) { fill(txn, 0, 60); });
  database.write([](WriteTxn& txn) { test::for_each_type([&]<class T>() { fill_list<T>(txn); }); });
  database.snapshot("sample");
}

void write_logged(Database& database) {
  for (int i = 0; i < 6; ++i) database.write([&](WriteTxn& txn) { fill(txn, 60 + i, 1); });
  database.write([](WriteTxn& txn) {
    txn.list<std::string>("words").erase(3, 5);
    txn.sorted_map<std::int64_t, double>("weights").erase(0, 50);
    txn.drop("empty");
    txn.rename("numbers", "renamed");
    txn.list<std::int64_t>("renamed").set(2, 5);
    txn.sorted_map<std::string, std::string>("names").erase("prefix/3");
    txn.sorted_map<std::string, std::string>("names").clear();
  });
  database.write([](WriteTxn& txn) {  // the log refers to these
    txn.list<std::string>("words").insert(4, std::string(3000, 'l'));
    txn.dict<std::string, std::string>("files").put(std::string(300, 'k') + "7", std::string(2500, 'd'));
  });
  test::for_each_type([&]<class T>() {
    database.write([](WriteTxn& txn) {
      fill_list<T>(txn);
      fill_map<T>(txn);
    });
  });
}

}  // namespace

const std::uint64_t kSampleLogRecords = 8 + test::type_count(test::AllTypes());

std::unique_ptr<os::SimDisk> sample_database(bool closed) {
  os::SimDisk disk(7);
  Options options = fuzz_options(disk);
  options.log_size = options.log_size_max;  // no checkpoint on the way
  Database database = Database::open(kPath, options);
  write_checkpointed(database);
  write_logged(database);
  if (closed) database.close();
  return disk.clone();
}

}  // namespace sapwood::fuzz
