#include "tree/branch_sequence.h"

#include <gtest/gtest.h>

#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

constexpr u32 kSize = 512;
constexpr PageNo kPlace{9};

TreeShape shape_of(Order order) {
  TreeShape shape;
  shape.tree_id = 3;
  shape.order = order;
  return shape;
}

std::vector<u8> build(const BranchSequence& children) {
  std::vector<u8> page(kSize);
  children.build(0, children.size(), page.data());
  verify_branch(page.data(), kSize, kPlace);
  return page;
}

std::string separator(const std::vector<u8>& page, u32 i) {
  std::string to;
  Branch(page.data(), kSize).append_separator(i, to);
  return to;
}

TEST(Branch, KeepsChildrenCountsAndSeparators) {
  BranchSequence children(shape_of(Order::key), kSize, 1, kPlace);
  children.add("", {PageNo{5}, 1}, 10);
  children.add("common/a", {PageNo{(u64{1} << 48) - 1}, 0xffffffff}, 20);
  children.add("common/abcdefgh", {PageNo{7}, 3}, 30);
  const std::vector<u8> page = build(children);
  const Branch branch(page.data(), kSize);
  EXPECT_EQ(PageHeader::prefix(page.data()), 8u);
  EXPECT_EQ(branch.count(), 3u);
  EXPECT_EQ(branch.child(1), (PageRef{PageNo{(u64{1} << 48) - 1}, 0xffffffff}));
  EXPECT_EQ(branch.begin(2), 30u);
  EXPECT_EQ(branch.end(2), 60u);
  EXPECT_EQ(branch.total(), 60u);
  EXPECT_EQ(separator(page, 0), "");
  EXPECT_EQ(separator(page, 1), "common/a");
  EXPECT_EQ(separator(page, 2), "common/abcdefgh");
}

TEST(Branch, FindsTheChildWhoseRangeHoldsTheKey) {
  BranchSequence children(shape_of(Order::key), kSize, 1, kPlace);
  children.add("", {PageNo{5}, 1}, 1);
  children.add("pb", {PageNo{6}, 1}, 1);
  children.add("pbbbbb1", {PageNo{7}, 1}, 1);
  children.add("pbbbbb2", {PageNo{8}, 1}, 1);
  children.add("pc", {PageNo{9}, 1}, 1);
  const std::vector<u8> page = build(children);
  const Branch branch(page.data(), kSize);
  const std::pair<const char*, u32> expected[] = {
      {"", 0},         {"a", 0},       {"p", 0},   {"pa", 0}, {"pb", 1}, {"pbbbbb0", 1}, {"pbbbbb1", 2},
      {"pbbbbb1x", 2}, {"pbbbbb2", 3}, {"pbz", 3}, {"pc", 4}, {"pd", 4}, {"q", 4}};
  for (const auto& [key, child] : expected) EXPECT_EQ(branch.find_key(key), child) << key;
}

TEST(Branch, FindsPositionsWhateverTheSizes) {
  const u64 seed = test_seed(2);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (u32 round = 0; round < 200; ++round) {
    BranchSequence children(shape_of(Order::position), kSize, 1, kPlace);
    const u64 n = 1 + random() % 30;
    for (u64 i = 0; i < n; ++i)
      children.add("", {PageNo{5 + i}, 1}, 1 + (random() % 4 == 0 ? random() >> 24 : random() % 3));
    const std::vector<u8> page = build(children);
    const Branch branch(page.data(), kSize);
    for (u32 i = 0; i < n; ++i) {
      for (const u64 index : {branch.begin(i), branch.end(i) - 1, branch.begin(i) + random() % branch.entries(i)}) {
        ASSERT_EQ(branch.find_index(index), i);
      }
    }
    ASSERT_EQ(branch.find_index(branch.total()), n);
  }
}

TEST(Branch, HoldsFourChildrenWithTheLongestSeparators) {
  for (u32 size = storage::kMinPageSize; size <= storage::kMaxPageSize; size *= 2) {
    BranchSequence children(shape_of(Order::key), size, 1, kPlace);
    children.add("", {PageNo{5}, 1}, 1);
    for (char c = 'a'; c < 'd'; ++c) children.add(std::string(max_key_size(size), c), {PageNo{5}, 1}, 1);
    EXPECT_TRUE(children.fits(0, 4)) << size;
  }
}

