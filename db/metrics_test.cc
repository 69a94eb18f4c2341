// Database::metrics(): its sums agree with info() and check(), and what readers hold back is what they give back.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "db/testing.h"

namespace sapwood {
namespace {

std::uint64_t live_pages(const Metrics& metrics) {
  return metrics.bitmap_pages + metrics.catalog.pages() + metrics.all_collections.pages();
}

void expect_sums_agree(const Metrics& metrics) {
  const Info& info = metrics.info;
  EXPECT_EQ(live_pages(metrics), info.live_pages);
  EXPECT_EQ(metrics.meta_pages + info.live_pages + info.pending_pages + info.free_pages, info.page_count);
  ASSERT_TRUE(metrics.space);
  EXPECT_LE(metrics.space->longest_free_run, info.free_pages);
  EXPECT_LE(metrics.space->free_runs, info.free_pages);
  EXPECT_EQ(metrics.space->free_runs == 0, info.free_pages == 0);
  TreeMetrics sum;
  for (const CollectionMetrics& one : metrics.collections) {
    const TreeMetrics& tree = one.tree;
    sum.key_bytes += tree.key_bytes;
    sum.value_bytes += tree.value_bytes;
    sum.leaf_bytes += tree.leaf_bytes;
    EXPECT_LE(tree.branch_bytes, tree.branch_pages * info.page_size);
    EXPECT_LE(tree.leaf_bytes, (tree.leaf_pages + tree.fixed_leaf_pages) * info.page_size);
    EXPECT_GE(tree.leaf_bytes + tree.value_bytes_in_runs, tree.key_bytes + tree.value_bytes) << one.info.name;
    EXPECT_EQ(tree.height == 0, one.info.count == 0);
  }
  EXPECT_EQ(sum.key_bytes, metrics.all_collections.key_bytes);
  EXPECT_EQ(sum.value_bytes, metrics.all_collections.value_bytes);
  EXPECT_EQ(sum.leaf_bytes, metrics.all_collections.leaf_bytes);
}

const TreeMetrics& tree_of(const Metrics& metrics, const std::string& name) {
  for (const CollectionMetrics& one : metrics.collections) {
    if (one.info.name == name) return one.tree;
  }
  throw std::runtime_error("no metrics of " + name);
}

// Every kind of collection and page, with holes.
void fill(Database& db, std::uint32_t page_size) {
  db.write([&](WriteTxn& txn) {
    auto numbers = txn.list<std::int64_t>("numbers");
    for (int i = 0; i < 3000; ++i) numbers.push_back(i);
    auto texts = txn.sorted_map<std::string, std::string>("texts");
    for (int i = 0; i < 500; ++i)
      texts.put("text " + std::to_string(i), std::string(static_cast<unsigned>(i) % 50, 'x'));
    auto large = txn.sorted_map<std::string, std::string>("large");
    large.put("runs", std::string(5 * page_size, 'r'));
    auto dict = txn.dict<std::string, std::string>("dict");
    for (int i = 0; i < 200; ++i) dict.put(std::to_string(i), "value");
    dict.put(std::string(page_size, 'k'), "behind a long key");
    txn.set<std::string>("empty");
  });
  db.write([&](WriteTxn& txn) {
    auto numbers = txn.list<std::int64_t>("numbers");
    for (int i = 0; i < 1000; ++i) numbers.erase(static_cast<std::uint64_t>(i));
    txn.sorted_map<std::string, std::string>("large").put("scattered", std::string(3u << 20, 's'));
  });
}

TEST(Metrics, AgreesWithInfoAndCheckForEveryPageSize) {
  for (std::uint32_t page_size = 512; page_size <= 65536; page_size *= 2) {
    SCOPED_TRACE(page_size);
    const TemporaryFolder folder;
    Options options = quick_options(page_size);
    const std::string path = folder.file("db");
    {
      Database db = Database::open(path, options);
      expect_sums_agree(db.metrics());
      fill(db, page_size);
      expect_sums_agree(db.metrics());
      std::uint64_t checked = 0;
      EXPECT_TRUE(db.check([&](std::uint64_t done, std::uint64_t) { return checked = done, true; }).empty());
      const Metrics metrics = db.metrics();
      EXPECT_EQ(checked, metrics.catalog.pages() + metrics.all_collections.pages());
      EXPECT_EQ(metrics.info.txn, db.info().txn);
      EXPECT_EQ(metrics.info.live_pages, db.info().live_pages);
      EXPECT_EQ(metrics.info.collections, 5u);
      db.close();
    }
    options.mode = OpenMode::read;
    expect_sums_agree(Database::open(path, options).metrics());
  }
}

TEST(Metrics, CountsPagesAndBytesOfEachCollection) {
  constexpr std::uint32_t kPage = 1024;
  Database db = Database::temporary(quick_options(kPage));
  fill(db, kPage);
  const Metrics metrics = db.metrics();
  ASSERT_EQ(metrics.collections.size(), 5u);
  EXPECT_EQ(metrics.collections[0].info.name, "dict");
  EXPECT_EQ(metrics.collections[4].info.name, "texts");

  const TreeMetrics& numbers = tree_of(metrics, "numbers");
  EXPECT_EQ(numbers.value_bytes, 2000u * 8);
  EXPECT_EQ(numbers.key_bytes + numbers.leaf_pages + numbers.value_pages + numbers.value_bytes_in_runs, 0u);
  EXPECT_EQ(numbers.leaf_bytes, numbers.value_bytes + 32 * numbers.fixed_leaf_pages);
  EXPECT_GT(numbers.fixed_leaf_pages, 16u);
  EXPECT_GT(numbers.branch_pages, 0u);
  EXPECT_GE(numbers.height, 2u);

  std::uint64_t key_bytes = 0, value_bytes = 0;
  for (const auto& [key, value] : db.sorted_map<std::string, std::string>("texts").range()) {
    key_bytes += key.size();
    value_bytes += value.size();
  }
  const TreeMetrics& texts = tree_of(metrics, "texts");
  EXPECT_EQ(texts.key_bytes, key_bytes);
  EXPECT_EQ(texts.value_bytes, value_bytes);
  EXPECT_EQ(texts.value_bytes_in_runs + texts.fixed_leaf_pages, 0u);

  const TreeMetrics& large = tree_of(metrics, "large");
  EXPECT_EQ(large.value_bytes, 5 * kPage + (3u << 20));
  EXPECT_EQ(large.value_bytes_in_runs, large.value_bytes);
  EXPECT_GE(large.value_pages, 5 + (3u << 20) / kPage);
  EXPECT_EQ(large.key_bytes, 13u);

  const TreeMetrics& dict = tree_of(metrics, "dict");
  EXPECT_EQ(dict.key_bytes, 10 + 90 * 2 + 100 * 3 + 200u * 8 + kPage / 4) << "each behind 8 bytes of a hash";
  EXPECT_EQ(tree_of(metrics, "empty").pages(), 0u);

  const CollectionMetrics one = db.metrics("texts");
  EXPECT_EQ(one.info.count, 500u);
  EXPECT_EQ(one.tree.pages(), texts.pages());
  EXPECT_EQ(one.tree.leaf_bytes, texts.leaf_bytes);
  EXPECT_EQ(code_of([&] { db.metrics("nothing"); }), ErrorCode::not_found);
}

// A value of so many parts that a tree lists them.
TEST(Metrics, CountsTheTreesOfLargestValues) {
  Database db = Database::temporary(quick_options());
  auto values = db.list<std::string>("values");
  values.push_back(std::string(9u << 20, 'v'));
  const Metrics metrics = db.metrics();
  EXPECT_EQ(metrics.all_collections.value_bytes, 9u << 20);
  EXPECT_GT(metrics.all_collections.value_pages, (9u << 20) / 512) << "the runs, and the tree that lists them";
  expect_sums_agree(metrics);
}

// What a reader holds back is what becomes free when it ends, however readers and writers overlap.
TEST(Metrics, HeldBackIsWhatBecomesFreeRandomChurn) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("db"), quick_options());
  std::uint64_t freed = 0;
  const auto churn = [&] {
    db.write([&](WriteTxn& txn) {
      auto map = txn.sorted_map<std::int64_t, std::string>("map");
      for (int i = 0; i < 20; ++i) map.put(static_cast<std::int64_t>(random() % 2000), std::string(100, 'x'));
      txn.list<std::string>("large").push_back(std::string(2000, 'y'));
    });
  };
  for (int i = 0; i < 50; ++i) churn();
  std::vector<ReadTxn> readers;
  for (int step = 0; step < 300; ++step) {
    if (random() % 3 != 0) churn();
    if (readers.size() < 6 && random() % 3 == 0) readers.push_back(db.read());
    if (readers.empty() || random() % 4 != 0) continue;

    const Metrics before = db.metrics();
    freed += before.space->checkpoint_held_pages;
    if (random() % 4 == 0) {
      db.checkpoint();
      EXPECT_EQ(db.metrics().info.free_pages - before.info.free_pages, before.space->checkpoint_held_pages);
      continue;
    }
    expect_sums_agree(before);
    ASSERT_EQ(before.info.readers.size(), readers.size());
    const std::size_t at = random() % readers.size();
    const std::uint64_t seen = readers[at].txn();
    std::uint64_t held = 0, same = 0;
    for (const ReaderInfo& reader : before.info.readers) {
      if (reader.txn != seen) continue;
      held = reader.held_pages.value();
      ++same;
    }
    readers.erase(readers.begin() + static_cast<std::ptrdiff_t>(at));
    const Metrics after = db.metrics();
    EXPECT_EQ(after.info.free_pages - before.info.free_pages, same == 1 ? held : 0);
    EXPECT_EQ(before.info.pending_pages - after.info.pending_pages, same == 1 ? held : 0);
    freed += same == 1 ? held : 0;
  }
  EXPECT_GT(freed, 0u);
}

