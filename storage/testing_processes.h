// For tests: a lock file in memory, with one process in it.
#pragma once

#include "storage/processes.h"

namespace sapwood::storage::testing {

struct LoneProcess {
  explicit LoneProcess(os::Env& env) : processes(env.reserve_memory(sizeof(LockFile)), nullptr) {
    const os::ProcessInfo self{77, "tester", "boot"};
    processes.make_anew(self, {});
    processes.enter(self, 1'700'000'000'000'000);
  }

  Processes processes;
};

}  // namespace sapwood::storage::testing
