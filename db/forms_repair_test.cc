// check() and repair() of collections whose values have a form.
#include "collections/time_index.h"
#include "collections/write_state.h"
#include "db/testing.h"
#include "os/sim_disk.h"
#include "sapwood/repair.h"

namespace sapwood {
namespace {

constexpr const char* kPath = "/damaged";
constexpr CollectionOptions kAll{.time_index = true, .expiry = true, .compression = 3};

class FormsRepair : public testing::Test {
 protected:
  Options options() {
    Options options = quick_options();
    options.env = &disk_;
    options.log_size_max = options.log_size;
    return options;
  }
  static std::string value(std::int64_t i) {
    return "a value with much in common with the others, number " + std::to_string(i);
  }
  static DateTime expiry(std::int64_t i) { return {i % 200 == 0 ? kNever.us : (std::int64_t{1} << 60) + i}; }
  void fill() {
    Database db = Database::open(kPath, options());
    auto dict = db.dict<std::int64_t, std::string>("d", kAll);
    for (std::int64_t i = 0; i < 1500; ++i) dict.put(i, value(i), DateTime{i});
    for (std::int64_t i = 0; i < 1500; i += 100) dict.expire_at(i, expiry(i));
    db.list<std::string>("l", {.compression = 1}).push_back(std::string(100, 'x'));
    expect_sound(db);
    db.close();
  }
  RepairReport repair_to(const std::string& path) {
    RepairOptions how;
    how.env = &disk_;
    return repair(kPath, path, how);
  }
  // Changes the file below the public face, as no correct program does.
  template <class Change>
  std::vector<std::string> findings_after(Change&& change) {
    fill();
    const auto environment = std::make_shared<collections::Environment>(kPath, options());
    {
      collections::WriteState state(environment, environment->begin_automatic("d"));
      collections::OpenCollection* dict = state.session().find(std::string_view("d"));
      change(state.session(), *dict);
      state.commit(Durability::async);
    }
    environment->close();
    Database db = Database::open(kPath, options());
    return db.check();
  }

