// One of two processes dies at a fail point, on the simulated disk; the other goes on, and power is cut. What it
// acknowledged is there, and nothing comes back that did not count.
#include <algorithm>
#include <set>

#include "base/fail_point.h"
#include "base/sanitized.h"
#include "storage/testing_dying.h"
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

struct Process {
  std::unique_ptr<os::SimProcess> env;
  std::shared_ptr<Engine> engine;
};
using Work = std::function<void(Engine&)>;

// The process dies where the points that `counts` names, all by default, are reached for the n-th time.
const DyingThread& die(Process process, const Work& work, u64 n, const std::string& counts = {}) {
  Process& dead = keep_for_ever(std::move(process));
  static std::string counted;
  counted = counts;
  fail_point_hook = [](const char* name) {
    if (counted.empty() || counted == name) DyingThread::step(name);
  };
  const DyingThread& dying = DyingThread::run(n, [&dead, work] { work(*dead.engine); });
  fail_point_hook = nullptr;
  dead.env->kill();
  return dying;
}

class PointsTest : public EngineTest {
 protected:
  PointsTest() {
    options_.durability = Durability::async;  // records refer to large values
    options_.log_size = 16384;
    options_.log_size_max = 32768;
  }

  Process start(os::SimDisk& disk) {
    Process process{disk.start_process(), nullptr};
    Options options = options_;
    options.env = process.env.get();
    process.engine = Engine::open(kPath, options, contents_);
    return process;
  }

  // What a commit changes: a few values; a large one too; that and many; more than the log takes.
  enum class Size { small, with_value, long_with_value, big };
  static State changed(State state, u64 value, Size size) {
    const u64 values = size == Size::big ? 200 : size == Size::long_with_value ? 100 : 3;
    for (u64 index = 0; index < values; ++index) state.values[index] = value;
    if (size == Size::with_value || size == Size::long_with_value) {
      state.blobs[1] = std::string(3000, static_cast<char>(value));
    }
    return state;
  }
  static void commit_state(Engine& engine, Durability durability, const State& before, const State& after) {
    commit(engine, durability, [&](Editor& editor) {
      EXPECT_EQ(editor.read(), before) << "the writer does not go on from the newest commit";
      for (const auto& [index, value] : after.values) {
        if (!before.values.contains(index) || before.values.at(index) != value) editor.put(index, value);
      }
      for (const auto& [number, blob] : after.blobs) {
        if (!before.blobs.contains(number) || before.blobs.at(number) != blob) editor.put_blob(number, blob);
      }
    });
  }
  static State commit_to(Engine& engine, Durability durability, const State& before, u64 value,
                         Size size = Size::small) {
    const State after = changed(before, value, size);
    commit_state(engine, durability, before, after);
    return after;
  }

  // What a power cut now may leave is one of these.
  void expect_one_of(os::SimDisk& disk, const std::vector<State>& allowed) {
    disk.for_each_crash_image({.process_kill = false, .max_images = kSanitized ? 2u : 8u},
                              [&](os::SimDisk& image, const os::CrashImage& crash) {
                                if (HasFailure()) return;
                                SCOPED_TRACE(crash.description);
                                const std::shared_ptr<Engine> engine = open(&image);
                                const State found = read_newest(*engine);
                                EXPECT_NE(std::ranges::find(allowed, found), allowed.end()) << to_text(found);
                                expect_sound(*engine);
                              });
  }
  static std::string to_text(const State& state) {
    std::string text = std::to_string(state.blobs.size()) + " large values;";
    for (const auto& [index, value] : state.values) text += " " + std::to_string(index) + ":" + std::to_string(value);
    return text;
  }

  // What another process goes on from, which first clears up after the dead one; that may be cut off anywhere.
  State settled(os::SimDisk& disk, Process& other, std::vector<State> allowed, const State& died_in) {
    allowed.push_back(died_in);
    disk.set_observer([&](const os::Operation&) { expect_one_of(disk, allowed); });
    const std::unique_ptr<WriteTransaction> txn = other.engine->begin_write(std::chrono::milliseconds(-1));
    disk.set_observer({});
    return Editor(*txn).read();
  }

  // All processes were killed: the next one joins what they left, or recovers; and does not bring back what did not
  // count.
  void all_die(os::SimDisk& disk, const std::vector<State>& allowed) {
    disk.for_each_crash_image({.power_cut = false}, [&](os::SimDisk& image, const os::CrashImage&) {
      Process next = start(image);
      const State found = read_newest(*next.engine);
      EXPECT_NE(std::ranges::find(allowed, found), allowed.end()) << to_text(found);
      expect_sound(*next.engine);
      const State base = settled(image, next, allowed, found);
      std::vector<State> kept = allowed;
      std::erase_if(kept, [&](const State& state) { return state != base && state != allowed.front(); });
      kept.push_back(commit_to(*next.engine, Durability::async, base, 6));
      expect_one_of(image, kept);
      kept = {commit_to(*next.engine, Durability::sync, kept.back(), 7)};
      expect_one_of(image, kept);
      next.engine.reset();
    });
  }

