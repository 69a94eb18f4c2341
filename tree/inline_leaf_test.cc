// A leaf without a page is read as the page that it was made of, and no bytes can lead out of it.
#include "tree/inline_leaf.h"

#include <gtest/gtest.h>

#include "tree/cursor.h"
#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

constexpr u32 kPageSize = 1024;

const std::vector<TreeShape>& shapes() {
  static const std::vector<TreeShape> kShapes{
      {.tree_id = 1, .order = Order::key},
      {.tree_id = 2, .order = Order::position},
      {.tree_id = 3, .order = Order::key, .key_width = 8, .value_width = 3, .fixed = true},
      {.tree_id = 4, .order = Order::hash, .key_width = 16, .fixed = true},
      {.tree_id = 5, .order = Order::position, .value_width = 8, .fixed = true},
  };
  return kShapes;
}

class InlineLeaf : public testing::TestWithParam<TreeShape> {
 protected:
  std::string key(u32 i) const {
    const std::string digits = std::to_string(100 + i);
    if (!shape_.fixed) return "common prefix " + digits;
    return std::string(shape_.key_width - digits.size(), 'k') + digits;
  }
  std::string value(u32 i) const {
    if (shape_.fixed) return std::string(shape_.value_width, static_cast<char>('a' + i));
    return std::string(i % 5, static_cast<char>('a' + i));
  }
  void add(u32 i) {
    if (is_keyed(shape_.order)) writer_.put(key(i), value(i));
    else writer_.insert(root_.count, value(i));
  }
  // The root of the same tree as an inline one; nullopt if it is too large.
  std::optional<TreeRoot> inline_root() {
    if (!make_inline_leaf(writer_.reader(), leaf_)) return std::nullopt;
    return TreeRoot{.root = {}, .count = root_.count, .leaf = leaf_};
  }
  TreeReader reader(const TreeRoot& root) { return TreeReader(store_.reader(), shape_, root); }
  void expect_equal(const TreeReader& a, const TreeReader& b) {
    ASSERT_EQ(a.size(), b.size());
    Cursor left(a);
    Cursor right(b);
    std::string buffer;
    right.seek_first();
    for (left.seek_first(); left.valid(); left.next(), right.next()) {
      ASSERT_TRUE(right.valid());
      EXPECT_EQ(left.value().inline_bytes(), right.value().inline_bytes());
      EXPECT_EQ(a.at(left.index()).inline_bytes(), right.value().inline_bytes());
      if (!is_keyed(shape_.order)) continue;
      const std::string found(left.key());
      EXPECT_EQ(found, right.key());
      EXPECT_EQ(a.get(found)->inline_bytes(), right.value().inline_bytes());
      EXPECT_EQ(a.rank(found, true), left.index() + 1);
      EXPECT_FALSE(a.get(found.substr(1)));
    }
    EXPECT_FALSE(right.valid());
    left.seek_last();
    for (u64 i = a.size(); i > 0; --i, left.prev()) EXPECT_EQ(left.index(), i - 1);
    EXPECT_FALSE(left.valid());
  }

  TreeShape shape_ = GetParam();
  MemoryStore store_{{.page_size = kPageSize}};
  TreeRoot root_;
  TreeWriter writer_{store_, shape_, root_};
  std::string leaf_;
};

TEST_P(InlineLeaf, IsReadAsItsPageWas) {
  u32 most = 0;
  for (u32 i = 0; i < 60; ++i) {
    add(i);
    const std::optional<TreeRoot> root = inline_root();
    if (!root) break;
    most = i + 1;
    EXPECT_LE(leaf_.size(), max_inline_leaf(kPageSize));
    EXPECT_TRUE(root->is_inline());
    verify_inline_leaf(*root, shape_, kPageSize);
    expect_equal(reader(*root), writer_.reader());
  }
  EXPECT_GE(most, 4u);
  EXPECT_LT(most, 60u) << "it has to end";
}

TEST_P(InlineLeaf, GetsAPageAsItWas) {
  for (u32 i = 0; i < 4; ++i) add(i);
  TreeRoot root = *inline_root();
  const std::string bytes = leaf_;
  give_page(store_, shape_, root);
  EXPECT_FALSE(root.is_inline());
  EXPECT_EQ(root.height, 1u);
  std::vector<std::string> findings;
  check_tree(reader(root), "tree", findings, {});
  EXPECT_TRUE(findings.empty()) << findings.front();
  expect_equal(reader(root), writer_.reader());
  ASSERT_TRUE(make_inline_leaf(reader(root), leaf_));
  EXPECT_EQ(leaf_, bytes);
}

// Any byte of a leaf may be any other: it is found, or what is read stays inside. AddressSanitizer sees what does not.
TEST_P(InlineLeaf, NoByteLeadsOutOfIt) {
  for (u32 i = 0; i < 5; ++i) add(i);
  const TreeRoot good = *inline_root();
  u64 refused = 0;
  for (std::size_t at = 0; at < good.leaf.size(); ++at) {
    for (const int byte : {0, 1, 0x7f, 0x80, 0xff, static_cast<u8>(good.leaf[at]) ^ 4}) {
      const auto bytes = std::make_unique<char[]>(good.leaf.size());
      std::ranges::copy(good.leaf, bytes.get());
      bytes[at] = static_cast<char>(byte);
      TreeRoot root = good;
      root.leaf = Bytes(bytes.get(), good.leaf.size());
      try {
        verify_inline_leaf(root, shape_, kPageSize);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::corrupt);
        ++refused;
        continue;
      }
      Cursor cursor(reader(root));
      std::string all;
      for (cursor.seek_first(); cursor.valid(); cursor.next()) {
        all += cursor.value().inline_bytes();
        if (is_keyed(shape_.order)) all += cursor.key();
      }
      if (is_keyed(shape_.order)) reader(root).get(key(2));
    }
  }
  EXPECT_GT(refused, 0u);
  for (std::size_t size = 0; size < good.leaf.size(); ++size) {
    TreeRoot root = good;
    root.leaf = good.leaf.substr(0, size);
    const auto verify = [&] { verify_inline_leaf(root, shape_, kPageSize); };
    EXPECT_THROW(verify(), Error) << size;
  }
}

TEST_P(InlineLeaf, IsNotMadeOfLargeValuesOrManyPages) {
  EXPECT_FALSE(inline_root()) << "of nothing";
  for (u32 i = 0; i < 400; ++i) add(i);
  EXPECT_FALSE(inline_root());
  if (shape_.fixed) return;
  writer_.clear();
  if (is_keyed(shape_.order)) writer_.put("a", std::string(5 * kPageSize, 'x'));
  else writer_.insert(0, std::string(5 * kPageSize, 'x'));
  EXPECT_EQ(root_.height, 1u);
  EXPECT_FALSE(inline_root());
}

INSTANTIATE_TEST_SUITE_P(Shapes, InlineLeaf, testing::ValuesIn(shapes()),
                         [](const auto& info) { return std::to_string(info.param.tree_id); });

}  // namespace
}  // namespace sapwood::tree
