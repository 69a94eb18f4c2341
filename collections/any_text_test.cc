#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "sapwood/any.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

TEST(AnyText, EveryTypeComesBack) {
  const std::pair<TypeInfo, AnyValue> samples[] = {
      {ValueType::boolean, true},
      {ValueType::int32, std::int64_t{-2147483648}},
      {ValueType::int64, std::numeric_limits<std::int64_t>::min()},
      {ValueType::uint64, std::numeric_limits<std::uint64_t>::max()},
      {ValueType::float64, 0.1},
      {ValueType::float64, -std::numeric_limits<double>::infinity()},
      {ValueType::string, std::string("water, H2O")},
      {ValueType::bytes, std::vector<std::byte>{std::byte{0}, std::byte{0xab}}},
  };
  for (const auto& [type, value] : samples) EXPECT_EQ(parse_value(type, format_value(value)), value);
  EXPECT_TRUE(std::isnan(std::get<double>(parse_value(ValueType::float64, "nan"))));
  EXPECT_EQ(format_value(std::vector<std::byte>{std::byte{0x0f}}), "0f");
}

TEST(AnyText, BadTextNamesWhatWasExpected) {
  const std::pair<TypeInfo, const char*> samples[] = {
      {ValueType::boolean, "yes"}, {ValueType::int32, "2147483648"}, {ValueType::int64, "1.5"},
      {ValueType::int64, ""},      {ValueType::uint64, "-1"},        {ValueType::float64, "heavy"},
      {ValueType::bytes, "abc"},   {ValueType::bytes, "zz"},         {ValueType::int64, "12 "},
  };
  for (const auto& [type, text] : samples) {
    try {
      parse_value(type, text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find("expected"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace sapwood
