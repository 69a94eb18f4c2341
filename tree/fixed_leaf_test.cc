#include "tree/fixed_leaf.h"

#include <gtest/gtest.h>

#include <map>

#include "tree/leaf_sequence.h"
#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

constexpr PageNo kPlace{9};

TreeShape shape_of(u16 key_width, u16 value_width) {
  TreeShape shape;
  shape.tree_id = 3;
  shape.order = key_width == 0 ? Order::position : Order::key;
  shape.key_width = key_width;
  shape.value_width = value_width;
  shape.fixed = true;
  return shape;
}

std::vector<u8> empty_leaf(const TreeShape& shape, u32 size) {
  std::vector<u8> page(size);
  format_node(page.data(), shape, 0, size);
  return page;
}

TEST(FixedLeaf, AgreesWithAMapUntilFull) {
  const u64 seed = test_seed(5);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const auto& [key_width, value_width] : std::vector<std::pair<u16, u16>>{{8, 8}, {8, 0}, {3, 5}, {16, 100}}) {
    const TreeShape shape = shape_of(key_width, value_width);
    std::vector<u8> page = empty_leaf(shape, 4096);
    FixedLeafEditor leaf(page.data(), 4096);
    std::map<std::string, std::string> model;
    for (u32 step = 0; step < 3000; ++step) {
      std::string key(key_width, '\0');
      for (char& c : key) c = "\0\x01\xff"[random() % 3];
      const std::string value(value_width, static_cast<char>(random()));
      const Found found = leaf.find(key);
      ASSERT_EQ(found.equal, model.count(key) == 1);
      ASSERT_EQ(found.slot, static_cast<u32>(std::distance(model.begin(), model.lower_bound(key))));
      if (found.equal && random() % 2 == 0) {
        leaf.remove(found.slot, found.slot + 1);
        model.erase(key);
      } else if (found.equal) {
        leaf.replace(found.slot, value);
        model[key] = value;
      } else {
        ASSERT_EQ(leaf.insert(found.slot, key, value), model.size() < leaf.capacity());
        if (leaf.count() > model.size()) model[key] = value;
      }
      u32 i = 0;
      for (const auto& [k, v] : model) {
        ASSERT_EQ(leaf.key(i), k);
        ASSERT_EQ(leaf.value(i++), v);
      }
      if (!model.empty()) verify_fixed_leaf(page.data(), 4096, kPlace);
    }
  }
}

TEST(FixedLeaf, KeysOfOtherLengthsAreOrderedBetween) {
  std::vector<u8> page = empty_leaf(shape_of(2, 1), 512);
  FixedLeafEditor leaf(page.data(), 512);
  leaf.insert(0, "ab", "1");
  leaf.insert(1, "cd", "2");
  EXPECT_EQ(leaf.find("c").slot, 1u);
  EXPECT_FALSE(leaf.find("c").equal);
  EXPECT_EQ(leaf.find("cda").slot, 2u);
  EXPECT_EQ(leaf.find("").slot, 0u);
}

TEST(FixedLeaf, SequencesMoveColumns) {
  const TreeShape shape = shape_of(4, 4);
  std::vector<u8> left = empty_leaf(shape, 512);
  std::vector<u8> right = empty_leaf(shape, 512);
  for (u32 i = 0; i < 20; ++i) {
    char key[4];
    store_be32(key, i);
    FixedLeafEditor leaf(i < 10 ? left.data() : right.data(), 512);
    ASSERT_TRUE(leaf.insert(leaf.count(), Bytes(key, 4), Bytes(key, 4)));
  }
  LeafSequence entries(shape, 512, kPlace);
  entries.add_page(left.data(), 0, 9);
  entries.add_page(right.data());
  ASSERT_EQ(entries.size(), 19u);
  std::vector<u8> built(512);
  entries.build(5, 15, built.data());
  verify_fixed_leaf(built.data(), 512, kPlace);
  const FixedLeaf leaf(built.data(), 512);
  ASSERT_EQ(leaf.count(), 10u);
  for (u32 i = 0; i < 10; ++i) {
    const u32 expected = i + 5 < 9 ? i + 5 : i + 6;
    EXPECT_EQ(load_be32(leaf.key(i).data()), expected);
    EXPECT_EQ(load_be32(leaf.value(i).data()), expected);
  }
}

TEST(FixedLeaf, AllWidthsUpToTheLimitHoldFour) {
  for (u32 size = storage::kMinPageSize; size <= storage::kMaxPageSize; size *= 2) {
    EXPECT_GE(fixed_capacity(size, max_fixed_entry(size)), 4u);
    EXPECT_LE(fixed_capacity(size, 1), 65535u);
  }
}

}  // namespace
}  // namespace sapwood::tree
