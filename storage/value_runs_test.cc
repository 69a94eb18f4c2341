// Large values that the redo log refers to: what is logged, what recovery finds, and what it must not find.
#include "storage/value_runs.h"

#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

class ValueRunsTest : public EngineTest {
 protected:
  ValueRunsTest() { options_.durability = Durability::async; }

  void put(Engine& engine, u32 number, std::size_t size, Durability durability = Durability::async) {
    commit(engine, durability, [&](Editor& editor) { put(editor, number, size); });
  }
  void put(Editor& editor, u32 number, std::size_t size) {
    model_.blobs[number] = text_of(random_, size);
    editor.put_blob(number, model_.blobs[number]);
  }
  void damage(const std::string& value) {
    std::string file = disk_.contents(kPath);
    const std::size_t at = file.find(value.substr(0, 64));
    ASSERT_NE(at, std::string::npos);
    file[at + 10] ^= 1;
    disk_.set_contents(kPath, file);
  }
  u64 log_bytes(Engine& engine) { return engine.info().log_bytes; }

  std::mt19937_64 random_{5};
  State model_;
};

TEST_F(ValueRunsTest, TheLogHoldsAReferenceAndNotTheBytes) {
  std::shared_ptr<Engine> engine = open();
  put(*engine, 0, 100);
  const u64 before = log_bytes(*engine);
  put(*engine, 1, 100'000);  // more than the log takes
  EXPECT_LT(log_bytes(*engine) - before, 200u);
  EXPECT_EQ(engine->info().checkpoints, 0u);
  put(*engine, 2, 4 * 512 - 1);
  EXPECT_GT(log_bytes(*engine) - before, 4u * 512) << "a short one stands in the log";
  crash(engine);
  EXPECT_EQ(reopened_state(), model_);
}

// A commit that waits for the disk anyway syncs one file if it can.
TEST_F(ValueRunsTest, ASyncedDatabaseRefersOnlyInLargeTransactions) {
  options_.durability = Durability::sync;
  std::shared_ptr<Engine> engine = open();
  const auto grows_by = [&](const Edit& edit) {
    const u64 before = log_bytes(*engine);
    commit(*engine, Durability::sync, edit);
    return log_bytes(*engine) - before;
  };
  options_.log_size = options_.log_size_max = 1 << 20;
  engine->close();
  engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 1); });
  EXPECT_GT(grows_by([&](Editor& editor) { put(editor, 0, 10'000); }), 10'000u);
  EXPECT_LT(grows_by([&](Editor& editor) { put(editor, 1, 50'000); }), 200u);
  model_.values[1] = 1;
  u64 images = 0;
  disk_.for_each_crash_image({.max_images = 8}, [&](os::SimDisk& image, const os::CrashImage& crash) {
    SCOPED_TRACE(crash.description);
    TestContents contents;
    Options options = options_;
    options.env = &image;
    const std::shared_ptr<Engine> recovered = Engine::open(kPath, options, contents);
    EXPECT_EQ(read_newest(*recovered), model_);
    EXPECT_EQ(findings(*recovered), std::vector<std::string>());
    ++images;
  });
  EXPECT_GE(images, 3u);
  engine->close();
}

// Invariant R1: values that later commits replaced are not overwritten while the log refers to them.
TEST_F(ValueRunsTest, ReplacedValuesStayUntilTheNextCheckpoint) {
  options_.log_size = options_.log_size_max = 1 << 20;
  std::shared_ptr<Engine> engine = open();
  for (int i = 0; i < 200; ++i) put(*engine, static_cast<u32>(i % 2), 5'000);
  commit(*engine, Durability::async, [&](Editor& editor) {
    for (int i = 0; i < 30; ++i) put(editor, 2, 5'000);
  });
  EXPECT_EQ(engine->info().checkpoints, 0u);
  crash(engine);
  EXPECT_EQ(reopened_state(), model_);
}

TEST_F(ValueRunsTest, AfterACheckpointTheirPagesAreUsedAgain) {
  const std::shared_ptr<Engine> engine = open();
  put(*engine, 1, 5'000);
  engine->checkpoint();
  put(*engine, 1, 5'000);
  engine->checkpoint();
  const u64 pages = engine->info().page_count;
  for (int i = 0; i < 50; ++i) {
    put(*engine, 1, 5'000);
    engine->checkpoint();
  }
  EXPECT_EQ(engine->info().page_count, pages);
  engine->close();
}

TEST_F(ValueRunsTest, WhatASavepointTookBackIsNotReferredTo) {
  std::shared_ptr<Engine> engine = open();
  put(*engine, 0, 5'000);
  {
    const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    put(editor, 1, 6'000);
    const State kept = model_;
    const CatalogRoot root = txn->catalog();
    const Mark mark = txn->mark();
    put(editor, 1, 7'000);
    put(editor, 0, 8'000);
    txn->rollback_to(mark);
    txn->catalog() = root;
    model_ = kept;
    put(editor, 2, 9'000);  // in the pages that were given back
    EXPECT_EQ(editor.read(), model_);
    txn->commit(Durability::async);
  }
  expect_sound(*engine);
  crash(engine);
  EXPECT_EQ(reopened_state(), model_);
}

// Invariant R2, and its limit: what the log knows to have been on the disk is not dropped in silence.
TEST_F(ValueRunsTest, ADamagedValueEndsTheLogUnlessItWasOnTheDisk) {
  options_.exclusive = true;
  std::shared_ptr<Engine> engine = open();
  put(*engine, 0, 5'000);
  const State first = model_;
  put(*engine, 1, 5'000);
  commit(*engine, Durability::async, [](Editor& editor) { editor.put(7, 7); });
  const std::string log = disk_.contents(kLogPath);
  const std::string data = disk_.contents(kPath);
  crash(engine);
  damage(model_.blobs[1]);
  EXPECT_EQ(reopened_state(), first);

  disk_.set_contents(kPath, data);
  disk_.set_contents(kLogPath, log);
  engine = open();
  model_.values[7] = 7;
  EXPECT_EQ(read_newest(*engine), model_);
  put(*engine, 1, 5'000);
  engine->sync();
  commit(*engine, Durability::async, [](Editor& editor) { editor.put(8, 8); });
  crash(engine);
  damage(model_.blobs[1]);
  try {
    open();
    ADD_FAILURE() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("damaged values of transaction"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sapwood::storage::testing
