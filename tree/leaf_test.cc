#include "tree/leaf.h"

#include <gtest/gtest.h>

#include <map>

#include "tree/leaf_sequence.h"
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

std::vector<u8> empty_leaf(Order order, u32 size = kSize) {
  std::vector<u8> page(size);
  format_node(page.data(), shape_of(order), 0, size);
  return page;
}

std::string key_at(const std::vector<u8>& page, u32 i) {
  std::string to;
  Leaf(page.data(), static_cast<u32>(page.size())).append_key(i, to);
  return to;
}

void rebuild(std::vector<u8>& page, Order order) {
  LeafSequence entries(shape_of(order), static_cast<u32>(page.size()), kPlace);
  entries.add_page(page.data());
  std::vector<u8> built(page.size());
  entries.build(0, entries.size(), built.data());
  page = built;
}

TEST(Leaf, FindsAndGivesBackWhatWasInserted) {
  std::vector<u8> page = empty_leaf(Order::key);
  LeafEditor leaf(page.data(), kSize);
  ASSERT_TRUE(leaf.insert(0, {"banana", {"yellow"}}));
  ASSERT_TRUE(leaf.insert(0, {"", {"nothing"}}));
  ASSERT_TRUE(leaf.insert(2, {"banana split", {""}}));
  verify_leaf(page.data(), kSize, kPlace);
  EXPECT_EQ(leaf.find("banana").slot, 1u);
  EXPECT_TRUE(leaf.find("banana").equal);
  EXPECT_FALSE(leaf.find("banan").equal);
  EXPECT_EQ(leaf.find("banan").slot, 1u);
  EXPECT_EQ(leaf.find("banana bread").slot, 2u);
  EXPECT_EQ(leaf.find("zebra").slot, 3u);
  EXPECT_TRUE(leaf.find("").equal);
  EXPECT_EQ(leaf.value(1).bytes, "yellow");
  EXPECT_EQ(leaf.value(2).bytes, "");
  EXPECT_EQ(key_at(page, 2), "banana split");
}

TEST(Leaf, InsertOfAKeyOutsideThePrefixIsRefused) {
  std::vector<u8> page = empty_leaf(Order::key);
  LeafEditor leaf(page.data(), kSize);
  ASSERT_TRUE(leaf.insert(0, {"prefix-1", {"1"}}));
  ASSERT_TRUE(leaf.insert(1, {"prefix-2", {"2"}}));
  rebuild(page, Order::key);
  verify_leaf(page.data(), kSize, kPlace);
  EXPECT_EQ(Leaf(page.data(), kSize).prefix_size(), 7u);
  EXPECT_FALSE(LeafEditor(page.data(), kSize).insert(2, {"pref", {"3"}}));
  EXPECT_TRUE(LeafEditor(page.data(), kSize).insert(0, {"prefix-", {"0"}}));
  verify_leaf(page.data(), kSize, kPlace);
  EXPECT_EQ(key_at(page, 0), "prefix-");
  EXPECT_EQ(key_at(page, 2), "prefix-2");
}

TEST(Leaf, ReplaceInPlaceChangesNothingElse) {
  std::vector<u8> page = empty_leaf(Order::key);
  LeafEditor leaf(page.data(), kSize);
  ASSERT_TRUE(leaf.insert(0, {"abcdef", {"12345"}}));
  const u32 used = leaf.used();
  ASSERT_TRUE(leaf.replace(0, {"54321"}));
  EXPECT_EQ(leaf.used(), used);
  ASSERT_TRUE(leaf.replace(0, {"1"}));
  EXPECT_EQ(leaf.used(), used - 4);
  ASSERT_TRUE(leaf.replace(0, {std::string(100, 'x')}));
  EXPECT_EQ(leaf.value(0).bytes, std::string(100, 'x'));
  EXPECT_EQ(key_at(page, 0), "abcdef");
  verify_leaf(page.data(), kSize, kPlace);
}

TEST(Leaf, TwoOfTheLargestEntriesFitAPage) {
  for (u32 size = storage::kMinPageSize; size <= storage::kMaxPageSize; size *= 2) {
    const std::string key_a(max_key_size(size), 'a');
    const std::string key_b(max_key_size(size), 'b');
    u32 value = size;
    while (entry_bytes(Order::key, max_key_size(size), value, 0) > max_entry_bytes(size)) --value;
    LeafSequence entries(shape_of(Order::key), size, kPlace);
    const std::string bytes(value, 'v');
    entries.add({key_a, {bytes}});
    entries.add({key_b, {bytes}});
    EXPECT_TRUE(entries.fits(0, 2)) << size;
  }
}

