// Versions at sizes that hurt: a difference in ten million entries, a thousand named snapshots.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>
#include <ranges>

#include "sapwood/sapwood.h"
#include "tests/support/random.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

Options quick_options() {
  Options options;
  options.durability = Durability::none;
  options.exclusive = true;
  return options;
}

TEST(Versions, ADifferenceInTenMillionEntriesReadsFewPages) {
  const TempFolder folder{true};
  Rng random(test_seed());
  Database db = Database::open(folder.file("x"), quick_options());
  constexpr std::int64_t kEntries = 10'000'000;
  auto map = db.sorted_map<std::int64_t, std::int64_t>("map");
  map.bulk_load(std::views::iota(std::int64_t{0}, kEntries) |
                std::views::transform([](std::int64_t i) { return std::pair(2 * i, i); }));
  db.snapshot("before");
  std::map<std::int64_t, std::optional<std::int64_t>> changes;
  db.write([&](WriteTxn& txn) {
    auto inside = txn.sorted_map<std::int64_t, std::int64_t>("map");
    for (std::int64_t i = 0; i < 100; ++i) {
      const std::int64_t key = static_cast<std::int64_t>(below(random, 2 * kEntries));
      if (i % 3 == 0) inside.erase(key), changes[key] = std::nullopt;
      else inside.put(key, -1), changes[key] = -1;
    }
  });
  db.snapshot("after");
  std::uint64_t found = 0;
  const ChangeSummary summary = db.at("after").sorted_map<std::int64_t, std::int64_t>("map").changes_since(
      db.at("before").sorted_map<std::int64_t, std::int64_t>("map"),
      [&](const Change<std::int64_t, std::int64_t>& change) {
        ++found;
        ASSERT_TRUE(changes.contains(change.key));
        EXPECT_EQ(changes[change.key], change.after);
      });
  EXPECT_GT(found, 60u);
  EXPECT_LT(summary.pages_read, 2000u);
  std::printf("%llu changes, %llu pages read\n", static_cast<unsigned long long>(found),
              static_cast<unsigned long long>(summary.pages_read));
}

// Changes, snapshots, drops in random order and restarts; what is left then is compacted to what a fresh file takes.
TEST(Versions, AThousandNamedSnapshotsChurn) {
  const TempFolder folder{true};
  Rng random(test_seed());
  std::optional<Database> db(Database::open(folder.file("x"), quick_options()));
  std::map<std::int64_t, std::string> contents;
  std::map<std::string, std::map<std::int64_t, std::string>> named;
  const auto contents_of = [](const ReadTxn& txn) {
    std::map<std::int64_t, std::string> found;
    for (auto&& [key, value] : txn.sorted_map<std::int64_t, std::string>("map")) found.emplace(key, value);
    return found;
  };
  for (int made = 0; made < 1000;) {
    db->write([&](WriteTxn& txn) {
      auto map = txn.sorted_map<std::int64_t, std::string>("map");
      for (int i = 0; i < 100; ++i) {
        const auto key = static_cast<std::int64_t>(below(random, 20'000));
        if (one_in(random, 4)) {
          map.erase(key);
          contents.erase(key);
        } else {
          const u64 size = one_in(random, 50) ? below(random, 20'000) : below(random, 100);
          contents[key] = std::string(size, static_cast<char>('a' + below(random, 26)));
          map.put(key, contents[key]);
        }
      }
    });
    if (named.size() > 40 || (!named.empty() && one_in(random, 3))) {
      const auto dropped = std::next(named.begin(), static_cast<std::ptrdiff_t>(below(random, named.size())));
      ASSERT_TRUE(db->drop_snapshot(dropped->first));
      named.erase(dropped);
    } else {
      const std::string name = std::to_string(made++);
      db->snapshot(name);
      named[name] = contents;
    }
    if (!one_in(random, 100)) continue;
    for (const auto& [name, then] : named) ASSERT_EQ(contents_of(db->at(name)), then) << name;
    ASSERT_EQ(db->check(), std::vector<std::string>());
    db->close();
    db.emplace(Database::open(folder.file("x"), quick_options()));
  }
  while (!named.empty()) {
    ASSERT_TRUE(db->drop_snapshot(named.begin()->first));
    named.erase(named.begin());
  }
  db->compact();
  EXPECT_EQ(contents_of(db->read()), contents);
  EXPECT_EQ(db->check(), std::vector<std::string>());
  db->close();
  Database fresh = Database::open(folder.file("fresh"), quick_options());
  fresh.sorted_map<std::int64_t, std::string>("map").bulk_load(contents);
  fresh.close();
  const auto size = [&](const char* name) {
    return static_cast<double>(std::filesystem::file_size(folder.file(name)));
  };
  EXPECT_LE(size("x"), 1.1 * size("fresh"));
  std::printf("%.0f bytes, fresh %.0f\n", size("x"), size("fresh"));
}

}  // namespace
}  // namespace sapwood::test
