// ObjectCache: what it finds is what a transaction would read, whatever was written.
#include "sapwood/object_cache.h"

#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Words = List<std::string>;

Database filled(std::uint64_t count) {
  Database db = Database::temporary(quick_options());
  db.write([&](WriteTxn& txn) {
    auto words = txn.list<std::string>("words");
    for (std::uint64_t i = 0; i < count; ++i) words.push_back("word " + std::to_string(i));
  });
  return db;
}

// Asks for items and tells which were hits: "hm" is a hit, then a miss.
std::string asked(const ObjectCache<Words>& cache, const Words& words, const std::vector<std::uint64_t>& indexes) {
  std::string told;
  for (const std::uint64_t index : indexes) {
    const std::uint64_t hits = cache.metrics().hits;
    EXPECT_EQ(*cache.at(words, index), words.at(index));
    told += cache.metrics().hits == hits ? 'm' : 'h';
  }
  return told;
}

TEST(ObjectCache, DecodesOnce) {
  Database db = Database::temporary(quick_options());
  auto notes = db.dict<std::string, AnyValue>("notes");
  notes.put("a", AnyList{{1, "two"}});
  const ObjectCache<Dict<std::string, AnyValue>> cache({.name = "notes"});
  const auto first = cache.get(notes, "a");
  EXPECT_EQ(*first, AnyValue(AnyList{{1, "two"}}));
  EXPECT_EQ(cache.get(notes, "a"), first);  // the same object
  EXPECT_EQ(cache.get(notes, "b"), nullptr);
  const CacheMetrics metrics = cache.metrics();
  EXPECT_EQ(metrics.hits, 1u);
  EXPECT_EQ(metrics.misses, 1u);
  EXPECT_EQ(metrics.entries, 1u);
  EXPECT_GT(metrics.bytes, 0u);
  EXPECT_EQ(metrics.hit_rate(), 0.5);
}

TEST(ObjectCache, EditsBeforeAnItemMoveNoneAndChangeNone) {
  Database db = filled(1000);
  auto words = db.list<std::string>("words");
  ObjectCache<Words> cache;
  EXPECT_EQ(asked(cache, words, {900, 0}), "mm");
  const ReadTxn before = db.read();
  words.push_front("new");
  words.erase(5, 3);
  words.set(0, "newer");
  EXPECT_EQ(asked(cache, words, {898, 0}), "hm");
  EXPECT_EQ(asked(cache, before.list<std::string>("words"), {900, 0}), "hh");
}

TEST(ObjectCache, LargeValuesStayThoughTheirPageIsWrittenAnew) {
  Database db = filled(3);
  auto words = db.list<std::string>("words");
  words.push_back(std::string(3000, 'x'));
  ObjectCache<Words> cache;
  EXPECT_EQ(asked(cache, words, {3, 0}), "mm");
  words.set(1, "edited");
  EXPECT_EQ(asked(cache, words, {3, 0}), "hm");
  words.set(3, std::string(3000, 'y'));
  EXPECT_EQ(asked(cache, words, {3}), "m");
}

TEST(ObjectCache, AWriteTransactionReadsItsOwnChanges) {
  Database db = filled(10);
  ObjectCache<Words> cache;
  WriteTxn txn = db.begin_write();
  auto words = txn.list<std::string>("words");
  EXPECT_EQ(asked(cache, words, {1, 1}), "mm");
  words.set(1, "changed");
  EXPECT_EQ(asked(cache, words, {1, 1}), "mm");
  EXPECT_EQ(cache.metrics().entries, 0u);
}

TEST(ObjectCache, TheLongestUnusedLeavesWithLru) {
  Database db = filled(10);
  ObjectCache<Words> cache({.policy = CachePolicy::lru, .max_entries = 3});
  EXPECT_EQ(asked(cache, db.list<std::string>("words"), {0, 1, 2, 0, 3, 0, 2, 1}), "mmmhmhhm");
  EXPECT_EQ(cache.metrics().evictions, 2u);
}

TEST(ObjectCache, TheOldestLeavesWithFifo) {
  Database db = filled(10);
  ObjectCache<Words> cache({.policy = CachePolicy::fifo, .max_entries = 3});
  EXPECT_EQ(asked(cache, db.list<std::string>("words"), {0, 1, 2, 0, 3, 0, 2, 1}), "mmmhmmhm");
}

TEST(ObjectCache, TheLeastAskedLeavesWithLfuAndWhatIsAskedNoMoreAges) {
  Database db = filled(100);
  auto words = db.list<std::string>("words");
  ObjectCache<Words> cache({.policy = CachePolicy::lfu, .max_entries = 3});
  EXPECT_EQ(asked(cache, words, {0, 0, 0, 1, 1, 2, 3, 0, 1, 2}), "mhhmhmmhhm");
  for (std::uint64_t i = 10; i < 100; ++i) asked(cache, words, {i});  // each once
  EXPECT_EQ(asked(cache, words, {0}), "m");
}

TEST(ObjectCache, BytesAreLimitedAsTheCallerCountsThem) {
  Database db = filled(10);
  auto words = db.list<std::string>("words");
  words.push_back(std::string(200, 'x'));
  const ObjectCache<Words> cache({.max_bytes = 100}, [](const std::string& word) { return 5 * word.size(); });
  EXPECT_EQ(asked(cache, words, {0, 1, 0, 2, 1, 10, 10, 2}), "mmhmhmmh");
  EXPECT_LE(cache.metrics().bytes, 100u);
  ObjectCache<Words> none({.max_entries = 0});
  EXPECT_EQ(asked(none, words, {0, 0}), "mm");
}

