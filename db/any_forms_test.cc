// Collections of values of any kind that keep times of their entries, or are compressed. No value in them is a
// collection: their stored bytes begin with the header of the form, which may look like one.
#include "db/testing_disk.h"

namespace sapwood {
namespace {

constexpr CollectionOptions kAll{.timestamps = true, .time_index = true, .expiry = true, .compression = 3};

class AnyForms : public testing::Test, protected OnSimulatedDisk {
 protected:
  static AnyValue value(std::int64_t i) {
    switch (i % 6) {
      case 0: return std::monostate{};
      case 1: return i;
      case 2: return "some text that is in many of the values " + std::to_string(i);
      case 3: return AnyList{{i, "a", 1.5}};
      case 4: return AnyMap{{{"name", std::to_string(i)}, {"size", i}}};
      default: return std::string(static_cast<std::size_t>(i % 50) * 500, 'x');
    }
  }
};

TEST_F(AnyForms, KeepValuesTimesAndExpiry) {
  for (const CollectionOptions& options : {kAll, CollectionOptions{.timestamps = true},
                                           CollectionOptions{.expiry = true}, CollectionOptions{.compression = 1}}) {
    const std::string name = "d" + std::to_string(db_.collections().size());
    auto dict = db_.dict<AnyValue, AnyValue>(name, options);
    for (std::int64_t i = 0; i < 300; ++i) dict.put(i, value(i));
    dict.put(std::string(3000, 'k'), "at a long key");
    for (std::int64_t i = 0; i < 300; ++i) ASSERT_EQ(dict.get(i), value(i)) << name << " " << i;
    EXPECT_EQ(dict.get(std::string(3000, 'k')), AnyValue("at a long key"));
    if (options.timestamps) dict.put("then", 1, DateTime{77});
    if (options.timestamps) {
      EXPECT_EQ(dict.timestamp("then"), DateTime{77});
    }
    if (options.expiry) dict.expire_at(std::int64_t{7}, DateTime{1});
    EXPECT_EQ(dict.contains(std::int64_t{7}), !options.expiry);
  }
  auto list = db_.list<AnyValue>("list", {.compression = 2});
  for (std::int64_t i = 0; i < 300; ++i) list.push_back(value(i));
  for (std::int64_t i = 0; i < 300; ++i) ASSERT_EQ(list.at(static_cast<std::uint64_t>(i)), value(i));
  list.swap_erase(0);
  list.set(1, "set");
  EXPECT_EQ(list.at(0), value(299));
  expect_sound(db_);
}

// A time whose first byte is the tag of a collection, before a value of one byte: nine bytes, as of a collection.
TEST_F(AnyForms, NoStoredValueIsTakenForACollection) {
  auto dict = db_.sorted_map<std::string, AnyValue>("d", {.timestamps = true});
  for (const std::int64_t time : {0x70, 0x0170, 0x7070}) {
    dict.put("a", std::monostate{}, DateTime{time});
    EXPECT_EQ(dict.at("a"), AnyValue(std::monostate{}));
    EXPECT_EQ(code_of([&] { dict.open<List<std::int64_t>>("a"); }), ErrorCode::wrong_type);
    dict.put("a", 1);
  }
  dict.erase("a");
  expect_sound(db_);
}

TEST_F(AnyForms, HoldNoCollections) {
  auto dict = db_.dict<std::string, AnyValue>("d", kAll);
  dict.put("a", 1);
  EXPECT_EQ(code_of([&] { dict.create<List<std::int64_t>>("a"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { dict.put("b", Nested{5}); }), ErrorCode::invalid_argument);
  db_.list<std::int64_t>("numbers").push_back(1);
  EXPECT_EQ(code_of([&] { db_.write([](WriteTxn& txn) { txn.move("numbers", txn.any("d").place("b")); }); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db_.dict<std::string, Nested>("shelf", kAll); }), ErrorCode::invalid_argument);
  EXPECT_EQ(dict.at("a"), AnyValue(1));
  EXPECT_EQ(dict.size(), 1u);
  expect_sound(db_);
}

TEST_F(AnyForms, AreSwitchedOnWhereNothingIsACollection) {
  auto dict = db_.dict<std::int64_t, AnyValue>("d");
  for (std::int64_t i = 0; i < 300; ++i) dict.put(i, value(i));
  auto inside = dict.create<List<std::int64_t>>(std::int64_t{1000});
  inside.push_back(1);
  EXPECT_EQ(code_of([&] { db_.recompress("d", 3); }), ErrorCode::invalid_argument);
  EXPECT_EQ(inside.at(0), 1);
  dict.erase(std::int64_t{1000});
  db_.recompress("d", 3);
  EXPECT_EQ(db_.any("d").options().compression, 3);
  for (std::int64_t i = 0; i < 300; ++i) ASSERT_EQ(dict.get(i), value(i));
  EXPECT_EQ(code_of([&] { dict.create<List<std::int64_t>>(std::int64_t{1}); }), ErrorCode::invalid_argument);
  expect_sound(db_);
}

TEST_F(AnyForms, SurviveReplayAndRepair) {
  {
    auto dict = db_.dict<AnyValue, AnyValue>("d", kAll);
    for (std::int64_t i = 0; i < 600; ++i) dict.put(i, value(i), DateTime{i});
    for (std::int64_t i = 0; i < 100; ++i) dict.erase(i);
    dict.expire_at(std::int64_t{599}, kNever);
  }
  const auto expect_all = [&](Database& db) {
    auto dict = db.dict<AnyValue, AnyValue>("d", kAll);
    ASSERT_EQ(dict.size(), 500u);
    for (std::int64_t i = 100; i < 600; ++i) {
      ASSERT_EQ(dict.get(i), value(i));
      ASSERT_EQ(dict.timestamp(i), DateTime{i});
    }
  };
  after_power_cut(disk_, db_, on_disk(), expect_all);
  db_.close();
  RepairOptions how;
  how.env = &disk_;
  const RepairReport report = repair("/t.sapwood", "/new", how);
  EXPECT_EQ(report.collections.at(0).lost, 0u);
  Database repaired = Database::open("/new", on_disk());
  expect_all(repaired);
  expect_sound(repaired);
}

}  // namespace
}  // namespace sapwood
