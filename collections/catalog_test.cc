#include "collections/catalog.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "collections/types.h"
#include "tree/inline_leaf.h"
#include "tree/memory_store.h"

namespace sapwood::collections {
namespace {

constexpr CollectionTypes kTexts{CollectionKind::list, ValueType::none, ValueType::string};
constexpr CollectionTypes kMasses{CollectionKind::sorted_map, ValueType::string, ValueType::float64};
constexpr CollectionTypes kFlags{CollectionKind::sorted_map, ValueType::int64, ValueType::boolean};

CatalogRecord record_of(u64 id, const CollectionTypes& types, const std::string& name) {
  CatalogRecord record{.id = id, .types = types, .shape = shape_of(id, types, 4096), .root = {}, .name = name};
  record.root = {.root = {PageNo{77}, 5}, .height = 2, .owns_runs = true, .count = 1234};
  return record;
}

void expect_same(const CatalogRecord& a, const CatalogRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.types, b.types);
  EXPECT_EQ(a.root, b.root);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.shape.fixed, b.shape.fixed);
  EXPECT_EQ(a.shape.key_width, b.shape.key_width);
  EXPECT_EQ(a.shape.value_width, b.shape.value_width);
  EXPECT_EQ(a.shape.tree_id, b.shape.tree_id);
  EXPECT_EQ(a.shape.order, b.shape.order);
}

ErrorCode code_of_decoding(const std::string& bytes) {
  try {
    decode_record(9, bytes, 4096);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "decoded";
  return ErrorCode::io;
}

TEST(Catalog, RecordsComeBack) {
  std::string bytes;
  for (const CollectionTypes& types : {kTexts, kMasses, kFlags}) {
    for (const std::string& name : {std::string("x"), std::string(255, 'n')}) {
      const CatalogRecord record = record_of(9, types, name);
      encode_record(bytes, record);
      expect_same(decode_record(9, bytes, 4096), record);
    }
  }
}

TEST(Catalog, BytesOfARecordArePinned) {
  std::string bytes;
  encode_record(bytes, record_of(9, kFlags, "ab"));
  const std::string expected(
      "\x01\x02\x03\x01\0\0\0\0\x03\0\x08\0\x01\0\x02\0\x4d\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0"
      "\xd2\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02"
      "ab",
      53);
  EXPECT_EQ(bytes, expected);
}

// A nested list of int32 with its leaf in it, which `leaf` keeps.
CatalogRecord inline_record(std::string& leaf) {
  CatalogRecord record = record_of(9, {CollectionKind::list, ValueType::none, ValueType::int32}, "#9");
  record.parent = 4;
  tree::MemoryStore store({.page_size = 4096});
  tree::TreeRoot root;
  tree::TreeWriter writer(store, record.shape, root);
  for (const char* number : {"one\0", "two\0"}) writer.insert(root.count, Bytes(number, 4));
  EXPECT_TRUE(tree::make_inline_leaf(writer.reader(), leaf));
  record.root = {.root = {}, .count = 2, .leaf = leaf};
  return record;
}

TEST(Catalog, InlineLeavesComeBack) {
  std::string leaf;
  const CatalogRecord record = inline_record(leaf);
  std::string bytes;
  encode_record(bytes, record);
  const CatalogRecord found = decode_record(9, bytes, 4096);
  expect_same(found, record);
  EXPECT_EQ(found.root.leaf.data(), bytes.data() + bytes.size() - leaf.size()) << "not a copy";
  const std::string expected(
      "\x01\x01\0\x02\0\0\0\0\x0a\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
      "\x02\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\0\0\0"
      "\0\0\0\0\x05\0\x02\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\x09\0\0\0\x04\0\0\0"
      "one\0two\0",
      91);
  EXPECT_EQ(bytes, expected);
}

TEST(Catalog, RefusesInlineLeavesThatCannotBe) {
  std::string leaf;
  const CatalogRecord good = inline_record(leaf);
  const auto code_with = [&](auto&& change) {
    CatalogRecord record = good;
    change(record);
    std::string bytes;
    encode_record(bytes, record);
    return code_of_decoding(bytes);
  };
  EXPECT_EQ(code_with([](auto& record) { record.parent = 0; }), ErrorCode::corrupt) << "it has a name";
  EXPECT_EQ(code_with([](auto& record) { record.part_of_form = true; }), ErrorCode::corrupt);
  EXPECT_EQ(code_with([](auto& record) { record.root.owns_runs = true; }), ErrorCode::corrupt);
  EXPECT_EQ(code_with([](auto& record) { record.root.count = 3; }), ErrorCode::corrupt);
  EXPECT_EQ(code_with([](auto& record) { record.root.root.page = PageNo{7}; }), ErrorCode::corrupt);
  EXPECT_EQ(code_with([](auto& record) { record.root.leaf.remove_suffix(1); }), ErrorCode::corrupt);
  std::string other = leaf;
  other[24] = 8;
  EXPECT_EQ(code_with([&](auto& record) { record.root.leaf = other; }), ErrorCode::corrupt) << "another one's leaf";
  std::string bytes;
  encode_record(bytes, good);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(code_of_decoding(bytes.substr(0, size)), ErrorCode::corrupt) << size;
  }
  bytes[8] = 2;
  EXPECT_EQ(code_of_decoding(bytes), ErrorCode::corrupt) << "a leaf, and no flag";
}

