// Who waits for a process that is stopped: no longer than its time limit, and for a sync not at all. A process is
// stopped here in the middle of an operation on the simulated disk, with all that it holds.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

using std::chrono::milliseconds;

class WaitsThreadTest : public EngineTest {
 protected:
  WaitsThreadTest() {
    options_.write_timeout = milliseconds(50);
    first_ = start();
    second_ = start();
    commit(*first_.engine, Durability::sync, [](Editor& editor) { editor.put(1, 1); });
    commit(*second_.engine, Durability::sync, [](Editor& editor) { editor.put(2, 2); });
  }
  ~WaitsThreadTest() override { let_go(); }

  struct Process {
    std::unique_ptr<os::SimProcess> env;
    std::shared_ptr<Engine> engine;
  };
  Process start() {
    Process process;
    process.env = disk_.start_process();
    process.engine = open(process.env.get());
    return process;
  }

  // Calls `work` in a thread, which stops before its first operation of that kind on that file.
  void stop_in(os::OperationKind kind, const std::string& path, std::function<void()> work) {
    disk_.set_observer([this, kind, path](const os::Operation& operation) {
      std::unique_lock lock(mutex_);
      if (std::this_thread::get_id() != stopping_ || operation.kind != kind || operation.path != path) return;
      stopping_ = {};
      is_stopped_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !is_stopped_; });
    });
    thread_ = std::thread([this, work = std::move(work)] {
      {
        const std::lock_guard lock(mutex_);
        stopping_ = std::this_thread::get_id();
      }
      try {
        work();
      } catch (const Error& error) {
        failed_ = error.what();
      }
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_stopped_; });
  }
  // What its work threw: empty if nothing.
  std::string let_go() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = false;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    disk_.set_observer({});
    return failed_;
  }

  // The message of the Error{timed_out} that `action` throws.
  static std::string timed_out(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::timed_out) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "no Error{timed_out}";
    return "";
  }
  std::string name_of(const Process& process) { return "process " + std::to_string(process.env->process().pid) + " ("; }

  Process first_, second_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread::id stopping_;
  bool is_stopped_ = false;
  std::thread thread_;
  std::string failed_;
};

// A sync commit of another process, its sync() and its close() go on: the log is durable whoever synced it.
TEST_F(WaitsThreadTest, NobodyWaitsForAStoppedSync) {
  stop_in(os::OperationKind::sync, kLogPath,
          [this] { commit(*first_.engine, Durability::sync, [](Editor& editor) { editor.put(3, 3); }); });
  for (u64 i = 4; i < 8; ++i) {
    commit(*second_.engine, Durability::sync, [i](Editor& editor) { editor.put(i, i); });
  }
  second_.engine->sync();
  const State seen = read_newest(*second_.engine);
  EXPECT_EQ(seen.values.size(), 7u) << "what waits for a stopped sync became durable and visible with the others";
  second_.engine->close();
  EXPECT_EQ(let_go(), "");
  commit(*first_.engine, Durability::sync, [](Editor& editor) { editor.put(8, 8); });
  EXPECT_EQ(read_newest(*first_.engine).values.size(), 8u);
  expect_sound(*first_.engine);
}

// With its meta half written nothing can end it but its own process. Others write on until the log is full.
TEST_F(WaitsThreadTest, ACheckpointThatIsStoppedEndsAWaitByAnError) {
  stop_in(os::OperationKind::sync, kPath, [this] { first_.engine->checkpoint(); });
  const std::string message = timed_out([this] { second_.engine->checkpoint(); });
  EXPECT_NE(message.find(name_of(first_)), std::string::npos) << message;
  EXPECT_NE(message.find("50 ms"), std::string::npos) << message;

  u64 written = 0;
  std::string full;
  while (full.empty() && written < 10'000) {
    const State before = read_newest(*second_.engine);
    try {
      commit(*second_.engine, Durability::async, [&](Editor& editor) { editor.put(10 + written % 100, written + 1); });
      ++written;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::timed_out);
      full = error.what();
      EXPECT_EQ(read_newest(*second_.engine), before) << "nothing of a commit that failed is there";
    }
  }
  EXPECT_NE(full.find(name_of(first_)), std::string::npos) << full;
  EXPECT_GT(written, 20u);
  const State state = read_newest(*second_.engine);

  EXPECT_EQ(let_go(), "");
  commit(*second_.engine, Durability::sync, [](Editor& editor) { editor.put(5, 5); });
  second_.engine->checkpoint();
  EXPECT_EQ(read_newest(*first_.engine).values.size(), state.values.size() + 1);
  expect_sound(*first_.engine);
  expect_sound(*second_.engine);
}

// It leaves the checkpoint that it began to others.
TEST_F(WaitsThreadTest, CloseWaitsForNoCheckpoint) {
  stop_in(os::OperationKind::sync, kPath, [this] { first_.engine->checkpoint(); });
  commit(*second_.engine, Durability::async, [](Editor& editor) { editor.put(3, 3); });
  second_.engine->close();
  EXPECT_EQ(let_go(), "");
  EXPECT_EQ(read_newest(*first_.engine).values.size(), 3u);
  expect_sound(*first_.engine);
}

TEST_F(WaitsThreadTest, AnOpenTransactionEndsAWaitByAnError) {
  const std::unique_ptr<WriteTransaction> txn = first_.engine->begin_write(milliseconds(-1));
  std::vector<std::string> ignored;
  for (const std::function<void()>& action : std::vector<std::function<void()>>{
           [this] { second_.engine->begin_write(milliseconds(0)); },
           [this] { second_.engine->checkpoint(); },
           [&] { second_.engine->check_space(ignored); },
       }) {
    const std::string message = timed_out(action);
    EXPECT_NE(message.find(name_of(first_)), std::string::npos) << message;
  }
  second_.engine->sync();
}

}  // namespace
}  // namespace sapwood::storage::testing
