// When an append may use the way that was noted, and when not. Model tests check what comes of it.
#include "tree/right_edge.h"

#include <gtest/gtest.h>

#include "tree/memory_store.h"

namespace sapwood::tree {
namespace {

class RightEdgeTest : public testing::Test {
 protected:
  bool append(const std::string& key, const std::string& value = "v") {
    return edge_.append(store_, shape_, root_, key, value);
  }
  void put(const std::string& key, const std::string& value = "v") { writer_.put(key, value); }
  void expect_sound() {
    std::vector<std::string> findings;
    check_tree(writer_.reader(), "tree", findings, [](storage::Extent, u32) {});
    EXPECT_TRUE(findings.empty()) << findings.front();
  }
  // Until the tree has three levels.
  void fill() {
    for (int i = 0; root_.height < 3; ++i) put("key " + std::to_string(100'000 + i));
  }

  // Puts until an append has gone the noted way.
  void note() {
    do put("key " + std::to_string(number_++));
    while (!append("key " + std::to_string(number_++)));
  }

  int number_ = 200'000;
  MemoryStore store_{{.page_size = 512}};
  TreeShape shape_{.tree_id = 1, .order = Order::key};
  TreeRoot root_;
  RightEdge edge_;
  TreeWriter writer_{store_, shape_, root_, &edge_};
};

TEST_F(RightEdgeTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(append("a"));
  EXPECT_EQ(root_, TreeRoot{});
}

TEST_F(RightEdgeTest, TakesAscendingKeysAndCountsThem) {
  fill();
  note();
  const std::string last = "key " + std::to_string(number_ - 1);
  EXPECT_EQ(writer_.reader().rank(last), root_.count - 1);
  EXPECT_EQ(writer_.reader().rank("z"), root_.count);
  EXPECT_TRUE(writer_.reader().get(last).has_value());
  expect_sound();
}

TEST_F(RightEdgeTest, RefusesKeysThatDoNotAscend) {
  for (const char* key : {"k1", "k2", "k5"}) put(key);
  for (const char* key : {"k5", "k4", "k2", "k", "a", ""}) EXPECT_FALSE(append(key)) << key;
  EXPECT_EQ(root_.count, 3u);
  EXPECT_FALSE(append("k6")) << "with four entries the prefix is looked at again";
  put("k6");
  EXPECT_TRUE(append("k7"));
  expect_sound();
}

TEST_F(RightEdgeTest, RefusesWhatDoesNotFitTheLeaf) {
  put("a");
  put("b");
  EXPECT_FALSE(append("c", std::string(1000, 'x')));  // a blob
  while (append("c" + std::to_string(root_.count + 100))) {
  }
  const u64 count = root_.count;
  put("d");
  EXPECT_EQ(root_.count, count + 1);
  expect_sound();
}

TEST_F(RightEdgeTest, IsOutOfDateAfterAnyOtherChange) {
  fill();
  const std::string next = "x";
  note();
  store_.mark();
  EXPECT_FALSE(append(next)) << "a mark";
  note();
  store_.commit();
  EXPECT_FALSE(append(next)) << "a commit";
  note();
  writer_.erase("key 100000");
  EXPECT_FALSE(append(next)) << "an erase";
  note();
  writer_.set(root_.count - 1, std::string(100, 'w'));
  EXPECT_FALSE(append(next)) << "a replacement";
  note();
  writer_.erase_range(1, root_.count - 1);
  EXPECT_FALSE(append(next)) << "a range";
  expect_sound();
}

TEST_F(RightEdgeTest, AppendsToLists) {
  shape_.order = Order::position;
  TreeWriter list(store_, shape_, root_, &edge_);
  list.insert(0, "first");
  u64 appended = 0;
  for (int i = 1; i < 1000; ++i) {
    const std::string item = std::to_string(i);
    if (append("", item)) ++appended;
    else list.insert(root_.count, item);
  }
  EXPECT_GT(appended, 900u);
  ASSERT_EQ(root_.count, 1000u);
  std::string item;
  for (u64 i = 1; i < 1000; ++i) {
    list.reader().at(i).read(item);
    ASSERT_EQ(item, std::to_string(i));
  }
}

}  // namespace
}  // namespace sapwood::tree
