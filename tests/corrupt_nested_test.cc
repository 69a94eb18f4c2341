// Hostile files with nested collections: ids that lead nowhere, to others, in circles; damage in what waits to be
// reclaimed. All end in errors or findings; what is not meant goes on.
#include <gtest/gtest.h>

#include "collections/environment.h"
#include "collections/nested_value.h"
#include "collections/session.h"
#include "fuzz/repair.h"
#include "sapwood/sapwood.h"
#include "tests/support/error_code.h"
#include "tests/support/sim.h"

namespace sapwood::test {
namespace {

using collections::CatalogRecord;
using collections::OpenCollection;
using collections::WriteSession;
using Words = List<std::string>;
using Shelf = Dict<std::string, Nested>;
using Notes = SortedMap<std::int64_t, AnyValue>;

constexpr const char* kPath = "/hostile";

class Hostile : public testing::Test {
 protected:
  Hostile() { options_ = sim_options(disk_, 512); }

  // Writes what the library's face would not. `change` gets a session that trusts it.
  template <class Change>
  void plant(Change&& change) {
    const auto environment = collections::Environment::open(kPath, options_);
    const auto txn = environment->engine().begin_write(std::chrono::milliseconds(-1));
    {
      WriteSession session(*txn, true);
      session.trust_values();
      change(session);
      session.flush();
    }
    txn->commit_by_checkpoint();
    environment->close();
  }
  static void put(WriteSession& session, Bytes collection, Bytes key, u64 child) {
    OpenCollection& to = *session.find(collection);
    session.put(to, key, collections::value_of_child(to.record.types.value, child));
  }
  std::string finding(Database& database) {
    const std::vector<std::string> findings = database.check();
    return findings.empty() ? "" : findings.front();
  }

