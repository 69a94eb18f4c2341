// Options for databases on a simulated disk.
#pragma once

#include "os/sim_disk.h"
#include "sapwood/options.h"
#include "storage/testing_page_writes.h"

namespace sapwood::test {

inline Options sim_options(os::Env& disk, u32 page_size, u64 log_size = 16384) {
  Options options;
  options.env = &disk;
  options.page_size = page_size;
  options.page_writes = storage::testing::test_page_writes();
  options.log_size = log_size;
  options.log_size_max = 4 * log_size;
  return options;
}

}  // namespace sapwood::test
