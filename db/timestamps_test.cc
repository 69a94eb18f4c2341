// Maps and dicts with timestamps: reading and setting them, ranges of times, prune.
#include <map>
#include <random>

#include "db/testing_disk.h"

namespace sapwood {
namespace {

using Entry = TimedEntry<std::string, std::string>;
constexpr CollectionOptions kTimes{.timestamps = true};
constexpr CollectionOptions kIndexed{.time_index = true};

DateTime at(std::int64_t us) { return DateTime{us}; }

class Timestamps : public testing::TestWithParam<bool>, protected OnSimulatedDisk {
 protected:
  CollectionOptions options() const { return GetParam() ? kIndexed : kTimes; }
  std::int64_t clock() { return disk_.clock().now_us(); }
};
INSTANTIATE_TEST_SUITE_P(, Timestamps, testing::Bool(),
                         [](const auto& info) { return info.param ? "indexed" : "plain"; });

TEST_P(Timestamps, AreTheTransactionsTimeOrWhatPutSays) {
  auto map = db_.sorted_map<std::string, std::string>("m", options());
  const std::int64_t before = clock();
  {
    WriteTxn txn = db_.begin_write();
    auto in = txn.sorted_map<std::string, std::string>("m");
    in.put("a", "1");
    in.put("b", "2");
    EXPECT_EQ(in.timestamp("a"), in.timestamp("b"));
    txn.commit();
  }
  const std::int64_t after = clock();
  ASSERT_TRUE(map.timestamp("a"));
  EXPECT_GT(map.timestamp("a")->us, before);
  EXPECT_LT(map.timestamp("a")->us, after);
  map.put("a", "3", at(7));
  EXPECT_EQ(map.timestamp("a"), at(7));
  EXPECT_EQ(map.get("a"), "3");
  map.put("a", "4");
  EXPECT_GT(map.timestamp("a")->us, after) << "a new value has a new time";
  EXPECT_EQ(map.timestamp("absent"), std::nullopt);
  expect_sound(db_);
}

TEST_P(Timestamps, CanBeSetOfOldAndOfFreshEntries) {
  auto dict = db_.dict<std::string, std::string>("d", options());
  dict.put("old", "1");
  WriteTxn txn = db_.begin_write();
  auto in = txn.dict<std::string, std::string>("d");
  in.put("fresh", "2");
  EXPECT_TRUE(in.set_timestamp("fresh", at(-5))) << "before it was ever committed";
  EXPECT_TRUE(in.set_timestamp("old", at(5)));
  EXPECT_FALSE(in.set_timestamp("absent", at(5)));
  EXPECT_EQ(in.timestamp("fresh"), at(-5));
  EXPECT_EQ(in.get("fresh"), "2");
  txn.commit();
  EXPECT_EQ(dict.timestamp("fresh"), at(-5));
  EXPECT_EQ(dict.timestamp("old"), at(5));
  EXPECT_EQ(dict.size(), 2u);
  expect_sound(db_);
}

TEST_P(Timestamps, AreKeptWithEmptyLongAndLargeEntries) {
  auto dict = db_.dict<std::string, std::string>("d", options());
  auto map = db_.sorted_map<std::string, std::string>("m", options());
  const std::string long_key(2000, 'k'), large(20'000, 'v');
  dict.put("", "", at(1));
  dict.put(long_key, large, at(2));
  dict.put(long_key + "x", "", at(3));
  const std::string quarter_page(128, 'q');
  map.put(quarter_page, large, at(4));
  EXPECT_EQ(dict.get(""), "");
  EXPECT_EQ(dict.get(long_key), large);
  EXPECT_EQ(dict.timestamp(long_key), at(2));
  EXPECT_TRUE(dict.set_timestamp(long_key, at(20)));
  EXPECT_EQ(items_of(dict.time_range(at(3), at(21))).size(), 2u);
  EXPECT_EQ(items_of(map.time_range(at(4), at(5))), (std::vector<Entry>{{at(4), quarter_page, large}}));
  expect_sound(db_);
  EXPECT_TRUE(dict.erase(long_key));
  EXPECT_EQ(items_of(dict.time_range(at(0), at(100))).size(), 2u);
  ReadTxn snapshot = db_.read();
  const auto in = snapshot.sorted_map<std::string, std::string>("m");
  EXPECT_EQ(in.get_view(quarter_page), large);
  expect_sound(db_);
}

TEST_P(Timestamps, OfFixedWidthsWidenTheLeaves) {
  auto map = db_.sorted_map<std::int64_t, double>("m", options());
  for (std::int64_t i = 0; i < 500; ++i) map.put(i, 0.5 * static_cast<double>(i), at(1000 - i));
  EXPECT_EQ(map.get(7), 3.5);
  EXPECT_EQ(map.timestamp(7), at(993));
  EXPECT_EQ(map.first()->second, 0.0);
  const std::vector<std::int64_t> both{1, 2};
  EXPECT_EQ(map.get_many(both)[1], 1.0);
  std::int64_t next = 0;
  for (const auto& [key, value] : map.range()) EXPECT_EQ(key, next++);
  EXPECT_EQ(map.range().begin().value_view(), 0.0);
  EXPECT_EQ(map.update(3, [](std::optional<double> value) { return *value + 1; }), 2.5);
  expect_sound(db_);
}

TEST_P(Timestamps, RangeGivesThoseBetween) {
  auto map = db_.sorted_map<std::string, std::string>("m", options());
  map.put("b", "1", at(10));
  map.put("a", "2", at(20));
  map.put("c", "3", at(20));
  map.put("d", "4", at(30));
  EXPECT_EQ(items_of(map.time_range(at(10), at(30))).size(), 3u);
  EXPECT_EQ(items_of(map.time_range(at(30), at(10))).size(), 0u);
  EXPECT_EQ(items_of(map.time_range(at(20), at(31))),
            (std::vector<Entry>{{at(20), "a", "2"}, {at(20), "c", "3"}, {at(30), "d", "4"}}));
  std::vector<std::string> keys;
  for (const Entry& entry : map.time_range(at(0), at(100))) keys.push_back(entry.key);
  const std::vector<std::string> by_time{"b", "a", "c", "d"}, by_key{"a", "b", "c", "d"};
  EXPECT_EQ(keys, GetParam() ? by_time : by_key);
}

TEST_P(Timestamps, RangeOfAWriteTransactionStaysAsItWas) {
  WriteTxn txn = db_.begin_write();
  auto map = txn.sorted_map<std::int64_t, std::string>("m", options());
  for (std::int64_t i = 0; i < 300; ++i) map.put(i, "old", at(i));
  std::int64_t seen = 0;
  for (const auto& entry : map.time_range(at(0), at(300))) {
    EXPECT_EQ(entry.key, seen);
    EXPECT_EQ(entry.value, "old");
    map.put(seen, "new", at(1000 + seen));
    map.erase(299 - seen);
    ++seen;
  }
  EXPECT_EQ(seen, 300);
}

TEST_P(Timestamps, PruneRemovesOldEntriesButThoseToKeep) {
  auto dict = db_.dict<std::int64_t, std::string>("d", options());
  for (std::int64_t i = 0; i < 1000; ++i) dict.put(i, "v", at(i));
  const std::vector<std::int64_t> kept{3, 5, 999, 12345};
  EXPECT_EQ(dict.prune(at(600), kept), 598u);
  EXPECT_EQ(dict.size(), 402u);
  EXPECT_TRUE(dict.contains(3));
  EXPECT_FALSE(dict.contains(4));
  EXPECT_TRUE(dict.contains(600));
  EXPECT_EQ(dict.prune(at(600), std::vector<std::int64_t>{3}), 1u);
  EXPECT_EQ(dict.prune(at(0)), 0u);
  expect_sound(db_);
}

TEST_P(Timestamps, PruneThatFailsOrIsRolledBackLosesNothing) {
  auto dict = db_.dict<std::int64_t, std::string>("d", options());
  for (std::int64_t i = 0; i < 500; ++i) dict.put(i, "v", at(i));
  {
    WriteTxn txn = db_.begin_write();
    Savepoint point = txn.savepoint();
    EXPECT_EQ((txn.dict<std::int64_t, std::string>("d").prune(at(400))), 400u);
    point.rollback();
    EXPECT_EQ((txn.dict<std::int64_t, std::string>("d").size()), 500u);
    EXPECT_EQ((txn.dict<std::int64_t, std::string>("d").prune(at(300))), 300u);
  }
  EXPECT_EQ(dict.size(), 500u);
  const std::unique_ptr<os::SimDisk> killed = disk_.clone();
  Options options = on_disk();
  options.env = killed.get();
  Database again = Database::open("/t.sapwood", options);
  EXPECT_EQ((again.dict<std::int64_t, std::string>("d").size()), 500u);
  expect_sound(again);
}

TEST_P(Timestamps, ClearLeavesNothingBehind) {
  auto map = db_.sorted_map<std::int64_t, std::string>("m", options());
  for (std::int64_t i = 0; i < 200; ++i) map.put(i, "v", at(i));
  map.clear();
  EXPECT_EQ(items_of(map.time_range(at(0), at(1000))).size(), 0u);
  map.put(1, "new", at(5));
  EXPECT_EQ(items_of(map.time_range(at(0), at(1000))).size(), 1u);
  expect_sound(db_);
  EXPECT_TRUE(db_.drop("m"));
  EXPECT_EQ(db_.collections().size(), 0u);
  expect_sound(db_);
}

TEST_P(Timestamps, SurviveReplayAndReopening) {
  auto map = db_.sorted_map<std::string, std::string>("m", options());
  auto dict = db_.dict<std::string, std::string>("d", options());
  map.put("a", "1", at(1));
  map.put("a", "2", at(2));
  map.put("b", "3", at(3));
  map.set_timestamp("b", at(30));
  map.put("c", "4", at(4));
  map.erase("c");
  dict.put(std::string(3000, 'k'), std::string(9000, 'v'), at(9));
  after_power_cut(disk_, db_, on_disk(), [](Database& again) {
    auto found = again.sorted_map<std::string, std::string>("m");
    const std::vector<Entry> expected{{at(2), "a", "2"}, {at(30), "b", "3"}};
    EXPECT_EQ(items_of(found.time_range(at(0), at(100))), expected);
    EXPECT_EQ((again.dict<std::string, std::string>("d").timestamp(std::string(3000, 'k'))), at(9));
  });
}

TEST_P(Timestamps, BulkLoadGivesThemToo) {
  auto map = db_.sorted_map<std::int64_t, std::int64_t>("m", options());
  auto dict = db_.dict<std::int64_t, std::string>("d", options());
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  std::vector<std::pair<std::int64_t, std::string>> texts;
  for (std::int64_t i = 0; i < 2000; ++i) {
    pairs.emplace_back(i, i * i);
    texts.emplace_back(i, std::to_string(i));
  }
  map.bulk_load(pairs);
  dict.bulk_load(texts);
  EXPECT_EQ(map.get(44), 44 * 44);
  EXPECT_EQ(map.timestamp(0), map.timestamp(1999));
  EXPECT_EQ(dict.prune(*dict.timestamp(5)), 0u);
  EXPECT_EQ(dict.prune(at(dict.timestamp(5)->us + 1)), 2000u);
  expect_sound(db_);
}

TEST_P(Timestamps, AgreeWithAModel) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  auto dict = db_.dict<std::string, std::string>("d", options());
  auto map = db_.sorted_map<std::string, std::string>("m", options());
  std::map<std::string, std::pair<std::int64_t, std::string>> model;
  for (int step = 0; step < 3000; ++step) {
    const std::string key(1 + random() % 3 * 60, static_cast<char>('a' + random() % 26));
    const std::int64_t time = static_cast<std::int64_t>(random() % 100) - 50;
    switch (random() % 8) {
      case 0: {
        const bool there = model.erase(key) != 0;
        EXPECT_EQ(dict.erase(key), there);
        EXPECT_EQ(map.erase(key), there);
        break;
      }
      case 1: {
        const bool there = model.contains(key);
        EXPECT_EQ(dict.set_timestamp(key, at(time)), there);
        EXPECT_EQ(map.set_timestamp(key, at(time)), there);
        if (there) model[key].first = time;
        break;
      }
      case 2: {
        const std::string end = key + "~";
        WriteTxn txn = db_.begin_write();
        Savepoint point = txn.savepoint();
        txn.sorted_map<std::string, std::string>("m").erase(key, end);
        if (random() % 2 == 0) point.rollback();
        else point.release();
        break;  // rolled back
      }
      case 3: {
        if (step % 10 != 0) break;
        const std::uint64_t pruned = dict.prune(at(time));
        EXPECT_EQ(map.prune(at(time)), pruned);
        const auto old = [&](const auto& entry) { return entry.second.first < time; };
        EXPECT_EQ(std::erase_if(model, old), pruned);
        break;
      }
      default: {
        const std::string value(random() % 300, 'v');
        EXPECT_EQ(dict.put(key, value, at(time)), !model.contains(key));
        map.put(key, value, at(time));
        model[key] = {time, value};
      }
    }
  }
  ASSERT_EQ(map.size(), model.size());
  for (const auto& [key, timed] : model) {
    EXPECT_EQ(map.timestamp(key), at(timed.first));
    EXPECT_EQ(dict.timestamp(key), at(timed.first));
    EXPECT_EQ(dict.get(key), timed.second);
  }
  std::size_t between = 0;
  for (const auto& [key, timed] : model) between += timed.first >= -10 && timed.first < 10 ? 1 : 0;
  EXPECT_EQ(items_of(dict.time_range(at(-10), at(10))).size(), between);
  EXPECT_EQ(items_of(map.time_range(at(-10), at(10))).size(), between);
  expect_sound(db_);
}

TEST(TimestampOptions, AreOfMapsAndDictsAndStay) {
  Database db = Database::temporary(quick_options());
  EXPECT_EQ(code_of([&] { db.list<std::string>("l", kTimes); }), ErrorCode::invalid_argument);
  EXPECT_FALSE(db.has("l"));
  auto plain = db.dict<std::string, std::string>("p");
  EXPECT_EQ(code_of([&] { plain.timestamp("a"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { plain.put("a", "1", at(1)); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { plain.time_range(at(0), at(1)).begin(); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { plain.prune(at(1)); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db.dict<std::string, std::string>("p", kTimes); }), ErrorCode::invalid_argument);
  db.dict<std::string, std::string>("t", kTimes);
  EXPECT_NO_THROW((db.dict<std::string, std::string>("t")));
  EXPECT_EQ(code_of([&] { db.dict<std::string, std::string>("t", kIndexed); }), ErrorCode::invalid_argument);
  db.dict<std::string, std::string>("i", kIndexed);
  EXPECT_NO_THROW((db.dict<std::string, std::string>("i", kTimes)));
  const std::vector<CollectionInfo> all = db.collections();
  ASSERT_EQ(all.size(), 3u) << "the index has no name";
  EXPECT_TRUE(all[0].options.time_index && all[0].options.timestamps);
  EXPECT_EQ(all[1].options, CollectionOptions{});
  EXPECT_EQ(all[2].options, kTimes);
}

}  // namespace
}  // namespace sapwood
