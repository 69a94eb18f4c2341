// Workloads on a disk that fails.
#pragma once

#include <string>
#include <vector>

#include "os/sim_disk.h"
#include "tests/support/executor.h"

namespace sapwood::test {

// The same few dozen operations for a seed, with commits, big commits, checkpoints and reopening among them.
std::vector<Operation> fault_operations(u64 seed, u64 count);
Executor::Settings fault_settings(os::SimDisk& disk, u32 page_size = 512);

// The calls that the workload makes on a disk that works.
u64 count_calls(const std::vector<Operation>& operations, u64 seed);

// Runs the workload with that fault: only clean errors; then, with the fault gone, crash images, reopening and more
// operations find a whole state, with all that was acknowledged. Throws Disagreement. The result: faults that fired.
u64 run_with_fault(const std::vector<Operation>& operations, u64 seed, const os::FaultPlan& plan);

// Crashes the workload at its end (the process only), then opens with the n-th call failing, for all n. Throws
// Disagreement. The result: opens that failed.
u64 run_failing_recovery(const std::vector<Operation>& operations, u64 seed, os::FaultKind kind, bool for_good);

// For disks that lie: opening `image`, reading and checking it gives a reported error or one of `states` as a whole,
// and in that case it can be written. Throws Disagreement. The result: true if an error was reported.
bool report_or_whole_state(os::SimDisk& image, const History& states, u64 seed);

}  // namespace sapwood::test
