// Rows as bytes: what is encoded comes back, and no bytes do harm.
#include "collections/row.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "collections/entry_form.h"
#include "collections/test_seed.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

using Fields = std::map<std::string, std::string>;

std::string encoded(const Fields& row) {
  std::vector<FieldBytes> fields;
  for (const auto& [name, value] : row) fields.push_back({name, value});
  std::string bytes;
  detail::encode_row(bytes, fields);
  return bytes;
}

Fields decoded(Bytes bytes) {
  Fields row;
  const auto take = [](void* to, const FieldBytes& field) {
    EXPECT_TRUE(static_cast<Fields*>(to)->emplace(field.name, field.value).second);
  };
  EXPECT_TRUE(detail::read_row(bytes, {&row, take}));
  return row;
}

std::string random_text(std::mt19937_64& random, std::size_t limit) {
  std::string text(random() % (limit + 1), '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

Fields random_row(std::mt19937_64& random) {
  Fields row;
  const std::size_t limit = std::size_t{1} << random() % 10;
  for (std::size_t left = random() % 200; left != 0; --left) row[random_text(random, 12)] = random_text(random, limit);
  return row;
}

std::string fault_of(Bytes row, const TypeInfo& field) {
  try {
    check_row(row, field);
    return {};
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    return error.what();
  }
}

TEST(Row, BytesAreThoseOfTheFormat) {
  EXPECT_EQ(encoded({}), std::string("\1\0", 2));
  const std::string one = encoded({{"ab", "xyz"}});
  EXPECT_EQ(one.substr(0, 2), "\1\1");
  EXPECT_EQ(one.substr(6), "\2\3abxyz");
  EXPECT_EQ(encoded({{"a", std::string(256, 'v')}}).size(), 1u + 2 + 4 + 4 + 1 + 256);
  EXPECT_EQ(encoded({{"a", std::string(65536, 'v')}}).size(), 1u + 4 + 4 + 8 + 1 + 65536);
}

TEST(RowRandom, ComesBackAndEveryFieldIsFound) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 300; ++round) {
    const Fields row = random_row(random);
    const std::string bytes = encoded(row);
    EXPECT_EQ(fault_of(bytes, ValueType::bytes), "");
    EXPECT_EQ(decoded(bytes), row);
    const RowReader reader((tree::ValueView(bytes)));
    std::string buffer;
    for (const auto& [name, value] : row) {
      const std::optional<u64> found = reader.find(name);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(reader.name(*found, buffer), name);
      EXPECT_EQ(reader.value(*found, buffer), value);
      EXPECT_EQ(reader.find(name + "?").has_value(), row.contains(name + "?"));
    }
  }
}

// Damaged bytes are an error or some row; never a crash, and check_row finds all that are not as encode_row makes them.
TEST(RowRandom, DamageIsToldAndDoesNoHarm) {
  std::mt19937_64 random(test_seed());
  u64 told = 0;
  for (int round = 0; round < 20000; ++round) {
    const Fields row = random_row(random);
    const std::string whole = encoded(row);
    std::string bytes = round % 4 == 0 ? random_text(random, 64) : whole;
    for (u64 left = random() % 3; left != 0 && !bytes.empty(); --left) {
      const std::size_t at = random() % std::min<std::size_t>(bytes.size(), 600);
      bytes[at] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    const std::string fault = fault_of(bytes, ValueType::bytes);
    told += fault.empty() ? 0 : 1;
    try {
      const RowReader reader((tree::ValueView(bytes)));
      std::string buffer;
      for (u64 i = 0; i < std::min<u64>(reader.count(), 300); ++i) reader.find(std::string(reader.name(i, buffer)));
      for (const auto& [name, value] : row) {
        if (const auto found = reader.find(name)) reader.value(*found, buffer);
      }
      if (fault.empty() && !reader.is_placeholder()) {
        EXPECT_EQ(encoded(decoded(bytes)), bytes);
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
      EXPECT_NE(fault, "");
    }
  }
  EXPECT_GT(told, 1000u);
}

TEST(Row, CheckNamesTheRule) {
  EXPECT_EQ(fault_of("", ValueType::bytes), "");
  EXPECT_NE(fault_of("\3", ValueType::bytes).find("W1"), std::string::npos);
  EXPECT_NE(fault_of("\2\1", ValueType::bytes).find("W1"), std::string::npos);
  EXPECT_NE(fault_of(encoded({{"a", "1"}}) + "x", ValueType::bytes).find("W1"), std::string::npos);
  std::string swapped = encoded({{"a", "1"}, {"b", "2"}});
  for (int i = 0; i < 4; ++i) std::swap(swapped[2 + i], swapped[6 + i]);
  EXPECT_NE(fault_of(swapped, ValueType::bytes).find("W2"), std::string::npos);
  EXPECT_NE(fault_of(encoded({{"a", "1"}}), ValueType::int64).find("W3"), std::string::npos);
  EXPECT_NE(fault_of(encoded({{"a", "\x7f"}}), ValueType::any), "");
  EXPECT_EQ(fault_of(encoded({{"a", "\x02"}}), ValueType::any), "");
}

TEST(Row, IsCheckedAsAFormOfValues) {
  const TypeInfo row = TypeInfo(ValueType::string).as_row();
  EXPECT_TRUE(has_form(row));
  EXPECT_NO_THROW(check_form(row, encoded({{"a", "1"}})));
  EXPECT_THROW(check_form(row, "no row"), Error);
}

TEST(Row, RefusesNamesThatAreTwiceOrTooLong) {
  std::string bytes;
  const std::vector<FieldBytes> twice{{"a", "1"}, {"b", "2"}, {"a", "3"}};
  EXPECT_THROW(detail::encode_row(bytes, twice), Error);
  const std::string longest(kMaxFieldName + 1, 'n');
  EXPECT_THROW(detail::encode_row(bytes, std::vector<FieldBytes>{{longest, ""}}), Error);
}

}  // namespace
}  // namespace sapwood::collections
