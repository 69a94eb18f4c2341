#include "collections/operations.h"

#include <random>

#include <gtest/gtest.h>

#include "collections/test_seed.h"
#include "sapwood/error.h"

namespace sapwood::collections {
namespace {

std::string encoded(const Operation& operation) {
  std::string bytes;
  encode_operation(bytes, operation);
  return bytes;
}

Operation decoded(Bytes bytes) {
  Operation operation = decode_operation(bytes);
  EXPECT_TRUE(bytes.empty()) << "bytes left over";
  return operation;
}

ErrorCode code_of_decoding(Bytes bytes) {
  try {
    decode_operation(bytes);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "decoded";
  return ErrorCode::io;
}

std::vector<Operation> one_of_each() {
  const CollectionTypes types{CollectionKind::sorted_map, ValueType::string, ValueType::float64};
  Operation bounded{.kind = OperationKind::erase_range, .id = 9};
  bounded.low = "a";
  bounded.high = "";
  return {{.kind = OperationKind::create, .id = 300, .types = types, .name = "mass"},
          {.kind = OperationKind::drop, .id = 1},
          {.kind = OperationKind::put, .id = 2, .key = "k", .value = std::string_view("\0v", 2)},
          {.kind = OperationKind::erase, .id = 2, .key = ""},
          {.kind = OperationKind::list_insert, .id = 3, .value = "x", .index = u64{1} << 40},
          {.kind = OperationKind::list_set, .id = 3, .value = "", .index = 0},
          {.kind = OperationKind::put, .id = 2, .key = "k", .value = "tail", .in_runs = InRuns{3, 200, 1 << 20}},
          {.kind = OperationKind::list_insert, .id = 3, .value = "", .in_runs = InRuns{0, 1, 4096}, .index = 9},
          {.kind = OperationKind::list_set, .id = 3, .value = "t", .in_runs = InRuns{1, 2, 3}, .index = 9},
          {.kind = OperationKind::list_erase, .id = 3, .index = 7, .count = 1000},
          {.kind = OperationKind::erase_range, .id = 4},
          bounded,
          {.kind = OperationKind::clear, .id = u64{1} << 63},
          {.kind = OperationKind::rename, .id = 5, .name = "new"},
          {.kind = OperationKind::create_nested,
           .id = 6,
           .types = types,
           .to = {.kind = Location::Kind::key, .parent = 5, .key = "k"}},
          {.kind = OperationKind::create_nested,
           .id = 7,
           .types = types,
           .to = {.kind = Location::Kind::position, .parent = 300, .index = 400}},
          {.kind = OperationKind::move,
           .id = 7,
           .from = {.kind = Location::Kind::position, .parent = 300, .index = 1},
           .to = {.kind = Location::Kind::name, .key = "name"}},
          {.kind = OperationKind::reclaim_step, .id = 8, .count = 999}};
}

TEST(Operations, EveryKindComesBack) {
  for (const Operation& operation : one_of_each()) {
    const std::string bytes = encoded(operation);
    const Operation back = decoded(bytes);
    EXPECT_EQ(back.kind, operation.kind);
    EXPECT_EQ(back.id, operation.id);
    EXPECT_EQ(back.name, operation.name);
    EXPECT_EQ(back.key, operation.key);
    EXPECT_EQ(back.in_runs, operation.in_runs);
    EXPECT_EQ(back.value, operation.value);
    EXPECT_EQ(back.index, operation.index);
    EXPECT_EQ(back.count, operation.count);
    EXPECT_EQ(back.low, operation.low);
    EXPECT_EQ(back.high, operation.high);
    EXPECT_EQ(back.types, operation.types);
    EXPECT_EQ(back.from, operation.from);
    EXPECT_EQ(back.to, operation.to);
  }
}

TEST(Operations, BytesArePinned) {
  EXPECT_EQ(encoded({.kind = OperationKind::put, .id = 2, .key = "k", .value = "vw"}),
            std::string("\x03\x02\x01k\x02vw", 7));
  EXPECT_EQ(encoded({.kind = OperationKind::list_insert, .id = 300, .value = "x", .index = 5}),
            std::string("\x05\xac\x02\x05\x01x", 6));
  EXPECT_EQ(encoded({.kind = OperationKind::move,
                     .id = 2,
                     .from = {.kind = Location::Kind::name, .key = "a"},
                     .to = {.kind = Location::Kind::position, .parent = 3, .index = 4}}),
            std::string("\x0b\x02\x00\x01"
                        "a\x02\x03\x04",
                        8));
  EXPECT_EQ(encoded({.kind = OperationKind::create_nested,
                     .id = 2,
                     .types = {CollectionKind::list, ValueType::none, ValueType::int64},
                     .to = {.kind = Location::Kind::key, .parent = 1, .key = "k"}}),
            std::string("\x0f\x02\x01\x00\x03\x01\x01\x01k\x00", 10));
  EXPECT_EQ(encoded({.kind = OperationKind::reclaim_step, .id = 2, .count = 300}), "\x0e\x02\xac\x02");
}

TEST(Operations, EveryTruncationIsCorrupt) {
  for (const Operation& operation : one_of_each()) {
    const std::string bytes = encoded(operation);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(code_of_decoding(Bytes(bytes).substr(0, size)), ErrorCode::corrupt) << size;
    }
  }
}

TEST(Operations, AnUnknownKindIsANewerFormat) {
  EXPECT_EQ(code_of_decoding(std::string_view("\x7e\x01", 2)), ErrorCode::newer_format);
  EXPECT_EQ(code_of_decoding(std::string_view("\x00\x01", 2)), ErrorCode::newer_format);
  EXPECT_EQ(code_of_decoding(std::string_view("\x01\x01\x07\x00\x06\x00\x00", 7)), ErrorCode::newer_format);
}

TEST(Operations, RandomBytesNeverGetPastTheirEnd) {
  std::mt19937_64 random(test_seed());
  u64 accepted = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes(random() % 24, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 12);
    Bytes rest = bytes;
    try {
      while (!rest.empty()) {
        const Operation operation = decode_operation(rest);
        ASSERT_LE(operation.key.size() + operation.value.size() + operation.name.size(), bytes.size());
        ++accepted;
      }
    } catch (const Error& error) {
      ASSERT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::newer_format) << error.what();
    }
  }
  EXPECT_GT(accepted, 0u);
}

}  // namespace
}  // namespace sapwood::collections
