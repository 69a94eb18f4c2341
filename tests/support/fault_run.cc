#include "tests/support/fault_run.h"

#include "tests/support/sim.h"

namespace sapwood::test {

std::vector<Operation> fault_operations(u64 seed, u64 count) {
  Mix mix = usual_mix();
  using enum OperationKind;
  mix.collections = 5;
  mix[commit] = 200;
  mix[checkpoint] = 15;
  mix[sync] = 15;
  mix[big_commit] = 6;
  mix[reopen] = 10;
  mix[verify] = 0;
  mix[read] = 30;
  mix[drop] = 5;
  Rng random(seed);
  std::vector<Operation> operations;
  for (u64 i = 0; i < count; ++i) operations.push_back(random_operation(random, mix));
  return operations;
}

Executor::Settings fault_settings(os::SimDisk& disk, u32 page_size) {
  Executor::Settings settings;
  settings.options = sim_options(disk, page_size, 4096);
  settings.options.log_size_max = 8192;
  settings.scale = {
      .page_size = page_size, .keys = 60, .max_items = 60, .max_value = 3 * u64{page_size}, .big_commit = 10'000};
  return settings;
}

u64 count_calls(const std::vector<Operation>& operations, u64 seed) {
  os::SimDisk disk(seed);
  Executor executor(fault_settings(disk));
  executor.open();
  for (const Operation& operation : operations) executor.execute(operation);
  executor.close();
  return disk.call_count();
}

namespace {

std::string describe_fault(const os::FaultPlan& plan, u64 seed) {
  return std::string("\n  fault: ") + os::fault_name(plan.kind) + " at call " + std::to_string(plan.nth) +
         (plan.call ? std::string(" of ") + os::call_name(*plan.call) : std::string()) +
         (plan.for_good ? " for good" : " once") + ", seed " + std::to_string(seed);
}

// Without faults, on what is there: a whole state that holds all that was acknowledged, and it goes on.
void require_recovers(os::SimDisk& disk, const History& history, std::size_t floor, u64 seed) {
  Executor executor(fault_settings(disk), history);
  executor.open(floor);
  require_clean(executor.database());
  for (const Operation& operation : fault_operations(seed + 1, 6)) executor.execute(operation);
  executor.verify();
  executor.close();
}

void require_crash_images(os::SimDisk& disk, const History& history, u64 seed) {
  os::CrashOptions options;
  options.max_images = 5;
  options.seed = seed;
  disk.for_each_crash_image(options, [&](os::SimDisk& image, const os::CrashImage& crash) {
    const bool killed = crash.kind == os::CrashKind::process_kill;
    try {
      require_recovers(image, history, killed ? history.acknowledged() : history.durable(), seed);
    } catch (const std::exception& error) {
      throw Disagreement(std::string("after a crash (") + crash.description + "): " + error.what());
    }
  });
}

}  // namespace

u64 run_with_fault(const std::vector<Operation>& operations, u64 seed, const os::FaultPlan& plan) {
  os::SimDisk disk(seed);
  Executor::Settings settings = fault_settings(disk);
  settings.faults = true;
  settings.crashes = true;
  settings.options.exclusive = true;  // opening again recovers, after which all is on the disk
  std::string last = "open";
  try {
    Executor executor(settings);
    disk.set_fault(plan);
    executor.open();
    for (const Operation& operation : operations) {
      last = describe(operation);
      executor.execute(operation);
    }
    const u64 fired = disk.faults_fired();
    disk.clear_fault();
    last = "after the fault";
    require_crash_images(disk, executor.history(), seed);
    // It goes on in the same process; a refusal is lifted by reopening, which the executor does.
    const u64 failures = executor.failures();
    for (const Operation& operation : fault_operations(seed + 2, 8)) executor.execute(operation);
    if (executor.failures() > failures + 1) throw Disagreement("errors go on after the fault is gone");
    const History history = executor.history();
    const std::size_t floor = executor.floor();
    executor.abandon();
    last = "reopen";
    require_recovers(disk, history, floor, seed);
    return fired;
  } catch (const std::exception& error) {
    throw Disagreement(std::string(error.what()) + describe_fault(plan, seed) + ", in '" + last +
                       "'\n  the disk's last operations:\n" + disk.describe_recent_operations());
  }
}

u64 run_failing_recovery(const std::vector<Operation>& operations, u64 seed, os::FaultKind kind, bool for_good) {
  os::SimDisk first(seed);
  Executor executor(fault_settings(first));
  executor.open();
  for (const Operation& operation : operations) {
    if (operation.kind != OperationKind::reopen) executor.execute(operation);
  }
  const History history(Model(executor.history().newest()));
  u64 failed = 0;
  for (u64 nth = 1;; ++nth) {
    const std::unique_ptr<os::SimDisk> disk = first.clone();
    const os::FaultPlan plan{.nth = nth, .for_good = for_good, .kind = kind};
    try {
      Executor::Settings settings = fault_settings(*disk);
      settings.faults = true;
      disk->set_fault(plan);
      {
        Executor opening(settings, history);
        failed += opening.open() ? 0 : 1;
      }
      const bool fired = disk->faults_fired() != 0;
      disk->clear_fault();
      require_crash_images(*disk, history, seed);
      require_recovers(*disk, history, 0, seed);
      if (!fired) return failed;
    } catch (const std::exception& error) {
      throw Disagreement(std::string(error.what()) + describe_fault(plan, seed) +
                         ", while recovering\n  the disk's last operations:\n" + disk->describe_recent_operations());
    }
  }
}

bool report_or_whole_state(os::SimDisk& image, const History& states, u64 seed) {
  Executor executor(fault_settings(image), states);
  try {
    executor.open(0);
    if (!executor.database().check().empty()) return true;
  } catch (const Error&) {
    return true;
  }
  for (const Operation& operation : fault_operations(seed, 8)) executor.execute(operation);
  executor.verify();
  executor.close();
  return false;
}

}  // namespace sapwood::test
