// The engine when the disk fails: full, input/output errors, failed syncs. Nothing acknowledged is lost, nothing is
// half done.
#include <algorithm>

#include "storage/engine_impl.h"
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

using FaultsTest = EngineTest;

TEST_F(FaultsTest, AFailedSyncRefusesWritesUntilReopened) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 1); });
  disk_.set_fault({.call = os::Call::sync, .nth = 1, .kind = os::FaultKind::io, .path_suffix = "-log"});
  EXPECT_EQ(code_of([&] { commit(*engine, Durability::sync, [](Editor& editor) { editor.put(2, 2); }); }),
            ErrorCode::io);
  disk_.clear_fault();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of([&] { engine->begin_write(std::chrono::milliseconds(-1)); }), ErrorCode::writes_refused);
    EXPECT_EQ(code_of([&] { engine->sync(); }), ErrorCode::writes_refused);
    EXPECT_EQ(code_of([&] { engine->checkpoint(); }), ErrorCode::writes_refused);
  }
  EXPECT_EQ(read_newest(*engine).values, (std::map<u64, u64>{{1, 1}}));
  EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::writes_refused);  // it cannot make anything durable
  const std::map<u64, u64> values = reopened_state().values;
  EXPECT_EQ(values.at(1), 1u);  // the failed commit may or may not be there
  EXPECT_LE(values.size(), 2u);
}

// The sync of a commit fails that has already begun a checkpoint: nobody waits for that checkpoint for ever.
TEST_F(FaultsTest, AFailedSyncBeforeACheckpointIsToldToAll) {
  options_.log_size = 4096;
  options_.log_size_max = 4096;
  u64 begun = 0;
  for (int after = 1; after < 60; ++after) {
    disk_.set_contents(kPath, "");
    disk_.files().remove(kPath);
    std::shared_ptr<Engine> engine = open();
    for (int i = 0; i < after; ++i) commit(*engine, Durability::async, [](Editor& editor) { editor.put(1, 1); });
    const u64 checkpoints = engine->info().checkpoints;
    disk_.set_fault(
        {.call = os::Call::sync, .nth = 1, .for_good = true, .kind = os::FaultKind::io, .path_suffix = "-log"});
    code_of([&] { commit(*engine, Durability::sync, [](Editor& editor) { editor.put(2, 2); }); });
    EXPECT_EQ(engine->info().checkpoints, checkpoints);
    EXPECT_EQ(code_of([&] { engine->checkpoint(); }), ErrorCode::writes_refused);
    EXPECT_EQ(code_of([&] { findings(*engine); }), ErrorCode::writes_refused);
    begun += engine->info().log_bytes < 200 ? 1 : 0;
    EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::writes_refused);
    disk_.clear_fault();
    EXPECT_LE(reopened_state().values.size(), 2u);
  }
  EXPECT_GT(begun, 0u);
}

// A close whose last sync fails: what the system has cached says "clean", the disk does not.
TEST_F(FaultsTest, AFailedCloseIsNotBelieved) {
  for (u64 nth = 1; nth <= 4; ++nth) {
    disk_.set_contents(kPath, "");
    disk_.files().remove(kPath);
    std::shared_ptr<Engine> engine = open();
    for (u64 i = 0; i < 20; ++i) commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(i, i + 1); });
    disk_.set_fault({.call = os::Call::sync, .nth = nth, .kind = os::FaultKind::io});
    const bool failed = code_of([&] { engine->close(); }).has_value();
    EXPECT_EQ(failed, disk_.faults_fired() > 0);
    disk_.clear_fault();
    engine = open();
    for (const u64 values : {20u, 21u}) {
      EXPECT_EQ(read_newest(*engine).values.size(), values);
      disk_.for_each_crash_image({.process_kill = false, .max_images = 40},
                                 [&](os::SimDisk& image, const os::CrashImage& crash) {
                                   SCOPED_TRACE(crash.description);
                                   const std::shared_ptr<Engine> recovered = open(&image);
                                   EXPECT_EQ(read_newest(*recovered).values.size(), values);
                                   expect_sound(*recovered);
                                 });
      commit(*engine, Durability::sync, [](Editor& editor) { editor.put(50, 1); });
    }
    engine->close();
  }
}

