// Damaged pages, with checksums off: reads, checks and changes report Error{corrupt} or work; they never touch memory
// outside their page, and they end. Run under AddressSanitizer, which sees any byte outside of a page.
#include <gtest/gtest.h>

#include "tree/bulk.h"
#include "tree/cursor.h"
#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

using Random = std::mt19937_64;

struct Damaged {
  // With blobs, damaged references may name any page of the file: then free pages are not watched.
  Damaged(const TreeShape& tree_shape, bool blobs, u64 seed)
      : shape(tree_shape),
        store({.page_size = 512, .max_pages = 1 << 12, .verify_checksums = false, .poison = !blobs, .seed = seed}),
        random(seed) {
    TreeWriter writer(store, shape, root);
    for (u32 i = 0; i < 300; ++i) {
      const u64 size = blobs && random() % 16 == 0 ? random() % (12 * store.page_size()) : random() % 30;
      const std::string value(shape.fixed ? shape.value_width : size, 'v');
      if (shape.order == Order::key) writer.put(key(random() % 1000), value);
      else writer.insert(random() % (root.count + 1), value);
    }
    for (u32 i = 0; i < 40; ++i) writer.erase_range(random() % root.count, 1);
    store.commit();
    walk_pages(writer.reader(), [&](storage::Extent extent, u32) {
      if (extent.pages == 1) pages.push_back(extent.start);
    });
  }

  std::string key(u64 number) const {
    std::string text = std::to_string(number);
    text.insert(0, 8 - text.size(), '0');
    if (!shape.fixed) text = std::string(number % 3 == 0 ? 20 : 0, 'k') + text + std::string(number % 7, 'z');
    return text;
  }

  void damage() {
    for (u64 changes = 1 + random() % 3; changes > 0; --changes) {
      u8* page = store.raw(pages[random() % pages.size()]);
      const u32 size = store.page_size();
      const u64 at = random() % 2 == 0 ? random() % 64 : random() % size;
      switch (random() % 6) {
        case 0: page[at] = static_cast<u8>(random()); break;
        case 1: page[at] ^= static_cast<u8>(1 << random() % 8); break;
        case 2: page[at] = random() % 2 == 0 ? 0 : 0xff; break;
        case 3: ++page[at]; break;
        case 4: sapwood::store<u16>(page + std::min<u64>(at, size - 2), static_cast<u16>(random() % size)); break;
        default: std::memcpy(page + 24, store.raw(pages[random() % pages.size()]) + 24, size - 24);
      }
    }
    store.forget_verified();
  }

  void read() {
    const TreeReader tree = TreeReader(store.reader(), shape, root);
    u64 sum = 0;
    const auto take = [&](const ValueView& value) {
      char start[8] = {};
      value.read_part(0, start, std::min<u64>(value.size(), sizeof start));
      sum += value.size() + static_cast<u8>(start[0]);
    };
    for (u32 i = 0; i < 10; ++i) {
      attempt([&] { take(tree.at(random() % root.count)); });
      if (shape.order != Order::key) continue;
      const std::string wanted = key(random() % 1000);
      attempt([&] {
        if (const auto value = tree.get(wanted)) take(*value);
      });
      attempt([&] { sum += tree.rank(wanted, i % 2 == 0); });
    }
    attempt([&] {
      Cursor cursor(tree);
      u32 steps = 0;
      for (cursor.seek_index(random() % root.count); cursor.valid() && ++steps < 1000; cursor.next()) {
        take(cursor.value());
        if (shape.order == Order::key) sum += cursor.key().size();
      }
    });
    attempt([&] {
      Cursor cursor(tree);
      u32 steps = 0;
      if (shape.order == Order::key) cursor.seek_key(key(random() % 1000));
      else cursor.seek_last();
      for (; cursor.valid() && ++steps < 1000; cursor.prev()) take(cursor.value());
    });
    attempt([&] { walk_pages(tree, [&](storage::Extent extent, u32) { sum += extent.pages; }); });
    std::vector<std::string> findings;
    check_tree(tree, "tree", findings, nullptr);
    total_findings += findings.size();
  }

  void change() {
    TreeWriter writer(store, shape, root);
    const std::string value(shape.fixed ? shape.value_width : random() % 60, 'w');
    for (u32 i = 0; i < 20; ++i) {
      if (shape.order == Order::key && random() % 2 == 0) writer.put(key(random() % 1000), value);
      else if (shape.order == Order::key) writer.erase(key(random() % 1000));
      else writer.insert(random() % (root.count + 1), value);
      if (root.count == 0) return;
      if (random() % 4 == 0) writer.set(random() % root.count, value);
      const u64 from = random() % root.count;
      if (random() % 4 == 0) writer.erase_range(from, random() % (root.count - from));
    }
  }

  template <class Function>
  void attempt(Function function) {
    try {
      function();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt) << error.what();
      ++errors;
    }
  }

  TreeShape shape;
  MemoryStore store;
  Random random;
  TreeRoot root;
  std::vector<PageNo> pages;
  u64 errors = 0;
  u64 total_findings = 0;
};

struct Case {
  const char* name;
  Order order;
  bool fixed;
  bool blobs;
};

TreeShape shape_of(const Case& c) {
  TreeShape shape;
  shape.tree_id = 5;
  shape.order = c.order;
  shape.fixed = c.fixed;
  shape.key_width = c.fixed && c.order == Order::key ? 8 : 0;
  shape.value_width = c.fixed ? 9 : 0;
  return shape;
}

class CorruptTree : public ::testing::TestWithParam<Case> {};

TEST_P(CorruptTree, ReadsAndChecksReportDamage) {
  const u64 seed = test_seed(21);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  u64 errors = 0;
  u64 findings = 0;
  for (u64 round = 0; round < 300; ++round) {
    Damaged tree(shape_of(GetParam()), GetParam().blobs, seed * 1000 + round);
    for (u32 i = 0; i < 4; ++i) {  // damage adds up
      tree.damage();
      tree.read();
    }
    errors += tree.errors;
    findings += tree.total_findings;
  }
  EXPECT_GT(errors, 100u);
  EXPECT_GT(findings, 100u);
}

TEST_P(CorruptTree, ChangesReportDamage) {
  const u64 seed = test_seed(22);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  u64 reported = 0;
  for (u64 round = 0; round < 1000; ++round) {
    Damaged tree(shape_of(GetParam()), GetParam().blobs, seed * 1000 + round);
    tree.damage();
    try {
      tree.change();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt) << error.what();
      ++reported;
    } catch (const std::logic_error&) {
      ++reported;  // the store found that a page is not the tree's
    }
  }
  EXPECT_GT(reported, 100u);
}

INSTANTIATE_TEST_SUITE_P(Tree, CorruptTree,
                         ::testing::Values(Case{"Key", Order::key, false, false},
                                           Case{"KeyBlobs", Order::key, false, true},
                                           Case{"KeyFixed", Order::key, true, false},
                                           Case{"Position", Order::position, false, false},
                                           Case{"PositionBlobs", Order::position, false, true},
                                           Case{"PositionFixed", Order::position, true, false}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sapwood::tree
