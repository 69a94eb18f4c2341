#include "collections/root_cache.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sapwood::collections {
namespace {

storage::CatalogRoot catalog_of(u64 n) {
  return {.root = {PageNo{n}, static_cast<u32>(n * 3)}, .height = 1, .count = n};
}

tree::TreeRoot root_of(u64 n) {
  return {.root = {PageNo{n * 5}, static_cast<u32>(n * 7)},
          .height = static_cast<u8>(n % 24),
          .owns_runs = n % 2 == 1,
          .count = n * 11};
}

TEST(RootCache, FindsWhatWasStoredLast) {
  RootCache cache;
  EXPECT_FALSE(cache.find(catalog_of(0))) << "an empty cache knows nothing, not even of an empty catalog";
  EXPECT_FALSE(cache.find(catalog_of(1)));
  cache.store(catalog_of(1), root_of(1));
  EXPECT_EQ(cache.find(catalog_of(1)), root_of(1));
  cache.store(catalog_of(2), root_of(2));
  EXPECT_EQ(cache.find(catalog_of(2)), root_of(2));
  EXPECT_FALSE(cache.find(catalog_of(1)));
  storage::CatalogRoot same_page = catalog_of(2);
  ++same_page.root.birth;
  EXPECT_FALSE(cache.find(same_page));
}

TEST(RootCache, ThreadsNeverSeeAMixture) {
  RootCache cache;
  constexpr u64 kRounds = 20'000;
  std::vector<std::thread> threads;
  for (u64 number = 0; number < 4; ++number) {
    threads.emplace_back([&cache, number] {
      for (u64 i = 0; i < kRounds; ++i) {
        const u64 n = (i * 4 + number) % 16 + 1;
        if (number < 2) cache.store(catalog_of(n), root_of(n));
        const std::optional<tree::TreeRoot> found = cache.find(catalog_of(n));
        EXPECT_EQ(found.value_or(root_of(n)), root_of(n));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sapwood::collections
