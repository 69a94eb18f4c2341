// The encoding of AnyValue.
#include "sapwood/any_value.h"

#include <limits>

#include <gtest/gtest.h>

#include "collections/testing.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

using ByteVector = std::vector<std::byte>;

std::string bytes_of(const AnyValue& value) {
  Codec<AnyValue>::Scratch scratch;
  return std::string(Codec<AnyValue>::encode_key(value, scratch));
}

Int128 power_of_two(unsigned exponent) { return Int128{1} << exponent; }

AnyValue nested(std::size_t depth) {
  AnyValue value = AnyList{};
  for (std::size_t i = 1; i < depth; ++i) value = AnyList{{value}};
  return value;
}

AnyMap map_of(std::vector<std::pair<AnyValue, AnyValue>> entries) { return {std::move(entries)}; }

// In their order, each once.
std::vector<AnyValue> samples() {
  const Int128 most = ~(Int128{1} << 127);
  return {std::monostate(),
          false,
          true,
          -most - 1,
          -power_of_two(64),
          std::numeric_limits<std::int64_t>::min(),
          -65536,
          -257,
          -256,
          -255,
          -1,
          0,
          1,
          255,
          256,
          std::numeric_limits<std::int64_t>::max(),
          std::numeric_limits<std::uint64_t>::max(),
          power_of_two(64),
          most,
          -std::numeric_limits<double>::infinity(),
          -1.5,
          0.0,
          1e300,
          "",
          std::string(1, '\0'),
          "a",
          std::string("a\0", 2),
          "ab",
          "\xff",
          ByteVector{},
          ByteVector{std::byte{0}},
          Uuid{},
          Uuid{{1}},
          DateTime{-1},
          DateTime{1},
          AnyTuple{},
          AnyTuple{{std::monostate()}},
          AnyTuple{{1, 2}},
          AnyTuple{{1, 2, "a"}},
          AnyTuple{{2}},
          AnyTuple{{AnyTuple{{1}}}},
          AnyList{},
          AnyList{{AnyList{}}},
          AnyList{{AnyList{}, 1}},
          AnyList{{AnyList{{1}}}},
          AnyMap{},
          map_of({{1, "x"}}),
          map_of({{1, "x"}, {"k", AnyMap{}}}),
          map_of({{1, "y"}}),
          map_of({{"a", 1}})};
}

TEST(AnyValue, SamplesComeBackAndTheirBytesAreInOrder) {
  const std::vector<AnyValue> ascending = samples();
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    EXPECT_EQ(detail::decode_any(bytes_of(ascending[i])), ascending[i]) << format_value(ValueType::any, ascending[i]);
    if (i == 0) continue;
    EXPECT_LT(bytes_of(ascending[i - 1]), bytes_of(ascending[i])) << format_value(ValueType::any, ascending[i]);
  }
}

TEST(AnyValue, TextOfSamplesComesBack) {
  for (const AnyValue& value : samples()) {
    const std::string text = format_value(ValueType::any, value);
    EXPECT_EQ(parse_value(ValueType::any, text), value) << text;
  }
}

TEST(AnyValue, SmallNumbersTakeFewBytes) {
  EXPECT_EQ(bytes_of(0), std::string("\x20", 1));
  EXPECT_EQ(bytes_of(7), "\x21\x07");
  EXPECT_EQ(bytes_of(-1), "\x1f\xfe");
  EXPECT_EQ(bytes_of(Int128{7}), bytes_of(std::uint64_t{7})) << "one whole number has one encoding";
  EXPECT_EQ(detail::decode_any(bytes_of(std::uint64_t{7})), AnyValue(std::int64_t{7}));
  EXPECT_EQ(bytes_of(~power_of_two(127)).size(), 17u);
}

TEST(AnyValue, DoublesAreAsKeys) {
  EXPECT_EQ(bytes_of(-0.0), bytes_of(0.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(bytes_of(nan), bytes_of(-nan));
  EXPECT_GT(bytes_of(nan), bytes_of(std::numeric_limits<double>::infinity()));
}

TEST(AnyValue, MapsAreStoredInTheOrderOfTheirKeys) {
  const AnyValue one = map_of({{"b", 1}, {"a", 2}, {3, 4}});
  const AnyValue two = map_of({{3, 4}, {"a", 2}, {"b", 1}});
  EXPECT_EQ(bytes_of(one), bytes_of(two));
  EXPECT_EQ(detail::decode_any(bytes_of(one)), two);
  EXPECT_EQ(*std::get<AnyMap>(one).find("a"), AnyValue(2));
  EXPECT_EQ(std::get<AnyMap>(one).find("c"), nullptr);
}

TEST(AnyValue, WhatItCannotHoldIsRefused) {
  EXPECT_EQ(detail::decode_any(bytes_of(nested(kMaxAnyDepth))), nested(kMaxAnyDepth));
  EXPECT_EQ(code_of([] { bytes_of(nested(kMaxAnyDepth + 1)); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { bytes_of(map_of({{1, 2}, {1, 3}})); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { bytes_of(Json{"1"}); }), ErrorCode::invalid_argument);
}

TEST(AnyValue, BytesThatNoValueHasAreCorrupt) {
  const std::string bad[] = {
      "",                                                      // nothing
      std::string("\0", 1),                                    // an end
      "\x01",                                                  // a tag that is not known
      "\x21",                                                  // cut off
      std::string("\x22\0\7", 3),                              // 7 in two bytes
      std::string("\x21\0", 2),                                // 0 in one
      "\x1e\xff\xfe",                                          // -1 in two
      "\x30" + std::string(16, '\xff'),                        // past 128 bits
      "\x38" + std::string(7, '\x80'),                         // cut off
      std::string("\x38\x7f\xff\xff\xff\xff\xff\xff\xff", 9),  // -0.0
      "\x38" + std::string("\xff\xf8\0\0\0\0\0\0", 8),         // another NaN
      std::string(1, '\x40') + "a",                            // without an end
      std::string(1, '\x40') + std::string("a\0\1", 3),        // an escape that does not exist
      "\x02\x02",                                              // more behind it
      "\x61\x02",                                              // a list without an end
      std::string("\x62\x21\1\0", 4),                          // a key without a value
      std::string("\x62\x21\2\2\x21\1\2\0", 8),                // keys out of order
      std::string("\x62\x21\1\2\x21\1\2\0", 8),                // a key twice
      std::string(65, '\x61') + std::string(65, '\0'),         // too deep
      std::string(100'000, '\x61'),
  };
  for (const std::string& bytes : bad) {
    EXPECT_EQ(code_of([&] { detail::decode_any(bytes); }), ErrorCode::corrupt) << bytes.size();
  }
}

TEST(AnyValue, PrefixesAreOfStringsBytesTuplesAndLists) {
  EXPECT_TRUE(bytes_of("abc").starts_with(detail::any_prefix("ab")));
  EXPECT_FALSE(bytes_of("b").starts_with(detail::any_prefix("ab")));
  EXPECT_TRUE(bytes_of(AnyTuple{{1, "x"}}).starts_with(detail::any_prefix(AnyTuple{{1}})));
  EXPECT_FALSE(bytes_of(AnyTuple{{10, "x"}}).starts_with(detail::any_prefix(AnyTuple{{1}})));
  EXPECT_EQ(code_of([] { detail::any_prefix(1); }), ErrorCode::wrong_type);
}

}  // namespace
}  // namespace sapwood
