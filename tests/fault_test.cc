// A disk that fails, lies or rots: a clean error or an earlier whole state, nothing acknowledged lost, never wrong
// data. fault_slow_test.cc fails every call.
#include <gtest/gtest.h>

#include "tests/support/error_code.h"
#include "tests/support/fault_run.h"
#include "tests/support/nest.h"

namespace sapwood::test {
namespace {

constexpr os::FaultKind kKinds[]{os::FaultKind::io, os::FaultKind::disk_full, os::FaultKind::out_of_memory,
                                 os::FaultKind::short_write};

// Every fifth call, of all kinds, once and for good.
TEST(Fault, CallsThatFail) {
  const u64 seed = test_seed();
  const std::vector<Operation> operations = fault_operations(seed, 100);
  const u64 calls = count_calls(operations, seed);
  u64 fired = 0;
  for (u64 nth = 1 + seed % 5; nth <= calls; nth += 5) {
    for (const os::FaultKind kind : kKinds) {
      for (const bool for_good : {false, true}) {
        fired += run_with_fault(operations, seed, {.nth = nth, .for_good = for_good, .kind = kind});
      }
    }
  }
  EXPECT_GT(fired, 10u);
}

// Of a nested collection that comes to be inline, and ceases to be.
TEST(Fault, CallsThatFailAsOneGrowsAndShrinks) {
  const u64 seed = test_seed();
  const std::vector<Operation> operations = grow_and_shrink();
  const u64 calls = count_calls(operations, seed);
  u64 fired = 0;
  for (u64 nth = 1; nth <= calls; ++nth) {
    const os::FaultKind kind = kKinds[nth % std::size(kKinds)];
    fired += run_with_fault(operations, seed, {.nth = nth, .for_good = nth % 3 == 0, .kind = kind});
  }
  EXPECT_GT(fired, 10u);
}

TEST(Fault, FailedSyncs) {
  const u64 seed = test_seed();
  const std::vector<Operation> operations = fault_operations(seed, 60);
  u64 fired = 0;
  for (u64 nth = 1; nth <= 40; ++nth) {
    fired += run_with_fault(operations, seed, {.call = os::Call::sync, .nth = nth, .kind = os::FaultKind::io});
  }
  EXPECT_GT(fired, 0u);
}

TEST(Fault, InRecovery) {
  const u64 seed = test_seed();
  const std::vector<Operation> operations = fault_operations(seed, 40);
  for (const os::FaultKind kind : kKinds) {
    EXPECT_GT(run_failing_recovery(operations, seed, kind, false), 5u);
    EXPECT_GT(run_failing_recovery(operations, seed, kind, true), 5u);
  }
}

// The disk holds so many bytes and no more: commits fail cleanly, deletes work, and space given back is used.
TEST(Fault, DiskFull) {
  const u64 seed = test_seed();
  u64 failures = 0;
  for (const u64 capacity : {190'000, 220'000, 250'000}) {
    os::SimDisk disk(seed);
    Executor::Settings settings = fault_settings(disk);
    settings.faults = true;
    settings.scale.max_items = 3000;
    settings.scale.keys = 3000;
    Executor executor(settings);
    disk.set_capacity(capacity);
    executor.open();
    for (const Operation& operation : fault_operations(seed, 3000)) executor.execute(operation);
    failures += executor.failures();
    const History history = executor.history();
    executor.abandon();
    Executor again(settings, history);
    again.open();
    require_clean(again.database());
    disk.set_capacity(capacity + 64 * u64{settings.options.page_size});  // closing gave back what is kept for erases
    for (const SnapshotInfo& snapshot : again.database().snapshots()) again.database().drop_snapshot(snapshot.name);
    again.database().write([](WriteTxn& txn) {
      for (const CollectionInfo& info : txn.collections()) txn.drop(info.name);
    });
    EXPECT_TRUE(again.database().collections().empty());
    again.database().checkpoint();
    again.database().list<std::string>("after").push_back("there is room");
    require_clean(again.database());
  }
  EXPECT_GT(failures, 0u);
}

// Runs a workload on a disk that lies from some moment on, then looks at what it may have kept.
template <class Lie>
u64 count_reports(u64 seed, Lie&& lie) {
  os::SimDisk disk(seed);
  Executor::Settings settings = fault_settings(disk);
  settings.all_states = true;
  Executor executor(settings);
  executor.open();
  const std::vector<Operation> operations = fault_operations(seed, 60);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i == 20) lie(disk);  // after the first commits
    if (operations[i].kind != OperationKind::reopen) executor.execute(operations[i]);
  }
  u64 reports = 0;
  os::CrashOptions options;
  options.seed = seed;
  options.max_images = 20;
  options.process_kill = false;
  disk.for_each_crash_image(options, [&](os::SimDisk& image, const os::CrashImage& crash) {
    try {
      reports += report_or_whole_state(image, executor.history(), seed) ? 1 : 0;
    } catch (const std::exception& error) {
      throw Disagreement(std::string(error.what()) + "\n  seed " + std::to_string(seed) +
                         ", image: " + crash.description + "\n" + disk.describe_recent_operations());
    }
  });
  return reports;
}

TEST(Fault, DroppedSyncs) {
  const u64 seed = test_seed();
  for (u64 i = 0; i < scaled(60); ++i) {
    count_reports(seed + i, [](os::SimDisk& disk) { disk.set_dropped_syncs(true); });
  }
}

TEST(Fault, MisdirectedWrites) {
  const u64 seed = test_seed();
  u64 reports = 0;
  for (u64 i = 0; i < scaled(120); ++i) {
    reports += count_reports(seed + i, [&](os::SimDisk& disk) {
      const i64 shift = (i64{512} << i % 5) * (i % 2 == 0 ? 1 : -1);
      disk.misdirect_write(1 + i % 13, shift, i % 3 == 0 ? "-log" : "");
    });
  }
  EXPECT_GT(reports, 0u);
}

// One bit of the data file or of the log, anywhere.
void rot(bool clean, u64 seed) {
  os::SimDisk disk(seed);
  Executor::Settings settings = fault_settings(disk);
  settings.all_states = true;
  settings.options.exclusive = true;  // its log is replayed; pages younger than the checkpoint are not trusted
  Executor executor(settings);
  executor.open();
  for (const Operation& operation : fault_operations(seed, 60)) {
    if (operation.kind != OperationKind::reopen) executor.execute(operation);
  }
  if (clean) executor.close();
  const std::unique_ptr<os::SimDisk> rotten = disk.clone();
  const std::vector<std::string> paths = rotten->paths();
  Rng random(seed);
  u64 reports = 0;
  const u64 tries = scaled(300);
  for (u64 i = 0; i < tries; ++i) {
    const std::unique_ptr<os::SimDisk> image = rotten->clone();
    const std::string& path = paths[below(random, paths.size())];
    const u64 offset = below(random, image->contents(path).size());
    image->flip_bit(path, offset, static_cast<unsigned>(below(random, 8)));
    try {
      reports += report_or_whole_state(*image, executor.history(), seed) ? 1 : 0;
    } catch (const std::exception& error) {
      throw Disagreement(std::string(error.what()) + "\n  seed " + std::to_string(seed) + ", a bit of " + path +
                         " at " + std::to_string(offset));
    }
  }
  EXPECT_GT(reports, 0u);
  EXPECT_LT(reports, tries);
}

TEST(Fault, BitRotAtRest) { rot(true, test_seed()); }
TEST(Fault, BitRotWithLog) { rot(false, test_seed()); }

// After a failed sync the system forgets what it could not write: reopening must not trust the cache.
TEST(Fault, StaleDataAfterFailedSync) {
  const u64 seed = test_seed();
  for (u64 nth = 1; nth < 25; ++nth) {
    os::SimDisk disk(seed);
    Executor::Settings settings = fault_settings(disk);
    settings.faults = true;
    settings.all_states = true;
    Executor executor(settings);
    executor.open();
    disk.set_fault({.call = os::Call::sync, .nth = nth, .kind = os::FaultKind::io});
    for (const Operation& operation : fault_operations(seed, 60)) executor.execute(operation);
    disk.clear_fault();
    const History history = executor.history();
    const std::size_t floor = executor.floor();
    executor.abandon();
    Executor again(settings, history);
    again.open(floor);
    again.verify();
  }
}

// close() promises durability: it may not return as if nothing had happened.
TEST(Fault, CloseTellsThatAsyncCommitsMayBeLost) {
  os::SimDisk disk(1);
  Database database = Database::open("/test.sapwood", fault_settings(disk).options);
  auto txn = database.begin_write();
  txn.list<i64>("numbers").push_back(1);
  txn.commit(Durability::async);
  disk.set_fault({.call = os::Call::sync});
  EXPECT_EQ(code_of([&] { database.sync(); }), ErrorCode::io);
  EXPECT_EQ(code_of([&] { database.close(); }), ErrorCode::writes_refused);
}

// A log that could neither be made nor removed again does not stand in the way of the next attempt.
TEST(Fault, LeftoverOfTheLogIsReplaced) {
  os::SimDisk disk(1);
  Database database = Database::open("/test.sapwood", fault_settings(disk).options);
  disk.set_fault({.nth = 2, .for_good = true, .path_suffix = "-log"});  // it is created, and then nothing works
  EXPECT_EQ(code_of([&] { database.list<i64>("numbers"); }), ErrorCode::io);
  disk.clear_fault();
  EXPECT_EQ(disk.contents("/test.sapwood-log").substr(0, 8), "");
  database.list<i64>("numbers").push_back(1);
  EXPECT_EQ(database.list<i64>("numbers").size(), 1u);
}

// A full disk while the meta is written: the commit may be on the disk, and the error does not deny it.
TEST(Fault, FullDiskInACommitThatIsACheckpoint) {
  const u64 seed = test_seed();
  for (u64 nth = 1; nth < 60; ++nth) {
    run_with_fault(fault_operations(seed, 30), seed,
                   {.call = os::Call::write, .nth = nth, .kind = os::FaultKind::disk_full, .path_suffix = ".sapwood"});
  }
}

}  // namespace
}  // namespace sapwood::test
