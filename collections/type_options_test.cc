#include "collections/type_options.h"

#include <gtest/gtest.h>

#include "collections/catalog.h"
#include "collections/operations.h"
#include "collections/types.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

using enum ValueType;

const CollectionTypes kSamples[] = {
    {CollectionKind::list, none, int64},
    {CollectionKind::sorted_map, TypeInfo::tuple({string, int64}), string},
    {CollectionKind::dict, TypeInfo::structure(300), TypeInfo::tuple({uuid})},
    {CollectionKind::dict, string, TypeInfo::structure(65535)},
    {CollectionKind::sorted_set, TypeInfo(float64).with_codec(65535), none},
    {CollectionKind::dict, TypeInfo::tuple({bytes, boolean}).with_codec(1), TypeInfo::structure(1).with_codec(2)},
};

TEST(TypeOptions, RecordsKeepAllOfTypes) {
  for (const CollectionTypes& types : kSamples) {
    CatalogRecord record;
    record.id = 5;
    record.types = types;
    record.shape = shape_of(5, types, 4096);
    record.name = "name";
    std::string bytes;
    encode_record(bytes, record);
    const CatalogRecord read = decode_record(5, bytes, 4096);
    EXPECT_EQ(read.types, types) << describe(types);
    EXPECT_EQ(read.name, "name");
  }
}

TEST(TypeOptions, RedoOperationsKeepAllOfTypes) {
  for (const CollectionTypes& types : kSamples) {
    std::string bytes;
    encode_operation(bytes, {.kind = OperationKind::create, .id = 5, .types = types, .name = "name"});
    Bytes rest = bytes;
    EXPECT_EQ(decode_operation(rest).types, types) << describe(types);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(TypeOptions, PlainTypesHaveNone) {
  const CollectionTypes types{CollectionKind::sorted_map, string, float64};
  EXPECT_EQ(create_options(types), "");
  std::string options;
  append_type_options(options, types);
  EXPECT_EQ(options, "");
}

TEST(TypeOptions, OthersAreRefused) {
  const CollectionTypes base{CollectionKind::dict, tuple, structure};
  const std::string good("\1\2\6\3\4\2\x18\0", 8);  // string, int64; 24 bytes
  CollectionTypes types = base;
  ValueForm form;
  ASSERT_TRUE(take_type_options(good, types));
  EXPECT_EQ(types.key, TypeInfo::tuple({string, int64}));
  EXPECT_EQ(types.value, TypeInfo::structure(24));
  const std::string bad[] = {good.substr(0, 7), good.substr(0, 5),        good + '\1',
                             good + good,       std::string("\5\0", 2),   std::string("\4\2\x18\0\1\2\6\3", 8),
                             "\1\1\6",          std::string("\0\0\0", 3), std::string("\1\11\1\1\1\1\1\1\1\1\1", 11)};
  for (const std::string& options : bad) {
    types = base;
    EXPECT_FALSE(take_type_options(options, types)) << options.size();
    EXPECT_FALSE(take_create_options(std::string(4, '\0') + options, types, form));
  }
  for (const std::size_t size : {1u, 3u}) EXPECT_FALSE(take_create_options(std::string(size, '\0'), types, form));
}

TEST(TypeOptions, RecordsOfUnknownOptionsAreOfANewerFormat) {
  CatalogRecord record;
  record.types = kSamples[1];
  record.shape = shape_of(5, record.types, 4096);
  record.name = "n";
  std::string bytes;
  encode_record(bytes, record);
  bytes[50] = 9;  // what the first option says
  try {
    decode_record(5, bytes, 4096);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::newer_format) << error.what();
  }
}

}  // namespace
}  // namespace sapwood::collections
