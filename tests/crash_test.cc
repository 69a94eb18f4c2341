// The crash sweep, in the size that fits a minute; crash_slow_test.cc has the rest.
#include <gtest/gtest.h>

#include "tests/support/crash_plans.h"

namespace sapwood::test {
namespace {

void tell(const SweepReport& report) {
  std::printf("%llu disk operations, %llu images, %llu deeper\n",
              static_cast<unsigned long long>(report.disk_operations), static_cast<unsigned long long>(report.images),
              static_cast<unsigned long long>(report.deeper_images));
  EXPECT_GT(report.images, 100u);
}

TEST(CrashSweep, SmallPagesSmallLog) { tell(run_crash_sweep(random_sweep(test_seed(), 512, 4096, scaled(120), 24))); }

TEST(CrashSweep, UsualPages) { tell(run_crash_sweep(random_sweep(test_seed(), 4096, 16384, scaled(100), 24))); }

// All image kinds at every operation, on a short workload.
TEST(CrashSweep, AllImages) {
  CrashSweep sweep = random_sweep(test_seed(), 512, 4096, scaled(20), 0);
  tell(run_crash_sweep(sweep));
}

// Every pair of letters; crash_slow_test.cc has the triples.
TEST(CrashSweep, AllPairsOfOperations) {
  const u64 seed = test_seed();
  CrashSweep sweep = random_sweep(seed, 512, 4096, 0, 4);
  sweep.descend_one_in = 400;
  for (u64 one = 0; one < kSequenceLetters; ++one) {
    for (u64 two = 0; two < kSequenceLetters; ++two) {
      sweep.seed = seed + one * 100 + two;
      sweep.operations = sequence({one, two});
      const SweepReport report = run_crash_sweep(sweep);
      ASSERT_GT(report.images, 0u);
    }
  }
}

}  // namespace
}  // namespace sapwood::test
