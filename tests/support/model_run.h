// Random operations against the model, on a simulated disk.
#pragma once

#include "tests/support/executor.h"

namespace sapwood::test {

struct ModelRun {
  u64 seed = 1;
  u64 operations = 1000;
  u64 log_size = 64 << 10;
  u64 dirty_limit = 64 << 20;
  u64 disk_bytes = u64{256} << 20;
  u32 key_hash_bits = 64;
  Scale scale{};
  Mix mix = usual_mix();
};

// Throws Disagreement with the last operations.
void run_model(const ModelRun& run);

}  // namespace sapwood::test
