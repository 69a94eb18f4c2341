// The engine used by several threads.
#include <atomic>
#include <thread>

#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

using ThreadsEngine = EngineTest;

constexpr u64 kAccounts = 100;
constexpr u64 kMoney = 1000;  // of each at first

// Every commit moves money between accounts; the sum stays.
void move_money(std::mt19937_64& random, Engine& engine, Durability durability) {
  commit(engine, durability, [&](Editor& editor) {
    const State state = editor.read();
    const u64 from = random() % kAccounts;
    const u64 to = random() % kAccounts;
    const u64 amount = random() % state.values.at(from);
    if (from == to) return;
    editor.put(from, state.values.at(from) - amount);
    editor.put(to, state.values.at(to) + amount);
  });
}

u64 sum_of(const State& state) {
  u64 sum = 0;
  for (const auto& [index, value] : state.values) sum += value;
  return sum;
}

TEST_F(ThreadsEngine, ReadersSeeWholeCommitsOnly) {
  options_.exclusive = true;
  options_.log_size = 8192;
  const std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) {
    for (u64 i = 0; i < kAccounts; ++i) editor.put(i, kMoney);
  });
  std::atomic<bool> stop = false;
  std::atomic<u64> wrong = 0;
  std::atomic<u64> reads = 0;
  std::vector<std::thread> threads;
  for (u64 i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(i);
      TxnId last = 0;
      while (!stop) {
        const Snapshot snapshot = engine->begin_read();
        for (u64 repeat = random() % 3 + 1; repeat > 0; --repeat) {
          if (sum_of(read_state(snapshot.pages, snapshot.descriptor.catalog)) != kAccounts * kMoney) ++wrong;
        }
        if (snapshot.descriptor.txn < last) ++wrong;
        last = snapshot.descriptor.txn;
        engine->end_read(snapshot);
        ++reads;
      }
    });
  }
  std::mt19937_64 random(9);
  for (int i = 0; i < 1500 || reads < 50; ++i) move_money(random, *engine, static_cast<Durability>(random() % 3));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(engine->info().checkpoints, 0u);
  expect_sound(*engine);
  engine->close();
  EXPECT_EQ(sum_of(reopened_state()), kAccounts * kMoney);
}

// Several threads with durable commits over a log of tiny segments: they share syncs, and checkpoints run beside them.
TEST_F(ThreadsEngine, DurableCommitsShareSyncs) {
  constexpr u64 kThreads = 4;
  constexpr u64 kCommits = 150;
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(199, 1); });
  const u64 before = disk_.call_count(os::Call::sync);
  disk_.set_observer([](const os::Operation& operation) {  // a slow disk
    if (operation.kind == os::OperationKind::sync) std::this_thread::sleep_for(std::chrono::microseconds(300));
  });
  std::vector<std::thread> threads;
  std::atomic<u64> invisible = 0;
  for (u64 i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (u64 n = 1; n <= kCommits; ++n) {
        commit(*engine, n % 10 == 0 ? Durability::async : Durability::sync, [&](Editor& editor) { editor.put(i, n); });
        if (read_newest(*engine).values[i] != n) ++invisible;  // no commit returns before it is visible
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  disk_.set_observer({});
  const u64 syncs = disk_.call_count(os::Call::sync) - before;
  EXPECT_EQ(invisible, 0u);
  EXPECT_LT(syncs, kThreads * kCommits);
  EXPECT_GT(engine->info().checkpoints, 0u);
  expect_sound(*engine);
  crash(engine);
  const State state = reopened_state();
  for (u64 i = 0; i < kThreads; ++i) EXPECT_EQ(state.values.at(i), kCommits);
}

TEST_F(ThreadsEngine, EverythingAtOnce) {
  options_.exclusive = true;
  options_.log_size = 4096;
  options_.log_size_max = 8192;
  options_.dirty_limit = 1024;
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) {
    for (u64 i = 0; i < kAccounts; ++i) editor.put(i, kMoney);
  });
  std::atomic<bool> stop = false;
  std::atomic<u64> wrong = 0;
  std::vector<std::thread> threads;
  for (u64 i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(i);
      for (int n = 0; n < 300; ++n) move_money(random, *engine, static_cast<Durability>(random() % 3));
    });
  }
  threads.emplace_back([&] {
    std::mt19937_64 random(50);
    for (int n = 0; n < 100; ++n) {
      const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
      Editor editor(*txn);
      editor.put_blob(0, text_of(random, random() % 20'000));
      txn->release_memory();
      if (n % 3 == 0) continue;  // rolled back
      txn->commit(static_cast<Durability>(random() % 3));
    }
  });
  std::thread watcher([&] {
    for (int n = 0; !stop; ++n) {
      if (sum_of(read_newest(*engine)) != kAccounts * kMoney) ++wrong;
      if (n % 5 == 0) engine->sync();
      if (n % 11 == 0) engine->checkpoint();
      if (n % 7 == 0) wrong += engine->info().page_count == 0 ? 1 : 0;
      if (n % 13 == 0) wrong += findings(*engine).size();
      code_of([&] { engine->begin_write(std::chrono::milliseconds(0))->rollback(); });
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop = true;
  watcher.join();
  EXPECT_EQ(wrong, 0u);
  engine->close();
  EXPECT_EQ(sum_of(reopened_state()), kAccounts * kMoney);
}

// One thread's sync fails while others wait for theirs: all are told, none hangs.
TEST_F(ThreadsEngine, AFailedSyncIsToldToAllThatWait) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(199, 1); });
  disk_.set_fault({.call = os::Call::sync, .nth = 40, .for_good = true, .kind = os::FaultKind::io});
  std::vector<std::thread> threads;
  std::vector<u64> acknowledged(4);
  std::atomic<u64> refused = 0;
  for (u64 i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (u64 n = 1; n <= 10'000; ++n) {
        const auto code =
            code_of([&] { commit(*engine, Durability::sync, [&](Editor& editor) { editor.put(i, n); }); });
        if (code) {
          refused += *code == ErrorCode::io || *code == ErrorCode::writes_refused ? 1 : 0;
          return;
        }
        acknowledged[i] = n;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 4u);
  EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::writes_refused);
  disk_.clear_fault();
  const State state = reopened_state();
  for (u64 i = 0; i < 4; ++i) {
    const auto found = state.values.find(i);
    EXPECT_GE(found == state.values.end() ? 0 : found->second, acknowledged[i]);
  }
}

TEST_F(ThreadsEngine, AWaitingWriterTimesOut) {
  const std::shared_ptr<Engine> engine = open();
  const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
  std::thread([&] {
    EXPECT_FALSE(engine->is_writing_here());
    EXPECT_EQ(code_of([&] { engine->begin_write(std::chrono::milliseconds(10)); }), ErrorCode::timed_out);
    EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::in_use);
  }).join();
}

}  // namespace
}  // namespace sapwood::storage::testing
