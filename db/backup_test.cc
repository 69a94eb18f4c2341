// Backups: whole and incremental ones restore to what was, while writers go on; what is no backup is refused.
#include <algorithm>
#include <fstream>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Contents = std::map<std::string, std::string>;

Contents contents_of_file(const std::string& path) {
  Options options;
  options.mode = OpenMode::read;
  Database db = Database::open(path, options);
  expect_sound(db);
  EXPECT_TRUE(db.snapshots().empty());
  return texts_of(db.read());
}

void churn(Database& db, std::mt19937_64& random) {
  db.write([&](WriteTxn& txn) {
    auto map = txn.sorted_map<std::int64_t, std::string>("map");
    auto list = txn.list<std::string>("list");
    for (int i = 0; i < 200; ++i) {
      const std::string value(random() % 20 == 0 ? random() % 5000 : random() % 60, 'a' + char(random() % 26));
      map.put(static_cast<std::int64_t>(random() % 3000), value);
      map.erase(static_cast<std::int64_t>(random() % 3000));
      list.insert(random() % (list.size() + 1), value);
      if (random() % 2 == 0) list.erase(random() % list.size());
    }
  });
}

class Backups : public testing::Test {
 protected:
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::vector<std::string> names_in_folder() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(file("x")).parent_path())) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_{test_seed()};
};

TEST_F(Backups, AreDatabases) {
  Database db = Database::open(file("x"), quick_options());
  for (int i = 0; i < 20; ++i) churn(db, random_);
  db.snapshot("old");
  const Contents old = texts_of(db.read());
  churn(db, random_);
  const BackupReport report = db.backup(file("copy"));
  EXPECT_EQ(report.txn, db.read().txn());
  EXPECT_GT(report.pages, 100u);
  EXPECT_EQ(contents_of_file(file("copy")), texts_of(db.read()));
  db.backup(file("old"), {.snapshot = "old"});
  EXPECT_EQ(contents_of_file(file("old")), old);
  // A copy is used like any other database, for snapshots too.
  Database copy = Database::open(file("old"), quick_options());
  churn(copy, random_);
  copy.snapshot("its own");
  churn(copy, random_);
  EXPECT_EQ(copy.snapshots().size(), 1u);
  expect_sound(copy);
  copy.drop_snapshot("its own");
  expect_sound(copy);
}

TEST_F(Backups, OfATemporaryDatabaseSaveIt) {
  Database db = Database::temporary(quick_options());
  churn(db, random_);
  db.backup(file("copy"));
  EXPECT_EQ(contents_of_file(file("copy")), texts_of(db.read()));
}

TEST_F(Backups, AChainOfIncrementsRestoresEachVersion) {
  Options options = quick_options();
  options.durability = Durability::none;
  options.exclusive = true;
  Database db = Database::open(file("x"), options);
  churn(db, random_);
  db.snapshot("0");
  db.backup(file("whole"), {.snapshot = "0"});
  std::vector<std::string> increments;
  for (int i = 1; i <= 10; ++i) {
    if (i == 5) db.drop("list");
    if (i == 7) db.close(), db = Database::open(file("x"), options);
    churn(db, random_);
    db.snapshot(std::to_string(i));
    increments.push_back(file("increment " + std::to_string(i)));
    const BackupReport report =
        db.backup(increments.back(), {.snapshot = std::to_string(i), .since = std::to_string(i - 1)});
    EXPECT_LT(report.pages, db.info().live_pages);
    db.drop_snapshot(std::to_string(i - 1));
    if (i % 3 != 1) continue;
    const std::string restored = file("restored " + std::to_string(i));
    restore(file("whole"), increments, restored);
    EXPECT_EQ(contents_of_file(restored), texts_of(db.at(std::to_string(i))));
  }
  restore(file("whole"), {}, file("restored"));
  EXPECT_EQ(contents_of_file(file("restored")), contents_of_file(file("whole")));
  // What was restored is written like any other.
  Database restored = Database::open(file("restored 10"), quick_options());
  for (int i = 0; i < 5; ++i) churn(restored, random_);
  expect_sound(restored);
}

