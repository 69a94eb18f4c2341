#include "tests/support/model_run.h"

#include <deque>

#include "tests/support/sim.h"

namespace sapwood::test {

void run_model(const ModelRun& run) {
  Rng random(run.seed);
  os::SimDisk disk({.seed = run.seed, .reservation_bytes = run.disk_bytes, .key_hash_bits = run.key_hash_bits});
  Executor::Settings settings;
  settings.options = sim_options(disk, run.scale.page_size, run.log_size);
  settings.options.exclusive = run.mix.none_percent > 0;
  settings.options.dirty_limit = run.dirty_limit;
  settings.scale = run.scale;
  std::deque<Operation> recent;
  u64 done = 0;
  try {
    Executor executor(settings);
    executor.open();
    for (; done < run.operations; ++done) {
      recent.push_back(random_operation(random, run.mix));
      if (recent.size() > 12) recent.pop_front();
      executor.execute(recent.back());
    }
    executor.verify();
    executor.close();
    executor.open();
    executor.verify();
  } catch (const std::exception& error) {
    std::string text = error.what();
    text += "\n  seed " + std::to_string(run.seed) + ", page size " + std::to_string(run.scale.page_size) +
            ", operation " + std::to_string(done) + "; the last ones:\n";
    for (const Operation& operation : recent) text += "    " + describe(operation) + "\n";
    throw Disagreement(text);
  }
}

}  // namespace sapwood::test
