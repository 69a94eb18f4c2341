// Opening, naming, listing, reopening.
#include "sapwood/database.h"

#include <fstream>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Strings = std::vector<std::string>;

TEST(Database, KeepsWhatWasCommitted) {
  const TemporaryFolder folder;
  {
    Database db = Database::open(folder.file("a"));
    db.write([](WriteTxn& txn) {
      txn.list<std::string>("frames").push_back("water");
      txn.sorted_map<std::string, double>("mass").put("H", 1.008);
    });
  }
  Database db = Database::open(folder.file("a"));
  EXPECT_EQ(db.list<std::string>("frames").at(0), "water");
  EXPECT_EQ((db.sorted_map<std::string, double>("mass").get("H")), 1.008);
  expect_sound(db);
}

TEST(Database, WriteReturnsWhatTheFunctionReturns) {
  Database db = Database::temporary();
  const std::uint64_t size = db.write([](WriteTxn& txn) {
    auto list = txn.list<std::int64_t>("numbers");
    list.push_back(7);
    return list.size();
  });
  EXPECT_EQ(size, 1u);
  EXPECT_EQ(db.list<std::int64_t>("numbers").size(), 1u);
}

TEST(Database, WriteRollsBackWhenTheFunctionThrows) {
  Database db = Database::temporary();
  const auto fail = [](WriteTxn& txn) {
    txn.list<std::string>("frames").push_back("water");
    throw std::runtime_error("stop");
  };
  EXPECT_THROW(db.write(fail), std::runtime_error);
  EXPECT_FALSE(db.has("frames"));
}

TEST(Database, WriteLeavesATransactionAloneThatEndedItself) {
  Database db = Database::temporary();
  db.write([](WriteTxn& txn) {
    txn.list<std::string>("frames");
    txn.rollback();
  });
  EXPECT_FALSE(db.has("frames"));
}

TEST(Database, ListsCollectionsByName) {
  Database db = Database::temporary();
  db.sorted_map<std::string, double>("mass").put("H", 1.0);
  db.list<std::vector<std::byte>>("blobs");
  db.sorted_map<std::int32_t, bool>("flags");
  const std::vector<CollectionInfo> infos = db.collections();
  ASSERT_EQ(infos.size(), 3u);
  EXPECT_EQ(infos[0].name, "blobs");
  EXPECT_EQ(infos[0].types, (CollectionTypes{CollectionKind::list, ValueType::none, ValueType::bytes}));
  EXPECT_EQ(infos[1].name, "flags");
  EXPECT_EQ(infos[2].name, "mass");
  EXPECT_EQ(infos[2].count, 1u);
  EXPECT_EQ(db.read().collections().size(), 3u);
}

TEST(Database, RefusesOtherTypes) {
  Database db = Database::temporary();
  db.list<std::string>("frames");
  EXPECT_EQ(code_of([&] { db.list<std::int64_t>("frames"); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.sorted_map<std::string, std::string>("frames"); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.read().list<double>("frames"); }), ErrorCode::wrong_type);
  WriteTxn txn = db.begin_write();
  EXPECT_EQ(code_of([&] { txn.list<double>("frames"); }), ErrorCode::wrong_type);
  txn.list<std::string>("frames").push_back("still usable");
  txn.commit();
  EXPECT_EQ(db.list<std::string>("frames").size(), 1u);
}

TEST(Database, RefusesBadNames) {
  Database db = Database::temporary();
  for (const std::string& name : {std::string(), std::string(256, 'x'), std::string("\xff")}) {
    EXPECT_EQ(code_of([&] { db.list<std::string>(name); }), ErrorCode::invalid_argument);
  }
  db.list<std::string>(std::string(255, 'x')).push_back("fits");
  EXPECT_EQ(db.collections().at(0).name.size(), 255u);
  expect_sound(db);
}

TEST(Database, TinyPagesShortenNames) {
  Database db = Database::temporary(quick_options(512));
  EXPECT_EQ(code_of([&] { db.list<std::string>(std::string(128, 'x')); }), ErrorCode::invalid_argument);
  db.list<std::string>(std::string(127, 'x')).push_back("fits");
  EXPECT_FALSE(db.has(std::string(200, 'x')));
  expect_sound(db);
}

