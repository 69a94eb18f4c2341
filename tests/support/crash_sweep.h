// The crash sweep: runs a workload on a simulated disk, takes crash images before every operation of the disk, and
// opens each: it must be clean and hold a whole state that the history allows. Then it goes on in some images, and
// crashes again, inside the recovery too.
#pragma once

#include <vector>

#include "os/sim_disk.h"
#include "tests/support/executor.h"

namespace sapwood::test {

struct CrashSweep {
  u64 seed = 1;
  Executor::Settings settings{};  // its options' env is replaced
  std::vector<Operation> operations{};
  os::CrashOptions images{};  // of the first crash
  std::size_t depth = 3;      // crashes in a row
  u64 images_deeper = 6;      // at each operation after the first crash
  u64 operations_deeper = 6;  // database operations after a crash
  u64 descend_one_in = 40;    // so many images are gone on with
  Mix mix = usual_mix();      // of the operations after a crash
};

struct SweepReport {
  u64 disk_operations = 0;
  u64 images = 0;
  u64 deeper_images = 0;
};

// Throws Disagreement with the seed, the image and the disk's last operations.
SweepReport run_crash_sweep(const CrashSweep& sweep);

}  // namespace sapwood::test
