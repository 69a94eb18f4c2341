// Forms of values: their options, headers, frames, and the entries of the index of times.
#include "collections/value_form.h"

#include <gtest/gtest.h>

#include "collections/dictionary.h"
#include "collections/testing.h"
#include "collections/time_index.h"
#include "collections/type_options.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

ValueForm full_form() {
  ValueForm form;
  form.timestamps = true;
  form.time_index = 7;
  form.time_to_live_us = 5;
  form.dictionaries = 8;
  form.level = 3;
  form.expiry_index = 9;
  return form;
}

std::string encoded(const ValueForm& form) {
  std::string options;
  append_form_options(options, form);
  return options;
}

TEST(ValueForm, OptionsComeBack) {
  ValueForm compressed, timed, expiring, indexed = full_form();
  expiring.expiry_index = 4;
  indexed.expiry_index = 0;
  compressed.dictionaries = 9;
  timed.timestamps = true;
  EXPECT_EQ(encoded({}), "");
  EXPECT_EQ(encoded(timed), std::string("\x10\0", 2));
  for (const ValueForm& form : {ValueForm(), compressed, timed, expiring, indexed, full_form()}) {
    ValueForm taken;
    EXPECT_TRUE(take_form_options(encoded(form), taken));
    EXPECT_EQ(taken, form);
    CollectionTypes types;
    EXPECT_TRUE(take_create_options(create_options(types, form), types, taken));
    EXPECT_EQ(taken, form);
  }
}

TEST(ValueForm, OtherOptionsAreRefused) {
  const std::string good = encoded(full_form());
  std::vector<std::string> bad{good + good, std::string("\x15\0", 2), std::string("\x10\1\0", 3)};
  for (std::size_t size = 1; size < good.size(); ++size) {
    const std::string cut = good.substr(0, size);
    if (size != 2 && size != 12 && size != 22 && size != 33) bad.push_back(cut);  // those are whole options
  }
  ValueForm no_index = full_form(), no_time = full_form(), level = full_form(), negative = full_form();
  no_index.time_index = no_index.expiry_index = 0;
  no_time.timestamps = false;
  level.level = 20;
  negative.time_to_live_us = -1;
  for (const ValueForm& form : {no_index, no_time, level, negative}) bad.push_back(encoded(form));
  for (const std::string& options : bad) {
    ValueForm taken;
    EXPECT_FALSE(take_form_options(options, taken)) << options.size();
  }
}

TEST(ValueForm, HeadersStandBeforeValues) {
  std::string stored;
  append_header(stored, full_form(), {-2, 3}, true);
  EXPECT_EQ(stored, std::string("\xfe\xff\xff\xff\xff\xff\xff\xff\3\0\0\0\0\0\0\0\1", 17));
  stored += "value";
  const FormedValue value = split_value(full_form(), stored, "c");
  EXPECT_EQ(value.times, (StoredTimes{-2, 3}));
  EXPECT_TRUE(value.compressed);
  EXPECT_EQ(value.payload, "value");
  replace_times(stored, full_form(), {77, kNeverUs});
  EXPECT_EQ(split_value(full_form(), stored, "c").times, (StoredTimes{77, kNeverUs}));
  EXPECT_EQ(code_of([&] { split_value(full_form(), stored.substr(0, 16), "c"); }), ErrorCode::corrupt);
  stored[16] = '\2';
  EXPECT_EQ(code_of([&] { split_value(full_form(), stored, "c"); }), ErrorCode::corrupt);
}

TEST(ValueForm, AnExpiryOfItsOwnOverridesTheTimeToLive) {
  const ValueForm form = full_form();
  EXPECT_EQ(form.expires_at({100}), 105);
  EXPECT_EQ(form.expires_at({100, 7}), 7);
  EXPECT_EQ(form.expires_at({100, kNeverUs}), kNeverUs);
  EXPECT_EQ(form.expires_at({kNeverUs - 2}), kNeverUs) << "no overflow";
  EXPECT_EQ(ValueForm().expires_at({100}), kNeverUs);
}

TEST(Dictionary, MakesShortValuesShorter) {
  Samples samples;
  const auto text = [](int i) {
    return "{\"name\": \"someone " + std::to_string(i * 7919) + "\", \"kind\": \"user\"}";
  };
  for (int i = 0; i < 1000; ++i) samples.add(text(i));
  const std::string bytes = train_dictionary(samples, 5);
  ASSERT_FALSE(bytes.empty());
  const Dictionary dictionary(bytes);
  std::string alone, with, back;
  append_compressed(alone, text(5000), 3, nullptr);
  ASSERT_TRUE(append_compressed(with, text(5000), 3, &dictionary));
  EXPECT_LT(with.size(), text(5000).size() / 2);
  EXPECT_EQ(dictionary_number(with), 5u);
  decompress(back, with, &dictionary, "c");
  EXPECT_EQ(back, text(5000));
  for (std::size_t size = 0; size < with.size(); ++size) {
    EXPECT_EQ(code_of([&] { decompress(back, Bytes(with).substr(0, size), &dictionary, "c"); }), ErrorCode::corrupt);
  }
  EXPECT_EQ(code_of([&] { decompress(back, with, nullptr, "c"); }), ErrorCode::corrupt);
}

TEST(Dictionary, NeedsEnoughValues) {
  Samples samples;
  for (int i = 0; i < 10; ++i) samples.add("some text");
  EXPECT_EQ(train_dictionary(samples, 1), "");
}

TEST(TimeIndex, KeysAscendWithTimes) {
  std::string last;
  for (const i64 time : {std::numeric_limits<i64>::min(), i64{-5}, i64{0}, i64{5}, std::numeric_limits<i64>::max()}) {
    const std::string bound = time_bound(time);
    EXPECT_LT(last, bound);
    last = bound;
  }
}

TEST(TimeIndex, LongKeysAreKeptInTheValue) {
  constexpr u32 kPage = 512;
  const std::string fits(kPage / 4 - 9, 'k'), exceeds(kPage / 4 - 8, 'k'), longest(kPage / 4, 'k');
  const TimeEntry small(1, fits, {}, kPage);
  EXPECT_EQ(small.key(), time_bound(1) + fits);
  EXPECT_EQ(small.value(), "");
  const TimeEntry large(1, exceeds, {}, kPage), other(1, longest, {}, kPage);
  EXPECT_EQ(large.key().size(), kPage / 4);
  EXPECT_EQ(large.value(), exceeds);
  EXPECT_EQ(other.key().size(), kPage / 4);
  EXPECT_NE(large.key(), other.key());
}

}  // namespace
}  // namespace sapwood::collections
