#include "sapwood/codec.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "collections/test_seed.h"
#include "sapwood/detail/handle.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

template <class T>
std::string key_of(T value) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_key(value, scratch));
}

template <class T>
std::string value_of(T value) {
  typename Codec<T>::Scratch scratch;
  return std::string(Codec<T>::encode_value(value, scratch));
}

// Keys order as the numbers do, and come back.
template <class T>
void expect_order(T a, T b) {
  EXPECT_EQ(a < b, key_of(a) < key_of(b)) << a << " " << b;
  EXPECT_EQ(a == b, key_of(a) == key_of(b)) << a << " " << b;
  EXPECT_EQ(Codec<T>::decode_key(key_of(a)), a);
  EXPECT_EQ(Codec<T>::decode_value(value_of(a)), a);
  EXPECT_EQ(key_of(a).size(), Codec<T>::width);
  EXPECT_EQ(value_of(a).size(), Codec<T>::width);
}

template <class T>
std::vector<T> integer_samples(std::mt19937_64& random) {
  std::vector<T> samples{0, 1, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), static_cast<T>(-1)};
  for (int i = 0; i < 200; ++i) samples.push_back(static_cast<T>(random() >> (random() % 64)));
  return samples;
}

template <class T>
void expect_integer_order() {
  std::mt19937_64 random(test_seed());
  const std::vector<T> samples = integer_samples<T>(random);
  for (const T a : samples) {
    for (const T b : samples) expect_order(a, b);
  }
}

TEST(Codec, Int32KeysOrderAsNumbers) { expect_integer_order<std::int32_t>(); }
TEST(Codec, Int64KeysOrderAsNumbers) { expect_integer_order<std::int64_t>(); }
TEST(Codec, Uint64KeysOrderAsNumbers) { expect_integer_order<std::uint64_t>(); }

TEST(Codec, Int128KeysOrderAsNumbers) {
  std::mt19937_64 random(test_seed());
  const Int128 least = static_cast<Int128>(detail::Uint128{1} << 127);
  std::vector<Int128> samples{0, 1, -1, least, -(least + 1), Int128{1} << 64, -(Int128{1} << 64)};
  for (int i = 0; i < 200; ++i) {
    const detail::Uint128 bits = detail::Uint128{random()} << 64 | random();
    samples.push_back(static_cast<Int128>(bits) >> (random() % 128));
  }
  for (const Int128 a : samples) {
    EXPECT_TRUE(Codec<Int128>::decode_key(key_of(a)) == a);
    EXPECT_TRUE(Codec<Int128>::decode_value(value_of(a)) == a);
    for (const Int128 b : samples) EXPECT_EQ(a < b, key_of(a) < key_of(b));
  }
}

TEST(Codec, BoolKeysOrderFalseFirst) {
  expect_order(false, true);
  expect_order(true, true);
}

TEST(Codec, DoubleKeysOrderAsNumbers) {
  std::mt19937_64 random(test_seed());
  std::vector<double> samples{0.0,
                              1.0,
                              -1.0,
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::denorm_min(),
                              -std::numeric_limits<double>::denorm_min(),
                              std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::lowest()};
  while (samples.size() < 300) {
    const double sample = std::bit_cast<double>(random());
    if (!std::isnan(sample)) samples.push_back(sample);
  }
  for (const double a : samples) {
    for (const double b : samples) expect_order(a, b);
  }
}

TEST(Codec, NegativeZeroIsTheKeyZero) {
  EXPECT_EQ(key_of(-0.0), key_of(0.0));
  EXPECT_FALSE(std::signbit(Codec<double>::decode_key(key_of(-0.0))));
  EXPECT_TRUE(std::signbit(Codec<double>::decode_value(value_of(-0.0)))) << "values keep their sign";
}

TEST(Codec, EveryNaNIsOneKeyAfterAllNumbers) {
  const double quiet = std::numeric_limits<double>::quiet_NaN();
  const double other = std::bit_cast<double>(std::uint64_t{0xfff8000000000123});
  EXPECT_EQ(key_of(quiet), key_of(other));
  EXPECT_LT(key_of(std::numeric_limits<double>::infinity()), key_of(quiet));
  EXPECT_TRUE(std::isnan(Codec<double>::decode_key(key_of(quiet))));
}

TEST(Codec, StringsAndBytesAreStoredAsTheyAre) {
  const std::string text("a\0\xff z", 5);
  EXPECT_EQ(key_of<std::string>(text), text);
  EXPECT_EQ(Codec<std::string>::decode_value(text), text);
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}, std::byte{7}};
  Codec<std::vector<std::byte>>::Scratch scratch;
  const std::string_view encoded = Codec<std::vector<std::byte>>::encode_value(bytes, scratch);
  EXPECT_EQ(encoded, std::string_view("\0\xff\x07", 3));
  EXPECT_EQ(Codec<std::vector<std::byte>>::decode_value(encoded), bytes);
}

TEST(Codec, WrongWidthIsCorrupt) {
  try {
    Codec<std::int64_t>::decode_value("1234");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
  }
}

TEST(Codec, PrefixEndIsTheFirstStringAfterThePrefix) {
  EXPECT_EQ(detail::prefix_end("ab"), "ac");
  EXPECT_EQ(detail::prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(detail::prefix_end("\xff\xff"), "");
  EXPECT_EQ(detail::prefix_end(""), "");
}

}  // namespace
}  // namespace sapwood
