#include "sapwood/json.h"

#include <gtest/gtest.h>

#include "sapwood/error.h"

namespace sapwood {
namespace {

std::string complaint(std::string_view text) {
  try {
    check_json(text);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
}

std::string nested(std::size_t depth, const std::string& inner = "") {
  return std::string(depth, '[') + inner + std::string(depth, ']');
}

TEST(Json, DocumentsAreTaken) {
  const std::string documents[] = {"null",
                                   "true",
                                   "false",
                                   "0",
                                   "-0",
                                   "-1.5e-400",
                                   "1E+9",
                                   "123456789012345678901234567890",
                                   "\"\"",
                                   "[]",
                                   "{}",
                                   " \t\r\n[ 1 , 2 ] \n",
                                   R"({"a":{"b":[null,true]},"a":1})",
                                   R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00")",
                                   "\"\xc3\xa9 \x7f\"",
                                   nested(kMaxJsonDepth),
                                   R"({"":[{}]})"};
  for (const std::string& text : documents) EXPECT_EQ(complaint(text), "") << text;
}

TEST(Json, OthersAreRefused) {
  const std::string texts[] = {"",
                               " ",
                               "nul",
                               "nullx",
                               "True",
                               "01",
                               "1.",
                               ".5",
                               "-",
                               "+1",
                               "1e",
                               "1e+",
                               "0x1",
                               "NaN",
                               "inf",
                               "[",
                               "[1",
                               "[1,",
                               "[1,]",
                               "[,1]",
                               "]",
                               "{",
                               "{\"a\"}",
                               "{\"a\":}",
                               "{\"a\":1,}",
                               "{a:1}",
                               "{1:2}",
                               "\"",
                               "\"a",
                               "\"\\",
                               "\"\\x\"",
                               "\"\\u12\"",
                               "\"\\u12g4\"",
                               "\"\\ud800\"",
                               "\"\\ud800\\n\"",
                               "\"\\ud800\\ud800\"",
                               "\"\\udc00\"",
                               "'a'",
                               "\"\n\"",
                               "\"\x01\"",
                               "\"\xff\"",
                               "\"\xc3\"",
                               "1 2",
                               "[1]]",
                               "/**/1",
                               std::string("\xef\xbb\xbf") + "1",
                               std::string("1\0", 2),
                               std::string("\0", 1),
                               nested(kMaxJsonDepth + 1),
                               std::string(100'000, '['),
                               "{\"a\":" + nested(kMaxJsonDepth) + "}"};
  for (const std::string& text : texts) EXPECT_NE(complaint(text), "") << text;
}

TEST(Json, ComplaintsTellWhere) {
  EXPECT_EQ(complaint("[1,\n 2,"), "not JSON: at byte 7: a value is missing");
  EXPECT_EQ(complaint("{\"a\" 1}"), "not JSON: at byte 5: ':' is missing");
  EXPECT_EQ(complaint(std::string(600, '[')), "not JSON: at byte 512: nested more than 512 deep");
}

TEST(Json, StoredTextsAreCheckedAndKept) {
  Codec<Json>::Scratch scratch;
  EXPECT_EQ(Codec<Json>::encode_value("[1, 2]", scratch), "[1, 2]");
  EXPECT_THROW(Codec<Json>::encode_value("[1, 2", scratch), Error);
  EXPECT_EQ(Codec<Json>::decode_value("[1, 2]"), Json{"[1, 2]"});
  EXPECT_EQ(complaint(Json().text), "");
}

}  // namespace
}  // namespace sapwood
