// Several processes with one file open, as logical processes of the simulated disk: they write in turn, see each
// other's commits, are killed and come back; and the system crashes before any of their operations.
#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "base/sanitized.h"
#include "storage/testing_dying.h"
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

constexpr std::size_t kProcesses = 3;

class SharedTest : public EngineTest {
 protected:
  struct Process {
    std::unique_ptr<os::SimProcess> env;
    std::shared_ptr<Engine> engine;  // null: it has the file closed
    std::size_t wrote = 0;           // its newest commit
  };

  void start(Process& process) {
    process.env = disk_.start_process();
    Options options = options_;
    options.env = process.env.get();
    options.log_size <<= starts_++ % 3;  // they need not agree
    options.log_size_max = std::max(options.log_size, options.log_size_max);
    process.engine = Engine::open(kPath, options, contents_);
  }
  void kill(Process& process) {
    process.env->kill();
    keep_for_ever(std::exchange(process, Process{}));
  }

  std::string describe_difference(const State& found) {
    std::string text;
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] == found)
        text += " as after commit " + std::to_string(i) + " of " + std::to_string(states_.size());
    }
    for (const auto& [index, value] : states_.back().values) {
      if (!found.values.contains(index) || found.values.at(index) != value) text += " value " + std::to_string(index);
    }
    for (const auto& [index, blob] : states_.back().blobs) {
      if (!found.blobs.contains(index) || found.blobs.at(index) != blob) text += " blob " + std::to_string(index);
    }
    return text;
  }

  // One step of one of them.
  void step(std::mt19937_64& random, Process& process) {
    const u64 kind = random() % 40;
    last_ += " " + std::to_string(&process - &processes_[0]) + ":" + std::to_string(kind);
    if (last_.size() > 200) last_.erase(0, 50);
    if (random() % 8 == 0) disk_.advance_clock(2'000'000);  // what others began counts as abandoned
    if (process.engine == nullptr) {
      start(process);
    } else if (kind < 26) {
      write(random, *process.engine, kind < 12 ? Durability::sync : Durability::async);
      process.wrote = states_.size() - 1;
    } else if (kind < 28) {
      process.engine->checkpoint();
      survives_power_ = states_.size() - 1;
    } else if (kind < 30) {
      process.engine->sync();
      survives_power_ = states_.size() - 1;
    } else if (kind < 32) {
      roll_back(random, *process.engine);
    } else if (kind < 35) {
      process.engine->close();
      survives_power_ = std::max(survives_power_, process.wrote);  // its own commits, with what was before them
      process = Process{};
    } else if (kind < 38) {
      kill(process);
    } else {
      expect_sound(*process.engine);
    }
  }

  void write(std::mt19937_64& random, Engine& engine, Durability durability) {
    State next = states_.back();
    const std::unique_ptr<WriteTransaction> txn = engine.begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    ASSERT_EQ(editor.read(), next) << "the writer does not go on from the newest commit";
    for (u64 change = random() % 12 == 0 ? 80 : 3; change > 0; --change) {
      random_change(random, editor, next, 200, blob_size_);
    }
    if (random() % 4 == 0) txn->release_memory();
    states_.push_back(next);
    txn->commit(durability);
    survives_kill_ = states_.size() - 1;
    if (durability == Durability::sync) survives_power_ = survives_kill_;
  }

  // Before each operation on the disk: that of one that is dying may be its last.
  void watch() {
    disk_.set_observer([](const os::Operation& operation) { DyingThread::step(describe(operation)); });
  }
  // The process dies in `work`, after so many operations on the disk, or at its end.
  void die_after(u64 operations, Process& process, const std::function<void(Process&)>& work) {
    Process& dead = keep_for_ever(std::exchange(process, Process{}));
    EXPECT_EQ(DyingThread::run(operations + 1, [&dead, work] { work(dead); }).error(), "");
    if (dead.env != nullptr) dead.env->kill();
  }
  // Wherever that is in what it does.
  void die_in(std::mt19937_64& random, Process& process) {
    const u64 operations = random() % 40;
    const u64 seed = random();
    die_after(operations, process, [this, seed](Process& dying) {
      std::mt19937_64 own(seed);
      while (!HasFailure() && dying.engine != nullptr) step(own, dying);
    });
    Process other;
    start(other);
    expect_sound(*other.engine);  // with the writer's place: ends what the dead one had begun
    other.engine->sync();         // makes it visible, if it counts
    const State found = read_newest(*other.engine);
    if (survives_kill_ + 1 < states_.size() && found != states_.back()) states_.pop_back();
    ASSERT_EQ(found, states_.back());
    survives_kill_ = survives_power_ = states_.size() - 1;
    expect_sound(*other.engine);
    other.engine->close();
  }

  void roll_back(std::mt19937_64& random, Engine& engine) {
    const std::unique_ptr<WriteTransaction> txn = engine.begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    State next = states_.back();
    for (int change = 0; change < 20; ++change) random_change(random, editor, next, 200, blob_size_);
    txn->release_memory();
  }

  void run(u64 seed, int steps) {
    std::mt19937_64 random(seed);
    if (dies_in_the_middle_) watch();
    for (int i = 0; i < steps && !HasFailure(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      Process& process = processes_[random() % kProcesses];
      if (dies_in_the_middle_ && random() % 10 == 0) {
        die_in(random, process);
      } else {
        step(random, process);
      }
      for (const Process& other : processes_) {
        if (other.engine == nullptr) continue;
        const State found = read_newest(*other.engine);
        ASSERT_EQ(found, states_.back()) << describe_difference(found) << "; the last steps (process:kind):" << last_;
      }
    }
    for (Process& process : processes_) {
      if (process.engine == nullptr) continue;
      expect_sound(*process.engine);
      process.engine->close();
    }
    EXPECT_EQ(reopened_state(), states_.back());
    disk_.set_observer({});
  }

  void check_image(os::SimDisk& image, std::size_t least) {
    ++images_;
    TestContents contents;
    Options options = options_;
    options.env = &image;
    try {
      std::shared_ptr<Engine> engine = Engine::open(kPath, options, contents);
      const State found = read_newest(*engine);
      const auto first = states_.begin() + static_cast<std::ptrdiff_t>(least);
      EXPECT_NE(std::find(first, states_.end(), found), states_.end())
          << "lost, or no commit's state:" << describe_difference(found) << "; it must be of commit " << least
          << " at least; the last steps (process:kind):" << last_ << "\n"
          << disk_.describe_recent_operations(30) << image.describe_recent_operations();
      EXPECT_EQ(findings(*engine), std::vector<std::string>());
      commit(*engine, Durability::sync, [](Editor& editor) { editor.put(3, 33); });
      engine->close();
      engine = Engine::open(kPath, options, contents);
      EXPECT_EQ(findings(*engine), std::vector<std::string>());
    } catch (const Error& error) {
      ADD_FAILURE() << error.what() << "\n" << image.describe_recent_operations();
    }
  }

  void crash_everywhere(u64 seed, u64 max_images) {
    disk_.set_observer([this, seed, max_images](const os::Operation& operation) {
      if (HasFailure()) return;
      const os::CrashOptions options{.max_images = max_images, .seed = seed + operation.number};
      disk_.for_each_crash_image(options, [&](os::SimDisk& image, const os::CrashImage& crash) {
        SCOPED_TRACE("before " + os::describe(operation) + ", image " + std::to_string(crash.number) + ": " +
                     crash.description);
        check_image(image, crash.kind == os::CrashKind::process_kill ? survives_kill_ : survives_power_);
      });
    });
  }

  std::vector<State> states_{State()};
  std::size_t survives_kill_ = 0;
  std::size_t survives_power_ = 0;
  std::size_t blob_size_ = 4000;
  bool dies_in_the_middle_ = false;
  u64 images_ = 0;
  u64 starts_ = 0;
  Process processes_[kProcesses];
  std::string last_;
};

