// Random changes of trees against std::map and std::vector, with every check after each batch. SAPWOOD_SEED=7 replays
// one.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tree/bulk.h"
#include "tree/cursor.h"
#include "tree/memory_store.h"
#include "tree/right_edge.h"

namespace sapwood::tree {
namespace {

using Random = std::mt19937_64;

u64 below(Random& random, u64 limit) { return limit == 0 ? 0 : random() % limit; }

// check_tree finds nothing, and what the tree reaches is exactly what the store holds.
void expect_sound(const MemoryStore& store, const TreeReader& tree) {
  std::vector<std::string> findings;
  u64 reached = 0;
  bool all_used = true;
  check_tree(tree, "tree", findings, [&](storage::Extent pages, u32 birth) {
    reached += pages.pages;
    all_used = all_used && store.is_used(pages, birth);
  });
  ASSERT_TRUE(findings.empty()) << findings.size() << " findings, first: " << findings.front();
  ASSERT_TRUE(all_used);
  ASSERT_EQ(reached, store.used());
  u64 walked = 0;
  walk_pages(tree, [&](storage::Extent pages, u32) { walked += pages.pages; });
  ASSERT_EQ(walked, reached);
}

std::string read_all(const ValueView& value) {
  std::string to;
  value.read(to);
  return to;
}

struct Case {
  const char* name;
  u32 page_size;
  u32 operations;
  u16 key_width = 0;  // both widths 0: variable
  u16 value_width = 0;
  u32 key_style = 0;    // see random_key
  u32 value_style = 0;  // see random_value
  u64 target = 2000;    // entries around which the tree hovers
  bool fixed = false;
};

std::string random_bytes(Random& random, u64 size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string random_key(Random& random, const Case& c) {
  const u64 longest = max_key_size(c.page_size);
  if (c.key_width != 0) {
    std::string key(c.key_width, '\0');
    const u64 number = random() % (c.target * 3);
    for (u32 i = 0; i < c.key_width && i < 8; ++i) key[c.key_width - 1 - i] = static_cast<char>(number >> (8 * i));
    return key;
  }
  switch (c.key_style) {
    case 0: {  // decimal, shared prefix
      std::string digits = std::to_string(random() % (c.target * 3));
      return "user/" + std::string(10 - std::min<std::size_t>(10, digits.size()), '0') + digits;
    }
    case 1: {  // tiny alphabet with zeros and 0xff, any length
      std::string key(below(random, std::min<u64>(longest, 14) + 1), '\0');
      for (char& byte : key) byte = "\x00\x00\xff\x01"[random() % 4];
      return key;
    }
    case 2: {  // long keys with long shared parts
      std::string key(below(random, longest + 1), 'a');
      for (u32 i = 0; i < 3 && !key.empty(); ++i)
        key[below(random, key.size())] = static_cast<char>('a' + random() % 3);
      return key;
    }
    case 3: return random_bytes(random, 16);
    default: {  // groups: prefixes of very different length
      std::string key(below(random, 3) * (longest / 3), 'p');
      return key + random_bytes(random, below(random, 6));
    }
  }
}

// A key a little above `last`; it may be `last` itself.
std::string key_after(std::string last, Random& random, const Case& c) {
  if (c.key_width == 0 && last.size() < max_key_size(c.page_size) && random() % 2 == 0) {
    return last + static_cast<char>(random());
  }
  for (auto byte = last.rbegin(); byte != last.rend(); ++byte) {
    *byte = static_cast<char>(*byte + 1);
    if (*byte != 0) return last;
  }
  return random_key(random, c);
}

std::string random_value(Random& random, const Case& c) {
  if (c.fixed) return random_bytes(random, c.value_width);
  switch (c.value_style) {
    case 0: return random_bytes(random, below(random, 40));
    case 1: return random_bytes(random, below(random, c.page_size));  // about half of them outside
    case 2: return std::string(random() % 8 == 0 ? below(random, 40 * c.page_size) : below(random, 20), 'v');
    default: return std::string();
  }
}

TreeShape shape_of(const Case& c, Order order) {
  TreeShape shape;
  shape.tree_id = 77;
  shape.order = order;
  shape.key_width = c.key_width;
  shape.value_width = c.value_width;
  shape.fixed = c.fixed;
  return shape;
}

using Map = std::map<std::string, std::string>;

void expect_same_map(const TreeReader& tree, const Map& model, Random& random) {
  ASSERT_EQ(tree.size(), model.size());
  Cursor cursor(tree);
  u64 index = 0;
  cursor.seek_first();
  for (const auto& [key, value] : model) {
    ASSERT_TRUE(cursor.valid());
    ASSERT_EQ(cursor.key(), key);
    ASSERT_EQ(cursor.index(), index++);
    ASSERT_EQ(cursor.value().size(), value.size());
    if (value.size() < 1000 || random() % 16 == 0) {
      ASSERT_EQ(read_all(cursor.value()), value);
    }
    cursor.next();
  }
  ASSERT_FALSE(cursor.valid());
  cursor.seek_last();
  for (auto it = model.rbegin(); it != model.rend(); ++it) {
    ASSERT_TRUE(cursor.valid());
    ASSERT_EQ(cursor.index(), --index);
    ASSERT_EQ(cursor.key(), it->first);
    cursor.prev();
  }
  ASSERT_FALSE(cursor.valid());
}

// Looks for `key`, which may be there or not, in every way there is.
void expect_same_around(const TreeReader& tree, const Map& model, const std::string& key) {
  const auto found = model.find(key);
  const std::optional<ValueView> value = tree.get(key);
  ASSERT_EQ(value.has_value(), found != model.end());
  if (value) {
    ASSERT_EQ(read_all(*value), found->second);
  }
  for (const bool after : {false, true}) {
    const auto bound = after ? model.upper_bound(key) : model.lower_bound(key);
    const u64 rank = static_cast<u64>(std::distance(model.begin(), bound));
    ASSERT_EQ(tree.rank(key, after), rank);
    Cursor cursor(tree);
    cursor.seek_key(key, after);
    ASSERT_EQ(cursor.valid(), bound != model.end());
    if (!cursor.valid()) continue;
    ASSERT_EQ(cursor.key(), bound->first);
    ASSERT_EQ(cursor.index(), rank);
    ASSERT_EQ(read_all(tree.at(rank)), bound->second);
    if (rank == 0) continue;
    cursor.prev();
    ASSERT_EQ(cursor.key(), std::prev(bound)->first);
  }
}

class MapModel : public ::testing::TestWithParam<Case> {};

TEST_P(MapModel, AgreesWithStdMap) {
  const Case c = GetParam();
  const u64 seed = test_seed(11);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  Random random(seed);
  MemoryStore store({.page_size = c.page_size, .max_pages = 1 << 18, .seed = seed});
  TreeRoot root;
  const TreeShape shape = shape_of(c, Order::key);
  RightEdge edge;
  TreeWriter writer(store, shape, root, &edge);
  Map model;
  for (u32 i = 1; i <= c.operations; ++i) {
    const u64 what = below(random, 1000);
    const bool appends = i / 300 % 3 == 2 && !model.empty();
    const std::string key = appends ? key_after(model.rbegin()->first, random, c) : random_key(random, c);
    const bool shrink = model.size() > c.target * (1 + i / 3000 % 2) / 2;
    if (what < (shrink ? 300 : 600)) {
      const std::string value = random_value(random, c);
      ASSERT_EQ(writer.put(key, value), model.find(key) == model.end());
      model[key] = value;
    } else if (what < 850) {
      auto near = model.lower_bound(key);
      const std::string victim = near == model.end() || random() % 4 == 0 ? key : near->first;
      ASSERT_EQ(writer.erase(victim), model.erase(victim) == 1);
    } else if (what < 950) {
      if (model.empty()) continue;
      const u64 index = below(random, model.size());
      const std::string value = random_value(random, c);
      writer.set(index, value);
      std::next(model.begin(), static_cast<std::ptrdiff_t>(index))->second = value;
    } else if (what < 998) {
      expect_same_around(writer.reader(), model, key);
    } else if (what < 999 || i % 7 != 0) {
      const u64 from = below(random, model.size() + 1);
      const u64 count = below(random, (model.size() - from) / (1 + below(random, 8)) + 1);
      writer.erase_range(from, count);
      const auto first = std::next(model.begin(), static_cast<std::ptrdiff_t>(from));
      model.erase(first, std::next(first, static_cast<std::ptrdiff_t>(count)));
    } else {
      writer.clear();
      model.clear();
    }
    ASSERT_EQ(root.count, model.size());
    if (HasFatalFailure()) return;
    if (i % 101 == 0) store.mark();
    if (i % 250 != 0) continue;
    if (random() % 2 == 0) store.commit();
    expect_sound(store, writer.reader());
    if (i % 1000 == 0) expect_same_map(writer.reader(), model, random);
    if (HasFatalFailure()) return;
  }
  writer.clear();
  ASSERT_EQ(store.used(), 0u);
  ASSERT_EQ(root, TreeRoot{});
}

INSTANTIATE_TEST_SUITE_P(
    Tree, MapModel,
    ::testing::Values(
        Case{"Decimal512", 512, 30000}, Case{"Decimal4096", 4096, 30000, 0, 0, 0, 0, 6000},
        Case{"Decimal65536", 65536, 20000, 0, 0, 0, 0, 10000}, Case{"TinyAlphabet512", 512, 30000, 0, 0, 1, 0, 5000},
        Case{"TinyAlphabet4096", 4096, 20000, 0, 0, 1, 1, 5000}, Case{"LongKeys512", 512, 30000, 0, 0, 2, 0, 3000},
        Case{"LongKeys512Blobs", 512, 15000, 0, 0, 2, 1, 1000}, Case{"LongKeys4096", 4096, 15000, 0, 0, 2, 1, 1500},
        Case{"LongKeys65536", 65536, 4000, 0, 0, 2, 0, 500}, Case{"Random16Of512", 512, 30000, 0, 0, 3, 0, 3000},
        Case{"Random16Of4096", 4096, 20000, 0, 0, 3, 2, 3000}, Case{"Groups512", 512, 30000, 0, 0, 4, 3, 3000},
        Case{"Groups4096", 4096, 20000, 0, 0, 4, 0, 3000}, Case{"Groups65536", 65536, 6000, 0, 0, 4, 1, 1000},
        Case{"Fixed8And8Of512", 512, 30000, 8, 8, 0, 0, 4000, true},
        Case{"Fixed5And0Of512", 512, 30000, 5, 0, 0, 0, 4000, true},
        Case{"Fixed16And100Of4096", 4096, 20000, 16, 100, 0, 0, 4000, true},
        Case{"Fixed8And4Of65536", 65536, 20000, 8, 4, 0, 0, 20000, true}),
    [](const auto& info) { return std::string(info.param.name); });

using List = std::vector<std::string>;

void expect_same_list(const TreeReader& tree, const List& model, Random& random) {
  ASSERT_EQ(tree.size(), model.size());
  Cursor cursor(tree);
  cursor.seek_first();
  for (u64 i = 0; i < model.size(); ++i, cursor.next()) {
    ASSERT_TRUE(cursor.valid());
    ASSERT_EQ(cursor.index(), i);
    ASSERT_EQ(cursor.value().size(), model[i].size());
    if (model[i].size() < 1000 || random() % 16 == 0) {
      ASSERT_EQ(read_all(cursor.value()), model[i]);
    }
  }
  ASSERT_FALSE(cursor.valid());
  for (u32 tries = 0; tries < 20 && !model.empty(); ++tries) {
    u64 i = below(random, model.size());
    ASSERT_EQ(read_all(tree.at(i)), model[i]);
    cursor.seek_index(i);
    for (u32 step = 0; step < 40 && cursor.valid(); ++step, cursor.prev())
      ASSERT_EQ(read_all(cursor.value()), model[i--]);
  }
  cursor.seek_index(model.size());
  ASSERT_FALSE(cursor.valid());
}

class ListModel : public ::testing::TestWithParam<Case> {};

TEST_P(ListModel, AgreesWithVector) {
  const Case c = GetParam();
  const u64 seed = test_seed(12);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  Random random(seed);
  MemoryStore store({.page_size = c.page_size, .max_pages = 1 << 18, .seed = seed});
  TreeRoot root;
  const TreeShape shape = shape_of(c, Order::position);
  RightEdge edge;
  TreeWriter writer(store, shape, root, &edge);
  List model;
  u64 hot = 0;
  for (u32 i = 1; i <= c.operations; ++i) {
    const u64 what = below(random, 1000);
    const bool shrink = model.size() > c.target * (1 + i / 3000 % 2) / 2;
    if (what % 50 == 0) hot = random();
    // Runs at one place, at either end, and anywhere.
    const u64 place = i / 500 % 4 == 0 ? hot : i / 500 % 4 == 1 ? random() : i / 500 % 4 == 2 ? model.size() : 0;
    const auto at = [&](u64 index) { return model.begin() + static_cast<std::ptrdiff_t>(index); };
    if (what < (shrink ? 300 : 600)) {
      const u64 index = place == model.size() ? place : place % (model.size() + 1);
      const std::string value = random_value(random, c);
      writer.insert(index, value);
      model.insert(at(index), value);
    } else if (model.empty()) {
      continue;
    } else if (what < 880) {
      const u64 index = place % model.size();
      writer.erase_range(index, 1);
      model.erase(at(index));
    } else if (what < 990) {
      const u64 index = below(random, model.size());
      const std::string value = random_value(random, c);
      writer.set(index, value);
      model[index] = value;
    } else if (what < 999 || i % 7 != 0) {
      const u64 from = below(random, model.size() + 1);
      const u64 count = below(random, (model.size() - from) / (1 + below(random, 20)) + 1);
      writer.erase_range(from, count);
      model.erase(at(from), at(from + count));
    } else {
      writer.clear();
      model.clear();
    }
    ASSERT_EQ(root.count, model.size());
    if (i % 101 == 0) store.mark();
    if (i % 250 != 0) continue;
    if (random() % 2 == 0) store.commit();
    expect_sound(store, writer.reader());
    if (i % 1000 == 0) expect_same_list(writer.reader(), model, random);
    if (HasFatalFailure()) return;
  }
  writer.clear();
  ASSERT_EQ(store.used(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Tree, ListModel,
    ::testing::Values(Case{"Small512", 512, 30000}, Case{"Small4096", 4096, 30000, 0, 0, 0, 0, 8000},
                      Case{"Small65536", 65536, 20000, 0, 0, 0, 0, 8000}, Case{"Half512", 512, 20000, 0, 0, 0, 1, 1500},
                      Case{"Half4096", 4096, 10000, 0, 0, 0, 1, 1000}, Case{"Half65536", 65536, 2500, 0, 0, 0, 1, 150},
                      Case{"Large512", 512, 10000, 0, 0, 0, 2, 800}, Case{"Large4096", 4096, 6000, 0, 0, 0, 2, 300},
                      Case{"Empty512", 512, 20000, 0, 0, 0, 3, 5000},
                      Case{"Fixed8Of512", 512, 30000, 0, 8, 0, 0, 8000, true},
                      Case{"Fixed1Of4096", 4096, 20000, 0, 1, 0, 0, 12000, true},
                      Case{"Fixed120Of512", 512, 20000, 0, 120, 0, 0, 2000, true},
                      Case{"Fixed8Of65536", 65536, 20000, 0, 8, 0, 0, 12000, true}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace sapwood::tree
