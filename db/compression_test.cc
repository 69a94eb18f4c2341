// Values compressed with dictionaries that are made of their collection.
#include <atomic>
#include <thread>

#include "db/testing_disk.h"

namespace sapwood {
namespace {

constexpr CollectionOptions kCompressed{.compression = 3};

// A record as a package index has them: much in common with the others, and something of its own.
std::string record(std::int64_t number) {
  std::uint64_t mixed = static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15u;
  std::string text = "Package: lib" + std::to_string(mixed % 100'000) + "-dev\nVersion: " + std::to_string(number) +
                     ".2-1\nArchitecture: amd64\nMaintainer: Debian Science Maintainers <debian-science-maintainers@"
                     "lists.alioth.debian.org>\nInstalled-Size: ";
  text += std::to_string(mixed % 9000) + "\nDepends: libc6 (>= 2.34), libgcc-s1 (>= 3.0), libstdc++6 (>= 11)";
  text += "\nSection: libdevel\nPriority: optional\nSHA256: ";
  for (int i = 0; i < 4; ++i) {
    mixed = (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9u;
    text += std::to_string(mixed);
  }
  return text;
}

class Compression : public testing::Test {
 protected:
  Options on_disk(os::SimDisk& disk) {
    Options options = quick_options(4096);
    options.env = &disk;
    options.log_size_max = options.log_size;
    return options;
  }
  static std::uint64_t value_bytes(const Database& db, const char* name) { return db.metrics(name).tree.value_bytes; }

  os::SimDisk disk_{1};
  Database db_ = Database::open("/t.sapwood", on_disk(disk_));
};

TEST_F(Compression, MakesRecordsSmallAndGivesThemBack) {
  auto plain = db_.dict<std::int64_t, std::string>("plain");
  auto dict = db_.dict<std::int64_t, std::string>("d", kCompressed);
  WriteTxn txn = db_.begin_write();
  auto in = txn.dict<std::int64_t, std::string>("d");
  auto in_plain = txn.dict<std::int64_t, std::string>("plain");
  for (std::int64_t i = 0; i < 4000; ++i) {
    in.put(i, record(i));
    in_plain.put(i, record(i));
  }
  EXPECT_EQ(in.get(3999), record(3999)) << "by a dictionary that is not committed";
  txn.commit();
  for (std::int64_t i = 0; i < 4000; ++i) ASSERT_EQ(dict.get(i), record(i));
  EXPECT_LT(value_bytes(db_, "d"), value_bytes(db_, "plain") / 2);
  expect_sound(db_);
}

TEST_F(Compression, EveryWayOfReadingGivesTheValue) {
  auto map = db_.sorted_map<std::int64_t, std::string>("m", kCompressed);
  std::vector<std::pair<std::int64_t, std::string>> entries;
  for (std::int64_t i = 0; i < 3000; ++i) entries.emplace_back(i, record(i));
  map.bulk_load(entries);
  const std::vector<std::int64_t> keys{5, 1, 2999};
  EXPECT_EQ(map.get_many(keys)[2], record(2999));
  EXPECT_EQ(map.select(17).second, record(17));
  EXPECT_EQ(map.last()->second, record(2999));
  EXPECT_EQ(items_of(map.range()), entries);
  std::int64_t next = 2999;
  for (const auto& [key, value] : map.reversed().views()) EXPECT_EQ(value, record(next--));
  EXPECT_EQ(map.update(3, [](std::optional<std::string> value) { return *value + "!"; }), record(3) + "!");
  EXPECT_EQ(map.get(3), record(3) + "!");
  EXPECT_EQ(map.pop_first()->second, record(0));
  EXPECT_EQ(map.erase_if([](const auto& entry) { return entry.second == record(7); }), 1u);
  EXPECT_EQ(map.sample(3, 1).size(), 3u);
  const ReadTxn snapshot = db_.read();
  const auto seen = snapshot.sorted_map<std::int64_t, std::string>("m");
  EXPECT_EQ(seen.get_view(9), record(9));
  EXPECT_EQ(std::get<std::string>(*snapshot.any("m").get(AnyValue(std::int64_t{9}))), record(9));
  expect_sound(db_);
}

TEST_F(Compression, OfListsToo) {
  auto list = db_.list<std::string>("l", kCompressed);
  std::vector<std::string> items;
  for (std::int64_t i = 0; i < 2000; ++i) items.push_back(record(i));
  list.extend(items);
  list.insert(5, record(-1));
  list.set(6, record(-2));
  items.insert(items.begin() + 5, record(-1));
  items[6] = record(-2);
  EXPECT_EQ(items_of(list.range()), items);
  EXPECT_EQ(list.at(100), items[100]);
  const std::vector<std::uint64_t> positions{7, 1999};
  EXPECT_EQ(list.get_many(positions)[1], items[1999]);
  EXPECT_EQ(list.pop_back(), items.back());
  EXPECT_EQ(list.update(3, [](std::string item) { return item + "!"; }), items[3] + "!");
  EXPECT_EQ(list.find(record(-2)), 6u);
  list.swap_erase(2);
  EXPECT_EQ(list.at(2), items[items.size() - 2]);
  const ReadTxn snapshot = db_.read();
  EXPECT_EQ(snapshot.list<std::string>("l").at_view(1000), items[1000]);
  expect_sound(db_);
}

TEST_F(Compression, ValuesThatDoNotShrinkAndAllSizes) {
  auto dict = db_.dict<std::string, std::string>("d", kCompressed);
  std::uint64_t state = 1;
  std::string noise;
  for (int i = 0; i < 20'000; ++i) noise += static_cast<char>((state = state * 6364136223846793005u + 1) >> 56);
  const std::string long_key(5000, 'k'), zeros(3'000'000, '\0');
  dict.put("empty", "");
  dict.put("one", "1");
  dict.put("noise", noise);
  dict.put("zeros", zeros);
  dict.put(long_key, zeros + noise);
  EXPECT_EQ(dict.get("empty"), "");
  EXPECT_EQ(dict.get("one"), "1");
  EXPECT_EQ(dict.get("noise"), noise);
  EXPECT_EQ(dict.get("zeros"), zeros);
  EXPECT_EQ(dict.get(long_key), zeros + noise);
  EXPECT_LT(value_bytes(db_, "d"), 60'000u);
  EXPECT_EQ(dict.range().size(), 5u);
  expect_sound(db_);
}

TEST_F(Compression, WithTimestamps) {
  auto dict = db_.dict<std::int64_t, std::string>("d", {.time_index = true, .compression = 9});
  for (std::int64_t i = 0; i < 1500; ++i) dict.put(i, record(i), DateTime{i});
  EXPECT_TRUE(dict.set_timestamp(5, DateTime{-1}));
  EXPECT_EQ(dict.get(5), record(5));
  EXPECT_EQ(dict.prune(DateTime{1000}), 1000u);
  EXPECT_EQ(items_of(dict.time_range(DateTime{1400}, DateTime{1402}))[1].value, record(1401));
  expect_sound(db_);
}

TEST_F(Compression, SurvivesReplayOfDictionariesAndValues) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kCompressed);
  for (std::int64_t i = 0; i < 1200; ++i) dict.put(i, record(i));
  after_power_cut(disk_, db_, on_disk(disk_), [](Database& again) {
    auto found = again.dict<std::int64_t, std::string>("d");
    for (std::int64_t i = 0; i < 1200; ++i) ASSERT_EQ(found.get(i), record(i));
    found.put(5000, record(5000));
    EXPECT_EQ(found.get(5000), record(5000));
  });
}

TEST_F(Compression, ADictionaryThatIsRolledBackIsForgotten) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kCompressed);
  const auto other = [](std::int64_t i) {
    return "something else " + std::to_string(i * 7919) + record(i).substr(100);
  };
  {
    WriteTxn txn = db_.begin_write();
    auto in = txn.dict<std::int64_t, std::string>("d");
    for (std::int64_t i = 0; i < 1200; ++i) in.put(i, record(i));
    EXPECT_EQ(in.get(1199), record(1199));
    txn.rollback();
  }
  WriteTxn txn = db_.begin_write();
  auto in = txn.dict<std::int64_t, std::string>("d");
  {
    Savepoint point = txn.savepoint();
    for (std::int64_t i = 0; i < 1200; ++i) in.put(i, record(i));
    point.rollback();
  }
  for (std::int64_t i = 0; i < 1200; ++i) in.put(i, other(i));
  EXPECT_EQ(in.get(1199), other(1199));
  txn.commit();
  for (std::int64_t i = 0; i < 1200; ++i) ASSERT_EQ(dict.get(i), other(i));
  expect_sound(db_);
}

TEST_F(Compression, ClearForgetsThePiecesOfValuesInDictionaries) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kCompressed);
  const auto fill = [&] {
    for (std::int64_t i = 0; i < 1200; ++i) dict.put(i, record(i));
  };
  fill();
  EXPECT_GT(value_bytes(db_, "d"), 1000u);
  dict.clear();
  EXPECT_EQ(value_bytes(db_, "d"), 0u);
  fill();
  EXPECT_EQ(dict.get(1199), record(1199));
  expect_sound(db_);
  EXPECT_TRUE(db_.drop("d"));
  expect_sound(db_);
}