TEST_F(SharedTest, ProcessesWriteInTurnAndAreKilled) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  options_.log_size = 4096;
  options_.log_size_max = 16384;
  run(seed, 600);
}

TEST_F(SharedTest, ProcessesDieInTheMiddle) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  options_.log_size = 4096;
  options_.log_size_max = 16384;
  options_.dirty_limit = 2048;
  dies_in_the_middle_ = true;
  run(seed, 600);
}

// The file has no log yet: so its meta is all that tells of the commit, whether it was published or not.
TEST_F(SharedTest, DiesInAFirstCommitThatIsACheckpoint) {
  watch();
  u64 counted = 0;
  constexpr u64 kOperations = 15;
  for (u64 operations = 0; operations < kOperations; ++operations) {
    SCOPED_TRACE("after " + std::to_string(operations) + " operations");
    Process& dying = processes_[0];
    Process& other = processes_[1];
    start(other);
    start(dying);
    const State before = read_newest(*other.engine);
    State after = before;
    after.values[operations] = operations + 1;
    die_after(operations, dying, [operations](Process& process) {
      const std::unique_ptr<WriteTransaction> txn = process.engine->begin_write(std::chrono::milliseconds(-1));
      Editor(*txn).put(operations, operations + 1);
      txn->commit_by_checkpoint();
    });
    ASSERT_NO_THROW(expect_sound(*other.engine));
    const State found = read_newest(*other.engine);
    EXPECT_TRUE(found == before || found == after);
    counted += found == after;
    commit(*other.engine, Durability::sync, [](Editor& editor) { editor.put(99, 1); });
    expect_sound(*other.engine);
    other.engine->close();
    other = Process{};
  }
  EXPECT_GT(counted, 1u);
  EXPECT_LT(counted, kOperations);
  disk_.set_observer({});
}

TEST_F(SharedTest, WithALogThatIsNeverFull) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  options_.log_size = options_.log_size_max = 1 << 20;
  run(seed, 400);
}

TEST_F(SharedTest, TheSystemCrashesBeforeAnyOperation) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  options_.log_size = 4096;
  options_.log_size_max = 8192;
  options_.dirty_limit = 2048;
  crash_everywhere(seed, 6);
  run(seed, kSanitized ? 25 : 60);
  disk_.set_observer({});
  EXPECT_GT(images_, kSanitized ? 50u : 300u);
}

}  // namespace
}  // namespace sapwood::storage::testing
