// Named snapshots: they show what was, across restarts and drops in any order, and cost only what differs.
#include <fstream>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Contents = std::map<std::int64_t, std::string>;

Contents contents_of(const ReadTxn& txn) {
  Contents found;
  if (!txn.has("map")) return found;
  for (auto&& [key, value] : txn.sorted_map<std::int64_t, std::string>("map")) found.emplace(key, value);
  return found;
}

std::vector<std::string> names_of(const Database& db) {
  std::vector<std::string> names;
  for (const SnapshotInfo& info : db.snapshots()) names.push_back(info.name);
  return names;
}

TEST(Snapshots, ShowWhatWas) {
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("x"), quick_options());
  auto map = db.sorted_map<std::int64_t, std::string>("map");
  map.put(1, "one");
  map.put(2, std::string(5000, 'a'));
  db.snapshot("v1");
  map.put(2, std::string(7000, 'b'));
  map.put(3, "three");
  db.drop("map");
  EXPECT_EQ(contents_of(db.at("v1")), (Contents{{1, "one"}, {2, std::string(5000, 'a')}}));
  EXPECT_FALSE(db.has("map"));
  db.snapshot("v2");
  db.close();

  db = Database::open(folder.file("x"), quick_options());
  EXPECT_EQ(names_of(db), (std::vector<std::string>{"v1", "v2"}));
  EXPECT_EQ(contents_of(db.at("v1")), (Contents{{1, "one"}, {2, std::string(5000, 'a')}}));
  EXPECT_EQ(contents_of(db.at("v2")), Contents());
  EXPECT_LT(db.at("v1").txn(), db.at("v2").txn());
  EXPECT_LE(db.at("v1").commit_time_us(), db.at("v2").commit_time_us());
  EXPECT_GT(db.snapshots()[0].held_pages, 10u);
  expect_sound(db);
}