struct WordLength {
  std::size_t operator()(std::string_view bytes) const { return bytes.size(); }
};

TEST(ObjectCache, ObjectsAreWhatTheCallerDecodes) {
  Database db = filled(2);
  const ObjectCache<Words, WordLength> lengths;
  EXPECT_EQ(*lengths.at(db.list<std::string>("words"), 1), 6u);
  auto rows = db.records<std::string>("rows");
  rows.append({{"a", "1"}});
  rows.append(std::nullopt);
  const ObjectCache<Records<std::string>> cache;
  EXPECT_EQ(*cache.at(rows, 0), rows.get(0));
  EXPECT_EQ(*cache.at(rows, 1), std::nullopt);
  EXPECT_EQ(code_of([&] { cache.at(rows, 2); }), ErrorCode::out_of_range);
}

TEST(ObjectCache, ServesOneFileAtATime) {
  TemporaryFolder folder;
  Database one = Database::open(folder.file("one"), quick_options());
  Database two = Database::open(folder.file("two"), quick_options());
  one.list<std::string>("words").push_back("of one");
  two.list<std::string>("words").push_back("of two");
  const ObjectCache<Words> cache({.name = "words"});
  EXPECT_EQ(*cache.at(one.list<std::string>("words"), 0), "of one");
  EXPECT_EQ(code_of([&] { cache.at(two.list<std::string>("words"), 0); }), ErrorCode::invalid_argument);
  one.close();
  EXPECT_EQ(*cache.at(two.list<std::string>("words"), 0), "of two");
  ASSERT_EQ(two.metrics().caches.size(), 1u);
  EXPECT_EQ(two.metrics().caches[0].name, "words");
  EXPECT_EQ(two.metrics().caches[0].misses, 2u);
}

TEST(ObjectCache, MetricsTellOfThoseThatLive) {
  Database db = filled(5);
  auto words = db.list<std::string>("words");
  EXPECT_TRUE(db.metrics().caches.empty());
  {
    const ObjectCache<Words> cache({.name = "short lived"});
    cache.at(words, 0);
    EXPECT_EQ(db.metrics().caches.size(), 1u);
  }
  EXPECT_TRUE(db.metrics().caches.empty());
}

// Long keys of a dict stand beside their values.
TEST(ObjectCacheRandom, IsNeverStale) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("list");
  auto dict = db.dict<std::string, std::string>("dict");
  const ObjectCache<Words> items({.max_entries = 50});
  const ObjectCache<Dict<std::string, std::string>> values({.policy = CachePolicy::lfu, .max_entries = 50});
  const auto text = [&] { return std::string(random() % 16 == 0 ? 700 : random() % 20, static_cast<char>(random())); };
  const auto key = [&] {
    const std::uint64_t number = random() % 40;
    return std::string(number % 5 == 0 ? 300 : 3, 'k') + std::to_string(number);
  };
  list.push_back("first");
  std::optional<ReadTxn> old;
  for (int round = 0; round < 4000; ++round) {
    const std::uint64_t at = random() % (list.size() + 1);
    switch (random() % 6) {
      case 0: list.insert(at, text()); break;
      case 1: list.set(at % list.size(), text()); break;
      case 2:
        if (list.size() > 1) list.erase(at % list.size());
        break;
      case 3: dict.erase(key()); break;
      default: dict.put(key(), text());
    }
    if (round % 97 == 0) old.emplace(db.read());
    const std::uint64_t index = random() % list.size();
    ASSERT_EQ(*items.at(list, index), list.at(index)) << round;
    const auto before = old->list<std::string>("list");
    const std::uint64_t other = random() % before.size();
    ASSERT_EQ(*items.at(before, other), before.at(other)) << round;
    const std::string wanted = key();
    const auto found = values.get(dict, wanted);
    ASSERT_EQ(found == nullptr ? std::nullopt : std::optional(*found), dict.get(wanted)) << round;
  }
  EXPECT_GT(items.metrics().hits, 100u);
  EXPECT_GT(values.metrics().hits, 100u);
}

TEST(ObjectCache, ThreadsShareOneWhileAnotherWrites) {
  Database db = filled(200);
  const ObjectCache<Words> cache({.max_entries = 100});
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int number = 0; number < 3; ++number) {
    readers.emplace_back([&, number] {
      std::mt19937_64 random(static_cast<std::uint64_t>(number));
      while (!done) {
        const ReadTxn txn = db.read();
        const auto words = txn.list<std::string>("words");
        for (int i = 0; i < 20; ++i) {
          const std::uint64_t index = random() % words.size();
          ASSERT_EQ(*cache.at(words, index), words.at(index));
        }
      }
    });
  }
  auto words = db.list<std::string>("words");
  const auto read = [&] { return cache.metrics().hits + cache.metrics().misses; };
  for (std::uint64_t i = 0; i < 300 || read() < 2000; ++i) words.set(i * 7 % 200, "changed " + std::to_string(i));
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(cache.metrics().misses, 0u);
}

}  // namespace
}  // namespace sapwood
