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
  const RepairReport report = repair(kDamagedPath, kNewPath, on(*disk));
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

}  // namespace
}  // namespace sapwood::test
