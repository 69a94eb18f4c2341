#include "tree/node_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

TEST(NodeSearch, HeadIsTheFirstFourBytesPadded) {
  EXPECT_EQ(head_of(""), 0u);
  EXPECT_EQ(head_of("a"), 0x61000000u);
  EXPECT_EQ(head_of("abcd"), 0x61626364u);
  EXPECT_EQ(head_of("abcde"), 0x61626364u);
  EXPECT_EQ(tail_of("abcde"), "e");
  EXPECT_EQ(tail_of("abcd"), "");
}

TEST(NodeSearch, HeadsBelowCountsForEverySize) {
  const u64 seed = test_seed(1);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (u32 size = 0; size < 200; ++size) {
    std::vector<u32> heads(size);
    for (u32& head : heads) head = static_cast<u32>(random()) >> (size % 2 == 0 ? 0 : 25);  // ties when odd
    if (size > 3) heads[0] = ~u32{0};
    std::sort(heads.begin(), heads.end());
    for (u32 tries = 0; tries < 40; ++tries) {
      u32 wanted = size > 0 && tries % 2 == 0 ? heads[random() % size] : static_cast<u32>(random());
      if (tries == 0) wanted = 0;
      if (tries == 1) wanted = ~u32{0};
      const auto expected = std::lower_bound(heads.begin(), heads.end(), wanted) - heads.begin();
      ASSERT_EQ(heads_below(reinterpret_cast<const u8*>(heads.data()), size, wanted), static_cast<u32>(expected));
    }
  }
}

TEST(NodeSearch, TiesAreBrokenByTailThenLength) {
  const auto compare = [](Bytes stored, Bytes wanted) {
    return compare_tied(tail_of(stored), static_cast<u32>(stored.size()), SearchKey(wanted));
  };
  EXPECT_EQ(compare("abcdef", "abcdef"), 0);
  EXPECT_LT(compare("abcde", "abcdf"), 0);
  EXPECT_GT(compare("abcdef", "abcde"), 0);
  EXPECT_LT(compare(Bytes("a", 1), Bytes("a\0", 2)), 0);  // the same padded head
  EXPECT_LT(compare(Bytes("a\0", 2), Bytes("a\0\0\0\0", 5)), 0);
  EXPECT_GT(compare(Bytes("a\0\0\0\0z", 6), Bytes("a\0\0", 3)), 0);
}

TEST(NodeSearch, PrefixComparesShorterKeysBelow) {
  const u8 prefix[] = {'a', 'b'};
  EXPECT_EQ(compare_prefix("abc", prefix, 2), 0);
  EXPECT_EQ(compare_prefix("ab", prefix, 2), 0);
  EXPECT_EQ(compare_prefix("a", prefix, 2), -1);
  EXPECT_EQ(compare_prefix("", prefix, 2), -1);
  EXPECT_EQ(compare_prefix("aa", prefix, 2), -1);
  EXPECT_EQ(compare_prefix("b", prefix, 2), 1);
}

}  // namespace
}  // namespace sapwood::tree
