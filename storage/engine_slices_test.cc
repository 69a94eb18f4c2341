// A checkpoint is spread over the commits that follow it.
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

// What the disk was asked to do to the data file since the last reset().
struct DataFileWork {
  u64 checksums = 0;  // stored by themselves, for a checkpoint
  u64 syncs = 0;

  void reset() { *this = {}; }
  void note(const os::Operation& operation) {
    if (operation.path != kPath) return;
    if (operation.kind == os::OperationKind::write && operation.size == sizeof(u32)) ++checksums;
    if (operation.kind == os::OperationKind::sync) ++syncs;
  }
};

class SlicesTest : public EngineTest {
 protected:
  SlicesTest() {
    options_.page_size = 4096;
    options_.log_size = options_.log_size_max = 65536;
    options_.page_writes = PageWrites::mapped;
    disk_.set_observer([this](const os::Operation& operation) { work_.note(operation); });
  }

  // Every leaf anew: again and again, so that their places were seen before and are stored to.
  void fill(Engine& engine) {
    for (u64 round = 1; round <= 3; ++round) {
      commit(engine, Durability::async, [&](Editor& editor) {
        for (u64 i = 0; i < value_limit(4096); i += kValuesALeaf) editor.put(i, round);
      });
      engine.checkpoint();
    }
    work_.reset();
  }
  void change_one(Engine& engine, u64 i) {
    work_.reset();
    const u64 index = i * 7 * kValuesALeaf % value_limit(4096);
    commit(engine, Durability::async, [&](Editor& editor) { editor.put(index, i + 10); });
  }

  DataFileWork work_;
};

TEST_F(SlicesTest, NoCommitDoesAllTheWork) {
  const std::shared_ptr<Engine> engine = open();
  fill(*engine);
  const u64 before = engine->info().checkpoints;
  u64 most = 0;
  u64 all = 0;
  u64 working = 0;
  for (u64 i = 0; i < 3000; ++i) {
    change_one(*engine, i);
    most = std::max(most, work_.checksums);
    all += work_.checksums;
    working += work_.checksums != 0;
    EXPECT_TRUE(work_.checksums == 0 || work_.syncs == 0) << "commit " << i << " did more than its slice";
  }
  EXPECT_GE(engine->info().checkpoints, before + 3);
  EXPECT_LE(most, 64u);
  EXPECT_GT(all, 3 * 64u);
  EXPECT_GT(working, all / 64);
  expect_sound(*engine);
}

TEST_F(SlicesTest, WhoWaitsFinishesWhatOthersBegan) {
  std::shared_ptr<Engine> engine = open();
  fill(*engine);
  u64 i = 0;
  while (work_.checksums == 0) change_one(*engine, i++);  // the first slice of checksums: much is left
  const u64 before = engine->info().checkpoints;
  work_.reset();
  engine->checkpoint();
  EXPECT_EQ(engine->info().checkpoints, before + 2) << "the one in progress, and one of the newest version";
  EXPECT_GT(work_.checksums, 64u);

  while (work_.checksums == 0 || work_.syncs != 0) change_one(*engine, i++);
  const State state = read_newest(*engine);
  engine->close();
  engine = open();
  EXPECT_FALSE(engine->info().recovery.recovered);
  EXPECT_EQ(read_newest(*engine), state);
  expect_sound(*engine);
}

TEST_F(SlicesTest, AFailedSliceRefusesWritesButKeepsTheCommit) {
  std::shared_ptr<Engine> engine = open();
  fill(*engine);
  u64 i = 0;
  while (work_.checksums == 0) change_one(*engine, i++);
  disk_.set_fault({.call = os::Call::sync, .for_good = true, .path_suffix = kPath});
  std::optional<ErrorCode> code;
  State state;
  for (int tries = 0; tries < 100 && !code; ++tries) {
    state = read_newest(*engine);
    code = code_of([&] { change_one(*engine, i++); });
  }
  EXPECT_EQ(code, ErrorCode::writes_refused);
  EXPECT_EQ(read_newest(*engine), state);
  disk_.clear_fault();
  crash(engine);
  EXPECT_EQ(reopened_state(), state);
}

// Its process may go on with it; but if it does not, others do not wait with theirs until the log is full.
TEST_F(SlicesTest, WhatAnIdleProcessBeganOthersBeginAnew) {
  options_.log_size = options_.log_size_max = 1 << 20;
  const std::unique_ptr<os::SimProcess> other_env = disk_.start_process();
  const std::shared_ptr<Engine> engine = open();
  const std::shared_ptr<Engine> other = open(other_env.get());
  fill(*engine);
  u64 i = 0;
  while (work_.checksums == 0) change_one(*engine, i++);  // much is left
  const TxnId before = engine->info().checkpoint_txn;
  for (int n = 0; n < 100; ++n) change_one(*other, i++);
  EXPECT_EQ(other->info().checkpoint_txn, before);

  disk_.advance_clock(2'000'000);
  int commits = 0;
  while (other->info().checkpoint_txn == before && commits < 200) change_one(*other, i++), ++commits;
  EXPECT_LT(commits, 200) << "by slices";
  EXPECT_GT(commits, 10);
  EXPECT_GT(other->info().checkpoints, 0u);
  for (int n = 0; n < 10; ++n) change_one(*engine, i++);
  expect_sound(*engine);
  expect_sound(*other);
}

}  // namespace
}  // namespace sapwood::storage::testing
