// What changed between two versions: exactly that, and found by reading little.
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Contents = std::map<std::int64_t, std::string>;

// Applies what changes_since tells to `then`.
template <class Map>
Contents apply(Contents then, const Map& before, const Map& after) {
  after.changes_since(before, [&](const Change<std::int64_t, std::string>& change) {
    const auto found = then.find(change.key);
    EXPECT_EQ(found != then.end(), change.kind != ChangeKind::added);
    EXPECT_EQ(change.before.has_value(), change.kind != ChangeKind::added);
    EXPECT_EQ(change.after.has_value(), change.kind != ChangeKind::removed);
    if (change.before) {
      EXPECT_EQ(found->second, *change.before);
    }
    if (change.kind == ChangeKind::changed) {
      EXPECT_NE(*change.before, *change.after);
    }
    if (change.after) then[change.key] = *change.after;
    else then.erase(change.key);
  });
  return then;
}

template <class Map>
class ChangesOfMaps : public testing::Test {
 protected:
  static Map in(const ReadTxn& txn) {
    if constexpr (std::is_same_v<Map, Dict<std::int64_t, std::string>>) return txn.dict<std::int64_t, std::string>("m");
    else return txn.sorted_map<std::int64_t, std::string>("m");
  }
  static Map in(Database& db) {
    if constexpr (std::is_same_v<Map, Dict<std::int64_t, std::string>>) return db.dict<std::int64_t, std::string>("m");
    else return db.sorted_map<std::int64_t, std::string>("m");
  }
};
using Maps = testing::Types<SortedMap<std::int64_t, std::string>, Dict<std::int64_t, std::string>>;
TYPED_TEST_SUITE(ChangesOfMaps, Maps);

TYPED_TEST(ChangesOfMaps, RandomVersionsLeadToEachOther) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  TypeParam map = TestFixture::in(db);
  Contents contents;
  std::vector<std::pair<std::string, Contents>> versions;
  for (int version = 0; version < 12; ++version) {
    for (std::uint64_t i = random() % 3 == 0 ? 600 : random() % 20; i-- > 0;) {
      const std::int64_t key = static_cast<std::int64_t>(random() % 2000);
      if (random() % 3 == 0) {
        map.erase(key);
        contents.erase(key);
      } else {
        contents[key] = std::string(random() % 20 == 0 ? 2000 : random() % 50, 'a' + char(random() % 26));
        map.put(key, contents[key]);
      }
    }
    if (random() % 8 == 0) map.clear(), contents.clear();
    versions.emplace_back("v" + std::to_string(version), contents);
    db.snapshot(versions.back().first);
  }
  for (const auto& [one, then] : versions) {
    for (const auto& [other, later] : versions) {
      EXPECT_EQ(apply(then, TestFixture::in(db.at(one)), TestFixture::in(db.at(other))), later) << one << " " << other;
    }
  }
}

TEST(Changes, OfAListLeadFromOneToTheOther) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("l");
  std::vector<std::string> items;
  for (int i = 0; i < 3000; ++i) items.push_back("item " + std::to_string(i));
  list.extend(items);
  for (int round = 0; round < 30; ++round) {
    const ReadTxn before = db.read();
    const std::vector<std::string> then = items;
    for (std::uint64_t i = 1 + random() % 6; i-- > 0;) {
      const std::uint64_t at = random() % items.size();
      const auto place = items.begin() + static_cast<std::ptrdiff_t>(at);
      const std::string text = "new " + std::to_string(random() % 1000);
      switch (random() % 4) {
        case 0: list.insert(at, text), items.insert(place, text); break;
        case 1: list.erase(at), items.erase(place); break;
        case 2: list.set(at, text), *place = text; break;
        default: {
          const std::uint64_t count = std::min<std::uint64_t>(items.size() - at, random() % 200);
          list.erase(at, count);
          items.erase(place, place + static_cast<std::ptrdiff_t>(count));
        }
      }
    }
    std::vector<std::string> rebuilt;
    std::uint64_t done = 0;
    const auto summary = db.read().list<std::string>("l").changes_since(
        before.list<std::string>("l"), [&](const Change<std::monostate, std::string>& change) {
          rebuilt.insert(rebuilt.end(), then.begin() + static_cast<std::ptrdiff_t>(done),
                         then.begin() + static_cast<std::ptrdiff_t>(change.before_index));
          EXPECT_EQ(change.after_index, rebuilt.size());
          if (change.before) {
            EXPECT_EQ(*change.before, then.at(change.before_index));
          }
          if (change.after) rebuilt.push_back(*change.after);
          done = change.before_index + (change.before ? 1 : 0);
        });
    rebuilt.insert(rebuilt.end(), then.begin() + static_cast<std::ptrdiff_t>(done), then.end());
    EXPECT_EQ(rebuilt, items);
    EXPECT_LT(summary.pages_read, 250u);
  }
}

