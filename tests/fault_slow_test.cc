// Every call of a workload fails, in every way, once and for good.
#include <gtest/gtest.h>

#include "tests/support/fault_run.h"

namespace sapwood::test {
namespace {

void fail_all(os::FaultKind kind, bool for_good) {
  const u64 first = test_seed();
  for (u64 seed = first; seed < first + scaled(40); ++seed) {
    const std::vector<Operation> operations = fault_operations(seed, 50);
    const u64 calls = count_calls(operations, seed);
    u64 fired = 0;
    for (u64 nth = 1; nth <= calls; ++nth) {
      fired += run_with_fault(operations, seed, {.nth = nth, .for_good = for_good, .kind = kind});
    }
    EXPECT_GT(fired, 0u);
  }
}

TEST(FaultSlow, IoOnce) { fail_all(os::FaultKind::io, false); }
TEST(FaultSlow, IoForGood) { fail_all(os::FaultKind::io, true); }
TEST(FaultSlow, DiskFullOnce) { fail_all(os::FaultKind::disk_full, false); }
TEST(FaultSlow, DiskFullForGood) { fail_all(os::FaultKind::disk_full, true); }
TEST(FaultSlow, OutOfMemoryOnce) { fail_all(os::FaultKind::out_of_memory, false); }
TEST(FaultSlow, OutOfMemoryForGood) { fail_all(os::FaultKind::out_of_memory, true); }
TEST(FaultSlow, ShortWriteOnce) { fail_all(os::FaultKind::short_write, false); }
TEST(FaultSlow, ShortWriteForGood) { fail_all(os::FaultKind::short_write, true); }

}  // namespace
}  // namespace sapwood::test
