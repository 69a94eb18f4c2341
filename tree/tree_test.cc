// What a tree promises about its shape: fill, height, separators, costs in pages.
#include "tree/tree.h"

#include <gtest/gtest.h>

#include "tree/bulk.h"
#include "tree/cursor.h"
#include "tree/descent.h"
#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

TreeShape shape_of(Order order) {
  TreeShape shape;
  shape.tree_id = 3;
  shape.order = order;
  return shape;
}

std::string key_of(u64 number) {
  char key[8];
  store_be64(key, number);
  return std::string(key, 8);
}

std::string mixed_key(u64 number) { return key_of(number * 0x9e3779b97f4a7c15u) + key_of(number); }

u64 pages_of(const TreeReader& tree) {
  u64 pages = 0;
  walk_pages(tree, [&](storage::Extent extent, u32) { pages += extent.pages; });
  return pages;
}

void expect_sound(const MemoryStore& store, const TreeReader& tree) {
  std::vector<std::string> findings;
  u64 reached = 0;
  check_tree(tree, "tree", findings, [&](storage::Extent pages, u32) { reached += pages.pages; });
  EXPECT_TRUE(findings.empty()) << findings.front();
  EXPECT_EQ(reached, store.used());
}

TEST(Tree, EmptyTreeHasNoPages) {
  MemoryStore store({});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  EXPECT_FALSE(writer.reader().get("a").has_value());
  EXPECT_EQ(writer.reader().rank("a"), 0u);
  EXPECT_FALSE(writer.erase("a"));
  writer.clear();
  EXPECT_EQ(root, TreeRoot{});
  Cursor cursor(writer.reader());
  cursor.seek_first();
  EXPECT_FALSE(cursor.valid());
  cursor.seek_last();
  EXPECT_FALSE(cursor.valid());
  cursor.seek_key("a");
  EXPECT_FALSE(cursor.valid());
  EXPECT_TRUE(writer.put("a", "1"));
  EXPECT_TRUE(writer.erase("a"));
  EXPECT_EQ(root, TreeRoot{});
  EXPECT_EQ(store.used(), 0u);
}

TEST(Tree, RandomLoadStaysDense) {
  MemoryStore store({.spill_every = 0});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  const std::string value(100, 'v');
  constexpr u64 kEntries = 50000;
  for (u64 i = 0; i < kEntries; ++i) writer.put(mixed_key(i), value);
  expect_sound(store, writer.reader());
  EXPECT_LT(static_cast<double>(store.used()) * 4096, 1.40 * 116 * kEntries);
}

TEST(Tree, AscendingAndDescendingRunsFillTheirPages) {
  for (const bool ascending : {true, false}) {
    for (const Order order : {Order::key, Order::position}) {
      MemoryStore store({.spill_every = 0});
      TreeRoot root;
      const TreeShape shape = shape_of(order);
      TreeWriter writer(store, shape, root);
      const std::string value(100, 'v');
      constexpr u64 kEntries = 20000;
      for (u64 i = 0; i < kEntries; ++i) {
        if (order == Order::key) writer.put(key_of(ascending ? i : kEntries - i), value);
        else writer.insert(ascending ? i : 0, value);
      }
      expect_sound(store, writer.reader());
      EXPECT_LT(static_cast<double>(store.used()) * 4096, 1.12 * 104 * kEntries) << ascending;
    }
  }
}

TEST(Tree, ErasingAlmostAllGivesPagesBack) {
  MemoryStore store({.spill_every = 0});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  const std::string value(100, 'v');
  for (u64 i = 0; i < 20000; ++i) writer.put(mixed_key(i), value);
  for (u64 i = 0; i < 20000; ++i) {
    if (i % 20 != 0) writer.erase(mixed_key(i));
  }
  expect_sound(store, writer.reader());
  EXPECT_EQ(root.count, 1000u);
  EXPECT_LT(store.used() * 4096, 3u * 1000 * 116);
}

TEST(Tree, ReplacingAValueOfEqualSizeEditsOnlyTheWay) {
  MemoryStore store({.spill_every = 0});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  for (u64 i = 0; i < 20000; ++i) writer.put(key_of(i), "value");
  store.commit(true);
  const TreeRoot before = root;
  const u64 used = store.used();
  EXPECT_FALSE(writer.put(key_of(777), "other"));
  EXPECT_EQ(store.used(), used);
  EXPECT_NE(root.root, before.root);
  EXPECT_EQ(writer.reader().get(key_of(777))->inline_bytes(), "other");
  // The old version is untouched.
  const TreeReader old(store.snapshot(), shape, before);
  EXPECT_EQ(old.get(key_of(777))->inline_bytes(), "value");
}