TEST(Metrics, TellsOfReadersThatLiveLongerThanACall) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("list");
  for (int i = 0; i < 500; ++i) list.push_back("item");
  EXPECT_TRUE(db.metrics().info.readers.empty());
  const ReadTxn old = db.read();
  list.erase(0, 400);
  const auto range = db.list<std::string>("list").range();
  list.push_back("more");
  const std::vector<ReaderInfo> readers = db.metrics().info.readers;
  ASSERT_EQ(readers.size(), 2u);
  EXPECT_EQ(readers[0].txn, old.txn());
  EXPECT_GT(readers[0].held_pages, 2u);
  EXPECT_GT(readers[1].txn, old.txn());
  EXPECT_LT(readers[1].held_pages, readers[0].held_pages);
  for (const ReaderInfo& reader : readers) {
    EXPECT_TRUE(reader.process.is_self);
    ASSERT_TRUE(reader.open_us);
    EXPECT_GE(*reader.open_us, 0);
    EXPECT_LT(*reader.open_us, 600'000'000);
  }
  EXPECT_LE(*readers[1].open_us, *readers[0].open_us);
  const Info info = db.info();
  ASSERT_EQ(info.readers.size(), 2u);
  EXPECT_EQ(info.readers[0].held_pages, readers[0].held_pages);
}

