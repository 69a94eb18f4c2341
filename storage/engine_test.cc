// The engine over a simulated disk: opening, closing, durability, checkpoints, space.
#include "storage/engine.h"

#include "storage/redo_log.h"
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

using Paths = std::vector<std::string>;

TEST_F(EngineTest, KeepsItsContentAtEveryPageSize) {
  options_.exclusive = true;
  for (u32 page_size = 512; page_size <= 65536; page_size *= 2) {
    disk_.set_contents(kPath, "");
    disk_.files().remove(kPath);
    options_.page_size = page_size;
    std::mt19937_64 random(page_size);
    State model;
    for (int session = 0; session < 3; ++session) {
      const std::shared_ptr<Engine> engine = open();
      EXPECT_EQ(engine->info().page_size, page_size);
      EXPECT_EQ(read_newest(*engine), model);
      for (int i = 0; i < 20; ++i) {
        commit(*engine, static_cast<Durability>(random() % 3), [&](Editor& editor) {
          for (int change = 0; change < 5; ++change) {
            random_change(random, editor, model, value_limit(page_size), 3 * page_size);
          }
        });
        expect_sound(*engine);
        ASSERT_EQ(read_newest(*engine), model);
      }
      engine->close();
      EXPECT_EQ(disk_.paths(), Paths{kPath});  // at rest it is one file
    }
    options_.page_size = 1024;  // ignored for a file that exists
    EXPECT_EQ(open()->info().page_size, page_size);
  }
}

TEST_F(EngineTest, ModesOfOpening) {
  EXPECT_EQ(code_of([&] { open(OpenMode::write); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), ErrorCode::not_found);
  EXPECT_TRUE(disk_.paths().empty());
  open(OpenMode::create_new)->close();
  EXPECT_EQ(code_of([&] { open(OpenMode::create_new); }), ErrorCode::exists);
  EXPECT_EQ(code_of([&] { open(OpenMode::write); }), std::nullopt);
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), std::nullopt);
  EXPECT_EQ(code_of([&] { open(OpenMode::create); }), std::nullopt);
}

