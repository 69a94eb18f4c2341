#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Strings = std::vector<std::string>;

TEST(Savepoint, RollbackUndoesEverythingSince) {
  Database db = Database::temporary(quick_options());
  db.list<std::string>("kept").push_back("committed");
  WriteTxn txn = db.begin_write();
  auto kept = txn.list<std::string>("kept");
  kept.push_back("before");
  Savepoint savepoint = txn.savepoint();
  kept.push_back("after");
  for (int i = 0; i < 500; ++i) kept.insert(0, std::to_string(i));
  auto made = txn.sorted_map<std::string, std::string>("made");
  made.put("k", "v");
  savepoint.rollback();
  EXPECT_EQ(items_of(kept), (Strings{"committed", "before"}));
  EXPECT_EQ(code_of([&] { made.size(); }), ErrorCode::not_found);
  EXPECT_FALSE(txn.has("made"));
  EXPECT_EQ(code_of([&] { savepoint.rollback(); }), ErrorCode::ended);
  auto again = txn.list<double>("made");
  again.push_back(1.0);
  txn.commit();
  EXPECT_EQ(db.list<double>("made").size(), 1u);
  EXPECT_EQ(db.list<std::string>("kept").size(), 2u);
  expect_sound(db);
}

TEST(Savepoint, RollbackBringsDroppedAndRenamedCollectionsBack) {
  Database db = Database::temporary(quick_options());
  db.list<std::string>("a").extend(Strings(300, "x"));
  db.list<std::string>("b").push_back("y");
  WriteTxn txn = db.begin_write();
  auto a = txn.list<std::string>("a");
  Savepoint savepoint = txn.savepoint();
  txn.drop("a");
  txn.rename("b", "a");
  EXPECT_EQ(txn.list<std::string>("a").size(), 1u);
  savepoint.rollback();
  EXPECT_EQ(a.size(), 300u);
  EXPECT_EQ(txn.list<std::string>("b").at(0), "y");
  a.push_back("z");
  txn.commit();
  EXPECT_EQ(db.list<std::string>("a").size(), 301u);
  EXPECT_EQ(db.list<std::string>("b").size(), 1u);
  expect_sound(db);
}

TEST(Savepoint, ReleaseKeepsAndDestructionUndoes) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  {
    Savepoint savepoint = txn.savepoint();
    list.push_back("kept");
    savepoint.release();
  }
  {
    const Savepoint savepoint = txn.savepoint();
    list.push_back("undone");
  }
  txn.commit();
  EXPECT_EQ(items_of(db.list<std::string>("list")), Strings{"kept"});
}

TEST(Savepoint, Nest) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  Savepoint outer = txn.savepoint();
  list.push_back("1");
  Savepoint inner = txn.savepoint();
  list.push_back("2");
  inner.rollback();
  EXPECT_EQ(items_of(list), Strings{"1"});
  list.push_back("3");
  Savepoint other = txn.savepoint();
  list.push_back("4");
  outer.rollback();
  EXPECT_EQ(code_of([&] { other.rollback(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { other.release(); }), ErrorCode::ended);
  EXPECT_TRUE(list.empty());
  txn.commit();
  EXPECT_EQ(db.list<std::string>("list").size(), 0u);
}

TEST(Savepoint, ReleasedOuterLeavesInnerUsable) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  Savepoint outer = txn.savepoint();
  list.push_back("1");
  Savepoint inner = txn.savepoint();
  list.push_back("2");
  outer.release();
  inner.rollback();
  txn.commit();
  EXPECT_EQ(items_of(db.list<std::string>("list")), Strings{"1"});
}

TEST(Savepoint, RangesMadeSinceAreDeadAndOlderOnesLive) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  list.extend(Strings(500, "old"));
  auto before = list.begin();
  Savepoint savepoint = txn.savepoint();
  list.extend(Strings(500, "new"));
  auto after = list.begin();
  after += 700;
  EXPECT_EQ(*after, "new");
  savepoint.rollback();
  EXPECT_EQ(*before, "old");
  EXPECT_EQ(code_of([&] { *after; }), ErrorCode::ended);
  list.clear();
  EXPECT_EQ(*(before += 499), "old");
  txn.commit();
  expect_sound(db);
}

TEST(Savepoint, RolledBackOperationsAreNotReplayed) {
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("a"), quick_options());
  for (int round = 0; round < 50; ++round) {
    db.write([&](WriteTxn& txn) {
      auto list = txn.list<std::string>("list");
      list.push_back("kept");
      Savepoint savepoint = txn.savepoint();
      txn.list<std::string>("other").push_back("undone");
      list.clear();
      savepoint.rollback();
    });
  }
  EXPECT_EQ(db.list<std::string>("list").size(), 50u);
  EXPECT_EQ(db.collections().size(), 1u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
