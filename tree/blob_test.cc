#include "tree/blob.h"

#include <gtest/gtest.h>

#include "tree/memory_store.h"
#include "tree/node.h"

namespace sapwood::tree {
namespace {

std::string pattern(u64 size) {
  std::string bytes(size, '\0');
  for (u64 i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 4096);
  return bytes;
}

TreeShape shape_of(Order order) {
  TreeShape shape;
  shape.tree_id = 8;
  shape.order = order;
  return shape;
}

class BlobSizes : public ::testing::TestWithParam<u32> {};

TEST_P(BlobSizes, PartsOfEverySizeComeBack) {
  const u32 page = GetParam();
  const u64 seed = test_seed(7);
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  MemoryStore store({.page_size = page, .max_pages = (u64{64} << 20) / page, .seed = seed});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::position);
  TreeWriter writer(store, shape, root);
  const u64 sizes[] = {0,
                       1,
                       page / 2 - 30,
                       page / 2,
                       page - 1,
                       page,
                       page + 1,
                       page + page / 4,
                       page + page / 4 + 1,
                       5 * page - 1,
                       100000,
                       (1 << 20) - 1,
                       1 << 20,
                       (1 << 20) + 1,
                       5000000,
                       10 << 20};
  for (const u64 size : sizes) {
    const std::string value = pattern(size);
    writer.insert(0, value);
    const ValueView view = writer.reader().at(0);
    ASSERT_EQ(view.size(), size);
    std::string read;
    view.read(read);
    ASSERT_TRUE(read == value) << size;
    const std::optional<Bytes> whole = view.in_one_piece();
    if (whole) {
      ASSERT_TRUE(*whole == value) << size;
    }
    ASSERT_TRUE(whole || size != page) << "whole pages need no copy";
    ASSERT_FALSE(whole && size > (1 << 20)) << "no run is that long";
    for (u32 tries = 0; tries < 20; ++tries) {
      const u64 from = random() % (size + 1);
      const u64 length = random() % (std::min<u64>(size - from, 3 * page) + 1);
      std::string part(length, '\0');
      view.read_part(from, part.data(), length);
      ASSERT_TRUE(part == value.substr(from, length)) << size << " at " << from;
    }
    std::vector<std::string> findings;
    u64 reached = 0;
    check_tree(writer.reader(), "list", findings, [&](storage::Extent pages, u32) { reached += pages.pages; });
    ASSERT_TRUE(findings.empty()) << findings.front();
    ASSERT_EQ(reached, store.used());
  }
  store.commit();
  for (const u64 size : sizes) writer.set(0, pattern(size));
  EXPECT_TRUE(root.owns_runs);
  writer.clear();
  EXPECT_FALSE(root.owns_runs);
  EXPECT_EQ(store.used(), 0u);
}

INSTANTIATE_TEST_SUITE_P(PageSizes, BlobSizes, ::testing::Values(512u, 4096u, 65536u));

TEST(Blob, SmallRemainderStaysBesideTheReference) {
  MemoryStore store({});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::position);
  TreeWriter writer(store, shape, root);
  writer.insert(0, pattern(2 * 4096 + 1000));
  EXPECT_EQ(store.used(), 1u + 2u);
  writer.set(0, pattern(2 * 4096 + 1030));
  EXPECT_EQ(store.used(), 1u + 3u);
}

TEST(Blob, LongestKeyLeavesRoomForTheReference) {
  for (u32 page = storage::kMinPageSize; page <= storage::kMaxPageSize; page *= 2) {
    EXPECT_GE(max_entry_bytes(page), 6 + 3 + 3 + max_key_size(page) - 4 + kMaxReferenceBytes + 2) << page;
  }
}

TEST(Blob, ADamagedByteIsReported) {
  MemoryStore store({});
  TreeRoot root;
  const TreeShape shape = shape_of(Order::position);
  TreeWriter writer(store, shape, root);
  writer.insert(0, pattern(40000));
  store.commit();
  PageNo run = kNoPage;
  walk_pages(writer.reader(), [&](storage::Extent pages, u32) { run = pages.start; });
  store.raw(run)[17] ^= 1;
  char byte;
  try {
    writer.reader().at(0).read_part(39000, &byte, 1);
    FAIL() << "the damage was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
  }
  std::vector<std::string> findings;
  check_tree(writer.reader(), "list", findings, nullptr);
  EXPECT_EQ(findings.size(), 1u);
}

TEST(Blob, ReferencesAreParsedWithoutTrust) {
  MemoryStore store({});
  BlobReference blob;
  const std::string good = store_blob(store, 8, pattern(9000), 200);
  ASSERT_TRUE(parse_blob_reference(good, 4096, blob));
  EXPECT_EQ(blob.size, 9000u);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_blob_reference(good.substr(0, size), 4096, blob));
  EXPECT_FALSE(parse_blob_reference(good + "x", 4096, blob));
  std::string other = good;
  other[0] = 0;
  EXPECT_FALSE(parse_blob_reference(other, 4096, blob));
}

}  // namespace
}  // namespace sapwood::tree