  // The other process goes on after one has died: from the last of `before`, or from `died_in` if that counted. Those
  // of `before` may be on the disk.
  void go_on(os::SimDisk& disk, Process& other, std::vector<State> before, const State& died_in) {
    State next = settled(disk, other, before, died_in);
    ASSERT_TRUE(next == before.back() || next == died_in) << to_text(next);
    before.push_back(next);
    expect_one_of(disk, before);
    before.push_back(next = commit_to(*other.engine, Durability::async, next, 7));
    expect_one_of(disk, before);
    next = commit_to(*other.engine, Durability::sync, next, 8);
    expect_one_of(disk, {next});
    next = commit_to(*other.engine, Durability::sync, next, 9, Size::with_value);
    expect_one_of(disk, {next});
    for (u64 value = 10; value < 60; ++value) next = commit_to(*other.engine, Durability::async, next, value);
    other.engine->checkpoint();
    expect_one_of(disk, {next});
    next = commit_to(*other.engine, Durability::sync, next, 60);
    expect_one_of(disk, {next});
    expect_sound(*other.engine);
    other.engine->close();
    expect_one_of(disk, {next});
  }

  // A process dies at each point that it reaches in a commit, and a checkpoint if asked for.
  void die_everywhere(Durability durability, Size size, bool and_checkpoint = false) {
    std::set<std::string> points;
    for (u64 n = 1; !HasFailure(); ++n) {
      os::SimDisk disk(n);
      options_.env = &disk;
      Process other = start(disk);
      const State before = commit_to(*other.engine, Durability::sync, {}, 1, Size::with_value);
      const State after = changed(before, 5, size);
      const Work work = [&](Engine& engine) {
        commit_state(engine, durability, before, after);
        if (and_checkpoint) engine.checkpoint();
      };
      const DyingThread& dying = die(start(disk), work, n);
      EXPECT_EQ(dying.error(), "");
      if (dying.died_at().empty()) break;
      SCOPED_TRACE("dead at " + dying.died_at() + ", point " + std::to_string(n));
      points.insert(dying.died_at());
      expect_one_of(disk, {before, after});
      all_die(disk, {before, after});
      go_on(disk, other, {before}, after);
    }
    EXPECT_GT(points.size(), 10u);
  }

  // The n-th sync of that file fails, and who is told dies before it tells others. They do not believe the next one,
  // neither of the log nor of a checkpoint. False if there is no n-th sync.
  bool die_over_failed_sync(const std::string& suffix, u64 nth, const Work& work, const State& after,
                            const Work& next_sync) {
    os::SimDisk disk(nth);
    options_.env = &disk;
    Process other = start(disk);
    const State oldest = commit_to(*other.engine, Durability::sync, {}, 1, Size::with_value);
    commit_state(*other.engine, Durability::async, oldest, before_death());
    Process first = start(disk);
    const Work fails = [&](Engine& engine) {
      disk.set_fault({.call = os::Call::sync, .nth = nth, .path_suffix = suffix});
      work(engine);
    };
    const bool died = !die(std::move(first), fails, 1, "writes.refusing").died_at().empty();
    EXPECT_EQ(died, disk.faults_fired() > 0);
    disk.clear_fault();
    if (!died) return false;
    expect_one_of(disk, {oldest, before_death(), after});
    next_sync(*other.engine);
    expect_one_of(disk, {read_newest(*other.engine), after});
    go_on(disk, other, {before_death()}, after);
    return true;
  }
  static State before_death() { return changed(changed({}, 1, Size::with_value), 2, Size::small); }
  void die_over_failed_syncs(const std::string& suffix, Durability durability, Size size, bool and_checkpoint) {
    const State after = changed(before_death(), 5, size);
    const Work work = [&](Engine& engine) {
      commit_state(engine, durability, before_death(), after);
      if (and_checkpoint) engine.checkpoint();
    };
    for (const bool syncs : {true, false}) {
      const Work next_sync = [&](Engine& engine) { syncs ? engine.sync() : engine.checkpoint(); };
      u64 nth = 1;
      SCOPED_TRACE(syncs ? "then a sync" : "then a checkpoint");
      while (!HasFailure() && die_over_failed_sync(suffix, nth, work, after, next_sync)) ++nth;
      EXPECT_GT(nth, 1u);
    }
  }
};

TEST_F(PointsTest, DeadInACommit) { die_everywhere(Durability::async, Size::small); }
TEST_F(PointsTest, DeadInASyncCommit) { die_everywhere(Durability::sync, Size::small); }
// Its record is longer than those that come in its place: the end of values that are synced must not be its end.
TEST_F(PointsTest, DeadInACommitOfAValue) { die_everywhere(Durability::sync, Size::long_with_value); }
TEST_F(PointsTest, DeadInACommitByCheckpoint) { die_everywhere(Durability::sync, Size::big); }
TEST_F(PointsTest, DeadInACheckpoint) { die_everywhere(Durability::async, Size::with_value, true); }

