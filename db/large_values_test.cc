// Large values through a crash: the redo log refers to them, and recovery makes every kind of collection of them again.
#include <algorithm>
#include <map>
#include <random>

#include "db/testing.h"
#include "os/sim_disk.h"
#include "sapwood/sapwood.h"

namespace sapwood {
namespace {

constexpr const char* kPath = "/db";

std::string value_of(std::mt19937_64& random, std::size_t size) {
  std::string value(size, '\0');
  for (char& c : value) c = static_cast<char>(random());
  return value;
}

struct Stored {
  std::vector<std::string> list;
  std::map<std::string, std::string> sorted, dict, loaded;
};

class LargeValues : public ::testing::TestWithParam<Durability> {
 protected:
  LargeValues() {
    options_.env = &disk_;
    options_.durability = GetParam();
    options_.dirty_limit = 1u << 20;  // a bulk load in hash order writes sorted runs in between
  }

  // From none to several chunks, whole pages and with tails; short ones between.
  std::string value() {
    constexpr std::size_t kSizes[] = {0, 100, 3000, 16384, 16385, 70'000, 1u << 20, (1u << 20) + 900, 5u << 20};
    return value_of(random_, kSizes[random_() % std::size(kSizes)]);
  }

  void fill(Database& db) {
    {
      WriteTxn txn = db.begin_write();
      auto list = txn.list<std::string>("list");
      auto sorted = txn.sorted_map<std::string, std::string>("sorted");
      auto dict = txn.dict<std::string, std::string>("dict");
      for (int i = 0; i < 40; ++i) {
        stored_.list.insert(stored_.list.begin() + i / 2, value());
        list.insert(static_cast<std::uint64_t>(i / 2), stored_.list[static_cast<std::size_t>(i / 2)]);
        const std::string key = std::to_string(i % 17);
        sorted.put(key, stored_.sorted[key] = value());
        // Its key stands in front of the value, in the same runs.
        const std::string long_key = key + std::string(i % 3 == 0 ? 60'000 : i % 3 == 1 ? 5000 : 1, 'k');
        dict.put(long_key, stored_.dict[long_key] = value());
      }
      for (int i = 0; i < 10; ++i) {
        stored_.list[static_cast<std::size_t>(i)] = value();
        list.set(static_cast<std::uint64_t>(i), stored_.list[static_cast<std::size_t>(i)]);
      }
      txn.commit();
    }
    auto list = db.list<std::string>("list");
    const std::vector<std::string> more{value(), value(), value()};
    list.extend(more);
    stored_.list.insert(stored_.list.end(), more.begin(), more.end());
    for (int i = 0; i < 20; ++i) stored_.loaded[std::to_string(i)] = value();
    db.dict<std::string, std::string>("loaded").bulk_load(stored_.loaded);
  }

  template <class Map>
  static std::map<std::string, std::string> entries_of(const Map& map) {
    std::map<std::string, std::string> found;
    for (const auto& [key, value] : map) found[std::string(key)] = value;
    return found;
  }

  void expect_stored(Database& db) {
    EXPECT_TRUE(std::ranges::equal(db.list<std::string>("list"), stored_.list));
    EXPECT_TRUE(entries_of(db.sorted_map<std::string, std::string>("sorted")) == stored_.sorted);
    EXPECT_TRUE(entries_of(db.dict<std::string, std::string>("dict")) == stored_.dict);
    EXPECT_TRUE(entries_of(db.dict<std::string, std::string>("loaded")) == stored_.loaded);
    expect_sound(db);
  }

  os::SimDisk disk_{os::SimDiskOptions{.reservation_bytes = std::uint64_t{2} << 30}};
  Options options_;
  std::mt19937_64 random_{7};
  Stored stored_;
};

TEST_P(LargeValues, OfEveryKindOfCollectionSurviveAKill) {
  Database db = Database::open(kPath, options_);
  fill(db);
  const std::unique_ptr<os::SimDisk> left = disk_.clone();
  expect_stored(db);
  Options options = options_;
  options.env = left.get();
  Database recovered = Database::open(kPath, options);
  expect_stored(recovered);
  recovered.close();
  Database reopened = Database::open(kPath, options);
  expect_stored(reopened);
}

INSTANTIATE_TEST_SUITE_P(Durability, LargeValues, ::testing::Values(Durability::async, Durability::sync));

}  // namespace
}  // namespace sapwood
