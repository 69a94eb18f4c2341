// The crash sweep at length: more workloads with all images, and all sequences of three operations.
#include <gtest/gtest.h>

#include "tests/support/crash_plans.h"

namespace sapwood::test {
namespace {

TEST(CrashSweepSlow, ManyWorkloads) {
  const u64 seed = test_seed();
  for (u64 i = 0; i < scaled(3); ++i) {
    const u32 page_size = i % 3 == 2 ? 4096 : 512;
    CrashSweep sweep = random_sweep(seed + i, page_size, 4096 << (i % 3), 100, 60);
    sweep.settings.options.exclusive = i % 2 == 0;
    const SweepReport report = run_crash_sweep(sweep);
    ASSERT_GT(report.images, 0u);
  }
}

TEST(CrashSweepSlow, AllImagesThreeDeep) {
  CrashSweep sweep = random_sweep(test_seed(), 512, 4096, scaled(120), 0);
  sweep.settings.options.exclusive = true;
  sweep.descend_one_in = 60;
  const SweepReport report = run_crash_sweep(sweep);
  EXPECT_GT(report.deeper_images, 0u);
}

TEST(CrashSweepSlow, AllTriplesOfOperations) {
  const u64 seed = test_seed();
  CrashSweep sweep = random_sweep(seed, 512, 4096, 0, 3);
  sweep.settings.options.exclusive = true;
  sweep.descend_one_in = 2000;
  for (u64 i = 0; i < kSequenceLetters * kSequenceLetters * kSequenceLetters; ++i) {
    sweep.seed = seed + i;
    sweep.operations = sequence(
        {i % kSequenceLetters, i / kSequenceLetters % kSequenceLetters, i / kSequenceLetters / kSequenceLetters});
    const SweepReport report = run_crash_sweep(sweep);
    ASSERT_GT(report.images, 0u);
  }
}

}  // namespace
}  // namespace sapwood::test