  os::SimDisk disk_{5};
  Options options_;
};

TEST_F(Hostile, EntriesOfCollectionsThatAreNotThere) {
  {
    Database database = Database::open(kPath, options_);
    database.dict<std::string, Nested>("shelf").create<Words>("good").push_back("a");
    database.close();
  }
  plant([](WriteSession& session) { put(session, "shelf", "bad", 999); });
  Database database = Database::open(kPath, options_);
  Shelf shelf = database.dict<std::string, Nested>("shelf");
  EXPECT_NE(finding(database).find("#999, which is not there"), std::string::npos) << finding(database);
  EXPECT_EQ(code_of([&] { shelf.open<Words>("bad"); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { database.read().dict<std::string, Nested>("shelf").open<Words>("bad"); }),
            ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { database.write([&](WriteTxn& txn) { txn.move(shelf.place("bad"), "name"); }); }),
            ErrorCode::corrupt);
  EXPECT_EQ(shelf.open<Words>("good").at(0), "a");
  EXPECT_TRUE(shelf.erase("bad")) << "whose entry it is can be rid of it";
  EXPECT_EQ(finding(database), "");
}

TEST_F(Hostile, EntriesThatShareACollection) {
  u64 id = 0;
  {
    Database database = Database::open(kPath, options_);
    Shelf shelf = database.dict<std::string, Nested>("shelf");
    shelf.create<Words>("one").push_back("a");
    id = shelf.at("one").id;
    database.dict<std::string, Nested>("other");
    database.sorted_map<std::int64_t, AnyValue>("notes");
    database.close();
  }
  plant([&](WriteSession& session) {
    put(session, "shelf", "two", id);
    put(session, "other", "three", id);
    Codec<std::int64_t>::Scratch scratch;
    put(session, "notes", Codec<std::int64_t>::encode_key(4, scratch), id);
  });
  Database database = Database::open(kPath, options_);
  std::string all;
  for (const std::string& one : database.check()) all += one + "\n";
  EXPECT_NE(all.find("as another entry does"), std::string::npos) << all;
  EXPECT_NE(all.find("'other': entry 0 refers to the collection #" + std::to_string(id) + ", which is another one's"),
            std::string::npos)
      << all;
  Shelf shelf = database.dict<std::string, Nested>("shelf");
  Shelf other = database.dict<std::string, Nested>("other");
  Notes notes = database.sorted_map<std::int64_t, AnyValue>("notes");
  EXPECT_EQ(code_of([&] { other.open<Words>("three"); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { notes.open<Words>(4); }), ErrorCode::corrupt);
  EXPECT_TRUE(other.erase("three"));
  notes.clear();
  EXPECT_EQ(shelf.open<Words>("one").at(0), "a") << "it was not theirs to drop";
  EXPECT_TRUE(shelf.erase("one"));
  EXPECT_EQ(code_of([&] { shelf.open<Words>("two"); }), ErrorCode::corrupt);
  EXPECT_TRUE(shelf.erase("two"));
  EXPECT_EQ(finding(database), "");
}

TEST_F(Hostile, CollectionsThatLieInThemselves) {
  {
    Database database = Database::open(kPath, options_);
    database.dict<std::string, Nested>("shelf").create<Words>("a");
    database.close();
  }
  constexpr u64 kOne = 100;
  plant([&](WriteSession& session) {
    for (const u64 id : {kOne, kOne + 1}) {
      OpenCollection& made = session.create_orphan(id == kOne ? kOne + 1 : kOne, Shelf::types, id);
      session.put(made, "x", collections::value_of_child(made.record.types.value, id == kOne ? kOne + 1 : kOne));
    }
    OpenCollection& own = session.create_orphan(200, Shelf::types, 200);
    session.put(own, "x", collections::value_of_child(own.record.types.value, 200));
  });
  {
    Database database = Database::open(kPath, options_);
    EXPECT_EQ(database.check().size(), 3u) << "none of the three lies in a collection with a name";
    database.close();
  }
  // Nothing leads to them but their ids: a climb from there ends.
  plant([&](WriteSession& session) {
    using collections::Location;
    const Location from{.kind = Location::Kind::key, .parent = session.find("shelf")->record.id, .key = "a"};
    const Location to{.kind = Location::Kind::key, .parent = kOne, .key = "y"};
    EXPECT_EQ(code_of([&] { session.move(from, to); }), ErrorCode::corrupt);
  });
}

TEST_F(Hostile, QueuesOfNothing) {
  {
    Database database = Database::open(kPath, options_);
    database.list<std::string>("words").push_back("a");
    database.close();
  }
  {
    const auto environment = collections::Environment::open(kPath, options_);
    const auto txn = environment->engine().begin_write(std::chrono::milliseconds(-1));
    tree::TreeRoot root = collections::to_tree_root(txn->catalog());
    collections::CatalogWriter(*txn, root).add_dropped(77);
    collections::CatalogWriter(*txn, root).add_dropped(1);  // the list
    txn->catalog() = collections::to_catalog_root(root);
    txn->commit_by_checkpoint();
    environment->close();
  }
  Database database = Database::open(kPath, options_);
  EXPECT_NE(finding(database).find("C6"), std::string::npos) << finding(database);
  database.list<std::string>("words").push_back("b");  // a step of reclaiming leaves them out
  EXPECT_EQ(finding(database), "");
  EXPECT_EQ(database.list<std::string>("words").size(), 2u);
}

// A record whose inline leaf leads out of it, in a page with the right checksum.
TEST_F(Hostile, InlineLeavesThatAreNone) {
  std::size_t at = 0;
  {
    Database database = Database::open(kPath, options_);
    Shelf shelf = database.dict<std::string, Nested>("shelf");
    shelf.create<Words>("good").push_back("sound");
    shelf.create<Words>("bad").push_back("damaged");
    EXPECT_EQ(database.metrics().nested.pages(), 0u);
    database.close();
    at = disk_.contents(kPath).rfind("damaged");
  }
  for (const auto& [offset, byte] : {std::pair{1, '\xff'}, {1, '\x40'}, {1, '\x1d'}, {3, '\xf0'}}) {
    SCOPED_TRACE(std::to_string(offset) + " before the text: " + std::to_string(byte));
    const std::string before = disk_.contents(kPath);
    std::string bytes = before;
    bytes[at - static_cast<std::size_t>(offset)] = byte;
    fuzz::repair_data_file(bytes);
    disk_.set_contents(kPath, bytes);
    {
      Database database = Database::open(kPath, options_);
      EXPECT_NE(finding(database).find("C8"), std::string::npos) << finding(database);
      Shelf shelf = database.dict<std::string, Nested>("shelf");
      EXPECT_EQ(code_of([&] { shelf.open<Words>("bad").size(); }), ErrorCode::corrupt);
      EXPECT_EQ(code_of([&] { database.read().dict<std::string, Nested>("shelf").open<Words>("bad").at(0); }),
                ErrorCode::corrupt);
      EXPECT_EQ(shelf.open<Words>("good").at(0), "sound");
    }
    disk_.set_contents(kPath, before);
  }
}

// Pages of what was dropped are damaged: commits go on without freeing it.
TEST_F(Hostile, DamageInWhatWaitsHoldsUpNobody) {
  u64 page = 0;
  {
    Database database = Database::open(kPath, options_);
    database.write([](WriteTxn& txn) {
      Shelf shelf = txn.dict<std::string, Nested>("shelf");
      for (int i = 0; i < 2000; ++i) shelf.create<Words>(std::to_string(i)).push_back("a");
    });
    database.drop("shelf");
    database.close();
    const auto environment = collections::Environment::open(kPath, options_);
    const collections::ScopedSnapshot snapshot(environment->engine());
    const collections::CatalogReader catalog(snapshot->pages, collections::to_tree_root(snapshot->descriptor.catalog));
    page = to_u64(catalog.find(catalog.first_dropped().value())->root.root.page);
  }
  std::string bytes = disk_.contents(kPath);
  bytes.replace(page * 512, 512, std::string(512, 'x'));
  disk_.set_contents(kPath, bytes);
  Database database = Database::open(kPath, options_);
  const u64 nested = database.info().nested_collections;
  for (int i = 0; i < 5; ++i) database.list<std::string>("words").push_back("b");
  database.write([](WriteTxn& txn) {
    Words words = txn.list<std::string>("words");
    words.push_back("c");
    Savepoint point = txn.savepoint();
    words.push_back("d");
    point.rollback();
  });
  EXPECT_EQ(database.list<std::string>("words").size(), 6u);
  EXPECT_EQ(database.info().nested_collections, nested);
  EXPECT_NE(finding(database), "");
}

}  // namespace
}  // namespace sapwood::test
