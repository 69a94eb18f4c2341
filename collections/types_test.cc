#include "collections/types.h"

#include <gtest/gtest.h>

#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

using enum ValueType;

TEST(Types, NamesComeBack) {
  for (ValueType type = boolean; type < tuple; type = static_cast<ValueType>(static_cast<u8>(type) + 1)) {
    EXPECT_EQ(type_of_name(type_name(type)), type) << type_name(type);
  }
  const std::pair<TypeInfo, const char*> samples[] = {
      {TypeInfo::tuple({string, int64}), "tuple(string, int64)"},
      {TypeInfo::tuple({uuid}), "tuple(uuid)"},
      {TypeInfo::structure(24), "structure(24)"},
      {TypeInfo(float64).with_codec(7), "double with codec 7"},
      {TypeInfo::tuple({bytes, datetime}).with_codec(65535), "tuple(bytes, datetime) with codec 65535"},
  };
  for (const auto& [type, name] : samples) {
    EXPECT_EQ(type_name(type), name);
    EXPECT_EQ(type_of_name(name), type) << name;
  }
  EXPECT_EQ(type_of_name("tuple(string,int64)"), TypeInfo::tuple({string, int64})) << "spaces may be left out";
}

TEST(Types, OtherNamesAreRefusedWithAList) {
  for (const char* name :
       {"", "float128", "none", "tuple", "tuple()", "tuple(string", "tuple(json)", "tuple(any)", "tuple(string,)",
        "tuple(bool,bool,bool,bool,bool,bool,bool,bool,bool)", "structure", "structure(0)", "structure(65536)",
        "structure(x)", "double with codec 0", "double with codec 65536", "double with codec 1 with codec 2"}) {
    try {
      type_of_name(name);
      ADD_FAILURE() << "accepted " << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find("bool, int32"), std::string::npos) << error.what();
    }
  }
}

TEST(Types, TuplesAreAsWideAsTheirPartsIfAllAreFixed) {
  EXPECT_EQ(width_of(TypeInfo::tuple({boolean, int32, int128})), 21u);
  EXPECT_EQ(width_of(TypeInfo::tuple({uuid, datetime})), 24u);
  EXPECT_EQ(width_of(TypeInfo::tuple({int64, bytes})), 0u);
  EXPECT_EQ(width_of(TypeInfo::structure(65535)), 65535u);
}

TEST(Types, KnownAreThoseThatMakeSense) {
  const auto map = [](CollectionKind kind, const TypeInfo& key) { return CollectionTypes{kind, key, string}; };
  EXPECT_TRUE(are_known(map(CollectionKind::dict, TypeInfo::structure(8))));
  EXPECT_FALSE(are_known(map(CollectionKind::sorted_map, TypeInfo::structure(8)))) << "it has no order";
  EXPECT_FALSE(are_known(map(CollectionKind::dict, json))) << "equal documents may be different texts";
  EXPECT_TRUE(are_known(map(CollectionKind::sorted_map, any)));
  EXPECT_FALSE(are_known(map(CollectionKind::dict, structure))) << "without a width";
  EXPECT_FALSE(are_known(map(CollectionKind::dict, tuple))) << "without parts";
  EXPECT_FALSE(are_known(map(CollectionKind::dict, TypeInfo::tuple({any}))));
  EXPECT_FALSE(are_known(map(CollectionKind::dict, TypeInfo(static_cast<ValueType>(15)))));
  TypeInfo gap = TypeInfo::tuple({string, none, string});
  EXPECT_FALSE(are_known(map(CollectionKind::dict, gap)));
  TypeInfo extra = TypeInfo(string);
  extra.parts[0] = string;
  EXPECT_FALSE(are_known(map(CollectionKind::dict, extra)));
  EXPECT_FALSE(are_known({CollectionKind::list, none, TypeInfo(none).with_codec(1)}));
}

TEST(Types, DescriptionsTellAll) {
  EXPECT_EQ(describe({CollectionKind::sorted_map, TypeInfo::tuple({string, int64}), TypeInfo::structure(24)}),
            "sorted_map of tuple(string, int64) to structure(24)");
}

}  // namespace
}  // namespace sapwood::collections