TEST(Changes, OfSetsAndOfAnyCollections) {
  Database db = Database::temporary(quick_options());
  auto set = db.sorted_set<std::string>("s");
  for (int i = 0; i < 500; ++i) set.insert(std::to_string(i));
  const ReadTxn before = db.read();
  set.insert("new");
  set.erase("7");
  std::vector<std::string> told;
  db.read().sorted_set<std::string>("s").changes_since(before.sorted_set<std::string>("s"), [&](const auto& change) {
    told.push_back(change_name(change.kind) + (" " + change.key));
  });
  EXPECT_EQ(told, (std::vector<std::string>{"removed 7", "added new"}));
  told.clear();
  const ChangeSummary summary = db.read().any("s").changes_since(before.any("s"), [&](const AnyChange& change) {
    told.push_back(format_value(change.key));
    return false;
  });
  EXPECT_EQ(told, std::vector<std::string>{"7"});  // false ends it
  EXPECT_EQ(summary.removed, 1u);
}

TEST(Changes, ErrorsSayWhatIsWrong) {
  Database db = Database::temporary(quick_options());
  auto list = db.list<std::string>("l");
  list.push_back("x");
  db.list<std::int64_t>("numbers").push_back(1);
  const auto nothing = [](const AnyChange&) { return true; };
  const ReadTxn txn = db.read();
  EXPECT_EQ(code_of([&] { txn.any("l").changes_since(txn.any("numbers"), nothing); }), ErrorCode::wrong_type);
  Database other = Database::temporary(quick_options());
  other.list<std::string>("l");
  EXPECT_EQ(code_of([&] { txn.any("l").changes_since(other.any("l"), nothing); }), ErrorCode::wrong_type);
  WriteTxn write = db.begin_write();
  EXPECT_EQ(code_of([&] { write.any("l").changes_since(txn.any("l"), nothing); }), ErrorCode::invalid_argument);
}

// A hundred changes in a million entries: the ways to them are read, and nothing else.
TEST(Changes, CostWhatDiffers) {
  std::mt19937_64 random(test_seed());
  Database db = Database::temporary(quick_options(4096));
  auto map = db.sorted_map<std::int64_t, std::int64_t>("m");
  map.bulk_load(std::views::iota(std::int64_t{0}, std::int64_t{1'000'000}) |
                std::views::transform([](std::int64_t i) { return std::pair(i, i); }));
  db.snapshot("v1");
  db.write([&](WriteTxn& txn) {
    auto inside = txn.sorted_map<std::int64_t, std::int64_t>("m");
    for (int i = 0; i < 100; ++i) inside.put(static_cast<std::int64_t>(random() % 1'000'000), -1);
  });
  std::uint64_t count = 0;
  const ChangeSummary summary = db.read().sorted_map<std::int64_t, std::int64_t>("m").changes_since(
      db.at("v1").sorted_map<std::int64_t, std::int64_t>("m"), [&](const auto&) { ++count; });
  EXPECT_EQ(summary.changed, count);
  EXPECT_GT(count, 90u);
  EXPECT_LT(summary.pages_read, 450u);
}

TEST(Changes, TellOfTimesAndExpiryAlone) {
  Database db = Database::temporary(quick_options());
  auto map = db.sorted_map<std::int64_t, std::string>("m", {.timestamps = true, .expiry = true});
  for (std::int64_t i = 0; i < 6; ++i) map.put(i, "v", DateTime{1});
  const ReadTxn before = db.read();
  map.set_timestamp(1, DateTime{2});
  map.expire_at(2, kNever);
  map.put(3, "new", DateTime{1});
  map.put(4, "v");
  map.put(5, "v", DateTime{1});
  const ReadTxn after = db.read();
  const auto of = [](const ReadTxn& txn) { return txn.sorted_map<std::int64_t, std::string>("m"); };
  std::vector<std::string> told;
  const ChangeSummary summary = of(after).changes_since(of(before), [&](const auto& change) {
    told.push_back(change_name(change.kind) + (" " + std::to_string(change.key)));
    EXPECT_EQ(change.before == change.after, change.kind == ChangeKind::touched);
  });
  EXPECT_EQ(told, (std::vector<std::string>{"touched 1", "touched 2", "changed 3", "touched 4"}));
  EXPECT_EQ(summary.touched, 3u);
  EXPECT_EQ(of(before).changes_since(of(after), [](const auto&) {}).touched, 3u);
}

}  // namespace
}  // namespace sapwood