TEST_F(Compression, CanBeMadeAnewAtAnotherLevelAndTakenBack) {
  auto dict = db_.dict<std::int64_t, std::string>("d", {.timestamps = true, .compression = 1});
  auto list = db_.list<std::string>("l", kCompressed);
  for (std::int64_t i = 0; i < 5000; ++i) {
    dict.put(i, record(i), DateTime{i});
    if (i < 1100) list.push_back(record(i));
  }
  const auto expect_all = [&] {
    for (std::int64_t i = 0; i < 5000; ++i) ASSERT_EQ(dict.get(i), record(i));
    EXPECT_EQ(dict.timestamp(7), DateTime{7});
    EXPECT_EQ(list.at(1000), record(1000));
    expect_sound(db_);
  };
  const std::uint64_t before = value_bytes(db_, "d");
  db_.recompress("d", 19);
  db_.recompress("l");
  EXPECT_LT(value_bytes(db_, "d"), before);
  EXPECT_EQ(db_.collections()[0].options.compression, 19);
  expect_all();
  dict.put(-1, record(-1));
  EXPECT_EQ(db_.collections()[0].options.compression, 19) << "a handle from before keeps the new level";
  EXPECT_TRUE(dict.erase(-1));
  db_.recompress("d", 0);
  EXPECT_GT(value_bytes(db_, "d"), 2 * before);
  expect_all();
  db_.recompress("d", 3);
  EXPECT_LT(value_bytes(db_, "d"), before);
  expect_all();
  EXPECT_EQ(code_of([&] { db_.recompress("absent", 3); }), ErrorCode::not_found);
}

