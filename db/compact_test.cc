// Compacting: the file shrinks to what a fresh one would take, contents stay, and others go on meanwhile.
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Contents = std::map<std::string, std::string>;

// The same collections, loaded into a new file; its size in bytes.
std::uint64_t size_of_fresh_copy(const Database& db, const std::string& path, const Options& options) {
  {
    Database fresh = Database::open(path, options);
    const ReadTxn txn = db.read();
    for (const CollectionInfo& info : txn.collections()) {
      std::vector<AnyEntry> entries;
      txn.any(info.name).scan({}, [&](const AnyEntry& entry) { return entries.push_back(entry), true; });
      std::size_t next = 0;
      fresh.any(info.name, info.types).bulk_load([&]() -> std::optional<AnyEntry> {
        if (next == entries.size()) return std::nullopt;
        return entries[next++];
      });
    }
    fresh.close();
  }
  return std::filesystem::file_size(path);
}

class Compacting : public testing::TestWithParam<std::uint32_t> {
 protected:
  Options options() const { return quick_options(GetParam()); }

  // Grows collections of all kinds, then erases most, at random.
  void churn(Database& db, int entries) {
    for (int part = 0; part < 8; ++part) {
      db.write([&](WriteTxn& txn) {
        auto map = txn.sorted_map<std::int64_t, std::string>("map");
        auto dict = txn.dict<std::string, std::int64_t>("dict");
        auto list = txn.list<std::string>("list");
        auto numbers = txn.list<std::int64_t>("numbers");
        auto set = txn.sorted_set<std::string>("set");
        for (int i = 0; i < entries / 8; ++i) {
          const std::int64_t key = static_cast<std::int64_t>(random_() % 1'000'000);
          map.put(key, std::string(random_() % 60, 'm'));
          dict.put("key " + std::to_string(key), key);
          list.insert(random_() % (list.size() + 1), std::string(random_() % 100, 'l'));
          numbers.insert(random_() % (numbers.size() + 1), key);
          set.insert(std::to_string(key) + std::string(random_() % 30, 's'));
          if (random_() % 200 == 0) map.put(key, std::string(random_() % 60'000, 'v'));
        }
      });
    }
    db.write([&](WriteTxn& txn) {
      txn.sorted_map<std::int64_t, std::string>("map").erase_if([&](const auto&...) { return random_() % 10 < 6; });
      txn.dict<std::string, std::int64_t>("dict").erase_if([&](const auto&...) { return random_() % 10 < 6; });
      txn.list<std::string>("list").erase_if([&](const auto&...) { return random_() % 10 < 6; });
      txn.list<std::int64_t>("numbers").erase_if([&](const auto&...) { return random_() % 10 < 6; });
      txn.sorted_set<std::string>("set").erase_if([&](const auto&...) { return random_() % 10 < 6; });
    });
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_{test_seed()};
};

TEST_P(Compacting, LeavesLittleMoreThanAFreshFile) {
  Database db = Database::open(folder_.file("x"), options());
  churn(db, 30'000);
  const Contents before = texts_of(db.read());
  const CompactReport report = db.compact();
  EXPECT_EQ(report.bytes_after, std::filesystem::file_size(folder_.file("x")));
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(texts_of(db.read()), before);
  expect_sound(db);
  churn(db, 100);  // it grows again where it must
  expect_sound(db);
  const Contents after = texts_of(db.read());
  db.compact();
  db.close();
  const std::uint64_t size = std::filesystem::file_size(folder_.file("x"));
  db = Database::open(folder_.file("x"), options());
  EXPECT_EQ(texts_of(db.read()), after);
  expect_sound(db);
  // Branches are not joined: in the smallest pages they are a tenth of a file.
  const double most = GetParam() == 512 ? 1.2 : 1.1;
  EXPECT_LE(static_cast<double>(size),
            most * static_cast<double>(size_of_fresh_copy(db, folder_.file("fresh"), options())));
}

TEST_P(Compacting, ReadersAndNamedSnapshotsKeepWhatTheySee) {
  Database db = Database::open(folder_.file("x"), options());
  churn(db, 8'000);
  const Contents then = texts_of(db.read());
  db.snapshot("then");
  churn(db, 8'000);
  const Contents before = texts_of(db.read());
  {
    const ReadTxn reader = db.read();
    db.compact();
    EXPECT_EQ(texts_of(reader), before);
  }
  EXPECT_EQ(texts_of(db.read()), before);
  EXPECT_EQ(texts_of(db.at("then")), then);
  expect_sound(db);
  db.drop_snapshot("then");
  const CompactReport report = db.compact();
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(texts_of(db.read()), before);
  expect_sound(db);
}

TEST_P(Compacting, CancelledLosesNothing) {
  Database db = Database::open(folder_.file("x"), options());
  churn(db, 8'000);
  const Contents before = texts_of(db.read());
  for (int steps = 1; steps < 60; steps += 7) {
    int left = steps;
    try {
      db.compact([&](std::uint64_t done, std::uint64_t total) {
        EXPECT_LE(done, total);
        return --left > 0;
      });
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::cancelled);
    }
    expect_sound(db);
  }
  EXPECT_EQ(texts_of(db.read()), before);
}

TEST_P(Compacting, ThreadsWriteMeanwhile) {
  Database db = Database::open(folder_.file("x"), options());
  churn(db, 10'000);
  std::atomic<bool> stop = false;
  std::uint64_t written = 0;
  std::thread writer([&] {
    std::mt19937_64 random(7);
    auto counted = db.sorted_map<std::int64_t, std::string>("counted");
    auto list = db.list<std::string>("list");
    while (!stop) {
      counted.put(static_cast<std::int64_t>(written++), std::string(random() % 40, 'c'));
      if (random() % 2 == 0 && list.size() > 10) list.erase(random() % 10);
      else list.insert(random() % 10, "while it is compacted");
    }
  });
  for (int round = 0; round < 3; ++round) db.compact();
  stop = true;
  writer.join();
  EXPECT_EQ((db.sorted_map<std::int64_t, std::string>("counted").size()), written);
  expect_sound(db);
}

TEST_P(Compacting, IntoACopy) {
  Database db = Database::open(folder_.file("x"), options());
  churn(db, 8'000);
  const Contents before = texts_of(db.read());
  const std::uint64_t size = std::filesystem::file_size(folder_.file("x"));
  const CompactReport report = db.compact_to(folder_.file("copy"));
  EXPECT_EQ(std::filesystem::file_size(folder_.file("x")), size);
  EXPECT_LT(report.bytes_after, size);
  EXPECT_EQ(std::filesystem::file_size(folder_.file("copy")), report.bytes_after);
  Database copy = Database::open(folder_.file("copy"), options());
  EXPECT_EQ(texts_of(copy.read()), before);
  expect_sound(copy);
  EXPECT_EQ(code_of([&] { db.compact_to(folder_.file("copy")); }), ErrorCode::exists);
}

TEST_P(Compacting, AtCloseByThreshold) {
  const auto size_after = [&](const char* name, double threshold) {
    Options given = options();
    given.compaction_threshold = threshold;
    Database db = Database::open(folder_.file(name), given);
    random_.seed(1);
    churn(db, 16'000);
    const std::uint64_t live = db.info().live_pages;
    db.close();
    db = Database::open(folder_.file(name), given);
    expect_sound(db);
    EXPECT_LE(db.info().live_pages, live);
    return std::filesystem::file_size(folder_.file(name));
  };
  EXPECT_LT(size_after("half", 0.3), size_after("never", 0) * 9 / 10);
  EXPECT_GT(size_after("hardly", 0.99), size_after("half again", 0.3));
}

TEST_P(Compacting, AnEmptyOrSmallFileStaysAsItIs) {
  Database db = Database::open(folder_.file("x"), options());
  db.compact();
  db.list<std::string>("list").push_back("only");
  db.compact();
  EXPECT_EQ(db.list<std::string>("list").at(0), "only");
  expect_sound(db);
}

INSTANTIATE_TEST_SUITE_P(PageSizes, Compacting, testing::Values(512u, 4096u));

}  // namespace
}  // namespace sapwood
