// Time to live: what has expired is not seen, and leaves the file bit by bit.
#include "db/testing_disk.h"

namespace sapwood {
namespace {

using std::chrono::seconds;
constexpr CollectionOptions kTenSeconds{.time_to_live = seconds(10)};

class Expiry : public testing::Test, protected OnSimulatedDisk {
 protected:
  void pass(std::int64_t whole_seconds) { disk_.advance_clock(whole_seconds * 1'000'000); }
  // A commit, so that snapshots are of a later time.
  void commit_something() { other_.put("now", ++commits_); }
  Dict<std::string, std::int64_t> other_ = db_.dict<std::string, std::int64_t>("other");
  std::int64_t commits_ = 0;
};

TEST_F(Expiry, IsJudgedByTheTimeOfTheCommitThatIsRead) {
  auto dict = db_.dict<std::string, std::string>("d", kTenSeconds);
  db_.write([](WriteTxn& txn) {
    for (int i = 0; i < 100; ++i) txn.dict<std::string, std::string>("d").put(std::to_string(i), "v");
  });
  dict.put("a", "1");
  const ReadTxn before = db_.read();
  pass(11);
  EXPECT_EQ(dict.get("a"), "1") << "nothing was committed since";
  commit_something();
  EXPECT_EQ(dict.get("a"), std::nullopt);
  EXPECT_FALSE(dict.contains("a"));
  EXPECT_EQ(dict.timestamp("a"), std::nullopt);
  EXPECT_EQ(dict.get_many(std::vector<std::string>{"a"})[0], std::nullopt);
  EXPECT_TRUE(items_of(dict.range()).empty());
  EXPECT_TRUE(dict.range().empty());
  EXPECT_GT(dict.size(), 0u) << "not all is reclaimed yet";
  EXPECT_EQ((before.dict<std::string, std::string>("d").get("a")), "1");
}

TEST_F(Expiry, AWriteTransactionJudgesByItsOwnTime) {
  auto dict = db_.dict<std::string, std::string>("d", kTenSeconds);
  dict.put("a", "1");
  dict.put("b", "2");
  pass(11);
  WriteTxn txn = db_.begin_write();
  auto in = txn.dict<std::string, std::string>("d");
  EXPECT_EQ(in.get("a"), std::nullopt);
  EXPECT_EQ(in.get_view("a"), std::nullopt);
  EXPECT_FALSE(in.set_timestamp("a", DateTime{0}));
  EXPECT_FALSE(in.erase("a")) << "it is gone already";
  EXPECT_TRUE(in.put_if_absent("b", "3"));
  EXPECT_EQ(in.update("c", [](std::optional<std::string> value) { return value.value_or("none"); }), "none");
  txn.commit();
  EXPECT_EQ(dict.get("b"), "3");
  expect_sound(db_);
}

TEST_F(Expiry, WritesReclaimInBoundedSteps) {
  auto map = db_.sorted_map<std::int64_t, std::string>("m", kTenSeconds);
  for (std::int64_t i = 0; i < 1000; ++i) map.put(i, "v");
  pass(11);
  map.put(5000, "v");
  EXPECT_LT(map.size(), 1000u);
  EXPECT_GT(map.size(), 800u) << "one put reclaims some of them only";
  EXPECT_EQ(items_of(map.range()).size(), 1u);
  EXPECT_EQ(map.range().size(), 1u);
  EXPECT_EQ(map.first()->first, 5000);
  EXPECT_EQ(items_of(map.reversed()).size(), 1u);
  for (std::int64_t i = 0; i < 40; ++i) map.put(6000 + i, "v");
  EXPECT_EQ(map.size(), 41u);
  expect_sound(db_);
}

TEST_F(Expiry, PutsOfOneTransactionGoOnReclaiming) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kTenSeconds);
  for (std::int64_t i = 0; i < 1000; ++i) dict.put(i, "v");
  pass(11);
  WriteTxn txn = db_.begin_write();
  auto in = txn.dict<std::int64_t, std::string>("d");
  for (std::int64_t i = 0; i < 600; ++i) in.put(10'000 + i, "v");
  txn.commit();
  EXPECT_EQ(dict.size(), 600u);
  expect_sound(db_);
}

TEST_F(Expiry, EveryCommitReclaimsSomeOfOneCollection) {
  auto first = db_.dict<std::int64_t, std::string>("first", kTenSeconds);
  auto second = db_.sorted_map<std::int64_t, std::string>("second", {.expiry = true});
  for (std::int64_t i = 0; i < 200; ++i) first.put(i, "v");
  db_.write([](WriteTxn& txn) {
    auto in = txn.sorted_map<std::int64_t, std::string>("second");
    for (std::int64_t i = 0; i < 200; ++i) in.put(i, "v", seconds(i < 150 ? 10 : 1000));
  });
  commit_something();
  EXPECT_EQ(first.size() + second.size(), 400u);
  pass(11);
  commit_something();
  EXPECT_LT(first.size() + second.size(), 400u);
  EXPECT_GT(first.size() + second.size(), 300u) << "in bounded steps";
  for (int i = 0; i < 12; ++i) commit_something();
  EXPECT_EQ(first.size(), 0u);
  EXPECT_EQ(second.size(), 50u);
  expect_sound(db_);
  after_power_cut(disk_, db_, on_disk(), [&](Database& again) {
    EXPECT_EQ((again.dict<std::int64_t, std::string>("first").size()), 0u);
    EXPECT_EQ((again.sorted_map<std::int64_t, std::string>("second").size()), 50u);
  });
}

TEST_F(Expiry, WhatIsDroppedIsNotReclaimedAnyMore) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kTenSeconds);
  dict.put(1, "v");
  pass(11);
  db_.write([](WriteTxn& txn) { txn.drop("d"); });
  commit_something();
  expect_sound(db_);
}

