#include "tests/support/crash_plans.h"

#include "tests/support/sim.h"

namespace sapwood::test {

namespace {

Mix crash_mix() {
  Mix mix = usual_mix();
  using enum OperationKind;
  mix.collections = 6;
  mix[commit] = 250;
  mix[checkpoint] = 20;
  mix[sync] = 20;
  mix[big_commit] = 8;
  mix[reopen] = 8;
  mix[verify] = 0;
  mix[read] = 10;
  mix[bulk_load] = 5;
  mix[clear] = 5;
  mix[drop] = 10;
  mix.none_percent = 10;
  return mix;
}

Operation operation(OperationKind kind, u8 collection = 0, u64 place = 0, u64 size = 0) {
  Operation made;
  made.kind = kind;
  made.collection = collection;
  made.place = place;
  made.size = size;
  made.seed = place + 9;
  return made;
}

void append_letter(std::vector<Operation>& to, u64 letter, u64 nth) {
  using enum OperationKind;
  Operation made;
  switch (letter) {
    case 0: made = operation(put, 1, 100 + nth, 40); break;
    case 1: made = operation(erase, 1, 100, 0); break;
    case 2: made = operation(insert, 0, nth, 30); break;
    case 3: made = operation(commit); break;
    case 4:
      made = operation(commit);
      made.durability = Durability::async;
      break;
    case 5: made = operation(big_commit, 1, 7 + nth * 3); break;
    case 6: made = operation(checkpoint); break;
    case 7: made = operation(take_snapshot); break;
    case 8:  // grow: a blob of many pages
      made = operation(put, 9, 200 + nth, 2 + 64 * 20'000);
      break;
    case 9: made = operation(reopen); break;
    default: made = operation(sync); break;
  }
  to.push_back(made);
}

}  // namespace

CrashSweep random_sweep(u64 seed, u32 page_size, u64 log_size, u64 operations, u64 images) {
  CrashSweep sweep;
  sweep.seed = seed;
  sweep.mix = crash_mix();
  sweep.settings.options.page_size = page_size;
  sweep.settings.options.page_writes = storage::testing::test_page_writes();
  sweep.settings.options.log_size = log_size;
  sweep.settings.options.log_size_max = log_size * 2;
  sweep.settings.scale = {
      .page_size = page_size, .keys = 60, .max_items = 60, .max_value = 3 * u64{page_size}, .big_commit = 2 * log_size};
  sweep.images.max_images = images;
  Rng random(seed);
  for (u64 i = 0; i < operations; ++i) sweep.operations.push_back(random_operation(random, sweep.mix));
  return sweep;
}

std::vector<Operation> sequence(const std::vector<u64>& letters) {
  std::vector<Operation> operations;
  operations.push_back(operation(OperationKind::put, 1, 100, 100));
  operations.push_back(operation(OperationKind::push_back, 0, 1, 20));
  operations.push_back(operation(OperationKind::commit));
  for (std::size_t i = 0; i < letters.size(); ++i) append_letter(operations, letters[i], i);
  return operations;
}

}  // namespace sapwood::test