TEST(Database, UnknownCollectionsAreNotFoundBySnapshots) {
  Database db = Database::temporary();
  EXPECT_EQ(code_of([&] { db.read().list<std::string>("frames"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { db.any("frames"); }), ErrorCode::not_found);
  EXPECT_FALSE(db.drop("frames"));
  EXPECT_FALSE(db.read().has("frames"));
}

TEST(Database, DropEndsHandlesAndFreesTheName) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("frames");
  list.extend(Strings(1000, "water"));
  EXPECT_TRUE(db.drop("frames"));
  EXPECT_EQ(code_of([&] { list.size(); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { list.push_back("x"); }), ErrorCode::not_found);
  EXPECT_EQ(db.list<std::int64_t>("frames").size(), 0u);
  EXPECT_EQ(code_of([&] { list.size(); }), ErrorCode::not_found) << "the new collection has another id";
  expect_sound(db);
}

TEST(Database, RenameKeepsHandlesThatHaveNoTransaction) {
  Database db = Database::temporary();
  auto list = db.list<std::string>("old");
  list.push_back("a");
  db.rename("old", "new");
  list.push_back("b");
  list.push_back("c");
  EXPECT_FALSE(db.has("old"));
  EXPECT_EQ(items_of(db.list<std::string>("new").range()), (Strings{"a", "b", "c"}));
  db.list<std::string>("other");
  EXPECT_EQ(code_of([&] { db.rename("new", "other"); }), ErrorCode::exists);
  EXPECT_EQ(code_of([&] { db.rename("gone", "x"); }), ErrorCode::not_found);
  expect_sound(db);
}

TEST(Database, OpenModes) {
  const TemporaryFolder folder;
  Options options;
  options.mode = OpenMode::write;
  EXPECT_EQ(code_of([&] { Database::open(folder.file("a"), options); }), ErrorCode::not_found);
  options.mode = OpenMode::create_new;
  Database::open(folder.file("a"), options).list<std::string>("frames").push_back("x");
  EXPECT_EQ(code_of([&] { Database::open(folder.file("a"), options); }), ErrorCode::exists);

  options.mode = OpenMode::read;
  Database db = Database::open(folder.file("a"), options);
  EXPECT_TRUE(db.info().read_only);
  auto list = db.list<std::string>("frames");
  EXPECT_EQ(list.at(0), "x");
  EXPECT_EQ(code_of([&] { list.push_back("y"); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { db.begin_write(); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { db.list<std::string>("absent"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { Database::open(""); }), ErrorCode::invalid_argument);
}

TEST(Database, InfoTellsOfTheFile) {
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("a"), quick_options(8192));
  db.list<std::string>("frames").push_back("x");
  const Info info = db.info();
  EXPECT_EQ(info.page_size, 8192u);
  EXPECT_EQ(info.collections, 1u);
  EXPECT_EQ(info.uuid.size(), 32u);
  EXPECT_GE(info.txn, 2u);
  EXPECT_GT(info.live_pages, 0u);
  EXPECT_NE(info.path.find("a"), std::string::npos);
  db.sync();
  db.checkpoint();
  EXPECT_EQ(db.info().checkpoint_txn, db.info().txn);
}

TEST(Database, CheckTellsProgressAndCanBeCancelled) {
  Database db = Database::temporary(quick_options());
  db.list<std::string>("frames").extend(Strings(20'000, "water"));
  std::uint64_t told = 0;
  EXPECT_TRUE(db.check([&](std::uint64_t done, std::uint64_t) { return (told = done) != 0; }).empty());
  EXPECT_GT(told, 100u);
  EXPECT_EQ(code_of([&] { db.check([](std::uint64_t, std::uint64_t) { return false; }); }), ErrorCode::cancelled);
}

TEST(Database, CheckFindsDamage) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a");
  {
    Database db = Database::open(path, quick_options(4096));
    db.list<std::string>("frames").extend(Strings(5000, "water water water water"));
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 8; page < 20; ++page) {
      file.seekp(page * 4096 + 2000);
      file.write("damage", 6);
    }
  }
  Database db = Database::open(path);
  EXPECT_FALSE(db.check().empty());
}

}  // namespace
}  // namespace sapwood