class LeafEdits : public ::testing::TestWithParam<std::tuple<Order, u32>> {};

TEST_P(LeafEdits, AgreeWithAModel) {
  const auto [order, size] = GetParam();
  const u64 seed = test_seed(4);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<u8> page = empty_leaf(order, size);
  std::vector<std::pair<std::string, std::string>> model;
  for (u32 step = 0; step < 6000; ++step) {
    LeafEditor leaf(page.data(), size);
    std::string key(order == Order::key ? random() % 20 : 0, 'a');
    for (char& c : key) c = "ab\0\xff"[random() % 4];
    const std::string value(random() % (size / 12), static_cast<char>(random()));
    u32 slot = static_cast<u32>(random() % (model.size() + 1));
    Found found{slot, false};
    if (order == Order::key && !model.empty()) found = leaf.find(key);
    if (order == Order::key && model.empty()) found.slot = 0;
    slot = found.slot;
    if (random() % 2 == 0 && !found.equal) {
      if (leaf.insert(slot, {key, {value}})) model.insert(model.begin() + slot, {key, value});
    } else if (!model.empty() && random() % 2 == 0) {
      slot = static_cast<u32>(random() % model.size());
      if (leaf.replace(slot, {value})) model[slot].second = value;
    } else if (model.size() > 1) {
      const u64 from = random() % model.size();
      const u64 to = std::min<u64>(model.size(), from + 1 + random() % 3);
      if (to - from == model.size()) continue;
      leaf.remove(static_cast<u32>(from), static_cast<u32>(to));
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(from), model.begin() + static_cast<std::ptrdiff_t>(to));
    }
    if (model.empty()) continue;
    verify_leaf(page.data(), size, kPlace);
    ASSERT_EQ(leaf.count(), model.size());
    for (u32 i = 0; i < model.size(); ++i) {
      ASSERT_EQ(leaf.value(i).bytes, model[i].second);
      if (order != Order::key) continue;
      ASSERT_EQ(key_at(page, i), model[i].first);
      ASSERT_EQ(leaf.find(model[i].first).slot, i);
      ASSERT_TRUE(leaf.find(model[i].first).equal);
    }
    if (step % 40 != 0) continue;
    rebuild(page, order);
    verify_leaf(page.data(), size, kPlace);
    ASSERT_EQ(page_garbage(page.data()), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, LeafEdits,
                         ::testing::Combine(::testing::Values(Order::key, Order::position),
                                            ::testing::Values(512u, 65536u)));

TEST(LeafSequence, CutsOffAKeyThatSharesNothing) {
  LeafSequence entries(shape_of(Order::key), kSize, kPlace);
  entries.add({"a", {"v"}});
  for (char c = 'a'; c < 'z'; ++c) entries.add({std::string(100, 'p') + c, {"v"}});
  EXPECT_FALSE(entries.fits(0, entries.size()));
  const std::optional<u32> cut = entries.cut(kSize / 8);
  ASSERT_TRUE(cut.has_value());
  EXPECT_TRUE(entries.fits(0, *cut));
  EXPECT_TRUE(entries.fits(*cut, entries.size()));
}

TEST(LeafSequence, PrefersShortSeparatorsNearTheMiddle) {
  LeafSequence entries(shape_of(Order::position), kSize, kPlace);
  LeafSequence keyed(shape_of(Order::key), kSize, kPlace);
  for (u32 i = 0; i < 20; ++i) {
    const std::string key =
        (i < 9 ? "a/long/shared/way/" : "b/long/shared/way/") + std::string(1, static_cast<char>('a' + i));
    keyed.add({key, {"0123456789"}});
    entries.add({"", {"0123456789"}});
  }
  EXPECT_EQ(keyed.cut(kSize / 8), 9u);
  EXPECT_EQ(entries.cut(kSize / 8), 10u);
}

TEST(LeafSequence, RefusesPagesThatOverlap) {
  std::vector<u8> left = empty_leaf(Order::key);
  std::vector<u8> right = empty_leaf(Order::key);
  ASSERT_TRUE(LeafEditor(left.data(), kSize).insert(0, {"b", {""}}));
  ASSERT_TRUE(LeafEditor(right.data(), kSize).insert(0, {"a", {""}}));
  LeafSequence entries(shape_of(Order::key), kSize, kPlace);
  entries.add_page(left.data());
  EXPECT_THROW(entries.add_page(right.data()), Error);
}

}  // namespace
}  // namespace sapwood::tree