TEST_F(FaultsTest, AFullDiskFailsCleanlyAndLetsErasesThrough) {
  std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(8);
  State model;
  for (u64 i = 0; i < 200; ++i) model.values[i] = i + 1;
  commit(*engine, Durability::sync, [&](Editor& editor) {
    for (const auto& [index, value] : model.values) editor.put(index, value);
  });
  engine->checkpoint();
  u64 used = 0;
  for (const std::string& path : disk_.paths()) used += disk_.contents(path).size();
  disk_.set_capacity(used);
  std::optional<ErrorCode> code;
  for (u32 i = 0; !code && i < 1000; ++i) {
    const std::string blob = text_of(random, 2000);
    code =
        code_of([&] { commit(*engine, Durability::sync, [&](Editor& editor) { editor.put_blob(i % kBlobs, blob); }); });
    if (!code) model.blobs[i % kBlobs] = blob;
    if (i >= kBlobs && !code) {  // it lives off what the last checkpoint frees; take more
      code = code_of([&] {
        commit(*engine, Durability::sync, [&](Editor& editor) {
          for (u32 number = 0; number < kBlobs; ++number) editor.put_blob(number, text_of(random, 200 * 512));
        });
      });
      ASSERT_TRUE(code.has_value());
    }
  }
  EXPECT_EQ(code, ErrorCode::disk_full);
  EXPECT_EQ(read_newest(*engine), model);
  expect_sound(*engine);
  // Erasing may use the reserve.
  for (u64 i = 0; i < 200; i += 3) {
    const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
    txn->use_reserve(WriteTransaction::Reserve::erase);
    Editor(*txn).put(i, 0);
    txn->use_reserve(WriteTransaction::Reserve::none);
    txn->commit(Durability::sync);
    model.values.erase(i);
  }
  EXPECT_EQ(read_newest(*engine), model);
  expect_sound(*engine);
  disk_.set_capacity(0);
  commit(*engine, Durability::sync, [&](Editor& editor) {
    model.blobs[0] = text_of(random, 100'000);
    editor.put_blob(0, model.blobs[0]);
  });
  crash(engine);
  EXPECT_EQ(reopened_state(), model);
}

// Erases on a full disk go on for ever: what they copy comes back by a checkpoint, and not from the reserve alone.
TEST_F(FaultsTest, ErasesOnAFullDiskDoNotUseTheReserveUp) {
  constexpr u64 kValues = 1600;  // in 200 leaves, more than the reserve has
  options_.page_size = 4096;
  options_.log_size = options_.log_size_max = 1 << 20;  // so large that it calls for no checkpoint
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) {
    for (u64 i = 0; i < kValues; ++i) editor.put(i, i + 1);
  });
  u64 used = 0;
  for (const std::string& path : disk_.paths()) used += disk_.contents(path).size();
  disk_.set_capacity(used);
  engine->checkpoint();
  for (u64 i = 0; i < kValues; i += kValuesALeaf) {
    const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
    txn->use_reserve(WriteTransaction::Reserve::erase);
    Editor(*txn).put(i, 0);
    txn->use_reserve(WriteTransaction::Reserve::none);
    txn->commit(Durability::async);
  }
  expect_sound(*engine);
}

// There is no log yet, and no room for one.
TEST_F(FaultsTest, AFullDiskWithoutALogCommitsByCheckpoint) {
  options_.exclusive = true;
  open()->close();
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::none, [](Editor& editor) { editor.put(1, 1); });
  engine->checkpoint();
  u64 used = 0;
  for (const std::string& path : disk_.paths()) used += disk_.contents(path).size();
  disk_.set_capacity(used);
  for (u64 i = 0; i < 5; ++i) commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(i, i + 10); });
  EXPECT_EQ(disk_.paths(), (std::vector<std::string>{kPath, kLockPath}));
  disk_.set_capacity(0);
  commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(5, 15); });
  EXPECT_TRUE(disk_.files().exists(kLogPath));
  crash(engine);
  EXPECT_EQ(reopened_state().values, (std::map<u64, u64>{{0, 10}, {1, 11}, {2, 12}, {3, 13}, {4, 14}, {5, 15}}));
}

