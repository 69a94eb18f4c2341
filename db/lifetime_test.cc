// What is used after its end is Error{ended}; what would wait for itself is Error{would_deadlock}.
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "db/testing.h"
#include "os/file.h"
#include "storage/lock_file.h"

namespace sapwood {
namespace {

Database sample() {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    auto list = txn.list<std::string>("list");
    for (int i = 0; i < 100; ++i) list.push_back(std::to_string(i));
    auto map = txn.sorted_map<std::string, std::string>("map");
    for (int i = 0; i < 100; ++i) map.put(std::to_string(i), "value");
    auto numbers = txn.list<std::int64_t>("numbers");
    auto set = txn.set<std::int64_t>("set");
    auto sorted_set = txn.sorted_set<std::int64_t>("sorted_set");
    for (std::int64_t i = 0; i < 100; ++i) numbers.push_back(i), set.insert(i), sorted_set.insert(i);
  });
  return db;
}

// Every call of a list's and a map's handles, ranges and iterators, as it is after their transaction.
void expect_ended(List<std::string>& list, SortedMap<std::string, std::string>& map, List<std::string>::Range& range,
                  List<std::string>::iterator& iterator, SortedMap<std::string, std::string>::iterator& entry) {
  EXPECT_EQ(code_of([&] { list.size(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.at(0); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.at_view(0); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.back(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.range(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.slice(0, 1); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.begin(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.push_back("x"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.set(0, "x"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.erase(0); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.pop_back(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.clear(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.extend(std::vector<std::string>{"x"}); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.get("1"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.get_view("1"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.contains("1"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.rank("1"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.select(0); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.first(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.range("1", "2"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.put("1", "x"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.erase("1"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.bulk_load(std::vector<std::pair<std::string, std::string>>{}); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { *range.begin(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { *iterator; }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { (void)*++iterator; }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { entry->first.size(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { entry.key_view(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { entry.value_view(); }), ErrorCode::ended);
}

// The same of what collections do beside: `get` makes the transaction's handles, `end` ends it.
template <class Source, class End>
void expect_operations_ended(Source& source, End end) {
  auto list = source.template list<std::string>("list");
  auto map = source.template sorted_map<std::string, std::string>("map");
  auto numbers = source.template list<std::int64_t>("numbers");
  auto set = source.template set<std::int64_t>("set");
  auto sorted_set = source.template sorted_set<std::int64_t>("sorted_set");
  const auto blocks = numbers.blocks(0, 100);
  auto block = blocks.begin();
  const auto merged = set.union_with(set);
  auto key = merged.begin();
  const auto key_view = set.range().views().begin();
  EXPECT_FALSE((*block).empty());
  EXPECT_GE(*key, 0);
  EXPECT_GE(*key_view, 0);
  end();
  const auto expect = [](const char* what, auto call) {
    SCOPED_TRACE(what);
    EXPECT_EQ(code_of(call), ErrorCode::ended);
  };
  std::vector<std::int64_t> to(3);
  expect("block", [&] { (void)*block; });
  expect("next block", [&] { ++block; });
  expect("blocks again", [&] { blocks.begin(); });
  expect("merge", [&] { (void)*key; });
  expect("next of merge", [&] { ++key; });
  expect("merge again", [&] { merged.begin(); });
  expect("view of a key", [&] { (void)*key_view; });
  expect("blocks", [&] { numbers.blocks(0, 1); });
  expect("read", [&] { numbers.read(0, to); });
  expect("find", [&] { numbers.find(3); });
  expect("count", [&] { numbers.count(3); });
  expect("get_many", [&] { numbers.get_many(to); });
  expect("sample", [&] { numbers.sample(2, 1); });
  expect("assign", [&] { numbers.assign(0, 1, to); });
  expect("update", [&] { numbers.update(0, [](auto n) { return n; }); });
  expect("add", [&] { numbers.add(0, 1); });
  expect("erase_if", [&] { list.erase_if([](const auto&) { return true; }); });
  expect("update by key", [&] { map.update("1", [](const auto& value) { return value; }); });
  expect("get_many by key", [&] { map.get_many(std::vector<std::string>{"1"}); });
  expect("sample of a map", [&] { map.sample(2, 1); });
  expect("erase_if of a map", [&] { map.erase_if([](const auto&) { return true; }); });
  expect("pop_first", [&] { sorted_set.pop_first(); });
  expect("erase_all", [&] { set.erase_all(to); });
  expect("retain_all by a set", [&] { set.retain_all(set); });
  expect("toggle_all", [&] { set.toggle_all(to); });
  expect("is_subset_of", [&] { set.is_subset_of(set); });
  expect("is_disjoint_from", [&] { sorted_set.is_disjoint_from(sorted_set); });
  expect("bulk_load", [&] { set.bulk_load(to); });
}

TEST(Lifetime, OperationsAfterAReadTransaction) {
  Database db = sample();
  std::optional<ReadTxn> txn(db.read());
  std::optional<ReadTxn> same_slot;
  expect_operations_ended(*txn, [&] {
    txn.reset();
    same_slot.emplace(db.read());
  });
}

TEST(Lifetime, OperationsAfterAWriteTransaction) {
  Database db = sample();
  WriteTxn txn = db.begin_write();
  expect_operations_ended(txn, [&] { txn.commit(); });
  WriteTxn other = db.begin_write();
  expect_operations_ended(other, [&] { other.rollback(); });
}

// Ranges hold a snapshot of their own; views have nothing to hold on to.
TEST(Lifetime, OperationsWithoutATransaction) {
  Database db = sample();
  auto numbers = db.list<std::int64_t>("numbers");
  auto set = db.set<std::int64_t>("set");
  EXPECT_EQ(code_of([&] { numbers.blocks(0, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { (db.sorted_map<std::string, std::string>("map").get_view("1")); }),
            ErrorCode::invalid_argument);
  std::optional merged(set.union_with(set));
  set.clear();
  EXPECT_EQ(items_of(*merged).size(), 100u);
  EXPECT_EQ(code_of([&] { db.close(); }), ErrorCode::in_use);
  merged.reset();
  const ReadTxn txn = db.read();
  EXPECT_EQ(code_of([&] { txn.list<std::int64_t>("numbers").add(0, 1); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { txn.set<std::int64_t>("set").toggle_all(set); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { txn.sorted_set<std::int64_t>("sorted_set").pop_last(); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { txn.set<std::int64_t>("set").erase_if([](auto) { return true; }); }), ErrorCode::read_only);
}

TEST(Lifetime, ReadTransaction) {
  Database db = sample();
  ReadTxn txn = db.read();
  auto list = txn.list<std::string>("list");
  auto map = txn.sorted_map<std::string, std::string>("map");
  auto range = list.range();
  auto iterator = list.begin();
  auto entry = map.begin();
  EXPECT_EQ(*iterator, "0");
  EXPECT_EQ(entry->first, "0");
  txn.end();
  expect_ended(list, map, range, iterator, entry);
  EXPECT_EQ(code_of([&] { txn.list<std::string>("list"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { txn.collections(); }), ErrorCode::ended);
  const ReadTxn same_slot = db.read();
  expect_ended(list, map, range, iterator, entry);
}

TEST(Lifetime, WriteTransactionCommitted) {
  Database db = sample();
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  auto map = txn.sorted_map<std::string, std::string>("map");
  auto range = list.range();
  auto iterator = list.begin();
  auto entry = map.begin();
  Savepoint savepoint = txn.savepoint();
  EXPECT_EQ(*iterator, "0");
  EXPECT_EQ(entry->first, "0");
  txn.commit();
  expect_ended(list, map, range, iterator, entry);
  EXPECT_EQ(code_of([&] { savepoint.rollback(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { txn.commit(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { txn.list<std::string>("list"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { txn.drop("list"); }), ErrorCode::ended);
  EXPECT_FALSE(txn.is_open());
  txn.rollback();
}

TEST(Lifetime, WriteTransactionDestroyed) {
  Database db = sample();
  std::optional<WriteTxn> txn(db.begin_write());
  auto list = txn->list<std::string>("list");
  auto map = txn->sorted_map<std::string, std::string>("map");
  auto range = list.range();
  auto iterator = list.begin();
  auto entry = map.begin();
  list.push_back("never committed");
  txn.reset();
  expect_ended(list, map, range, iterator, entry);
  EXPECT_EQ(db.list<std::string>("list").size(), 100u);
}

TEST(Lifetime, ClosedDatabase) {
  Database db = sample();
  auto list = db.list<std::string>("list");
  auto map = db.sorted_map<std::string, std::string>("map");
  db.close();
  EXPECT_EQ(code_of([&] { list.size(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { list.push_back("x"); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { map.range(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { db.read(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { db.begin_write(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { db.collections(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { db.close(); }), ErrorCode::ended);
}

TEST(Lifetime, CloseIsRefusedWhileSomethingIsOpen) {
  Database db = sample();
  {
    const ReadTxn txn = db.read();
    EXPECT_EQ(code_of([&] { db.close(); }), ErrorCode::in_use);
    EXPECT_EQ(txn.list<std::string>("list").size(), 100u);
  }
  {
    const WriteTxn txn = db.begin_write();
    EXPECT_EQ(code_of([&] { db.close(); }), ErrorCode::in_use);
  }
  {
    const auto range = db.list<std::string>("list").range();
    EXPECT_EQ(code_of([&] { db.close(); }), ErrorCode::in_use);
    EXPECT_EQ(*range.begin(), "0");
  }
  db.close();
}

TEST(Lifetime, HandlesKeepTheDatabaseOpen) {
  const TemporaryFolder folder;
  List<std::string> list;
  EXPECT_EQ(code_of([&] { list.size(); }), ErrorCode::ended);
  {
    Database db = Database::open(folder.file("a"), quick_options());
    list = db.list<std::string>("list");
  }
  list.push_back("x");
  EXPECT_EQ(list.at(0), "x");
  Options exclusive = quick_options();
  exclusive.exclusive = true;
  EXPECT_EQ(code_of([&] { Database::open(folder.file("a"), exclusive); }), ErrorCode::in_use);
  list = {};
  Database::open(folder.file("a"), exclusive);
  EXPECT_EQ(Database::open(folder.file("a")).list<std::string>("list").size(), 1u);
}

TEST(Lifetime, AFileOpenedTwiceIsShared) {
  const TemporaryFolder folder;
  Database one = Database::open(folder.file("a"), quick_options());
  Database two = Database::open(folder.file("a"), quick_options());
  {
    WriteTxn txn = one.begin_write();
    EXPECT_EQ(code_of([&] { two.begin_write(); }), ErrorCode::would_deadlock);
    txn.list<std::string>("list").push_back("x");
    txn.commit();
  }
  EXPECT_EQ(two.list<std::string>("list").at(0), "x");
  one.close();
  EXPECT_EQ(code_of([&] { one.read(); }), ErrorCode::ended);
  two.list<std::string>("list").push_back("y");
  { const Database three = Database::open(folder.file("a"), quick_options()); }
  two.close();
  EXPECT_FALSE(std::filesystem::exists(folder.file("a") + "-lock"));
}

TEST(Lifetime, AFileOpenedInTwoWaysIsSharedAsByTwoProcesses) {
  const TemporaryFolder folder;
  Database writer = Database::open(folder.file("a"), quick_options());
  Options options = quick_options();
  options.mode = OpenMode::read;
  Database reader = Database::open(folder.file("a"), options);
  writer.list<std::string>("list").push_back("x");
  EXPECT_EQ(reader.list<std::string>("list").at(0), "x");
  EXPECT_EQ(code_of([&] { reader.begin_write(); }), ErrorCode::read_only);
  options.mode = OpenMode::create_new;
  EXPECT_EQ(code_of([&] { Database::open(folder.file("a"), options); }), ErrorCode::exists);
  reader.close();
  writer.close();
}

TEST(Lifetime, IteratorsOutliveRangesAndHandlesWithinTheirTransaction) {
  Database db = sample();
  const ReadTxn txn = db.read();
  auto iterator = txn.list<std::string>("list").range().begin();
  EXPECT_EQ(*iterator, "0");
  EXPECT_EQ(*++iterator, "1");
  auto automatic = db.list<std::string>("list").begin();
  db.list<std::string>("list").clear();
  EXPECT_EQ(*automatic, "0") << "a range without a transaction holds its own snapshot";
}

TEST(Lifetime, MovedTransactionsKeepTheirHandles) {
  Database db = sample();
  ReadTxn first = db.read();
  auto list = first.list<std::string>("list");
  ReadTxn second = std::move(first);
  EXPECT_EQ(list.size(), 100u);
  WriteTxn writer = db.begin_write();
  auto own = writer.list<std::string>("list");
  WriteTxn moved = std::move(writer);
  own.push_back("x");
  moved.commit();
  EXPECT_EQ(db.list<std::string>("list").size(), 101u);
  EXPECT_EQ(list.size(), 100u);
  EXPECT_EQ(code_of([&] { writer.commit(); }), ErrorCode::ended);
}

TEST(Lifetime, WritesThatWouldWaitForThemselvesAreRefused) {
  Database db = sample();
  auto list = db.list<std::string>("list");
  WriteTxn txn = db.begin_write();
  EXPECT_EQ(code_of([&] { list.push_back("x"); }), ErrorCode::would_deadlock);
  EXPECT_EQ(code_of([&] { list.extend(std::vector<std::string>{"x"}); }), ErrorCode::would_deadlock);
  EXPECT_EQ(code_of([&] { db.list<double>("new"); }), ErrorCode::would_deadlock);
  EXPECT_EQ(code_of([&] { db.drop("list"); }), ErrorCode::would_deadlock);
  EXPECT_EQ(code_of([&] { db.begin_write(); }), ErrorCode::would_deadlock);
  try {
    list.push_back("x");
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("txn.list"), std::string::npos) << error.what();
  }
  EXPECT_EQ(list.size(), 100u) << "reads see the newest commit";
  txn.list<std::string>("list").push_back("x");
  txn.commit();
  list.push_back("y");
  EXPECT_EQ(list.size(), 102u);
}

TEST(Lifetime, WorkOnTheWholeFileInsideAWriteTransactionNeverHangs) {
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("a"), quick_options());
  db.list<std::string>("list").push_back("x");
  WriteTxn txn = db.begin_write();
  EXPECT_EQ(code_of([&] { db.checkpoint(); }), ErrorCode::would_deadlock);
  EXPECT_EQ(code_of([&] { db.check(); }), ErrorCode::would_deadlock);
  db.sync();
  EXPECT_EQ(db.info().collections, 1u);
  txn.list<std::string>("list").push_back("y");
  txn.commit();
  db.checkpoint();
  expect_sound(db);
}

TEST(Lifetime, OtherThreadsWaitForTheWriter) {
  Database db = sample();
  auto list = db.list<std::string>("list");
  WriteTxn txn = db.begin_write();
  std::promise<void> timed_out;
  std::thread other([&] {
    EXPECT_EQ(code_of([&] { db.begin_write(std::chrono::milliseconds(1)); }), ErrorCode::timed_out);
    timed_out.set_value();
    list.push_back("from the other thread");
  });
  timed_out.get_future().wait();
  txn.list<std::string>("list").push_back("first");
  txn.commit();
  other.join();
  EXPECT_EQ(list.at(100), "first");
  EXPECT_EQ(list.back(), "from the other thread");
}

// One that takes long to open, since it is being recovered, or another process is closing it.
TEST(LifetimeThreads, OpeningOneFileDoesNotHoldUpAnother) {
  const TemporaryFolder folder;
  Database::open(folder.file("slow"), quick_options()).close();
  const std::unique_ptr<os::File> holder = os::posix_env().files().open(folder.file("slow"), {.write = true});
  ASSERT_TRUE(holder->try_lock(storage::kOpenLock, os::LockKind::exclusive));
  std::atomic<int> opened = 0;
  std::vector<std::thread> threads;
  std::vector<std::optional<Database>> databases(2);
  threads.reserve(databases.size());
  for (std::optional<Database>& database : databases) {
    threads.emplace_back([&folder, &opened, &database] {
      database = Database::open(folder.file("slow"), quick_options());
      ++opened;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for them to begin
  Database other = Database::open(folder.file("other"), quick_options());
  EXPECT_EQ(opened, 0) << "who opens another file waited for this one";
  holder->unlock(storage::kOpenLock);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened, 2);
  const WriteTxn txn = databases[0]->begin_write();
  EXPECT_EQ(code_of([&] { databases[1]->try_begin_write(); }), ErrorCode::would_deadlock) << "they share it";
}

TEST(Lifetime, TryingToWriteTellsThatAnotherThreadDoes) {
  Database db = sample();
  std::optional<WriteTxn> txn = db.try_begin_write();
  ASSERT_TRUE(txn);
  EXPECT_EQ(code_of([&] { db.try_begin_write(); }), ErrorCode::would_deadlock);
  std::thread([&] {
    EXPECT_FALSE(db.try_begin_write());
    EXPECT_FALSE(db.try_begin_write(std::chrono::milliseconds(1)));
  }).join();
  txn->list<std::string>("list").push_back("x");
  txn->commit();
  EXPECT_TRUE(db.try_begin_write());
  db.close();
  EXPECT_EQ(code_of([&] { db.try_begin_write(); }), ErrorCode::ended);
}

TEST(Lifetime, SnapshotsCannotBeChanged) {
  Database db = sample();
  const ReadTxn txn = db.read();
  auto list = txn.list<std::string>("list");
  EXPECT_EQ(code_of([&] { list.push_back("x"); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { list.extend(std::vector<std::string>{"x"}); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { db.list<std::string>("list").at_view(0); }), ErrorCode::invalid_argument);
}

TEST(Lifetime, HandlesOfDroppedCollections) {
  Database db = sample();
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  EXPECT_TRUE(txn.drop("list"));
  EXPECT_FALSE(txn.has("list"));
  EXPECT_EQ(code_of([&] { list.size(); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { list.push_back("x"); }), ErrorCode::not_found);
  auto again = txn.list<std::int64_t>("list");
  again.push_back(1);
  txn.commit();
  EXPECT_EQ(db.list<std::int64_t>("list").size(), 1u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
