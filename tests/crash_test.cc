// The crash sweep, in the size that fits a minute; crash_slow_test.cc has the rest.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "sapwood/sapwood.h"
#include "tests/support/crash_plans.h"
#include "tests/support/nest.h"
#include "tests/support/sim.h"

namespace sapwood::test {
namespace {

void tell(const SweepReport& report) {
  std::printf("%llu disk operations, %llu images, %llu deeper\n",
              static_cast<unsigned long long>(report.disk_operations), static_cast<unsigned long long>(report.images),
              static_cast<unsigned long long>(report.deeper_images));
  EXPECT_GT(report.images, 100u);
}

// In a shared file the next process goes on where a killed one stopped; else it recovers.
CrashSweep exclusive(CrashSweep sweep) {
  sweep.settings.options.exclusive = true;
  return sweep;
}

TEST(CrashSweep, SmallPagesSmallLog) {
  tell(run_crash_sweep(random_sweep(test_seed(), 512, 4096, scaled(120), 24)));
  tell(run_crash_sweep(exclusive(random_sweep(test_seed(), 512, 4096, scaled(120), 24))));
}

TEST(CrashSweep, UsualPages) {
  tell(run_crash_sweep(random_sweep(test_seed(), 4096, 16384, scaled(60), 24)));
  tell(run_crash_sweep(exclusive(random_sweep(test_seed(), 4096, 16384, scaled(60), 24))));
}

// All image kinds at every operation, on a short workload.
TEST(CrashSweep, AllImages) {
  tell(run_crash_sweep(random_sweep(test_seed(), 512, 4096, std::max<u64>(scaled(15), 5), 0)));
  tell(run_crash_sweep(exclusive(random_sweep(test_seed(), 512, 4096, std::max<u64>(scaled(15), 5), 0))));
}

// Nested collections that come to be inline, and cease to be.
TEST(CrashSweep, GrowAndShrink) {
  CrashSweep sweep = random_sweep(test_seed(), 512, 4096, 0, 12);
  sweep.operations = grow_and_shrink();
  {
    os::SimDisk disk(1);
    Executor::Settings settings = sweep.settings;
    settings.options.env = &disk;
    Executor executor(settings);
    executor.open();
    std::vector<bool> has_pages;
    for (const Operation& operation : sweep.operations) {
      executor.execute(operation);
      if (operation.kind != OperationKind::commit) continue;
      has_pages.push_back(executor.database().metrics().nested.pages() != 0);
    }
    EXPECT_EQ(has_pages, (std::vector<bool>{false, true, false, false, true}));
  }
  tell(run_crash_sweep(sweep));
  tell(run_crash_sweep(exclusive(sweep)));
}

// A close that moves pages down and cuts the file, crashed before every operation of the disk.
TEST(CrashSweep, CloseThatMovesPages) {
  const u64 seed = test_seed();
  Rng random(seed);
  os::SimDisk disk(seed);
  const Options options = sim_options(disk, 512, 65536);
  Database database = Database::open("/db", options);
  std::map<u64, std::string> model;
  for (int i = 0; i < 120; ++i) {
    database.write([&](WriteTxn& txn) {
      auto map = txn.sorted_map<u64, std::string>("map");
      for (int k = 0; k < 10; ++k) {
        const u64 key = below(random, 100'000);
        map.put(key, model[key] = std::string(60, static_cast<char>('a' + i % 26)));
      }
    });
  }
  const u64 size = disk.contents("/db").size();
  u64 images = 0;
  disk.set_observer([&](const os::Operation& operation) {
    const os::CrashOptions crashes{.max_images = 12, .seed = seed + operation.number};
    images += disk.for_each_crash_image(crashes, [&](os::SimDisk& image, const os::CrashImage& crash) {
      Database opened = Database::open("/db", sim_options(image, 512, 65536));
      require_clean(opened);
      std::map<u64, std::string> found;
      for (auto [key, value] : opened.sorted_map<u64, std::string>("map").range()) found.emplace(key, value);
      ASSERT_TRUE(found == model) << crash.description << " before " << os::describe(operation) << ", seed " << seed;
    });
  });
  database.close();
  EXPECT_GT(images, 30u);
  EXPECT_LT(disk.contents("/db").size(), size * 3 / 4) << "the run should have left a tail";
}

// Every pair of letters; crash_slow_test.cc has the triples.
TEST(CrashSweep, AllPairsOfOperations) {
  const u64 seed = test_seed();
  CrashSweep sweep = exclusive(random_sweep(seed, 512, 4096, 0, 4));
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