TEST_F(Expiry, IteratorsStepOverWhatHasExpired) {
  auto map = db_.sorted_map<std::int64_t, std::int64_t>("m", kTenSeconds);
  const DateTime later{disk_.clock().now_us() + 60'000'000};
  for (std::int64_t i = 0; i < 200; ++i) {
    if (i % 3 == 0) map.put(i, i, later);
    else map.put(i, i);
  }
  pass(11);
  commit_something();
  ASSERT_GT(map.size(), 67u);
  const auto range = map.range(1, 100);  // neither end lives
  EXPECT_EQ(range.size(), 33u);
  std::int64_t next = 3;
  for (const auto& [key, value] : range) {
    EXPECT_EQ(key, next);
    next += 3;
  }
  EXPECT_EQ(range[2].first, 9);
  EXPECT_EQ((range.end() - 1)->first, 99);
  EXPECT_EQ(range.end() - range.begin(), 33);
  std::int64_t previous = 99;
  for (const auto& [key, value] : range.reversed()) {
    EXPECT_EQ(key, previous);
    previous -= 3;
  }
  EXPECT_EQ(previous, 0);
  EXPECT_EQ(map.floor(5)->first, 3);
  EXPECT_EQ(map.ceiling(4)->first, 6);
  EXPECT_EQ(map.lower(1)->first, 0);
  EXPECT_EQ(map.lower(0), std::nullopt);
  EXPECT_EQ(map.last()->first, 198);
  EXPECT_EQ(map.higher(198), std::nullopt);
  std::uint64_t visited = 0;
  db_.any("m").scan({}, [&](const AnyEntry&) { return ++visited != 0; });
  EXPECT_EQ(visited, 67u);
  EXPECT_EQ(items_of(map.time_range(DateTime{0}, DateTime{later.us + 1})).size(), 67u);
  EXPECT_EQ(map.pop_last()->first, 198);
  EXPECT_EQ(map.size(), 66u) << "which reclaims all";
  expect_sound(db_);
}

TEST_F(Expiry, ATimePutByHandCounts) {
  auto dict = db_.dict<std::string, std::string>("d", kTenSeconds);
  dict.put("early", "1", DateTime{1});
  EXPECT_EQ(dict.get("early"), std::nullopt) << "born expired";
  dict.put("a", "1");
  pass(8);
  EXPECT_TRUE(dict.set_timestamp("a", DateTime{disk_.clock().now_us()}));
  pass(8);
  commit_something();
  EXPECT_EQ(dict.get("a"), "1") << "refreshed";
  pass(8);
  commit_something();
  EXPECT_EQ(dict.get("a"), std::nullopt);
}

TEST_F(Expiry, StaysAsItIsAfterACrash) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kTenSeconds);
  for (std::int64_t i = 0; i < 300; ++i) dict.put(i, "v");
  pass(11);
  for (std::int64_t i = 1000; i < 1010; ++i) dict.put(i, "v");
  after_power_cut(disk_, db_, on_disk(), [&](Database& again) {
    auto found = again.dict<std::int64_t, std::string>("d");
    EXPECT_EQ(items_of(found.range()).size(), 10u);
    EXPECT_EQ(found.size(), dict.size());
  });
}

TEST_F(Expiry, ATimeToLiveIsChosenOnce) {
  db_.dict<std::string, std::string>("d", kTenSeconds);
  EXPECT_EQ(code_of([&] { db_.dict<std::string, std::string>("d", {.time_to_live = seconds(5)}); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db_.dict<std::string, std::string>("e", {.time_to_live = seconds(-5)}); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] {
              db_.sorted_map<std::int64_t, std::string>("f", {.time_to_live = std::chrono::microseconds::max()});
            }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(db_.collections()[0].options.time_to_live, seconds(10));
}

}  // namespace
}  // namespace sapwood
