#include "sapwood/datetime.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "collections/test_seed.h"
#include "sapwood/error.h"

namespace sapwood {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(DateTime, TextIsIso8601) {
  const std::pair<std::int64_t, const char*> samples[] = {
      {0, "1970-01-01T00:00:00Z"},
      {-1, "1969-12-31T23:59:59.999999Z"},
      {1'795'253'400'123'456, "2026-11-21T09:30:00.123456Z"},
      {951'782'400'000'000, "2000-02-29T00:00:00Z"},
      {-62'167'219'200'000'000, "0000-01-01T00:00:00Z"},
      {-62'167'219'200'000'001, "-00001-12-31T23:59:59.999999Z"},
      {253'402'300'800'000'000, "+10000-01-01T00:00:00Z"},
      {kMost, "+294247-01-10T04:00:54.775807Z"},
      {kLeast, "-290308-12-21T19:59:05.224192Z"},
  };
  for (const auto& [us, text] : samples) {
    EXPECT_EQ(DateTime{us}.text(), text);
    EXPECT_EQ(DateTime::parse(text), DateTime{us}) << text;
  }
}

TEST(DateTime, OtherWaysToWriteAMoment) {
  const DateTime time = DateTime::parse("2026-11-21T09:30:00.120000Z");
  for (const char* text :
       {"2026-11-21T09:30:00.12Z", "2026-11-21 09:30:00.12Z", "2026-11-21t09:30:00.12z", "2026-11-21T10:30:00.12+01:00",
        "2026-11-21T00:00:00.12-09:30", "+2026-11-21T09:30:00.12Z"}) {
    EXPECT_EQ(DateTime::parse(text), time) << text;
  }
  EXPECT_EQ(DateTime::from(time.time()), time);
}

TEST(DateTime, OtherTextsAreRefused) {
  for (const char* text : {"",
                           "today",
                           "2026-11-21",
                           "2026-11-21T09:30Z",
                           "2026-11-21T09:30:00",
                           "2026-11-21T24:00:00Z",
                           "2026-11-21T09:60:00Z",
                           "2026-11-21T09:30:60Z",
                           "2026-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-04-00T00:00:00Z",
                           "26-04-01T00:00:00Z",
                           "12026-04-01T00:00:00Z",
                           "2026-11-21T09:30:00.Z",
                           "2026-11-21T09:30:00.1234567Z",
                           "2026-11-21T09:30:00+1:00",
                           "2026-11-21T09:30:00ZZ",
                           "+294247-01-10T04:00:54.775808Z",
                           "-290308-12-21T19:59:05.224191Z",
                           "+999999-01-01T00:00:00Z",
                           "2026-1-21T09:30:00Z",
                           "2026-11-21T09:30:9999999999999998Z"}) {
    EXPECT_THROW(DateTime::parse(text), Error) << text;
  }
}

TEST(DateTime, RandomMomentsComeBackAndTextsOrderAsTheyDo) {
  std::mt19937_64 random(test_seed());
  std::string last;
  for (int i = 0; i < 20'000; ++i) {
    const DateTime time{static_cast<std::int64_t>(random()) >> (random() % 40)};
    EXPECT_EQ(DateTime::parse(time.text()), time) << time.us;
  }
  for (std::int64_t us = 0; us < 253'402'300'800'000'000; us += 3'000'000'000'000'001) {
    const std::string text = DateTime{us}.text().substr(0, 19);
    EXPECT_LT(last, text);
    last = text;
  }
}

}  // namespace
}  // namespace sapwood