TEST(Metrics, TellsOfTheLogAndCheckpoints) {
  const TemporaryFolder folder;
  Options options;
  options.log_size = options.log_size_max = 64u << 10;
  Database db = Database::open(folder.file("db"), options);
  EXPECT_FALSE(db.metrics().activity.last_checkpoint);
  auto list = db.list<std::string>("list");
  const ActivityMetrics before = db.metrics().activity;
  for (int i = 0; i < 10; ++i) list.push_back("item");
  const ActivityMetrics after = db.metrics().activity;
  EXPECT_EQ(after.log_records - before.log_records, 10u);
  EXPECT_EQ(after.log_syncs - before.log_syncs, 10u);
  EXPECT_EQ(after.data_syncs, before.data_syncs);
  EXPECT_GE(after.log_bytes - before.log_bytes, 10u * 60);
  EXPECT_EQ(db.info().log_bytes, 64 + after.log_bytes) << "behind the header of the segment";

  const auto cause_after = [&](auto&& action) {
    const std::uint64_t count = db.info().checkpoints;
    action();
    const Metrics metrics = db.metrics();
    EXPECT_GT(metrics.info.checkpoints, count);
    EXPECT_GT(metrics.activity.data_syncs, after.data_syncs);
    EXPECT_GE(metrics.activity.last_checkpoint->took_us, 0);
    EXPECT_GT(metrics.activity.last_checkpoint->ended_us, metrics.info.created_us - 1);
    return std::string(checkpoint_cause_name(metrics.activity.last_checkpoint->cause));
  };
  EXPECT_EQ(cause_after([&] { db.checkpoint(); }), "asked");
  EXPECT_EQ(cause_after([&] { list.extend(std::vector<std::string>(100, std::string(1000, 'x'))); }), "commit");
  const std::uint64_t count = db.info().checkpoints;
  EXPECT_EQ(cause_after([&] {
              while (db.info().checkpoints == count) list.push_back(std::string(1000, 'x'));
            }),
            "log_full");
}

TEST(Metrics, TellsOfACheckpointForPagesThatTheLastOneHeld) {
  const TemporaryFolder folder;
  Database db = Database::open(folder.file("db"), quick_options(4096));
  auto values = db.list<std::string>("values");
  values.push_back(std::string(70u << 20, 'x'));
  db.checkpoint();
  values.erase(0);
  EXPECT_GT(db.metrics().space->checkpoint_held_pages, (70u << 20) / 4096 - 1);
  for (int i = 0; i < 1000; ++i) values.push_back("small");  // each does a slice of it
  EXPECT_EQ(db.metrics().activity.last_checkpoint->cause, CheckpointCause::pages_held);
  EXPECT_LT(db.metrics().space->checkpoint_held_pages, 100u);
}

