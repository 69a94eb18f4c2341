#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "sapwood/error.h"

namespace sapwood {
namespace {

// Values of the reference implementation: a file written on one machine is checked on another.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash64("", 0, 0), 0x2d06800538d394c2u);
  EXPECT_EQ(hash64("a", 1, 0), 0xe6c632b61e964e1fu);
  EXPECT_EQ(hash64("abc", 3, 0), 0x78af5f94892f3950u);
}

TEST(Hash, DependsOnSeedAndEveryByte) {
  std::string bytes(300, 'x');
  const u64 before = hash64(bytes.data(), bytes.size(), 7);
  EXPECT_NE(before, hash64(bytes.data(), bytes.size(), 8));
  EXPECT_NE(before, hash64(bytes.data(), bytes.size() - 1, 7));
  for (char& byte : bytes) {
    byte = 'y';
    EXPECT_NE(before, hash64(bytes.data(), bytes.size(), 7));
    byte = 'x';
  }
  EXPECT_EQ(before, hash64(bytes.data(), bytes.size(), 7));
}

TEST(Hash, FoldsByXorOfTheHalves) {
  EXPECT_EQ(fold32(0x1234'5678'9abc'def0u), 0x1234'5678u ^ 0x9abc'def0u);
  EXPECT_EQ(hash32("abc", 3, 5), fold32(hash64("abc", 3, 5)));
}

TEST(ErrorCodes, HaveNames) {
  EXPECT_STREQ(error_code_name(ErrorCode::corrupt), "corrupt");
  EXPECT_STREQ(error_code_name(ErrorCode::cancelled), "cancelled");
  EXPECT_STREQ(error_code_name(static_cast<ErrorCode>(999)), "unknown");
}

}  // namespace
}  // namespace sapwood