TEST_F(Backups, GoOnBesideWriters) {
  Database db = Database::open(file("x"), quick_options());
  for (int i = 0; i < 10; ++i) churn(db, random_);
  const Contents then = texts_of(db.read());
  int told = 0;
  db.backup(file("copy"), {.progress = [&](std::uint64_t done, std::uint64_t total) {
              EXPECT_LE(done, total);
              ++told;
              for (int i = 0; i < 3; ++i) churn(db, random_);
              db.checkpoint();
              return true;
            }});
  EXPECT_GT(told, 1);
  EXPECT_EQ(contents_of_file(file("copy")), then);
  expect_sound(db);
}

TEST_F(Backups, LeaveNothingBehindWhenCancelled) {
  Database db = Database::open(file("x"), quick_options());
  churn(db, random_);
  const auto before = names_in_folder();
  const auto cancel = [](std::uint64_t, std::uint64_t) { return false; };
  EXPECT_EQ(code_of([&] { db.backup(file("copy"), {.progress = cancel}); }), ErrorCode::cancelled);
  EXPECT_EQ(names_in_folder(), before);
  db.backup(file("copy"));
  const auto with_copy = names_in_folder();
  EXPECT_EQ(code_of([&] { restore(file("copy"), {}, file("restored"), {.progress = cancel}); }), ErrorCode::cancelled);
  EXPECT_EQ(names_in_folder(), with_copy);
}

TEST_F(Backups, ErrorsSayWhatIsWrong) {
  Database db = Database::open(file("x"), quick_options());
  churn(db, random_);
  db.snapshot("a");
  churn(db, random_);
  db.snapshot("b");
  churn(db, random_);
  db.snapshot("c");
  db.backup(file("a"), {.snapshot = "a"});
  db.backup(file("a to b"), {.snapshot = "b", .since = "a"});
  db.backup(file("b to c"), {.snapshot = "c", .since = "b"});
  EXPECT_EQ(code_of([&] { db.backup(file("a")); }), ErrorCode::exists);
  EXPECT_EQ(code_of([&] { db.backup(file("new"), {.snapshot = "d"}); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { db.backup(file("new"), {.snapshot = "a", .since = "b"}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { restore(file("a"), {file("b to c")}, file("new")); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] {
              restore(file("a"), {file("a to b"), file("a to b")}, file("new"));
            }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { restore(file("a"), {file("a")}, file("new")); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { restore(file("a to b"), {}, file("new")); }), ErrorCode::not_a_database);
  EXPECT_EQ(code_of([&] { restore(file("nothing"), {}, file("new")); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { restore(file("x"), {}, file("new")); }), ErrorCode::invalid_argument);  // it is open
  EXPECT_EQ(code_of([&] { restore(file("a"), {}, file("x")); }), ErrorCode::exists);
  Database other = Database::open(file("other"), quick_options());
  other.snapshot("a");
  other.snapshot("b");
  other.backup(file("other a to b"), {.snapshot = "b", .since = "a"});
  EXPECT_EQ(code_of([&] { restore(file("a"), {file("other a to b")}, file("new")); }), ErrorCode::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(file("new")));
}

// Any flipped byte of an increment is found, and of a backup each that is part of something.
TEST_F(Backups, DamageIsFound) {
  Database db = Database::open(file("x"), quick_options());
  churn(db, random_);
  db.snapshot("a");
  churn(db, random_);
  db.snapshot("b");
  db.backup(file("a"), {.snapshot = "a"});
  db.backup(file("a to b"), {.snapshot = "b", .since = "a"});
  const std::uint64_t size = std::filesystem::file_size(file("a to b"));
  for (int i = 0; i < 30; ++i) {
    std::filesystem::copy_file(file("a to b"), file("bad"), std::filesystem::copy_options::overwrite_existing);
    const std::uint64_t at = i < 10 ? random_() % 160 : random_() % size;
    {
      std::fstream bad(file("bad"), std::ios::in | std::ios::out | std::ios::binary);
      bad.seekg(static_cast<std::streamoff>(at));
      const char byte = static_cast<char>(bad.get());
      bad.seekp(static_cast<std::streamoff>(at));
      bad.put(static_cast<char>(byte ^ (1 << (i % 8))));
    }
    EXPECT_THROW(restore(file("a"), {file("bad")}, file("new")), Error) << "byte " << at;
    std::filesystem::resize_file(file("bad"), at);
    EXPECT_THROW(restore(file("a"), {file("bad")}, file("new")), Error) << "cut off at " << at;
  }
  EXPECT_FALSE(std::filesystem::exists(file("new")));
}

}  // namespace
}  // namespace sapwood
