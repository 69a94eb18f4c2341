#include "tree/bulk.h"

#include <gtest/gtest.h>

#include <map>

#include "tree/cursor.h"
#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

TreeShape shape_of(Order order, u16 key_width = 0, u16 value_width = 0) {
  TreeShape shape;
  shape.tree_id = 8;
  shape.order = order;
  shape.fixed = value_width != 0;
  shape.key_width = key_width;
  shape.value_width = value_width;
  return shape;
}

void expect_sound(const MemoryStore& store, const TreeReader& tree) {
  std::vector<std::string> findings;
  u64 reached = 0;
  check_tree(tree, "tree", findings, [&](storage::Extent pages, u32) { reached += pages.pages; });
  ASSERT_TRUE(findings.empty()) << findings.front();
  ASSERT_EQ(reached, store.used());
}

TEST(Bulk, LoadsEveryCountAndStaysEditable) {
  const u64 seed = test_seed(8);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const TreeShape& shape :
       {shape_of(Order::key), shape_of(Order::key, 8, 8), shape_of(Order::position), shape_of(Order::position, 0, 5)}) {
    for (const u64 count : {0, 1, 2, 30, 31, 500, 3000, 20000}) {
      MemoryStore store({.page_size = 512, .max_pages = 1 << 16, .seed = seed});
      std::vector<std::pair<std::string, std::string>> model;
      std::map<std::string, std::string> sorted;
      for (u64 i = 0; i < count; ++i) {
        std::string key = std::to_string(random() % 10000000);
        key.insert(0, 8 - key.size(), '0');
        if (!shape.fixed) key += std::string(random() % 30, 'x');
        const u64 size = random() % 100 == 0 ? random() % 3000 : random() % 20;
        const std::string value(shape.fixed ? shape.value_width : size, static_cast<char>(random()));
        if (shape.order == Order::key) sorted[key] = value;
        else model.emplace_back("", value);
      }
      model.insert(model.end(), sorted.begin(), sorted.end());
      TreeRoot root;
      BulkLoader loader(store, shape, root);
      for (const auto& [key, value] : model) loader.add(key, value);
      loader.finish();
      ASSERT_EQ(root.count, model.size());
      TreeWriter writer(store, shape, root);
      expect_sound(store, writer.reader());
      Cursor cursor(writer.reader());
      cursor.seek_first();
      for (const auto& [key, value] : model) {
        ASSERT_TRUE(cursor.valid());
        if (shape.order == Order::key) {
          ASSERT_EQ(cursor.key(), key);
        }
        std::string read;
        cursor.value().read(read);
        ASSERT_EQ(read, value);
        cursor.next();
      }
      ASSERT_FALSE(cursor.valid());
      store.commit();
      for (u64 i = 0; i < count; ++i) {
        writer.erase_range(random() % root.count, 1);
        if (i % 1000 == 0) expect_sound(store, writer.reader());
        if (HasFatalFailure()) return;
        if (root.count == 0) break;
      }
      ASSERT_EQ(store.used(), 0u);
    }
  }
}

TEST(Bulk, PagesAreFull) {
  MemoryStore store({});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  BulkLoader loader(store, shape, root);
  for (u64 i = 0; i < 20000; ++i) {
    char key[16] = {};
    store_be64(key, i * 0x9e3779b97fu);
    loader.add(Bytes(key, 16), std::string(100, 'v'));
  }
  loader.finish();
  EXPECT_LT(static_cast<double>(store.used()) * 4096, 1.07 * 116 * 20000);
}

TEST(Bulk, KeysMustAscend) {
  MemoryStore store({});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::key);
  for (const char* next : {"a", "b"}) {
    BulkLoader loader(store, shape, root);
    loader.add("b", "1");
    try {
      loader.add(next, "2");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    }
  }
}

}  // namespace
}  // namespace sapwood::tree