TEST_F(Compression, CanBeSwitchedOnWhileHandlesAndReadersGoOn) {
  constexpr CollectionOptions kTimes{.time_index = true, .expiry = true};
  auto dict = db_.dict<std::string, std::string>("d", kTimes);
  auto map = db_.sorted_map<std::int64_t, std::string>("m");
  auto list = db_.list<std::string>("l");
  const std::string long_key(5000, 'k');
  for (std::int64_t i = 0; i < 2000; ++i) {
    dict.put(std::to_string(i), record(i), DateTime{i});
    map.put(i, record(i));
    list.push_back(record(i));
  }
  dict.put(long_key, record(1));
  const DateTime expires{std::int64_t{1} << 60};
  EXPECT_TRUE(dict.expire_at("7", expires));
  const std::uint64_t before = value_bytes(db_, "d");
  const ReadTxn old = db_.read();
  const auto old_range = map.range();
  for (const char* name : {"d", "m", "l"}) db_.recompress(name, 3);
  EXPECT_LT(value_bytes(db_, "d"), before / 2);
  EXPECT_EQ(db_.any("m").options().compression, 3);
  const auto expect_all = [&](Database& db, const auto& found_dict, const auto& found_map, const auto& found_list) {
    ASSERT_EQ(found_dict.size(), 2001u);
    for (std::int64_t i = 0; i < 2000; ++i) {
      ASSERT_EQ(found_dict.get(std::to_string(i)), record(i));
      ASSERT_EQ(found_dict.timestamp(std::to_string(i)), DateTime{i});
      ASSERT_EQ(found_map.get(i), record(i));
      ASSERT_EQ(found_list.at(static_cast<std::uint64_t>(i)), record(i));
    }
    EXPECT_EQ(found_dict.get(long_key), record(1));
    EXPECT_EQ(found_dict.expires("7"), expires);
    expect_sound(db);
  };
  const auto in = [](const auto& from) {
    return std::tuple(from.template dict<std::string, std::string>("d"),
                      from.template sorted_map<std::int64_t, std::string>("m"), from.template list<std::string>("l"));
  };
  const auto [old_dict, old_map, old_list] = in(old);
  expect_all(db_, dict, map, list);
  expect_all(db_, old_dict, old_map, old_list);
  EXPECT_EQ(items_of(old_range).size(), 2000u);
  EXPECT_EQ(items_of(map.range()).size(), 2000u) << "a handle from before";
  EXPECT_EQ(items_of(dict.time_range(DateTime{5}, DateTime{8})).size(), 3u);
  EXPECT_EQ(map.changes_since(old_map, [](const auto&) {}).changed, 0u);
  after_power_cut(disk_, db_, on_disk(disk_), [&](Database& again) {
    expect_all(again, again.dict<std::string, std::string>("d"), again.sorted_map<std::int64_t, std::string>("m"),
               again.list<std::string>("l"));
  });
  EXPECT_FALSE(map.put(5, record(6)));
  EXPECT_EQ(map.get(5), record(6));
  list.push_back(record(5));
  EXPECT_TRUE(dict.erase("7"));
  EXPECT_EQ(dict.prune(DateTime{100}), 99u);
  expect_sound(db_);
}