TEST_F(EngineTest, OptionsAreChecked) {
  const auto code_with = [&](const std::function<void(Options&)>& change) {
    const Options before = options_;
    change(options_);
    const std::optional<ErrorCode> code = code_of([&] { open(); });
    options_ = before;
    return code;
  };
  EXPECT_EQ(code_with([](Options& o) { o.page_size = 256; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_with([](Options& o) { o.page_size = 3000; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_with([](Options& o) { o.log_size = 100; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_with([](Options& o) { o.log_size = 4097; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_with([](Options& o) { o.log_size_max = 4096; }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_with([](Options& o) { o.log_size_max = u64{2} << 30; }), ErrorCode::invalid_argument);
  EXPECT_TRUE(disk_.paths().empty());
}

TEST_F(EngineTest, AnUnusedDatabaseIsNotRewritten) {
  open()->close();
  const std::string before = disk_.contents(kPath);
  open()->close();
  EXPECT_EQ(disk_.contents(kPath), before);
  EXPECT_EQ(disk_.durable_contents(kPath), before);
}

TEST_F(EngineTest, SnapshotsKeepTheirVersion) {
  const std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(3);
  State model;
  std::vector<std::pair<Snapshot, State>> snapshots;
  for (int i = 0; i < 60; ++i) {
    commit(*engine, Durability::async, [&](Editor& editor) {
      for (int change = 0; change < 4; ++change) random_change(random, editor, model, 200, 1500);
    });
    if (i % 7 == 0) snapshots.emplace_back(engine->begin_read(), model);
    if (i % 10 == 9) engine->checkpoint();
    for (const auto& [snapshot, state] : snapshots) {
      ASSERT_EQ(read_state(snapshot.pages, snapshot.descriptor.catalog), state);
      EXPECT_TRUE(engine->is_live(snapshot.slot, snapshot.generation));
    }
  }
  ASSERT_EQ(engine->info().readers.size(), snapshots.size());
  EXPECT_EQ(engine->info().readers[0].txn, snapshots[0].first.descriptor.txn);
  expect_sound(*engine);
  for (const auto& [snapshot, state] : snapshots) {
    engine->end_read(snapshot);
    EXPECT_FALSE(engine->is_live(snapshot.slot, snapshot.generation));
  }
  EXPECT_TRUE(engine->info().readers.empty());
}

TEST_F(EngineTest, AStuckReaderHoldsOnlyWhatItCanSee) {
  const std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::async, [](Editor& editor) {
    for (u64 i = 0; i < value_limit(512); ++i) editor.put(i, i + 1);
  });
  const Snapshot snapshot = engine->begin_read();
  const u64 live = engine->info().live_pages;
  std::mt19937_64 random(1);
  u64 pages = 0;
  for (int i = 0; i < 3000; ++i) {
    commit(*engine, Durability::async, [&](Editor& editor) { editor.put(random() % value_limit(512), random() | 1); });
    ASSERT_LE(engine->info().pending_pages, 3 * live + 16);
    if (i == 200) pages = engine->info().page_count;
  }
  EXPECT_LE(engine->info().page_count, pages + 200);
  engine->end_read(snapshot);
}

TEST_F(EngineTest, AcknowledgedCommitsSurviveTheProcess) {
  State model;
  for (const Durability durability : {Durability::sync, Durability::async, Durability::sync, Durability::async}) {
    options_.exclusive = !options_.exclusive;
    std::shared_ptr<Engine> engine = open();
    for (u64 i = 0; i < 50; ++i) {
      commit(*engine, durability, [&](Editor& editor) { editor.put(i, i + 1); });
      model.values[i] = i + 1;
    }
    crash(engine);
    engine = open();
    EXPECT_EQ(engine->info().recovery.recovered, options_.exclusive);  // else it goes on where the dead one stopped
    EXPECT_EQ(engine->info().recovery.records > 0, options_.exclusive);
    EXPECT_EQ(read_newest(*engine), model);
    expect_sound(*engine);
    engine->close();
    EXPECT_FALSE(open()->info().recovery.recovered);
  }
}

TEST_F(EngineTest, CommitsWithoutALogSurviveACloseOrCheckpoint) {
  options_.exclusive = true;
  std::shared_ptr<Engine> engine = open();
  const auto put = [&](u64 index) { commit(*engine, Durability::none, [&](Editor& editor) { editor.put(index, 7); }); };
  put(1);
  engine->checkpoint();
  put(2);
  EXPECT_EQ(read_newest(*engine).values.size(), 2u);
  crash(engine);
  engine = open();
  EXPECT_EQ(read_newest(*engine).values, (std::map<u64, u64>{{1, 7}}));
  put(3);
  engine->sync();  // makes a checkpoint
  crash(engine);
  engine = open();
  EXPECT_EQ(read_newest(*engine).values, (std::map<u64, u64>{{1, 7}, {3, 7}}));
  put(4);
  engine->close();
  EXPECT_EQ(reopened_state().values.size(), 3u);
}

// The first logged commit after unlogged ones is a checkpoint: nothing before it may be lost alone.
TEST_F(EngineTest, ASyncCommitBehindUnloggedOnesHoldsThemAll) {
  options_.exclusive = true;
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 1); });
  commit(*engine, Durability::none, [](Editor& editor) { editor.put(2, 2); });
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(3, 3); });
  commit(*engine, Durability::async, [](Editor& editor) { editor.put(4, 4); });
  crash(engine);
  EXPECT_EQ(reopened_state().values.size(), 4u);
}

TEST_F(EngineTest, ATransactionLargerThanTheLogCommitsByCheckpoint) {
  std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(1);
  State model;
  for (int round = 0; round < 4; ++round) {
    const u64 before = engine->info().checkpoints;
    commit(*engine, round % 2 == 0 ? Durability::sync : Durability::async, [&](Editor& editor) {
      for (u64 index = 0; index < 200; ++index) editor.put(index, model.values[index] = random() | 1);
    });
    EXPECT_EQ(engine->info().checkpoints, before + 1);
    commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(5, 100 + static_cast<u64>(round)); });
    model.values[5] = 100 + static_cast<u64>(round);
    expect_sound(*engine);
  }
  crash(engine);
  EXPECT_EQ(reopened_state(), model);
}

TEST_F(EngineTest, TheLogSwitchesSegmentsUnderLoad) {
  std::shared_ptr<Engine> engine = open();
  State model;
  for (u64 i = 0; i < 3000; ++i) {
    commit(*engine, i % 5 == 0 ? Durability::sync : Durability::async,
           [&](Editor& editor) { editor.put(i % 200, i + 1); });
    model.values[i % 200] = i + 1;
  }
  EXPECT_GT(engine->info().checkpoints, 3u);
  EXPECT_GT(engine->info().log_segment_bytes, 16384u);
  expect_sound(*engine);
  crash(engine);
  EXPECT_EQ(reopened_state(), model);
}

TEST_F(EngineTest, RecoveryStartsAtTheCheckpoint) {
  options_.exclusive = true;
  std::shared_ptr<Engine> engine = open();
  for (u64 i = 0; i < 20; ++i) commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(i, 1); });
  engine->checkpoint();
  const TxnId txn = engine->info().txn;
  EXPECT_EQ(engine->info().checkpoint_txn, txn);
  engine->checkpoint();  // nothing to do
  EXPECT_EQ(engine->info().checkpoints, 1u);
  for (u64 i = 0; i < 3; ++i) commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(i, 2); });
  crash(engine);
  engine = open();
  EXPECT_EQ(engine->info().recovery.records, 3u);
  // Numbers go on past any that a record lost in the crash could have used.
  EXPECT_GT(engine->info().txn, txn + 3 + options_.log_size / kRecordHeaderSize);
  EXPECT_EQ(read_newest(*engine).values.size(), 20u);
}

