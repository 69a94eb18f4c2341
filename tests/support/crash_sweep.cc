#include "tests/support/crash_sweep.h"

namespace sapwood::test {

namespace {

class Sweep {
 public:
  explicit Sweep(const CrashSweep& plan) : plan_(plan), random_(plan.seed) {}

  SweepReport run() {
    os::SimDisk disk(plan_.seed);
    run_workload(disk, History(), plan_.operations, 1);
    return report_;
  }

 private:
  // Opens, runs the operations and closes, with crash images taken before each operation of the disk.
  void run_workload(os::SimDisk& disk, const History& history, const std::vector<Operation>& operations,
                    std::size_t depth) {
    Executor executor(settings_on(disk), history);
    std::string failure;
    bool busy = false;  // observers are not asked about what images do, but be sure
    disk.set_observer([&](const os::Operation& operation) {
      if (!failure.empty() || busy) return;
      busy = true;
      failure = crash(disk, executor.history(), operation, depth);
      busy = false;
    });
    try {
      executor.open(0);
      for (const Operation& operation : operations) {
        if (!failure.empty()) break;
        recent_operation_ = describe(operation);
        executor.execute(operation);
      }
      recent_operation_ = "close";
      executor.close();
    } catch (const std::exception& error) {
      if (failure.empty()) failure = std::string("without a crash: ") + error.what();
    }
    disk.set_observer({});
    if (!failure.empty()) throw Disagreement(failure);
  }

  // What is wrong with the crash images of this moment; empty if nothing.
  std::string crash(os::SimDisk& disk, const History& history, const os::Operation& before, std::size_t depth) {
    os::CrashOptions options = plan_.images;
    if (depth > 1) options.max_images = plan_.images_deeper;
    options.seed = random_();
    ++report_.disk_operations;
    os::CrashImage now{};
    try {
      disk.for_each_crash_image(options, [&](os::SimDisk& image, const os::CrashImage& crash) {
        now = crash;
        ++(depth == 1 ? report_.images : report_.deeper_images);
        examine(image, crash, history, depth);
      });
    } catch (const std::exception& error) {
      return std::string(error.what()) + "\n  crash " + std::to_string(depth) + " deep, in '" + recent_operation_ +
             "', before " + os::describe(before) + "\n  image " + std::to_string(now.number) + " of seed " +
             std::to_string(options.seed) + ", " +
             (now.kind == os::CrashKind::power_cut ? "power cut: " : "process kill: ") + now.description +
             "\n  the disk's last operations:\n" + disk.describe_recent_operations();
    }
    return "";
  }

  void examine(os::SimDisk& image, const os::CrashImage& crash, const History& history, std::size_t depth) {
    const std::size_t floor = crash.kind == os::CrashKind::process_kill ? history.acknowledged() : history.durable();
    // Whether a commit counts that a killed process had under way is decided by the next one only if that recovers: in
    // a shared file a power cut before it writes may bring back what it did not see.
    const bool decides = plan_.settings.options.exclusive || crash.kind == os::CrashKind::power_cut;
    const bool descend = decides && depth < plan_.depth && one_in(random_, plan_.descend_one_in);
    const std::unique_ptr<os::SimDisk> copy = descend ? image.clone() : nullptr;
    History found(history);
    {
      Executor executor(settings_on(image), history);
      executor.open(floor);
      require_clean(executor.database());
      found = executor.history();
      if (!descend) executor.abandon();
    }
    if (!descend) return;
    std::vector<Operation> operations;
    for (u64 i = 0; i < plan_.operations_deeper; ++i) operations.push_back(random_operation(random_, plan_.mix));
    // From here on only that state may come back: recovery gives the same whenever it is cut.
    const std::string outer = recent_operation_;
    recent_operation_ = "recovery";
    run_workload(*copy, found, operations, depth + 1);
    recent_operation_ = outer;
  }

  Executor::Settings settings_on(os::SimDisk& disk) const {
    Executor::Settings settings = plan_.settings;
    settings.options.env = &disk;
    settings.crashes = true;
    return settings;
  }

  const CrashSweep& plan_;
  Rng random_;
  SweepReport report_;
  std::string recent_operation_ = "open";
};

}  // namespace

SweepReport run_crash_sweep(const CrashSweep& sweep) {
  try {
    return Sweep(sweep).run();
  } catch (const Disagreement& error) {
    throw Disagreement(std::string(error.what()) + "\n  seed " + std::to_string(sweep.seed));
  }
}

}  // namespace sapwood::test
