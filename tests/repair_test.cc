// repair(): whatever happened to a file, what can be read is saved, nothing that was not there appears, and the report
// tells what is lost. Damage: zeros, junk, flipped bits, swapped pages, cut off ends, lost metas and logs.
#include <gtest/gtest.h>

#include <optional>

#include "sapwood/repair.h"
#include "tests/support/damage.h"
#include "tests/support/golden.h"
#include "tests/support/model.h"
#include "tests/support/sim.h"

namespace sapwood::test {
namespace {

constexpr const char* kNewPath = "/new";

RepairOptions on(os::SimDisk& disk) {
  RepairOptions options;
  options.env = &disk;
  return options;
}

// Collections of all kinds, some entries of which were erased and changed since, so that old pages lie about.
void fill_and_change(Database& database) {
  const Model model = golden_model();
  for (const std::string& name : model.names()) {
    ModelCollection collection = model.at(name);
    database.write([&](WriteTxn& txn) {
      const std::unique_ptr<Face> to = face_of(txn, name, collection.types);
      to->extend(model_face(collection, ~u64{0})->entries(0, collection.size(), false));
    });
  }
  database.checkpoint();
  database.write([](WriteTxn& txn) {
    auto words = txn.list<std::string>("words");
    words.erase(50, 100);
    words.insert(20, std::string(5000, 'w'));
    auto names = txn.sorted_map<std::string, std::string>("names");
    names.erase("a common prefix/2", "a common prefix/4");
    auto files = txn.dict<std::string, std::vector<std::byte>>("files");
    for (int i = 0; i < 100; ++i) files.erase("path/" + std::to_string(i));
    txn.list<std::string>("dropped").push_back("gone");
  });
  database.drop("dropped");
}

// Made once: the tests below only damage copies of it.
struct Sample {
  Sample() {
    os::SimDisk made(5);
    {
      Database database = Database::open(kDamagedPath, sim_options(made, 512));
      fill_and_change(database);
      database.close();
    }
    disk = made.clone();
    original.emplace(*disk);
  }
  std::unique_ptr<os::SimDisk> disk;
  std::optional<Original> original;
};

const Sample& sample() {
  static const Sample made;
  return made;
}

// Repairs the damaged bytes and judges the outcome.
RepairReport repair_and_judge(const std::string& bytes, const std::set<u64>& damaged) {
  const std::unique_ptr<os::SimDisk> disk = sample().disk->clone();
  disk->set_contents(kDamagedPath, Bytes(bytes));
  RepairReport report = repair(kDamagedPath, kNewPath, on(*disk));
  EXPECT_EQ(disk->contents(kDamagedPath), bytes);  // only read
  EXPECT_EQ(disk->paths(), (std::vector<std::string>{kDamagedPath, kNewPath}));
  sample().original->judge(*disk, kNewPath, damaged);
  return report;
}

TEST(Repair, OfASoundFileLosesNothing) {
  const RepairReport report = repair_and_judge(sample().original->bytes(), {});
  EXPECT_TRUE(report.nothing_lost());
  EXPECT_EQ(report.collections.size(), golden_model().names().size());
}

TEST(Repair, SweepEveryPage) {
  const Original& original = *sample().original;
  Rng random(test_seed());
  for (u64 page = 0; page < original.page_count(); ++page) {
    std::string bytes = original.bytes();
    const Damage kind = static_cast<Damage>(below(random, 4));
    const std::set<u64> damaged = damage_page(bytes, original.page_size(), page, kind, random);
    SCOPED_TRACE("page " + std::to_string(page) + ", damage " + std::to_string(static_cast<int>(kind)));
    try {
      repair_and_judge(bytes, damaged);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

// Several pages, among them often those that others depend on.
TEST(Repair, RandomDamageOfManyPages) {
  const Original& original = *sample().original;
  Rng random(test_seed());
  u64 losses = 0;
  for (u64 i = 0; i < scaled(200); ++i) {
    std::string bytes = original.bytes();
    std::set<u64> damaged;
    for (u64 n = 2 + below(random, 12); n > 0; --n) {
      const u64 page = below(random, original.page_count());
      if (original.is_bitmap(page) && !one_in(random, 4)) continue;
      damaged.merge(damage_page(bytes, original.page_size(), page, static_cast<Damage>(below(random, 4)), random));
    }
    SCOPED_TRACE("round " + std::to_string(i));
    try {
      losses += repair_and_judge(bytes, damaged).nothing_lost() ? 0 : 1;
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
  EXPECT_GT(losses, 0u);
}

TEST(Repair, RandomTruncation) {
  const Original& original = *sample().original;
  Rng random(test_seed());
  for (u64 i = 0; i < scaled(60); ++i) {
    const u64 size = original.first_page() * original.page_size() + below(random, original.bytes().size() / 2) * 2;
    if (size >= original.bytes().size()) continue;
    std::set<u64> damaged;
    for (u64 page = size / original.page_size(); page < original.page_count(); ++page) damaged.insert(page);
    SCOPED_TRACE("cut off at byte " + std::to_string(size));
    try {
      const RepairReport report = repair_and_judge(original.bytes().substr(0, size), damaged);
      const bool loses_a_page = size <= (original.page_count() - 1) * original.page_size();  // else padding, perhaps
      EXPECT_FALSE(loses_a_page && report.nothing_lost());
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

// All four slots of the meta, alone and with more damage.
TEST(Repair, RandomDamageBesideLostMetas) {
  const Original& original = *sample().original;
  Rng random(test_seed());
  for (u64 i = 0; i < scaled(60); ++i) {
    std::string bytes = original.bytes();
    std::set<u64> damaged;
    for (u64 page = 0; page < original.first_page(); ++page) {
      damaged.insert(page);
      std::fill_n(bytes.data() + page * original.page_size(), original.page_size(), '\0');
    }
    const bool keeps_uuid = one_in(random, 2);
    if (keeps_uuid) bytes.replace(4096 + 48, 16, original.bytes(), 4096 + 48, 16);
    for (u64 n = below(random, 4); n > 0; --n) {
      const u64 page = below(random, original.page_count());
      if (original.is_bitmap(page)) continue;
      damaged.merge(damage_page(bytes, original.page_size(), page, Damage::zeros, random));
    }
    SCOPED_TRACE("round " + std::to_string(i));
    try {
      EXPECT_FALSE(repair_and_judge(bytes, damaged).nothing_lost());
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

// The newest pair of metas is gone and the older one is whole: its checkpoint's pages may be used by others since.
TEST(Repair, NewerMetasLost) {
  const Original& original = *sample().original;
  for (const u64 pair : {0, 1}) {
    std::string bytes = original.bytes();
    bytes.replace(pair * 8192, 8192, std::string(8192, 'x'));
    std::set<u64> damaged;
    for (u64 page = pair * 16; page < pair * 16 + 16; ++page) damaged.insert(page);
    repair_and_judge(bytes, damaged);
  }
}

}  // namespace
}  // namespace sapwood::test