TEST(Metrics, TellsOfMemory) {
  Database db = Database::temporary(quick_options());
  const MemoryMetrics before = db.metrics().memory;
  EXPECT_GE(before.map_bytes, 1u << 20);
  EXPECT_GT(before.mark_bytes + before.bitmap_bytes, 0u);
  EXPECT_EQ(before.private_bytes, 0u);
  WriteTxn txn = db.begin_write();
  auto list = txn.list<std::string>("list");
  for (int i = 0; i < 1000; ++i) list.push_back("some item");
  const Metrics during = db.metrics();
  EXPECT_GE(during.memory.private_bytes, 10'000u);
  EXPECT_TRUE(during.space) << "the place is this thread's own";
  txn.rollback();
  const MemoryMetrics after = db.metrics().memory;
  EXPECT_EQ(after.private_bytes, 0u);
  EXPECT_GE(after.buffer_bytes, during.memory.private_bytes);
}

TEST(Metrics, GoesOnWithoutThePlaceOfAnotherThreadsTransaction) {
  Database db = Database::temporary(quick_options());
  fill(db, 512);
  WriteTxn txn = db.begin_write();
  txn.drop("numbers");
  Metrics metrics;
  std::thread([&] { metrics = db.metrics(); }).join();
  EXPECT_FALSE(metrics.space);
  EXPECT_EQ(metrics.collections.size(), 5u) << "the newest commit is told of";
  EXPECT_EQ(live_pages(metrics), metrics.info.live_pages);
}

TEST(Metrics, ThreadsWriteMeanwhile) {
  Database db = Database::temporary(quick_options());
  fill(db, 512);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    std::mt19937_64 random(5);
    while (!stop) {
      db.write([&](WriteTxn& txn) {
        auto list = txn.list<std::string>("churn");
        for (int i = 0; i < 50; ++i) list.insert(random() % (list.size() + 1), std::string(random() % 200, 'x'));
        if (list.size() > 2000) list.clear();
      });
    }
  });
  for (int i = 0; i < 100; ++i) {
    const Metrics metrics = db.metrics();
    if (metrics.space) expect_sums_agree(metrics);
  }
  stop = true;
  writer.join();
}

TEST(Metrics, CanBeCancelled) {
  Database db = Database::temporary(quick_options());
  fill(db, 512);
  std::uint64_t last = 0, total = 0;
  const Metrics metrics = db.metrics([&](std::uint64_t done, std::uint64_t in_all) {
    EXPECT_GT(done, last);
    last = done;
    total = in_all;
    return true;
  });
  EXPECT_EQ(last, total);
  EXPECT_EQ(last + metrics.bitmap_pages, metrics.info.live_pages);
  EXPECT_EQ(code_of([&] { db.metrics([](auto, auto) { return false; }); }), ErrorCode::cancelled);
  EXPECT_EQ(code_of([&] { db.metrics("texts", [](auto, auto) { return false; }); }), ErrorCode::cancelled);
  EXPECT_TRUE(db.info().readers.empty()) << "the snapshot has ended";
}

std::string read_image(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_image(const std::string& path, const std::string& image) { std::ofstream(path, std::ios::binary) << image; }

std::string image_to_damage(const std::string& path) {
  Database db = Database::open(path, quick_options());
  fill(db, 512);
  db.close();
  return read_image(path);
}

// Any page damaged: an error that names it, or figures of those that are whole.
TEST(Metrics, NamesADamagedPage) {
  const TemporaryFolder folder;
  const std::string path = folder.file("db");
  const std::string image = image_to_damage(path);
  Options options;
  options.mode = OpenMode::read;
  int told = 0;
  for (std::size_t page = 34; page < 400; ++page) {
    std::string damaged = image;
    for (std::size_t i = 0; i < 64; ++i) damaged[page * 512 + 100 + i] ^= 0x55;
    write_image(path, damaged);
    try {
      Database::open(path, options).metrics();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
      EXPECT_NE(std::string(error.what()).find("page " + std::to_string(page)), std::string::npos) << error.what();
      ++told;
    }
  }
  EXPECT_GT(told, 50);
}

// A branch whose first two children are the same page, in a file opened without checksums.
TEST(Metrics, CountsNoPageTwice) {
  const TemporaryFolder folder;
  const std::string path = folder.file("db");
  const std::string image = image_to_damage(path);
  Options options;
  options.mode = OpenMode::read;
  options.verify_checksums = false;
  int told = 0;
  for (std::size_t at = 34 * 512; at < image.size(); at += 512) {
    constexpr char kBranch = 3;
    if (image[at + 4] != kBranch || image[at + 5] == 0 || image[at + 6] < 2) continue;
    std::string damaged = image;
    for (std::size_t i = 0; i < 10; ++i) damaged[at + 32 + 16 + i] = damaged[at + 32 + i];  // page and birth
    write_image(path, damaged);
    try {
      Database::open(path, options).metrics();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
      EXPECT_NE(std::string(error.what()).find("referred to twice"), std::string::npos) << error.what();
      ++told;
    }
  }
  EXPECT_GT(told, 3);
}

}  // namespace
}  // namespace sapwood
