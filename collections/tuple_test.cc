#include "sapwood/tuple.h"

#include <gtest/gtest.h>

#include "sapwood/datetime.h"
#include "sapwood/error.h"
#include "sapwood/uuid.h"

namespace sapwood {
namespace {

template <class... Ts>
std::string key_of(const std::tuple<Ts...>& parts) {
  typename Codec<std::tuple<Ts...>>::Scratch scratch;
  return std::string(Codec<std::tuple<Ts...>>::encode_key(parts, scratch));
}

using Section = std::tuple<std::string, std::int64_t>;
using Names = std::tuple<std::string, std::string>;

std::string zeros(const char* text, std::size_t size) { return std::string(text, size); }

TEST(Tuple, StringsAreEscapedAndEnded) {
  EXPECT_EQ(key_of(Section{"a", 1}), zeros("a\0\0\x80\0\0\0\0\0\0\1", 11));
  EXPECT_EQ(key_of(std::tuple<std::string>(zeros("a\0b", 3))), zeros("a\0\xff"
                                                                     "b\0\0",
                                                                     6));
  EXPECT_EQ(key_of(Names{"", ""}), std::string(4, '\0'));
}

TEST(Tuple, FixedPartsStandAsTheyAre) {
  using Fixed = std::tuple<bool, std::int32_t, Uuid, DateTime>;
  static_assert(Codec<Fixed>::width == 29);
  const Fixed parts{true, -1, Uuid{{1, 2}}, DateTime{-5}};
  EXPECT_EQ(key_of(parts).size(), 29u);
  EXPECT_EQ(Codec<Fixed>::decode_key(key_of(parts)), parts);
  static_assert(Codec<Section>::width == 0);
}

TEST(Tuple, OrderIsPartByPart) {
  const std::string zero(1, '\0');
  const std::string high(1, '\xff');
  const std::vector<Names> ascending{{"", ""},          {"", "b"},         {zero, ""},       {zero, "z"},
                                     {zero + zero, ""}, {zero + high, ""}, {"\1", ""},       {"a", ""},
                                     {"a", zero},       {"a", high},       {"a" + zero, ""}, {"a" + zero, "b"},
                                     {"aa", ""},        {"a" + high, ""},  {high, ""}};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(Codec<Names>::decode_key(key_of(ascending[i])), ascending[i]) << i;
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(key_of(ascending[i]) < key_of(ascending[j]), i < j) << i << " " << j;
      EXPECT_EQ(ascending[i] < ascending[j], i < j) << i << " " << j;
    }
  }
}

TEST(Tuple, FirstPartsAreWhatKeysStartWith) {
  Codec<Section>::Scratch scratch;
  const std::string prefix(Codec<Section>::encode_prefix(std::tuple("a"), scratch));
  EXPECT_TRUE(key_of(Section{"a", -7}).starts_with(prefix));
  EXPECT_FALSE(key_of(Section{"ab", -7}).starts_with(prefix)) << "another section";
  EXPECT_FALSE(key_of(Section{zeros("a\0", 2), -7}).starts_with(prefix));
  EXPECT_EQ(std::string(Codec<Section>::encode_prefix(std::tuple(), scratch)), "");
  EXPECT_EQ(std::string(Codec<Section>::encode_prefix(std::tuple("a", 1), scratch)), key_of(Section{"a", 1}));
}

TEST(Tuple, BytesThatAreNoTupleAreCorrupt) {
  const std::string good = key_of(Section{"ab", 1});
  const std::string bad[] = {
      "", "ab", zeros("ab\0", 3), zeros("ab\0\1", 4), good.substr(0, good.size() - 1), good + "x", zeros("\0\0", 2)};
  for (const std::string& bytes : bad) {
    try {
      Codec<Section>::decode_key(bytes);
      ADD_FAILURE() << "accepted " << bytes.size() << " bytes";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
    }
  }
}

}  // namespace
}  // namespace sapwood