TEST(Snapshots, ErrorsNameThem) {
  Database db = Database::temporary(quick_options());
  db.snapshot("v1");
  EXPECT_EQ(code_of([&] { db.snapshot("v1"); }), ErrorCode::exists);
  EXPECT_EQ(code_of([&] { db.snapshot(""); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db.snapshot("\xff"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db.snapshot(std::string(1000, 'n')); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db.at("v2"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { db.at(std::string(1000, 'n')); }), ErrorCode::not_found);
  EXPECT_FALSE(db.drop_snapshot("v2"));
  WriteTxn txn = db.begin_write();
  EXPECT_EQ(code_of([&] { db.snapshot("v2"); }), ErrorCode::would_deadlock);
  EXPECT_EQ(code_of([&] { db.drop_snapshot("v1"); }), ErrorCode::would_deadlock);
  txn.rollback();
  EXPECT_EQ(names_of(db), std::vector<std::string>{"v1"});
  EXPECT_TRUE(db.drop_snapshot("v1"));
  EXPECT_TRUE(db.snapshots().empty());
  expect_sound(db);
}

TEST(Snapshots, ReadOnlyFilesHaveThem) {
  const TemporaryFolder folder;
  Options options = quick_options();
  {
    Database db = Database::open(folder.file("x"), options);
    db.sorted_map<std::int64_t, std::string>("map").put(1, "one");
    db.snapshot("v1");
    db.close();
  }
  options.mode = OpenMode::read;
  const Database db = Database::open(folder.file("x"), options);
  EXPECT_EQ(contents_of(db.at("v1")), (Contents{{1, "one"}}));
  EXPECT_EQ(code_of([&] { Database(db).snapshot("v2"); }), ErrorCode::read_only);
}

// Who reads a snapshot that is dropped meanwhile goes on.
TEST(Snapshots, ReadersSurviveADrop) {
  Database db = Database::temporary(quick_options());
  auto map = db.sorted_map<std::int64_t, std::string>("map");
  Contents then;
  for (std::int64_t i = 0; i < 500; ++i) then.emplace(i, std::to_string(i) + std::string(40, '.'));
  map.bulk_load(then);
  db.snapshot("v1");
  map.clear();
  const ReadTxn reader = db.at("v1");
  EXPECT_TRUE(db.drop_snapshot("v1"));
  for (int round = 0; round < 20; ++round) {
    for (std::int64_t i = 0; i < 500; ++i) map.put(i, std::string(60, 'x'));
    map.clear();
    db.checkpoint();
  }
  EXPECT_EQ(contents_of(reader), then);
}

// Of a tree that did not change a snapshot holds nothing; of one that did, the pages on the way to the change.
TEST(Snapshots, HoldOnlyWhatDiffers) {
  Database db = Database::temporary(quick_options(4096));
  auto map = db.sorted_map<std::int64_t, std::string>("map");
  Contents many;
  for (std::int64_t i = 0; i < 20'000; ++i) many.emplace(i, std::string(50, 'x'));
  map.bulk_load(many);
  db.snapshot("v1");
  EXPECT_LE(db.snapshots()[0].held_pages, 2u);  // the catalog's page
  map.put(7, "changed");
  EXPECT_LE(db.snapshots()[0].held_pages, 5u);
  const std::uint64_t live = db.info().live_pages;
  for (int i = 0; i < 200; ++i) map.put(8, std::to_string(i));
  EXPECT_LE(db.info().live_pages, live + 1);  // what came and went after the snapshot is not kept for it
  map.clear();
  EXPECT_GT(db.snapshots()[0].held_pages, 200u);
  db.drop_snapshot("v1");
  db.checkpoint();
  EXPECT_LT(db.info().live_pages, 20u);
}

// Opened in another way the file is another process's: it keeps what this one named, and the other way round.
TEST(Snapshots, AreKeptByAllProcesses) {
  const TemporaryFolder folder;
  std::mt19937_64 random(test_seed());
  Options other = quick_options();
  other.durability = Durability::sync;
  Database one = Database::open(folder.file("x"), quick_options());
  Database two = Database::open(folder.file("x"), other);
  std::map<std::string, Contents> named;
  Contents contents;
  for (int round = 0; round < 60; ++round) {
    Database& db = random() % 2 == 0 ? one : two;
    auto map = db.sorted_map<std::int64_t, std::string>("map");
    for (std::uint64_t i = random() % 12; i-- > 0;) {
      const std::int64_t key = static_cast<std::int64_t>(random() % 400);
      contents[key] = std::string(random() % 100, 'a' + static_cast<char>(random() % 26));
      map.put(key, contents[key]);
    }
    if (random() % 3 == 0 && named.size() < 4) {
      const std::string name = std::to_string(round);
      db.snapshot(name);
      named[name] = contents;
    } else if (random() % 4 == 0 && !named.empty()) {
      EXPECT_TRUE(db.drop_snapshot(named.begin()->first));
      named.erase(named.begin());
    }
    if (random() % 8 == 0) db.checkpoint();
    if (random() % 10 == 0) db.compact();
    const Database& reader = random() % 2 == 0 ? one : two;
    for (const auto& [name, then] : named) ASSERT_EQ(contents_of(reader.at(name)), then) << name;
    ASSERT_EQ(contents_of(reader.read()), contents);
    if (random() % 6 == 0) {
      one.close();
      one = Database::open(folder.file("x"), quick_options());
    }
  }
  expect_sound(one);
  expect_sound(two);
}

// Damage in a page that only a snapshot has is found, and said to be the snapshot's.
TEST(Snapshots, CheckReadsThem) {
  const TemporaryFolder folder;
  const std::string path = folder.file("x");
  std::uint64_t held = 0;
  {
    Database db = Database::open(path, quick_options());
    auto map = db.sorted_map<std::int64_t, std::string>("map");
    for (std::int64_t i = 0; i < 200; ++i) map.put(i, std::string(30, 'x'));
    map.put(7, std::string(2000, 'y'));
    db.snapshot("then");
    map.clear();
    held = db.snapshots()[0].held_pages;
    db.close();
  }
  std::uint64_t found = 0;
  for (std::uint64_t at = 8 * 512; at < std::filesystem::file_size(path); at += 512) {
    const auto flip = [&] {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at + 300));
      const char byte = static_cast<char>(file.get());
      file.seekp(static_cast<std::streamoff>(at + 300));
      file.put(static_cast<char>(byte ^ 1));
    };
    flip();
    Options options = quick_options();
    options.mode = OpenMode::read;
    for (const std::string& finding : Database::open(path, options).check()) {
      if (finding.find("snapshot 'then'") == std::string::npos) continue;
      ++found;
      break;
    }
    flip();
  }
  EXPECT_GE(found, held - 4);  // but for the tail of a run, and pages of the catalog that tell of others
  EXPECT_GT(held, 15u);
}

TEST(Snapshots, ARepairSavesTheNewestVersion) {
  const TemporaryFolder folder;
  {
    Database db = Database::open(folder.file("x"), quick_options());
    auto map = db.sorted_map<std::int64_t, std::string>("map");
    map.put(1, "then");
    db.snapshot("then");
    map.put(1, "now");
    db.close();
  }
  const RepairReport report = repair(folder.file("x"), folder.file("saved"));
  ASSERT_EQ(report.losses.size(), 1u);
  EXPECT_EQ(report.losses[0].what, "the named snapshots");
  Database saved = Database::open(folder.file("saved"), quick_options());
  EXPECT_EQ(contents_of(saved.read()), (Contents{{1, "now"}}));
  EXPECT_TRUE(saved.snapshots().empty());
  expect_sound(saved);
}

struct Churn {
  std::mt19937_64 random{test_seed()};
  Contents contents{};
  std::map<std::string, Contents> named{};

  void change(Database& db) {
    auto map = db.sorted_map<std::int64_t, std::string>("map");
    db.write([&](WriteTxn& txn) {
      auto inside = txn.sorted_map<std::int64_t, std::string>("map");
      for (std::uint64_t i = random() % 8; i-- > 0;) {
        const std::int64_t key = static_cast<std::int64_t>(random() % 300);
        if (random() % 3 == 0) {
          inside.erase(key);
          contents.erase(key);
        } else {
          contents[key] = std::string(random() % 16 == 0 ? random() % 3000 : random() % 40, 'a' + char(random() % 26));
          inside.put(key, contents[key]);
        }
      }
    });
    if (random() % 30 == 0) {
      db.drop("map");
      contents.clear();
    }
  }
  void drop_one(Database& db) {
    const auto dropped = std::next(named.begin(), static_cast<std::ptrdiff_t>(random() % named.size()));
    EXPECT_TRUE(db.drop_snapshot(dropped->first));
    named.erase(dropped);
  }
  void compare(Database& db) {
    EXPECT_EQ(contents_of(db.read()), contents);
    EXPECT_EQ(names_of(db).size(), named.size());
    for (const auto& [name, then] : named) EXPECT_EQ(contents_of(db.at(name)), then) << name;
    expect_sound(db);
  }
};

// Many snapshots among changes, dropped in any order, over restarts.
TEST(Snapshots, RandomChurnLeavesNothingBehind) {
  const TemporaryFolder folder;
  Options options = quick_options();
  options.durability = Durability::none;
  options.exclusive = true;
  Database db = Database::open(folder.file("x"), options);
  Churn churn;
  for (int made = 0; made < 200;) {
    for (std::uint64_t i = churn.random() % 4; i-- > 0;) churn.change(db);
    if (churn.named.size() > 60 || (!churn.named.empty() && churn.random() % 3 == 0)) {
      churn.drop_one(db);
    } else {
      const std::string name = "snapshot " + std::to_string(made++);
      db.snapshot(name);
      churn.named[name] = churn.contents;
    }
    if (churn.random() % 60 == 0) {
      churn.compare(db);
      db.close();
      db = Database::open(folder.file("x"), options);
    }
  }
  churn.compare(db);
  while (!churn.named.empty()) churn.drop_one(db);
  churn.compare(db);
  db.drop("map");
  db.close();
  db = Database::open(folder.file("x"), options);
  EXPECT_LE(db.info().live_pages, 4u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
