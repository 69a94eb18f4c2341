#include "storage/space_delta.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sapwood::storage {
namespace {

std::string encoded(const std::vector<SpaceChange>& changes, TxnId txn) {
  std::string bytes;
  SpaceDeltaWriter writer(bytes, txn);
  for (const SpaceChange& change : changes) writer.add(change);
  return bytes;
}

void expect_same(const std::vector<SpaceChange>& changes, TxnId txn) {
  const std::string bytes = encoded(changes, txn);
  SpaceDeltaReader reader(bytes, txn);
  for (const SpaceChange& expected : changes) {
    const std::optional<SpaceChange> change = reader.next();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->extent, expected.extent);
    EXPECT_EQ(change->dropped, expected.dropped);
    EXPECT_EQ(change->run, expected.run);
    EXPECT_EQ(change->birth, expected.dropped ? expected.birth : 0);
  }
  EXPECT_FALSE(reader.next());
}

TEST(SpaceDelta, ComesBackAsItWas) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const TxnId txn = random() >> (random() % 64);
    std::vector<SpaceChange> changes;
    for (u64 i = random() % 20; i > 0; --i) {
      SpaceChange& change = changes.emplace_back();
      change.extent.start = PageNo{random() % (u64{1} << (1 + random() % 48))};
      change.extent.pages = random() % 2 == 0 ? 1 : static_cast<u32>(1 + random() % 5000);
      change.dropped = random() % 2 == 0;
      change.run = random() % 2 == 0;
      change.birth = static_cast<u32>(random());
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(changes, txn));
  }
}

TEST(SpaceDelta, ATypicalCommitIsSmall) {
  std::vector<SpaceChange> changes;
  for (u64 i = 0; i < 5; ++i) changes.push_back({{PageNo{100'000 + 37 * i}, 1}, false, false, 0});
  for (u64 i = 0; i < 5; ++i) changes.push_back({{PageNo{90'000 + 991 * i}, 1}, true, false, 4000});
  EXPECT_LE(encoded(changes, 5000).size(), 50u);
}

TEST(SpaceDelta, WhatIsNoneIsTold) {
  const std::vector<SpaceChange> changes = {{{PageNo{70'000}, 300}, true, true, 9}};
  const std::string bytes = encoded(changes, 1'000'000);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    SpaceDeltaReader reader(Bytes(bytes).substr(0, size), 1'000'000);
    EXPECT_THROW(reader.next(), Error) << size;
  }
  const std::string far_away = std::string(9, '\xff') + '\x01';
  SpaceDeltaReader far(far_away, 1);
  EXPECT_THROW(far.next(), Error);
}

}  // namespace
}  // namespace sapwood::storage
