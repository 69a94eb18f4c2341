#include "base/bytes.h"

#include <gtest/gtest.h>

namespace sapwood {
namespace {

TEST(Bytes, StoresLittleEndianAtAnyAlignment) {
  u8 buffer[16] = {};
  store<u32>(buffer + 1, 0x04030201);
  EXPECT_EQ(bytes_of(buffer, 6), Bytes("\0\1\2\3\4\0", 6));
  EXPECT_EQ(load<u32>(buffer + 1), 0x04030201u);
  EXPECT_EQ(load<u16>(buffer + 2), 0x0302u);
}

TEST(Bytes, FortyEightBitsTouchSixBytes) {
  u8 buffer[8];
  std::memset(buffer, 0xee, sizeof buffer);
  store_u48(buffer + 1, 0x0000'a5b4'c3d2'e1f0u);
  EXPECT_EQ(load_u48(buffer + 1), 0x0000'a5b4'c3d2'e1f0u);
  EXPECT_EQ(buffer[0], 0xee);
  EXPECT_EQ(buffer[7], 0xee);
  store_u48(buffer + 1, (u64{1} << 48) - 1);
  EXPECT_EQ(load_u48(buffer + 1), (u64{1} << 48) - 1);
}

TEST(Bytes, BigEndianKeepsTheOrderOfNumbers) {
  u8 low[8];
  u8 high[8];
  store_be64(low, 0x01ff);
  store_be64(high, 0x0200);
  EXPECT_LT(bytes_of(low, 8), bytes_of(high, 8));
  EXPECT_EQ(load_be64(low), 0x01ffu);
  store_be32(low, 0x01020304);
  EXPECT_EQ(bytes_of(low, 4), Bytes("\1\2\3\4", 4));
  EXPECT_EQ(load_be32(low), 0x01020304u);
}

TEST(Bytes, CompareAsUnsignedThenByLength) {
  EXPECT_LT(Bytes("\x7f"), Bytes("\x80"));
  EXPECT_LT(Bytes("a"), Bytes("ab"));
  EXPECT_LT(Bytes("", 0), Bytes("\0", 1));
}

}  // namespace
}  // namespace sapwood
