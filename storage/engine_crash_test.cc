// The engine crashed before every operation on the disk, in all ways of the simulated disk, and inside recovery.
#include <algorithm>

#include "base/sanitized.h"
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

class CrashTest : public EngineTest {
 protected:
  // Every state in the order of the commits, the one that is being committed included.
  std::vector<State> states_{State()};
  std::size_t survives_kill_ = 0;   // the least that is found after the process was killed
  std::size_t survives_power_ = 0;  // and after a power cut
  u64 images_ = 0;

  void record_commit(Engine& engine, Durability durability, const State& next, const Edit& edit) {
    states_.push_back(next);
    commit(engine, durability, edit);
    const std::size_t newest = states_.size() - 1;
    if (durability != Durability::none) survives_kill_ = newest;
    if (durability == Durability::sync) survives_power_ = newest;
  }
  void record_sync(Engine& engine, bool checkpoint) {
    const std::size_t newest = states_.size() - 1;
    checkpoint ? engine.checkpoint() : engine.sync();
    survives_kill_ = survives_power_ = newest;
  }

  // Opens an image, crashing again inside of that `depth` times, and compares.
  void check_image(os::SimDisk& image, std::size_t least, int depth, u64 seed) {
    ++images_;
    if (depth > 0) {
      image.set_observer([&](const os::Operation& operation) {
        const os::CrashOptions options{.max_images = 4, .seed = seed + operation.number};
        image.for_each_crash_image(options, [&](os::SimDisk& inner, const os::CrashImage& crash) {
          SCOPED_TRACE("crashed again before " + os::describe(operation) + ": " + crash.description);
          check_image(inner, least, depth - 1, seed * 3 + operation.number);
        });
      });
    }
    try {
      TestContents contents;
      Options options = options_;
      options.env = &image;
      std::shared_ptr<Engine> engine = Engine::open(kPath, options, contents);
      image.set_observer({});
      const State found = read_newest(*engine);
      const auto first = states_.begin() + static_cast<std::ptrdiff_t>(least);
      const bool known = std::find(first, states_.end(), found) != states_.end();
      const bool older = std::find(states_.begin(), first, found) != first;
      EXPECT_TRUE(known) << (older ? "an acknowledged commit is lost\n" : "not the state of any commit\n")
                         << image.describe_recent_operations();
      EXPECT_EQ(findings(*engine), std::vector<std::string>());
      commit(*engine, Durability::sync, [](Editor& editor) { editor.put(3, 33); });
      engine->close();
      engine.reset();
      engine = Engine::open(kPath, options, contents);
      EXPECT_EQ(findings(*engine), std::vector<std::string>());
    } catch (const Error& error) {
      ADD_FAILURE() << error.what() << "\n" << image.describe_recent_operations();
    }
    image.set_observer({});
  }

  // Crashes before each operation from now on.
  void crash_everywhere(u64 seed, u64 max_images, int depth) {
    disk_.set_observer([this, seed, max_images, depth](const os::Operation& operation) {
      if (HasFailure()) return;
      const os::CrashOptions options{.max_images = max_images, .seed = seed + operation.number};
      disk_.for_each_crash_image(options, [&](os::SimDisk& image, const os::CrashImage& crash) {
        if (HasFailure()) return;
        SCOPED_TRACE("before " + os::describe(operation) + ", image " + std::to_string(crash.number) + ": " +
                     crash.description);
        const std::size_t least = crash.kind == os::CrashKind::process_kill ? survives_kill_ : survives_power_;
        check_image(image, least, operation.number % 5 == 0 ? depth : 0, seed + operation.number);
      });
    });
  }

  void run_workload(u64 seed, int commits, std::size_t blob_size) {
    std::mt19937_64 random(seed);
    std::shared_ptr<Engine> engine = open();
    for (int i = 0; i < commits && !HasFailure(); ++i) {
      const u64 kind = random() % 20;
      State next = states_.back();
      const auto edit = [&](int changes) {
        return [&random, &next, changes, blob_size](Editor& editor) {
          for (int change = 0; change < changes; ++change) random_change(random, editor, next, 200, blob_size);
        };
      };
      if (kind < 15) {
        // The state is known once the edit is made, which is before anything is published.
        const Durability unlogged = options_.exclusive ? Durability::none : Durability::async;
        const Durability durability = kind < 6 ? Durability::sync : kind < 12 ? Durability::async : unlogged;
        const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
        Editor editor(*txn);
        edit(random() % 12 == 0 ? 80 : 3)(editor);
        txn->release_memory();
        states_.push_back(next);
        txn->commit(durability);
        if (durability != Durability::none) survives_kill_ = states_.size() - 1;
        if (durability == Durability::sync) survives_power_ = states_.size() - 1;
      } else if (kind < 17) {
        record_sync(*engine, kind == 15);
      } else if (kind == 17) {
        const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
        Editor editor(*txn);
        edit(10)(editor);
        txn->release_memory();
      } else if (kind == 18) {
        engine->close();
        survives_kill_ = survives_power_ = states_.size() - 1;
        engine = open();
      }
    }
    engine->close();
    disk_.set_observer({});
  }

  void crash_before_every_operation(bool exclusive) {
    const u64 seed = test_seed();
    SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
    options_.exclusive = exclusive;
    options_.log_size = 4096;
    options_.log_size_max = 8192;
    options_.dirty_limit = 2048;
    crash_everywhere(seed, 8, 1);
    run_workload(seed, kSanitized ? 10 : 30, 4000);
    EXPECT_GT(images_, kSanitized ? 100u : 500u);
  }

  void crash_three_deep(bool exclusive) {
    const u64 seed = test_seed();
    SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
    options_.exclusive = exclusive;
    options_.log_size = 4096;
    options_.log_size_max = 4096;
    crash_everywhere(seed, 3, 2);
    run_workload(seed, kSanitized ? 3 : 6, 1500);
    EXPECT_GT(images_, kSanitized ? 10u : 100u);
  }
};

// What a killed process leaves is recovered in the first two, since it had the file alone; in the others the next one
// goes on where it stopped.
TEST_F(CrashTest, BeforeEveryOperation) { crash_before_every_operation(true); }
TEST_F(CrashTest, ThreeDeep) { crash_three_deep(true); }
TEST_F(CrashTest, BeforeEveryOperationOfASharedFile) { crash_before_every_operation(false); }
TEST_F(CrashTest, ThreeDeepInASharedFile) { crash_three_deep(false); }

// Pages of 4096 bytes and a log that holds everything: recovery replays a lot.
TEST_F(CrashTest, AtTheEndOfALongLog) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  options_.page_size = 4096;
  options_.log_size = 1 << 20;
  options_.log_size_max = 1 << 20;
  std::shared_ptr<Engine> engine = open();
  for (int i = 0; i < 300; ++i) {
    State next = states_.back();
    const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    for (int change = 0; change < 5; ++change) random_change(random, editor, next, 1900, 40'000);
    states_.push_back(next);
    txn->commit(i % 10 == 0 ? Durability::sync : Durability::async);
    survives_kill_ = states_.size() - 1;
    if (i % 10 == 0) survives_power_ = states_.size() - 1;
  }
  disk_.for_each_crash_image({.max_images = 60, .seed = seed}, [&](os::SimDisk& image, const os::CrashImage& crash) {
    SCOPED_TRACE(crash.description);
    check_image(image, crash.kind == os::CrashKind::process_kill ? survives_kill_ : survives_power_, 0, seed);
  });
  EXPECT_GT(images_, 30u);
}

}  // namespace
}  // namespace sapwood::storage::testing