TEST(Branch, EditsAgreeWithASequence) {
  const u64 seed = test_seed(3);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  BranchSequence start(shape_of(Order::key), kSize, 1, kPlace);
  start.add("", {PageNo{5}, 1}, 1000000);
  std::vector<u8> page = build(start);
  std::vector<std::string> model{""};
  for (u32 step = 0; step < 20000; ++step) {
    BranchEditor branch(page.data(), kSize);
    std::string key(1 + random() % 12, 'a');
    for (char& c : key) c = "abc"[random() % 3];
    const auto at = static_cast<std::size_t>(std::upper_bound(model.begin(), model.end(), key) - model.begin());
    const u64 entries = branch.entries(static_cast<u32>(at) - 1);
    if (random() % 2 == 0 && model[at - 1] != key && entries > 1) {
      if (branch.insert(static_cast<u32>(at), key, {PageNo{step + 6}, 1}, entries / 2)) {
        model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), key);
      }
    } else if (model.size() > 1 && random() % 3 == 0) {
      const u64 i = 1 + random() % (model.size() - 1);
      if (i + 1 < model.size() && model[i] + "!" < model[i + 1] &&
          branch.set_separator(static_cast<u32>(i), model[i] + "!")) {
        model[i] += "!";
      }
    } else if (model.size() > 1) {
      const u64 from = random() % model.size();
      const u64 to = from + 1 + random() % std::min<u64>(3, model.size() - from);
      if (to - from == model.size()) continue;
      branch.remove(static_cast<u32>(from), static_cast<u32>(to));
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(from), model.begin() + static_cast<std::ptrdiff_t>(to));
      model[0].clear();
      branch.divide(branch.count() - 1, 1000000);
    }
    verify_branch(page.data(), kSize, kPlace);
    ASSERT_EQ(branch.count(), model.size());
    for (u32 i = 0; i < model.size(); ++i) ASSERT_EQ(separator(page, i), model[i]);
    if (step % 50 == 0) {  // rebuilt: a longer prefix, no garbage
      BranchSequence children(shape_of(Order::key), kSize, 1, kPlace);
      children.add_page(page.data(), "");
      page = build(children);
      ASSERT_EQ(page_garbage(page.data()), 0u);
    }
  }
}

TEST(Branch, CutsWhereBothHalvesFit) {
  BranchSequence children(shape_of(Order::key), kSize, 1, kPlace);
  children.add("", {PageNo{5}, 1}, 1);
  children.add("a", {PageNo{5}, 1}, 1);  // it shares nothing with the others, whose prefix is long
  for (char c = 'a'; c < 'h'; ++c) children.add(std::string(100, 'z') + c, {PageNo{5}, 1}, 1);
  EXPECT_FALSE(children.fits(0, children.size()));
  const std::optional<u32> cut = children.cut();
  ASSERT_TRUE(cut.has_value());
  EXPECT_TRUE(children.fits(0, *cut));
  EXPECT_TRUE(children.fits(*cut, children.size()));
}

// Paths down a tree are arrays with a place for each level: a file cannot ask for more.
TEST(Branch, NoTreeIsHigherThanItMayBe) {
  BranchSequence children(shape_of(Order::key), kSize, 1, kPlace);
  children.add("", {PageNo{5}, 1}, 10);
  std::vector<u8> page = build(children);
  constexpr std::size_t kLevelOffset = 5;
  ASSERT_EQ(page[kLevelOffset], 1);
  for (const u8 level : {u8{0}, static_cast<u8>(kMaxHeight + 1), u8{255}}) {
    page[kLevelOffset] = level;
    EXPECT_THROW(verify_branch(page.data(), kSize, kPlace), Error);
  }
  TreeRoot root{.root = {kPlace, 1}, .height = kMaxHeight, .count = 10};
  check_root(root);
  ++root.height;
  EXPECT_THROW(check_root(root), Error);
}

TEST(Branch, RefusesSeparatorsThatDoNotAscend) {
  BranchSequence children(shape_of(Order::key), kSize, 1, kPlace);
  children.add("", {PageNo{5}, 1}, 1);
  children.add("b", {PageNo{5}, 1}, 1);
  EXPECT_THROW(children.add("a", {PageNo{5}, 1}, 1), Error);
}

}  // namespace
}  // namespace sapwood::tree
