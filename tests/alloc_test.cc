// Memory that runs out: the n-th allocation inside a call of the library fails. A clean error, nothing lost, nothing
// half done, and with memory again it goes on. This executable replaces the global operator new.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/support/fault_run.h"
#include "tests/support/nest.h"
#include "tests/support/temp_folder.h"

namespace {

// Only this thread, only inside calls of the library.
struct Countdown {
  bool inside = false;
  sapwood::u64 left = 0;  // the allocation that brings it to 0 fails; 0: none does
  bool for_good = false;
  sapwood::u64 failed = 0;
  sapwood::u64 seen = 0;
};
thread_local Countdown countdown;

bool shall_fail() {
  if (!countdown.inside) return false;
  ++countdown.seen;
  if (countdown.left == 0) return false;
  if (countdown.left > 1) {
    --countdown.left;
    return false;
  }
  if (!countdown.for_good) countdown.left = 0;
  ++countdown.failed;
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) {
  if (shall_fail()) return nullptr;
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  return alignment <= alignof(std::max_align_t) ? std::malloc(size == 0 ? 1 : size)
                                                : std::aligned_alloc(alignment, rounded);
}

void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* memory = allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Out of line: inlined, g++ 12 sees free() of what operator new returned and warns.
[[gnu::noinline]] void release(void* memory) { std::free(memory); }

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size, 1); }
void* operator new[](std::size_t size) { return allocate_or_throw(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size, 1); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

namespace sapwood::test {
namespace {

// On the real file system: the simulated disk's own allocations are not the library's.
Executor::Settings real_settings(const TempFolder& folder) {
  os::SimDisk unused(1);
  Executor::Settings settings = fault_settings(unused);
  settings.options.env = nullptr;
  settings.path = folder.file("test.sapwood");
  return settings;
}

// Runs the workload with the n-th allocation failing; then without failures. The result: allocations that failed.
u64 run_short_of_memory(const std::vector<Operation>& operations, u64 seed, u64 nth, bool for_good) {
  const TempFolder folder(true);
  Executor::Settings settings = real_settings(folder);
  settings.faults = true;
  settings.crashes = true;
  settings.around_calls = [](bool inside) { countdown.inside = inside; };
  countdown = {};
  countdown.left = nth;
  countdown.for_good = for_good;
  std::string last = "open";
  try {
    Executor executor(settings);
    executor.open();
    for (const Operation& operation : operations) {
      last = describe(operation);
      executor.execute(operation);
    }
    const u64 failed = std::exchange(countdown, {}).failed;
    const u64 failures = executor.failures();
    last = "after";
    for (const Operation& operation : fault_operations(seed + 2, 8)) executor.execute(operation);
    if (executor.failures() > failures + 1) throw Disagreement("errors go on when there is memory again");
    const History history = executor.history();
    const std::size_t floor = executor.floor();
    executor.abandon();
    settings.faults = false;
    Executor again(settings, history);
    again.open(floor);
    again.verify();
    again.close();
    return failed;
  } catch (const std::exception& error) {
    countdown = {};
    throw Disagreement(std::string(error.what()) + "\n  allocation " + std::to_string(nth) +
                       (for_good ? " and all later" : "") + ", seed " + std::to_string(seed) + ", in '" + last + "'");
  }
}

u64 count_allocations(const std::vector<Operation>& operations, u64 seed) {
  run_short_of_memory(operations, seed, 0, false);
  countdown = {};
  const TempFolder folder(true);
  Executor::Settings settings = real_settings(folder);
  u64 seen = 0;
  settings.around_calls = [&](bool inside) {
    countdown.inside = inside;
    if (!inside) seen = countdown.seen;
  };
  Executor executor(settings);
  executor.open();
  for (const Operation& operation : operations) executor.execute(operation);
  executor.close();
  countdown = {};
  return seen;
}

void fail_allocations(const std::vector<Operation>& operations, bool for_good) {
  const u64 seed = test_seed();
  const u64 allocations = count_allocations(operations, seed);
  ASSERT_GT(allocations, 100u);
  u64 failed = 0;
  const u64 step = std::max<u64>(1, allocations / scaled(1000));
  for (u64 nth = 1 + seed % step; nth <= allocations; nth += step) {
    failed += run_short_of_memory(operations, seed, nth, for_good);
  }
  EXPECT_GT(failed, allocations / step / 2);
}

TEST(AllocationFault, Once) { fail_allocations(fault_operations(test_seed(), 60), false); }
TEST(AllocationFault, ForGood) { fail_allocations(fault_operations(test_seed(), 60), true); }
TEST(AllocationFault, AsANestedCollectionGrowsAndShrinks) {
  fail_allocations(grow_and_shrink(), false);
  fail_allocations(grow_and_shrink(), true);
}

}  // namespace
}  // namespace sapwood::test