TEST_F(Compression, OfASmallCollectionIsSwitchedOnByTheLog) {
  auto map = db_.sorted_map<std::int64_t, std::string>("m", {.time_to_live = std::chrono::hours(1)});
  for (std::int64_t i = 0; i < 20; ++i) map.put(i, std::string(200, 'v'));
  db_.checkpoint();
  db_.recompress("m", 3);
  after_power_cut(disk_, db_, on_disk(disk_), [&](Database& again) {
    EXPECT_GT(again.info().recovery.records, 0u);
    auto found = again.sorted_map<std::int64_t, std::string>("m");
    EXPECT_EQ(again.any("m").options().compression, 3);
    for (std::int64_t i = 0; i < 20; ++i) ASSERT_EQ(found.get(i), std::string(200, 'v'));
  });
}

TEST_F(Compression, ThatIsCancelledOrImpossibleChangesNothing) {
  auto map = db_.sorted_map<std::int64_t, std::string>("m");
  for (std::int64_t i = 0; i < 100; ++i) map.put(i, record(i));
  const auto cancel = [](std::uint64_t, std::uint64_t) { return false; };
  EXPECT_EQ(code_of([&] { db_.recompress("m", 3, cancel); }), ErrorCode::cancelled);
  EXPECT_EQ(code_of([&] { db_.recompress("m"); }), ErrorCode::invalid_argument) << "at which level?";
  EXPECT_NO_THROW(db_.recompress("m", 0)) << "as it is";
  EXPECT_EQ(db_.any("m").options(), CollectionOptions());
  EXPECT_EQ(map.get(99), record(99));
  db_.dict<std::int64_t, double>("numbers");
  EXPECT_EQ(code_of([&] { db_.recompress("numbers", 3); }), ErrorCode::invalid_argument);
  expect_sound(db_);
}

TEST_F(Compression, ThreadsShareDictionaries) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kCompressed);
  std::vector<std::pair<std::int64_t, std::string>> entries;
  for (std::int64_t i = 0; i < 2000; ++i) entries.emplace_back(i, record(i));
  dict.bulk_load(entries);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::int64_t i = t; i < 2000; i += 3) wrong += dict.get(i) == record(i) ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(Compression, IsOfValuesThatVaryInSize) {
  EXPECT_EQ(code_of([&] { db_.dict<std::string, double>("a", kCompressed); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db_.dict<std::string, std::string>("a", {.compression = 20}); }),
            ErrorCode::invalid_argument);
  db_.dict<std::string, std::string>("plain");
  EXPECT_NO_THROW((db_.dict<std::string, std::string>("plain", kCompressed))) << "a program sees no difference";
  db_.dict<std::string, std::string>("z", kCompressed);
  EXPECT_EQ(db_.collections()[1].options, kCompressed);
}

}  // namespace
}  // namespace sapwood
