// The input is a sequence of operations of 8 bytes each, run against the model: on collections of every type.
#include <cstring>

#include "tests/support/executor.h"
#include "tests/support/sim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sapwood::test::Executor;
  using sapwood::test::Operation;
  using sapwood::test::OperationKind;
  sapwood::os::SimDisk disk(1);
  Executor::Settings settings;
  settings.options = sapwood::test::sim_options(disk, 512, 4096);
  settings.scale = {.page_size = 512, .keys = 60, .max_items = 120, .max_value = 2000, .big_commit = 10'000};
  Executor executor(settings);
  executor.open();
  for (std::size_t at = 0; at + 8 <= size && at < 8 * 120; at += 8) {
    Operation operation;
    operation.kind = static_cast<OperationKind>(data[at] % sapwood::test::kOperationKinds);
    operation.collection = data[at + 1] & 0x7f;
    operation.automatic = (data[at + 1] & 0x80) != 0;
    operation.durability = static_cast<sapwood::Durability>(data[at + 2] % 3);
    operation.place = data[at + 3] + data[at + 4] * 256u;
    operation.size = data[at + 5] + data[at + 6] * 256u;
    operation.seed = data[at + 7];
    executor.execute(operation);
  }
  executor.verify();
  executor.close();
  return 0;
}
