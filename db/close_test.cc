// What close() leaves: one file, not much larger than what is in it.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "db/testing.h"
#include "sapwood/sapwood.h"

namespace sapwood {
namespace {

std::string key_of(std::mt19937_64& random) {
  std::string key(16, '\0');
  for (char& c : key) c = static_cast<char>('a' + random() % 26);
  return key;
}

TEST(Close, MovesPagesOffTheTailOfAFileThatChurned) {
  const TemporaryFolder folder;
  const std::string path = folder.file("db");
  std::mt19937_64 random(5);
  std::vector<std::string> keys;
  std::uint64_t open_bytes = 0;
  {
    Database db = Database::open(path, quick_options(4096));
    for (int i = 0; i < 200; ++i) {
      db.write([&](WriteTxn& txn) {
        auto map = txn.sorted_map<std::string, std::string>("map");
        auto list = txn.list<std::string>("list");
        for (int k = 0; k < 300; ++k) {
          keys.push_back(key_of(random));
          map.put(keys.back(), std::string(100, 'v'));
          list.insert(random() % (list.size() + 1), keys.back());
        }
      });
    }
    db.checkpoint();
    open_bytes = db.info().file_bytes;
    db.close();
  }
  const std::uint64_t closed_bytes = std::filesystem::file_size(path);
  EXPECT_LT(closed_bytes * 3, open_bytes * 2) << "the run should have left a tail";
  Database db = Database::open(path, quick_options(4096));
  expect_sound(db);
  const Info info = db.info();
  EXPECT_FALSE(info.recovery.recovered);
  EXPECT_LT(closed_bytes, info.live_pages * info.page_size * 5 / 4);
  auto map = db.sorted_map<std::string, std::string>("map");
  EXPECT_EQ(map.size(), keys.size());
  for (const std::string& key : keys) EXPECT_TRUE(map.contains(key));
  EXPECT_EQ(db.list<std::string>("list").size(), keys.size());
  db.close();
  EXPECT_EQ(std::filesystem::file_size(path), closed_bytes) << "a second close has nothing to move";
}

TEST(Close, ASessionThatWroteNothingLeavesTheFileAsItIs) {
  const TemporaryFolder folder;
  const std::string path = folder.file("db");
  Options options = quick_options(4096);
  options.dirty_limit = 0;  // so little may be moved that the tail stays
  {
    Database db = Database::open(path, options);
    std::mt19937_64 random(5);
    for (int i = 0; i < 100; ++i) {
      db.write([&](WriteTxn& txn) {
        auto map = txn.sorted_map<std::string, std::string>("map");
        for (int k = 0; k < 300; ++k) map.put(key_of(random), std::string(100, 'v'));
      });
    }
    db.close();
  }
  const std::uint64_t bytes = std::filesystem::file_size(path);
  Database::open(path, quick_options(4096)).close();
  EXPECT_EQ(std::filesystem::file_size(path), bytes);
  Database db = Database::open(path, quick_options(4096));
  db.list<std::string>("list").push_back("a change");
  db.close();
  EXPECT_LT(std::filesystem::file_size(path), bytes) << "there was a tail to move";
}

}  // namespace
}  // namespace sapwood