TEST(Catalog, FixedLeavesFollowFromTheTypes) {
  EXPECT_TRUE(shape_of(1, kFlags, 4096).fixed);
  EXPECT_EQ(shape_of(1, kFlags, 4096).key_width, 8);
  EXPECT_FALSE(shape_of(1, kMasses, 4096).fixed);
  EXPECT_EQ(shape_of(1, kMasses, 4096).value_width, 0);
  const tree::TreeShape numbers =
      shape_of(u64{7} << 32 | 5, {CollectionKind::list, ValueType::none, ValueType::int32}, 512);
  EXPECT_TRUE(numbers.fixed);
  EXPECT_EQ(numbers.value_width, 4);
  EXPECT_EQ(numbers.tree_id, 5u);
  EXPECT_EQ(numbers.order, tree::Order::position);
}

TEST(Catalog, RefusesWhatItDoesNotKnow) {
  std::string good;
  encode_record(good, record_of(9, kMasses, "mass"));
  const auto with = [&](std::size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    return bytes;
  };
  for (const std::size_t at : {0, 1, 2, 3, 9}) {
    EXPECT_EQ(code_of_decoding(with(at, 99)), ErrorCode::newer_format) << at;
  }
  EXPECT_EQ(decode_record(9, with(4, 99), 4096).types.key.codec, 99u) << "users may have any codec";
  EXPECT_EQ(code_of_decoding(with(8, 3)), ErrorCode::corrupt) << "fixed leaves do not follow from the types";
  EXPECT_EQ(code_of_decoding(with(10, 8)), ErrorCode::corrupt) << "widths";
  EXPECT_EQ(code_of_decoding(with(14, 0)), ErrorCode::corrupt) << "height 0 with a root";
  EXPECT_EQ(code_of_decoding(with(14, 25)), ErrorCode::corrupt) << "height";
  EXPECT_EQ(code_of_decoding(with(48, 1)), ErrorCode::corrupt) << "options";
  EXPECT_EQ(code_of_decoding(with(50, 5)), ErrorCode::corrupt) << "name";
  EXPECT_EQ(code_of_decoding(with(40, 5)), ErrorCode::corrupt) << "a name and a parent";
  EXPECT_EQ(code_of_decoding(with(8, 16)), ErrorCode::corrupt) << "dropped, and nobody's";
  EXPECT_EQ(code_of_decoding(with(8, 4)), ErrorCode::corrupt) << "values of that type are no collections";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(code_of_decoding(good.substr(0, size)), ErrorCode::corrupt) << size;
  }
}

class CatalogTree : public testing::Test {
 protected:
  CatalogReader reader() const { return CatalogReader(store_.reader(), root_); }
  CatalogWriter writer() { return CatalogWriter(store_, root_); }
  std::vector<std::string> findings() const {
    std::vector<std::string> found;
    reader().check(found);
    return found;
  }
  u64 add(const std::string& name, const CollectionTypes& types) {
    const u64 id = writer().take_id();
    CatalogRecord record{.id = id, .types = types, .shape = shape_of(id, types, 512), .root = {}, .name = name};
    writer().add_name(name, id);
    writer().store(record, buffer_);
    return id;
  }

  tree::MemoryStore store_{{.page_size = 512}};
  tree::TreeRoot root_;
  std::string buffer_;
};

TEST_F(CatalogTree, FindsByNameAndId) {
  for (int i = 0; i < 200; ++i) EXPECT_EQ(add("c" + std::to_string(i), i % 2 == 0 ? kTexts : kMasses), u64(i) + 1);
  EXPECT_EQ(reader().find_id("c17"), 18u);
  EXPECT_EQ(reader().find("c17")->types, kMasses);
  EXPECT_EQ(reader().find(u64{19})->name, "c18");
  EXPECT_FALSE(reader().find("c200"));
  EXPECT_FALSE(reader().find(u64{201}));
  EXPECT_FALSE(reader().find_id(std::string(300, 'x')));
  u64 expected = 1;
  reader().for_each([&](CatalogRecord&& record) { EXPECT_EQ(record.id, expected++); });
  EXPECT_EQ(expected, 201u);
  EXPECT_TRUE(findings().empty());
}

TEST_F(CatalogTree, IdsAreNeverUsedAgainAndSkipZero) {
  const u64 first = add("a", kTexts);
  writer().remove_name("a");
  writer().remove(first);
  EXPECT_EQ(add("a", kTexts), first + 1);
  writer().reserve_id((u64{1} << 32) - 1);
  EXPECT_EQ(writer().take_id(), (u64{1} << 32) + 1) << "the low half of an id is never 0";
}

TEST_F(CatalogTree, CheckFindsEveryBreak) {
  const u64 a = add("a", kTexts);
  const u64 b = add("b", kTexts);
  writer().remove_name("a");
  EXPECT_FALSE(findings().empty()) << "a record without a name";
  writer().add_name("a", b);
  EXPECT_FALSE(findings().empty()) << "a name of another record";
  writer().add_name("a", a);
  EXPECT_TRUE(findings().empty());
  writer().remove(a);
  EXPECT_FALSE(findings().empty()) << "a name without a record";
  writer().remove_name("a");
  tree::TreeWriter(store_, catalog_shape(), root_).put("z", "?");
  EXPECT_FALSE(findings().empty()) << "an entry of no known kind";
}

TEST(CatalogNames, LimitsAreSaid) {
  EXPECT_EQ(max_name_size(4096), 255u);
  EXPECT_EQ(max_name_size(512), 127u);
  EXPECT_NO_THROW(check_name("f\xc3\xbcr", 4096));
  EXPECT_THROW(check_name("", 4096), Error);
  EXPECT_THROW(check_name("\xfc", 4096), Error);
  try {
    check_name(std::string(200, 'x'), 512);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("127"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sapwood::collections
