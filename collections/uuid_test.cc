#include "sapwood/uuid.h"

#include <gtest/gtest.h>

#include "sapwood/error.h"

namespace sapwood {
namespace {

TEST(Uuid, TextComesBack) {
  const Uuid uuid = Uuid::parse("0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(uuid.bytes[0], 0x01);
  EXPECT_EQ(uuid.bytes[15], 0x91);
  EXPECT_EQ(uuid.text(), "0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(Uuid::parse("0190163D8694739BAEA5966C26F8AD91"), uuid);
  EXPECT_EQ(Uuid().text(), "00000000-0000-0000-0000-000000000000");
}

TEST(Uuid, OtherTextsAreRefused) {
  for (const char* text :
       {"", "0190163d", "0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad911",
        "0190163d8-694-739b-aea5-966c26f8ad91", "0190163g-8694-739b-aea5-966c26f8ad91",
        "{190163d-8694-739b-aea5-966c26f8ad91}", "0190163d-8694-739b-aea5-966c26f8-d91"}) {
    EXPECT_THROW(Uuid::parse(text), Error) << text;
  }
}

TEST(Uuid, KeysOrderByBytes) {
  Codec<Uuid>::Scratch one, two;
  EXPECT_LT(Codec<Uuid>::encode_key(Uuid{{1, 255}}, one), Codec<Uuid>::encode_key(Uuid{{2}}, two));
  EXPECT_THROW(Codec<Uuid>::decode_key("short"), Error);
}

}  // namespace
}  // namespace sapwood
