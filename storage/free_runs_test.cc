#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "storage/allocator.h"
#include "storage/testing_engine.h"

namespace sapwood::storage {
namespace {

TEST(FreeRuns, AgreesWithCountingPagesOneByOneRandom) {
  const u64 seed = testing::test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Geometry geometry(512);
  for (int round = 0; round < 200; ++round) {
    Allocator allocator(geometry);
    u64 count = geometry.first_page + 2 + random() % (2 * geometry.group_pages);
    if (!geometry.is_page_count(count)) ++count;
    allocator.grow(count);
    std::vector<bool> busy(count);
    for (u64 group = 0; group < geometry.group_count(count); ++group) {
      for (u32 copy = 0; copy < 2; ++copy) busy[to_u64(geometry.bitmap_page(group, copy))] = true;
    }
    for (u64 taken = random() % 40; taken > 0; --taken) {
      const u64 start = geometry.first_page + random() % (count - geometry.first_page);
      const u64 end = std::min(count, start + 1 + random() % 150);
      for (u64 page = start; page < end; ++page) {
        if (busy[page]) continue;
        allocator.load_live({PageNo{page}, 1});
        busy[page] = true;
      }
    }
    u64 runs = 0, run = 0, longest = 0;
    for (u64 page = geometry.first_page; page < count; ++page) {
      run = busy[page] ? 0 : run + 1;
      runs += run == 1 ? 1 : 0;
      longest = std::max(longest, run);
    }
    const Allocator::FreeRuns found = allocator.free_runs();
    ASSERT_EQ(found.count, runs);
    ASSERT_EQ(found.longest, longest);
  }
}

// Runs of 64 KiB start at a multiple of it, so that each is one piece of the system's cache; others need no such place.
TEST(FreeRuns, WholeMultiplesOf64KiBAreAligned) {
  for (const u32 page_size : {512u, 4096u, 65536u}) {
    const Geometry geometry(page_size);
    const u32 unit = (64u << 10) / page_size;
    Allocator allocator(geometry);
    allocator.grow(geometry.first_page + 2 + 20 * unit);
    ASSERT_TRUE(allocator.take_page());
    for (const u32 units : {1u, 2u, 1u}) {
      const std::optional<Extent> run = allocator.take_run(units * unit, false);
      ASSERT_TRUE(run);
      EXPECT_EQ(geometry.offset_of(run->start) % (64u << 10), 0u) << page_size;
    }
    if (unit == 1) continue;
    const std::optional<Extent> odd = allocator.take_run(unit + 1, false);
    const std::optional<Extent> next = allocator.take_run(unit + 1, false);
    ASSERT_TRUE(odd && next);
    EXPECT_EQ(next->start, odd->start + odd->pages) << "others leave no gap";
  }
}

}  // namespace
}  // namespace sapwood::storage