TEST_F(EngineTest, ATransactionWithoutChangesIsNoVersion) {
  const std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 1); });
  const TxnId txn = engine->info().txn;
  engine->begin_write(std::chrono::milliseconds(-1))->commit(Durability::sync);
  EXPECT_EQ(engine->info().txn, txn);
}

TEST_F(EngineTest, ARolledBackTransactionLeavesNothing) {
  options_.exclusive = true;
  options_.dirty_limit = 1;
  const std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(9);
  State model;
  commit(*engine, Durability::async, [&](Editor& editor) {
    for (int i = 0; i < 100; ++i) random_change(random, editor, model, 200, 2000);
  });
  commit(*engine, Durability::none, [](Editor& editor) { editor.put(0, 5); });
  model.values[0] = 5;
  engine->checkpoint();
  const u64 live = engine->info().live_pages;
  const u64 pending = engine->info().pending_pages;
  for (int round = 0; round < 20; ++round) {
    const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    State ignored = model;
    for (u64 i = random() % 60; i > 0; --i) {
      random_change(random, editor, ignored, 200, 2000);
      if (i % 9 == 0) txn->release_memory();
    }
    ASSERT_EQ(editor.read(), ignored);
    txn->rollback();
    EXPECT_TRUE(txn->ended());
    EXPECT_EQ(engine->info().live_pages, live);
    EXPECT_LE(engine->info().pending_pages, pending);
    ASSERT_EQ(read_newest(*engine), model);
    expect_sound(*engine);
  }
}

TEST_F(EngineTest, MemoryIsReleasedInTheMiddle) {
  options_.dirty_limit = 1;
  std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(4);
  State model;
  for (int round = 0; round < 10; ++round) {
    const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    for (int i = 0; i < 80; ++i) {
      random_change(random, editor, model, 200, 2000);
      txn->release_memory();
      ASSERT_EQ(editor.read(), model);
    }
    txn->commit(Durability::sync);
    ASSERT_EQ(read_newest(*engine), model);
    expect_sound(*engine);
  }
  crash(engine);
  EXPECT_EQ(reopened_state(), model);
}