TEST(Tree, EraseRangeReadsNoLeavesInside) {
  MemoryStore store({.spill_every = 0});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::position);
  TreeWriter writer(store, shape, root);
  const std::string value(100, 'v');
  for (u64 i = 0; i < 50000; ++i) writer.insert(i, value);
  store.commit();
  // Leaves well inside the range are destroyed: whoever read them would find out.
  u32 leaf = 0;
  const u32 height = root.height;
  ASSERT_EQ(height, 3u);
  std::vector<PageNo> leaves;
  walk_pages(writer.reader(), [&](storage::Extent extent, u32) { leaves.push_back(extent.start); });
  for (const PageNo page : leaves) {
    if (PageHeader::type(store.raw(page)) != PageType::leaf || ++leaf < 300 || leaf > 1000) continue;
    std::memset(store.raw(page) + 24, 0xff, 4096 - 24);
  }
  store.forget_verified();
  const u64 used = store.used();
  writer.erase_range(5000, 40000);
  EXPECT_EQ(root.count, 10000u);
  EXPECT_LT(store.used(), used / 4);
}

TEST(Tree, EraseRangeLeavesNoThinPages) {
  const u64 seed = test_seed(6);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  MemoryStore store({.page_size = 512, .spill_every = 0});
  const TreeShape shape = shape_of(Order::position);
  for (u32 round = 0; round < 60; ++round) {
    TreeRoot root;
    TreeWriter writer(store, shape, root);
    for (u64 i = 0; i < 3000; ++i) writer.insert(random() % (i + 1), "0123456789");
    const u64 from = random() % 1500;
    writer.erase_range(from, 1 + random() % (3000 - from));
    expect_sound(store, writer.reader());
    EXPECT_LE(pages_of(writer.reader()), 4 + root.count * 13 / 150);
    writer.clear();
  }
}

TEST(Tree, HeightFiveOfTinyPagesWorks) {
  MemoryStore store({.page_size = 512, .max_pages = 1 << 18, .spill_every = 0});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  const auto key = [](u64 i) {
    return std::string(120, static_cast<char>('a' + i % 5)) + key_of(i * 0x9e3779b97f4a7c15u);
  };
  for (u64 i = 0; i < 3000; ++i) writer.put(key(i), key_of(i));
  EXPECT_GE(root.height, 5u);
  expect_sound(store, writer.reader());
  for (u64 i = 0; i < 3000; ++i) ASSERT_EQ(writer.reader().get(key(i))->inline_bytes(), key_of(i));
  for (u64 i = 0; i < 3000; ++i) ASSERT_TRUE(writer.erase(key(i)));
  EXPECT_EQ(store.used(), 0u);
}

TEST(Tree, CursorOfAMarkedStateSeesThatState) {
  MemoryStore store({.page_size = 512, .spill_every = 0});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  for (u64 i = 0; i < 500; ++i) writer.put(key_of(i), "old");
  store.mark();
  Cursor cursor(TreeReader(store.reader(), shape, root));
  cursor.seek_first();
  u64 seen = 0;
  for (; cursor.valid(); cursor.next(), ++seen) {
    ASSERT_EQ(cursor.key(), key_of(seen));
    ASSERT_EQ(cursor.value().inline_bytes(), "old");
    writer.put(key_of(seen + 1000), "new");
    writer.put(key_of(seen), "changed");
  }
  EXPECT_EQ(seen, 500u);
  EXPECT_EQ(root.count, 1000u);
}

// Sixteen keys that share three bytes in a full page: the prefix would cost three bytes and save none, since the keys
// lie in their heads with and without it.
TEST(Tree, APrefixThatWouldOverflowThePageIsLeftOut) {
  MemoryStore store({.page_size = 512});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  TreeWriter writer(store, shape, root);
  writer.put("a", "");  // keeps the prefix empty until it goes
  for (char c = 'A'; c < 'P'; ++c) writer.put(std::string("pqr") + c, std::string(21, c));
  writer.erase("a");
  writer.put("pqrP", std::string(35, 'P'));
  EXPECT_EQ(root.count, 16u);
  EXPECT_EQ(root.height, 1);
  expect_sound(store, writer.reader());
}

}  // namespace
}  // namespace sapwood::tree