  os::SimDisk disk_{1};
};

TEST_F(FormsRepair, KeepsValuesTimesAndOptions) {
  fill();
  const RepairReport report = repair_to("/new");
  EXPECT_EQ(report.collections.size(), 2u);
  for (const RepairedCollection& one : report.collections) EXPECT_EQ(one.lost, 0u);
  Database db = Database::open("/new", options());
  auto dict = db.dict<std::int64_t, std::string>("d", kAll);
  ASSERT_EQ(dict.size(), 1500u);
  for (std::int64_t i = 0; i < 1500; ++i) {
    ASSERT_EQ(dict.get(i), value(i));
    ASSERT_EQ(dict.timestamp(i), DateTime{i});
    ASSERT_EQ(dict.expires(i), i % 100 == 0 ? expiry(i) : kNever);
  }
  EXPECT_EQ(db.collections()[0].options.compression, 3);
  EXPECT_EQ(db.list<std::string>("l").at(0), std::string(100, 'x'));
  expect_sound(db);
}

TEST_F(FormsRepair, ADamagedPageCostsItsOwnEntriesOnly) {
  fill();
  const std::uint64_t size = disk_.contents(kPath).size();
  int compared = 0;
  for (std::uint64_t at = 40 * 512 + 100; at < size; at += 37 * 512) {
    const std::unique_ptr<os::SimDisk> copy = disk_.clone();
    copy->flip_bit(kPath, at, 3);
    RepairOptions how;
    how.env = copy.get();
    const RepairReport report = repair(kPath, "/new", how);
    Options on_copy = options();
    on_copy.env = copy.get();
    Database db = Database::open("/new", on_copy);
    expect_sound(db);
    if (!db.has("d")) continue;
    auto dict = db.dict<std::int64_t, std::string>("d");
    for (const auto& [key, found] : dict.range()) ASSERT_EQ(found, value(key));
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

TEST_F(FormsRepair, CheckFindsAnEntryThatTheIndexLacks) {
  const std::vector<std::string> findings =
      findings_after([](collections::WriteSession& session, collections::OpenCollection& dict) {
        collections::OpenCollection& index = session.part_of(dict.record, dict.record.form.time_index);
        session.change(index, [&] { session.writer(index).erase_range(5, 1); });
      });
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_TRUE(findings[0].starts_with("dict 'd': its index of times holds 1499 entries")) << findings[0];
  EXPECT_NE(findings[1].find("is not in the index of times under its time"), std::string::npos) << findings[1];
}

TEST_F(FormsRepair, CheckFindsAnIndexEntryOfNothing) {
  const std::vector<std::string> findings =
      findings_after([](collections::WriteSession& session, collections::OpenCollection& dict) {
        collections::OpenCollection& index = session.part_of(dict.record, dict.record.form.time_index);
        session.change(index, [&] { session.writer(index).put(collections::time_bound(77) + "nothing", {}); });
      });
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_TRUE(findings[0].starts_with("dict 'd': its index of times holds 1501 entries")) << findings[0];
}

TEST_F(FormsRepair, CheckFindsWhatTheIndexOfExpiryLacksOrHasTooMuch) {
  const auto findings_in = [this](const auto& change) {
    const std::vector<std::string> findings =
        findings_after([&](collections::WriteSession& session, collections::OpenCollection& dict) {
          collections::OpenCollection& index = session.part_of(dict.record, dict.record.form.expiry_index);
          EXPECT_EQ(index.record.root.count, 7u);
          session.change(index, [&] { change(session.writer(index)); });
        });
    disk_.files().remove(kPath);
    return findings.size() == 1 ? findings[0] : std::string("not one finding");
  };
  EXPECT_NE(findings_in([](tree::TreeWriter index) { index.erase_range(3, 1); }).find("is not in the index of expiry"),
            std::string::npos);
  const std::string found =
      findings_in([](tree::TreeWriter index) { index.put(collections::time_bound(77) + "nothing", {}); });
  EXPECT_TRUE(found.starts_with("dict 'd': its index of expiry holds 8 entries, and itself 7")) << found;
}

TEST_F(FormsRepair, AnIndexOfExpiryWithTooMuchHoldsUpNobody) {
  findings_after([](collections::WriteSession& session, collections::OpenCollection&) {
    collections::OpenCollection& map = session.create(
        "map", {CollectionKind::sorted_map, ValueType::int64, ValueType::string}, CollectionOptions{.expiry = true});
    session.put(map, std::string(8, 'k'), "v");
    collections::OpenCollection& index = session.part_of(map.record, map.record.form.expiry_index);
    session.change(index, [&] { session.writer(index).put(collections::time_bound(77) + "not here", {}); });
  });
  Database db = Database::open(kPath, options());
  auto map = db.sorted_map<std::int64_t, std::string>("map");
  EXPECT_TRUE(map.put(1, "w"));
  db.list<std::string>("l").push_back("a commit");
  EXPECT_TRUE(map.pop_first().has_value());
  EXPECT_TRUE(map.pop_first().has_value());
  EXPECT_EQ(map.size(), 0u);
}

TEST_F(FormsRepair, CheckFindsThatACollectionIsNotAmongThoseThatMayExpire) {
  fill();
  const auto environment = std::make_shared<collections::Environment>(kPath, options());
  {
    const std::unique_ptr<storage::WriteTransaction> txn = environment->begin_automatic("d");
    tree::TreeRoot root = collections::to_tree_root(txn->catalog());
    const u64 id = collections::CatalogReader(txn->reader(), root).expiring(0);
    collections::CatalogWriter(*txn, root).remove_expiring(id);
    txn->catalog() = collections::to_catalog_root(root);
    txn->record([](std::string&) {});
    txn->commit(Durability::async);
  }
  environment->close();
  const std::vector<std::string> findings = Database::open(kPath, options()).check();
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_NE(findings[0].find("C9"), std::string::npos) << findings[0];
}

TEST_F(FormsRepair, CheckFindsValuesThatCannotBeRead) {
  const auto with_value = [this](std::string stored) {
    const std::vector<std::string> findings =
        findings_after([&](collections::WriteSession& session, collections::OpenCollection& dict) {
          session.change(dict, [&] { session.writer(dict).set(3, stored); });
        });
    disk_.files().remove(kPath);
    return findings.empty() ? std::string() : findings[0];
  };
  const std::string time(16, '\0');
  EXPECT_NE(with_value("short").find("shorter than its header"), std::string::npos);
  EXPECT_NE(with_value(time + "\7abc").find("unknown coding 7"), std::string::npos);
  EXPECT_NE(with_value(time + "\1no frame").find("does not begin as a zstd frame"), std::string::npos);
  // A frame of one byte that says it holds 2^40.
  const std::string bomb("\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\1\0\0\0", 14);
  EXPECT_NE(with_value(time + "\1" + bomb).find("more than so few bytes can"), std::string::npos);
  // One that needs dictionary 200.
  const std::string orphan("\x28\xb5\x2f\xfd\x21\xc8\3\x19\0\0abc", 13);
  EXPECT_NE(with_value(time + "\1" + orphan).find("needs dictionary 200"), std::string::npos);
}

}  // namespace
}  // namespace sapwood
