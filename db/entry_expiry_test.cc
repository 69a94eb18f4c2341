// Entries that expire at moments of their own.
#include <random>

#include "db/testing_disk.h"

namespace sapwood {
namespace {

using std::chrono::seconds;
constexpr CollectionOptions kOwn{.expiry = true};
constexpr CollectionOptions kOwnAndTenSeconds{.time_to_live = seconds(10), .expiry = true};

class EntryExpiry : public testing::Test, protected OnSimulatedDisk {
 protected:
  void pass(std::int64_t whole_seconds) { disk_.advance_clock(whole_seconds * 1'000'000); }
  // And a commit, so that snapshots are of a later time.
  void pass_and_commit(std::int64_t whole_seconds) {
    pass(whole_seconds);
    other_.put("now", ++commits_);
  }
  std::int64_t now_us() { return disk_.clock().now_us(); }

  Dict<std::string, std::int64_t> other_ = db_.dict<std::string, std::int64_t>("other");
  std::int64_t commits_ = 0;
};

TEST_F(EntryExpiry, IsPutWithTheEntry) {
  auto dict = db_.dict<std::string, std::string>("d", kOwn);
  EXPECT_TRUE(dict.put("short", "1", seconds(5)));
  dict.put("long", "2", std::chrono::minutes(1));
  dict.put("plain", "3");
  EXPECT_EQ(dict.expires("plain"), kNever);
  EXPECT_EQ(dict.expires("absent"), std::nullopt);
  EXPECT_NEAR(static_cast<double>(dict.expires("long")->us - dict.expires("short")->us), 55e6, 1000);
  pass_and_commit(6);
  EXPECT_EQ(dict.get("short"), std::nullopt);
  EXPECT_EQ(dict.expires("short"), std::nullopt);
  EXPECT_EQ(dict.get("long"), "2");
  EXPECT_EQ(dict.get("plain"), "3");
  EXPECT_EQ(items_of(dict.range()).size(), 2u);
  EXPECT_EQ(db_.any("d").options(), kOwn);
  expect_sound(db_);
}

TEST_F(EntryExpiry, CanBeSaidOfAnEntryThatIsThere) {
  auto map = db_.sorted_map<std::int64_t, std::string>("m", kOwn);
  for (std::int64_t i = 0; i < 4; ++i) map.put(i, "v");
  EXPECT_TRUE(map.expire(1, seconds(5)));
  EXPECT_TRUE(map.expire_at(2, DateTime{now_us() + 5'000'000}));
  EXPECT_TRUE(map.expire_at(3, DateTime{7}));
  EXPECT_FALSE(map.expire(9, seconds(5)));
  EXPECT_EQ(map.get(3), std::nullopt) << "its moment has been";
  EXPECT_FALSE(map.expire(3, seconds(5))) << "it is gone";
  EXPECT_TRUE(map.expire(2, seconds(500)));
  EXPECT_TRUE(map.expire(0, std::chrono::microseconds::max()));
  EXPECT_EQ(map.expires(0), kNever);
  pass_and_commit(6);
  EXPECT_EQ(map.get(1), std::nullopt);
  EXPECT_EQ(map.get(2), "v");
  EXPECT_EQ(map.first()->first, 0);
  expect_sound(db_);
}

TEST_F(EntryExpiry, OverridesTheTimeToLiveOfTheCollection) {
  auto dict = db_.dict<std::string, std::string>("d", kOwnAndTenSeconds);
  dict.put("usual", "1");
  dict.put("sooner", "2", seconds(5));
  dict.put("later", "3", seconds(60));
  dict.put("always", "4");
  EXPECT_TRUE(dict.expire_at("always", kNever));
  EXPECT_EQ(dict.expires("usual")->us, dict.timestamp("usual")->us + 10'000'000);
  pass_and_commit(6);
  EXPECT_EQ(items_of(dict.range()).size(), 3u);
  EXPECT_TRUE(dict.set_timestamp("usual", DateTime{now_us()}));
  EXPECT_TRUE(dict.set_timestamp("later", DateTime{0})) << "that does not change when it is gone";
  pass_and_commit(8);
  EXPECT_EQ(items_of(dict.range()).size(), 3u);
  pass_and_commit(4);
  EXPECT_EQ(dict.get("usual"), std::nullopt);
  EXPECT_EQ(dict.get("later"), "3");
  dict.put("later", "5");
  EXPECT_EQ(dict.expires("later")->us, dict.timestamp("later")->us + 10'000'000) << "put ends what was said";
  pass_and_commit(60);
  EXPECT_EQ(items_of(dict.range()).size(), 1u);
  EXPECT_EQ(dict.get("always"), "4");
  expect_sound(db_);
}

TEST_F(EntryExpiry, StaysWhenTheValueIsUpdated) {
  auto counts = db_.dict<std::string, std::int64_t>("counts", kOwn);
  counts.put("a", 1, seconds(10));
  const std::optional<DateTime> expires = counts.expires("a");
  pass(8);
  EXPECT_EQ(counts.add("a", 5), 6);
  EXPECT_EQ(counts.expires("a"), expires);
  pass(8);
  EXPECT_EQ(counts.add("a", 5), 5) << "it was gone, and begins anew";
  EXPECT_EQ(counts.expires("a"), kNever);
}

TEST_F(EntryExpiry, IsRefusedWhereItIsNotKept) {
  auto plain = db_.dict<std::string, std::string>("plain");
  auto timed = db_.dict<std::string, std::string>("timed", {.time_to_live = seconds(10)});
  plain.put("a", "1");
  timed.put("a", "1");
  const auto refused = [](const auto& call) { return code_of(call) == ErrorCode::invalid_argument; };
  EXPECT_TRUE(refused([&] { plain.put("a", "1", seconds(1)); }));
  EXPECT_TRUE(refused([&] { plain.expires("a"); }));
  EXPECT_TRUE(refused([&] { timed.expire("a", seconds(1)); }));
  EXPECT_TRUE(refused([&] { db_.dict<std::string, std::string>("plain", kOwn); }));
  EXPECT_TRUE(refused([&] { db_.any("words", {CollectionKind::list, {}, ValueType::string}, kOwn); }));
  EXPECT_EQ(timed.expires("a")->us, timed.timestamp("a")->us + 10'000'000);
}

TEST_F(EntryExpiry, IsReclaimedInTheOrderOfMoments) {
  auto dict = db_.dict<std::int64_t, std::string>("d", kOwnAndTenSeconds);
  for (std::int64_t i = 0; i < 500; ++i) dict.put(i, "v", seconds(i < 300 ? 1000 : 5));
  pass(6);
  for (std::int64_t i = 1000; i < 1010; ++i) dict.put(i, "v");
  EXPECT_EQ(dict.size(), 310u);
  expect_sound(db_);
}

TEST_F(EntryExpiry, OfLongKeysAndAfterClear) {
  auto dict = db_.dict<std::string, std::string>("d", kOwn);
  const std::string long_key(5000, 'k');
  dict.put(long_key, "1", seconds(5));
  dict.put(long_key + "2", "1", seconds(50));
  EXPECT_TRUE(dict.expire(long_key + "2", seconds(70)));
  expect_sound(db_);
  pass_and_commit(6);
  EXPECT_EQ(dict.get(long_key), std::nullopt);
  EXPECT_EQ(dict.get(long_key + "2"), "1");
  dict.clear();
  expect_sound(db_);
  dict.put("a", "1", seconds(5));
  db_.write([](WriteTxn& txn) { txn.drop("d"); });
  expect_sound(db_);
}

TEST_F(EntryExpiry, OfAnyCollection) {
  AnyCollection any = db_.any("d", {CollectionKind::dict, ValueType::string, ValueType::int64}, kOwn);
  any.put(AnyValue("a"), AnyValue(std::int64_t{1}), seconds(5));
  any.put(AnyValue("b"), AnyValue(std::int64_t{2}));
  EXPECT_TRUE(any.expire_at(AnyValue("b"), DateTime{now_us() + 9'000'000}));
  EXPECT_TRUE(any.expire(AnyValue("a"), seconds(8)));
  std::vector<AnyEntry> entries;
  any.scan({}, [&](const AnyEntry& entry) {
    EXPECT_EQ(entry.expires, any.expires(entry.key));
    entries.push_back(entry);
    return true;
  });
  AnyCollection copy = db_.any("copy", any.types(), kOwn);
  std::size_t next = 0;
  copy.bulk_load([&] { return next == entries.size() ? std::nullopt : std::optional(entries[next++]); });
  expect_sound(db_);
  EXPECT_EQ(copy.expires(AnyValue("b")), any.expires(AnyValue("b")));
  pass_and_commit(10);
  EXPECT_EQ(copy.get(AnyValue("a")), std::nullopt);
  EXPECT_EQ(copy.get(AnyValue("b")), std::nullopt);
}

// Against a map of keys to moments. SAPWOOD_SEED=7 replays one.
TEST_F(EntryExpiry, AgreesWithAModelAtRandomAcrossPowerCuts) {
  std::mt19937_64 random(test_seed());
  struct Entry {
    std::string value;
    std::int64_t expires_us;
  };
  std::map<std::int64_t, Entry> model;
  auto map = db_.sorted_map<std::int64_t, std::string>("m", kOwnAndTenSeconds);
  const auto compare = [&](const SortedMap<std::int64_t, std::string>& found, std::int64_t at_us) {
    std::erase_if(model, [&](const auto& one) { return one.second.expires_us <= at_us; });
    auto expected = model.begin();
    for (const auto& [key, value] : found.range()) {
      ASSERT_NE(expected, model.end());
      ASSERT_EQ(key, expected->first);
      ASSERT_EQ(value, expected->second.value);
      ASSERT_EQ(found.expires(key)->us, expected->second.expires_us);
      ++expected;
    }
    ASSERT_EQ(expected, model.end());
  };
  for (int step = 0; step < 400; ++step) {
    const std::int64_t key = static_cast<std::int64_t>(random() % 60);
    const std::string value(random() % 40, 'v');
    WriteTxn txn = db_.begin_write();
    txn.dict<std::string, std::int64_t>("other").put("step", step);
    auto in = txn.sorted_map<std::int64_t, std::string>("m");
    const std::int64_t ttl = static_cast<std::int64_t>(random() % 30) - 1;
    switch (random() % 6) {
      case 0: in.put(key, value); break;
      case 1: in.put(key, value, seconds(ttl)); break;
      case 2: in.expire(key, seconds(ttl)); break;
      case 3: in.expire_at(key, kNever); break;
      case 4: in.erase(key); break;
      default: in.set_timestamp(key, DateTime{now_us() + ttl * 1'000'000}); break;
    }
    const std::optional<DateTime> expires = in.expires(key);
    if (expires) model[key] = {*in.get(key), expires->us};
    else model.erase(key);
    txn.commit();
    compare(map, db_.read().commit_time_us());
    if (HasFatalFailure()) return;
    if (random() % 4 == 0) pass(static_cast<std::int64_t>(random() % 8));
    if (step % 50 == 49) expect_sound(db_);
  }
  const std::int64_t last_us = db_.read().commit_time_us();
  after_power_cut(disk_, db_, on_disk(), [&](Database& again) {
    EXPECT_GE(again.read().commit_time_us(), last_us) << "though the clock of that disk began anew";
    compare(again.sorted_map<std::int64_t, std::string>("m"), again.read().commit_time_us());
  });
}

}  // namespace
}  // namespace sapwood
