#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "sapwood/any.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

constexpr Int128 kLeast128 = static_cast<Int128>(detail::Uint128{1} << 127);
constexpr TypeInfo kTuple =
    TypeInfo::tuple({ValueType::string, ValueType::int64, ValueType::bytes, ValueType::int128, ValueType::uuid,
                     ValueType::boolean, ValueType::float64, ValueType::datetime});

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
      {TypeInfo::structure(2), std::vector<std::byte>{std::byte{0}, std::byte{0xab}}},
      {ValueType::int128, kLeast128},
      {ValueType::int128, -(kLeast128 + 1)},
      {ValueType::uuid, Uuid{{1, 2, 3}}},
      {ValueType::datetime, DateTime{-1}},
      {ValueType::json, Json{"{\"a\": 1.50}"}},
      {ValueType::any, AnyValue("plain")},
      {ValueType::any, AnyList{{1, 1.0, "\x01 \" \xff"}}},
      {ValueType::any, AnyMap{{{"$uuid", "x"}}}},
      {kTuple, AnyTuple{{"a\tb", std::int64_t{-1}, std::vector<std::byte>{std::byte{7}}, kLeast128, Uuid{}, true,
                         -std::numeric_limits<double>::infinity(), DateTime{0}}}},
      {kTuple,
       AnyTuple{{"\xff", std::int64_t{0}, std::vector<std::byte>{}, Int128{3}, Uuid{}, false, 2.0, DateTime{5}}}},
  };
  for (const auto& [type, value] : samples)
    EXPECT_EQ(parse_value(type, format_value(type, value)), value) << format_value(type, value);
  EXPECT_TRUE(std::isnan(std::get<double>(parse_value(ValueType::float64, "nan"))));
  EXPECT_EQ(format_value(std::vector<std::byte>{std::byte{0x0f}}), "0f");
}

TEST(AnyText, BadTextNamesWhatWasExpected) {
  const std::pair<TypeInfo, const char*> samples[] = {
      {ValueType::boolean, "yes"},        {ValueType::int32, "2147483648"},
      {ValueType::int64, "1.5"},          {ValueType::int64, ""},
      {ValueType::uint64, "-1"},          {ValueType::float64, "heavy"},
      {ValueType::bytes, "abc"},          {ValueType::bytes, "zz"},
      {ValueType::int64, "12 "},          {ValueType::uuid, "12"},
      {ValueType::datetime, "today"},     {ValueType::int128, "170141183460469231731687303715884105728"},
      {ValueType::int128, "1e3"},         {ValueType::int128, "-"},
      {TypeInfo::structure(2), "00ff00"}, {kTuple, "[\"a\",1]"},
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

TEST(AnyText, WhatIsNoJsonOrNoValueOfTheTypeIsRefused) {
  const TypeInfo pair = TypeInfo::tuple({ValueType::string, ValueType::int64});
  const std::pair<TypeInfo, const char*> samples[] = {
      {ValueType::json, "{"},
      {ValueType::any, "[1,"},
      {ValueType::any, "{\"$what\":1}"},
      {ValueType::any, "{\"$uuid\":1}"},
      {ValueType::any, "{\"$uuid\":\"x\"}"},
      {ValueType::any, "{\"$bytes\":\"0\"}"},
      {ValueType::any, "{\"$bytes\":\"00\",\"b\":1}"},
      {ValueType::any, "{\"a\":1,\"$b\":2}"},
      {ValueType::any, "{\"$map\":[[1]]}"},
      {ValueType::any, "1e999"},
      {ValueType::any, "200000000000000000000000000000000000000"},
      {pair, "[1,1]"},
      {pair, "[\"a\",1.5]"},
      {pair, "[\"a\",null]"},
      {pair, "{}"},
      {pair, "a"},
  };
  for (const auto& [type, text] : samples) {
    try {
      parse_value(type, text);
      ADD_FAILURE() << "accepted " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << text;
    }
  }
}

TEST(AnyText, AnyIsJsonWithMarks) {
  const std::pair<AnyValue, const char*> samples[] = {
      {AnyList{{1, 1.0, std::monostate(), true, "a\n"}}, R"([1,1.0,null,true,"a\n"])"},
      {AnyMap{{{"a", AnyMap{}}}}, R"({"a":{}})"},
      {std::numeric_limits<double>::quiet_NaN(), R"({"$double":"nan"})"},
      {Int128{1} << 100, R"({"$int":"1267650600228229401496703205376"})"},
      {std::vector<std::byte>{std::byte{255}}, R"({"$bytes":"ff"})"},
      {"\xff", R"({"$string":"ff"})"},
      {Uuid{}, R"({"$uuid":"00000000-0000-0000-0000-000000000000"})"},
      {DateTime{}, R"({"$datetime":"1970-01-01T00:00:00Z"})"},
      {AnyTuple{{1, "x"}}, R"({"$tuple":[1,"x"]})"},
      {AnyMap{{{1, 2}}}, R"({"$map":[[1,2]]})"},
      {AnyMap{{{"$a", 2}}}, R"({"$map":[["$a",2]]})"},
  };
  for (const auto& [value, text] : samples) EXPECT_EQ(format_value(ValueType::any, value), text);
}

}  // namespace
}  // namespace sapwood
