#include "base/varint.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace sapwood {
namespace {

u64 seed() {
  const char* const given = std::getenv("SAPWOOD_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

const u8* begin_of(const std::string& bytes) { return reinterpret_cast<const u8*>(bytes.data()); }

TEST(Varint, HasTheBytesOfLeb128) {
  std::string bytes;
  append_varint(bytes, 0);
  append_varint(bytes, 127);
  append_varint(bytes, 128);
  append_varint(bytes, 300);
  EXPECT_EQ(bytes, std::string("\x00\x7f\x80\x01\xac\x02", 6));
}

TEST(Varint, RoundTripsAtEveryLength) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    for (const u64 nearby : {u64{0}, u64{1}, ~u64{0}}) {
      const u64 value = (bits == 64 ? 0 : u64{1} << bits) + nearby;
      std::string bytes;
      append_varint(bytes, value);
      EXPECT_EQ(bytes.size(), varint_size(value));
      EXPECT_LE(bytes.size(), kMaxVarintBytes);
      u64 read = ~value;
      EXPECT_EQ(get_varint(begin_of(bytes), begin_of(bytes) + bytes.size(), read), begin_of(bytes) + bytes.size());
      EXPECT_EQ(read, value);
    }
  }
}

TEST(Varint, RandomValuesRoundTripInSequence) {
  const u64 start = seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(start));
  std::mt19937_64 random(start);
  std::vector<u64> values;
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(random() >> (random() % 64));
    append_varint(bytes, values.back());
  }
  const u8* at = begin_of(bytes);
  const u8* const end = at + bytes.size();
  for (const u64 value : values) {
    u64 read = 0;
    at = get_varint(at, end, read);
    ASSERT_NE(at, nullptr);
    ASSERT_EQ(read, value);
  }
  EXPECT_EQ(at, end);
}

TEST(Varint, RefusesWhatIsCutOff) {
  std::string bytes;
  append_varint(bytes, ~u64{0});
  u64 value = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(get_varint(begin_of(bytes), begin_of(bytes) + size, value), nullptr) << size;
  }
}

TEST(Varint, RefusesMoreThan64Bits) {
  const std::string over = std::string(9, '\xff') + '\x02';
  const std::string endless(20, '\x80');
  u64 value = 0;
  EXPECT_EQ(get_varint(begin_of(over), begin_of(over) + over.size(), value), nullptr);
  EXPECT_EQ(get_varint(begin_of(endless), begin_of(endless) + endless.size(), value), nullptr);
}

}  // namespace
}  // namespace sapwood