// At the reserve's end a delete fails cleanly too.
TEST_F(FaultsTest, TheReserveEnds) {
  std::shared_ptr<Engine> engine = open();
  State model;
  for (u64 i = 0; i < 200; ++i) model.values[i] = i + 1;
  commit(*engine, Durability::sync, [&](Editor& editor) {
    for (const auto& [index, value] : model.values) editor.put(index, value);
  });
  u64 used = 0;
  for (const std::string& path : disk_.paths()) used += disk_.contents(path).size();
  disk_.set_capacity(used);
  const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
  txn->use_reserve(WriteTransaction::Reserve::erase);
  PageRef ref;
  EXPECT_EQ(code_of([&] {
              for (int i = 0; i < 100'000; ++i) txn->create(ref, PageType::leaf, 0, 1);
            }),
            ErrorCode::disk_full);
  EXPECT_EQ(code_of([&] { txn->allocate_run(5); }), ErrorCode::disk_full);
  // The last pages are not for deletes.
  txn->use_reserve(WriteTransaction::Reserve::all);
  for (u64 i = 0; i < kLastPages; ++i) txn->create(ref, PageType::leaf, 0, 1);
  EXPECT_EQ(code_of([&] { txn->create(ref, PageType::leaf, 0, 1); }), ErrorCode::disk_full);
  txn->rollback();
  EXPECT_EQ(read_newest(*engine), model);
  expect_sound(*engine);
}

// A workload with every kind of commit, and the states that may be found after it: from the last commit that was
// acknowledged as durable on.
struct Workload {
  std::vector<State> possible{State()};

  void run(Engine& engine) {
    std::mt19937_64 random(5);
    for (int i = 0; i < 14; ++i) {
      State next = possible.back();
      const std::unique_ptr<WriteTransaction> txn = engine.begin_write(std::chrono::milliseconds(-1));
      Editor editor(*txn);
      const int changes = i == 6 ? 60 : 4;  // one larger than the log
      for (int change = 0; change < changes; ++change) {
        random_change(random, editor, next, 200, 1500);
        if (change % 8 == 7) txn->release_memory();
      }
      possible.push_back(next);
      txn->commit(i % 3 == 1 ? Durability::async : Durability::sync);
      if (i % 3 != 1) possible.erase(possible.begin(), possible.end() - 1);
      if (i == 3 || i == 9) engine.checkpoint();
    }
  }
};

// Each call of the seam fails, once or for good. What was acknowledged is there when the file is opened again.
TEST_F(FaultsTest, AnyCallMayFail) {
  options_.log_size = 4096;
  options_.log_size_max = 8192;
  options_.dirty_limit = 2048;
  for (const os::FaultKind kind :
       {os::FaultKind::io, os::FaultKind::disk_full, os::FaultKind::out_of_memory, os::FaultKind::short_write}) {
    for (const bool for_good : {false, true}) {
      u64 nth = 1;
      for (bool fired = true; fired; ++nth) {
        SCOPED_TRACE(std::string(os::fault_name(kind)) + (for_good ? " for good" : " once") + ", call " +
                     std::to_string(nth));
        os::SimDisk disk(nth);
        disk.set_fault({.nth = nth, .for_good = for_good, .kind = kind});
        Workload work;
        try {
          const std::shared_ptr<Engine> engine = open(&disk);
          work.run(*engine);
          engine->close();
        } catch (const Error& error) {
          EXPECT_TRUE(error.code() == ErrorCode::io || error.code() == ErrorCode::disk_full ||
                      error.code() == ErrorCode::out_of_memory || error.code() == ErrorCode::writes_refused)
              << error.what();
        }
        fired = disk.faults_fired() > 0;
        disk.clear_fault();
        const std::shared_ptr<Engine> engine = open(&disk);
        const State state = read_newest(*engine);
        ASSERT_NE(std::find(work.possible.begin(), work.possible.end(), state), work.possible.end())
            << disk.describe_recent_operations();
        ASSERT_EQ(findings(*engine), std::vector<std::string>()) << disk.describe_recent_operations();
        commit(*engine, Durability::sync, [](Editor& editor) { editor.put(7, 7); });
        engine->close();
        ASSERT_LT(nth, 2000u);
      }
      EXPECT_GT(nth, 100u);
    }
  }
}

}  // namespace
}  // namespace sapwood::storage::testing