TEST_F(PointsTest, DeadOverAFailedSyncOfTheLog) { die_over_failed_syncs("-log", Durability::sync, Size::small, false); }
TEST_F(PointsTest, DeadOverAFailedSyncOfAValue) {
  die_over_failed_syncs(kPath, Durability::sync, Size::with_value, false);
}
TEST_F(PointsTest, DeadOverAFailedSyncOfACheckpoint) {
  die_over_failed_syncs(kPath, Durability::async, Size::with_value, true);
}
TEST_F(PointsTest, DeadOverAFailedSyncOfACommitByCheckpoint) {
  die_over_failed_syncs(kPath, Durability::sync, Size::big, false);
}

// A process has begun a checkpoint when another one dies over a failed sync of the same pages.
TEST_F(PointsTest, ADoubtEndsACheckpointInProgress) {
  Process other = start(disk_);
  std::vector<State> states{commit_to(*other.engine, Durability::sync, {}, 1, Size::with_value)};
  static std::atomic<bool> in_progress = false;
  fail_point_hook = [](const char* name) {
    if (name == std::string("checkpoint.prepared")) in_progress = true;
    if (name == std::string("meta.published")) in_progress = false;
  };
  states.push_back(commit_to(*other.engine, Durability::async, states.back(), 2, Size::long_with_value));
  while (!in_progress) states.push_back(commit_to(*other.engine, Durability::async, states.back(), 3 + states.size()));
  Process first = start(disk_);
  const State after = changed(states.back(), 250, Size::with_value);
  const Work work = [&](Engine& engine) {
    disk_.set_fault({.call = os::Call::sync, .path_suffix = kPath});
    commit_state(engine, Durability::sync, states.back(), after);
  };
  EXPECT_EQ(die(std::move(first), work, 1, "writes.refusing").died_at(), "writes.refusing");
  EXPECT_TRUE(in_progress);
  disk_.clear_fault();
  go_on(disk_, other, states, after);
}

// While a process waits for the checkpoint that it asked for, another one's supersedes that: it goes on until what it
// asked for is on the disk.
TEST_F(PointsTest, ACheckpointThatIsSupersededIsDoneAgain) {
  Process first = start(disk_);
  Process other = start(disk_);
  std::vector<State> states{commit_to(*first.engine, Durability::async, {}, 1, Size::with_value)};
  static std::function<void()> supersede;
  static bool in_progress = false;
  supersede = [&] {
    while (!in_progress)
      states.push_back(commit_to(*other.engine, Durability::async, states.back(), 2 + states.size()));
  };
  fail_point_hook = [](const char* name) {
    if (name == std::string("checkpoint.prepared")) in_progress = true;
    if (name == std::string("meta.published")) in_progress = false;
    if (name != std::string("checkpoint.waited_for") || supersede == nullptr) return;
    in_progress = false;
    std::exchange(supersede, nullptr)();
    EXPECT_TRUE(in_progress);
  };
  first.engine->checkpoint();
  fail_point_hook = nullptr;
  EXPECT_GT(states.size(), 1u);
  expect_one_of(disk_, states);
}

// The header of a log segment that is to be started may be in the file, or not: nobody writes on either.
TEST_F(PointsTest, AFailedStartOfASegmentRefusesWrites) {
  for (u64 nth = 1; nth <= 2; ++nth) {  // the first write gives it space
    os::SimDisk disk(nth);
    options_.env = &disk;
    Process first = start(disk);
    Process other = start(disk);
    State state = commit_to(*other.engine, Durability::sync, {}, 1);
    static os::SimDisk* failing = nullptr;
    static u64 write = 0;
    failing = &disk;
    write = nth;
    fail_point_hook = [](const char* name) {
      if (name != std::string("checkpoint.sealing")) return;
      failing->set_fault({.call = os::Call::write, .nth = write, .kind = os::FaultKind::io, .path_suffix = "-log"});
    };
    EXPECT_EQ(code_of([&] { first.engine->checkpoint(); }), ErrorCode::io);
    EXPECT_EQ(disk.faults_fired(), 1u);
    fail_point_hook = nullptr;
    disk.clear_fault();
    for (Engine* engine : {first.engine.get(), other.engine.get()}) {
      EXPECT_EQ(code_of([&] { engine->begin_write(std::chrono::milliseconds(-1)); }), ErrorCode::writes_refused);
      EXPECT_EQ(read_newest(*engine), state);
    }
    for (Process* process : {&first, &other}) code_of([&] { process->engine->close(); });
    Process later = start(disk);
    EXPECT_EQ(read_newest(*later.engine), state);
    commit_to(*later.engine, Durability::sync, state, 2);
    expect_sound(*later.engine);
  }
}

}  // namespace
}  // namespace sapwood::storage::testing