TEST_F(EngineTest, AnotherOpenerIsToldWhoHasTheFile) {
  options_.exclusive = true;
  const std::shared_ptr<Engine> engine = open();
  const std::unique_ptr<os::SimProcess> other = disk_.start_process();
  for (os::Env* env : {static_cast<os::Env*>(other.get()), static_cast<os::Env*>(&disk_)}) {
    try {
      open(env);
      ADD_FAILURE() << "opened twice";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::in_use);
      const std::string holder = "process " + std::to_string(disk_.process().pid) + " (simulated, since ";
      EXPECT_NE(std::string(error.what()).find(holder), std::string::npos) << error.what();
    }
  }
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), ErrorCode::in_use);
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 1); });
  engine->close();
  EXPECT_EQ(code_of([&] { open(other.get())->close(); }), std::nullopt);
}

TEST_F(EngineTest, CloseIsRefusedWhileTransactionsAreOpen) {
  const std::shared_ptr<Engine> engine = open();
  std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
  EXPECT_TRUE(engine->is_writing_here());
  EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::in_use);
  EXPECT_EQ(code_of([&] { engine->begin_write(std::chrono::milliseconds(0)); }), ErrorCode::would_deadlock);
  Editor(*txn).put(1, 1);
  txn->commit(Durability::sync);
  EXPECT_FALSE(engine->is_writing_here());
  const Snapshot snapshot = engine->begin_read();
  EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::in_use);
  engine->end_read(snapshot);
  EXPECT_EQ(read_newest(*engine).values.size(), 1u);
  engine->close();
  engine->close();  // no-op
  EXPECT_EQ(code_of([&] { engine->begin_read(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { engine->begin_write(std::chrono::milliseconds(0)); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { engine->sync(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { engine->checkpoint(); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { findings(*engine); }), ErrorCode::ended);
  EXPECT_EQ(engine->info().path, kPath);
  EXPECT_EQ(reopened_state().values.size(), 1u);
}

TEST_F(EngineTest, AnEngineDroppedWithAReaderIsRecovered) {
  options_.exclusive = true;
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::async, [](Editor& editor) { editor.put(1, 1); });
  engine->begin_read();
  engine.reset();
  engine = open();
  EXPECT_TRUE(engine->info().recovery.recovered);
  EXPECT_EQ(read_newest(*engine).values.size(), 1u);
}

TEST_F(EngineTest, AFoldersNameIsNoDatabase) {
  disk_.make_folder(kPath);
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::invalid_argument);
}

TEST_F(EngineTest, TheFileShrinksAtClose) {
  std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(4);
  for (u32 i = 0; i < kBlobs; ++i) {
    commit(*engine, Durability::async, [&](Editor& editor) { editor.put_blob(i, text_of(random, 9000)); });
  }
  // Past the first group of pages.
  commit(*engine, Durability::async, [&](Editor& editor) { editor.put_blob(0, text_of(random, 3000 * 512)); });
  EXPECT_GT(engine->info().page_count, 3362u);
  for (u32 i = 0; i < kBlobs; ++i) commit(*engine, Durability::async, [&](Editor& editor) { editor.erase_blob(i); });
  commit(*engine, Durability::async, [](Editor& editor) { editor.put(1, 1); });
  engine->close();
  EXPECT_LT(disk_.contents(kPath).size(), 200'000u);
  engine = open();
  EXPECT_EQ(read_newest(*engine).values.size(), 1u);
  commit(*engine, Durability::async, [&](Editor& editor) { editor.put_blob(0, text_of(random, 3000 * 512)); });
  expect_sound(*engine);
  engine->close();
  EXPECT_EQ(reopened_state().blobs[0].size(), 3000u * 512);
}

TEST_F(EngineTest, ATemporaryDatabaseLeavesNothing) {
  std::mt19937_64 random(4);
  State model;
  {
    const std::shared_ptr<Engine> engine = Engine::open("", options_, contents_);
    for (int i = 0; i < 50; ++i) {
      commit(*engine, static_cast<Durability>(random() % 3), [&](Editor& editor) {
        for (int change = 0; change < 5; ++change) random_change(random, editor, model, 200, 2000);
      });
      ASSERT_EQ(read_newest(*engine), model);
    }
    engine->sync();
    engine->checkpoint();
    expect_sound(*engine);
    EXPECT_TRUE(disk_.paths().empty());
  }
  EXPECT_TRUE(disk_.paths().empty());
}

}  // namespace
}  // namespace sapwood::storage::testing
