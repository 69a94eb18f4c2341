// Files of released formats open and hold what they held. tests/golden/; made by write_golden, once a version.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "os/sim_disk.h"
#include "tests/support/golden.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void require_golden(const std::string& original) {
  const std::string before = read_file(original);
  ASSERT_FALSE(before.empty()) << original;
  const Model model = golden_model();
  Options options;
  options.mode = OpenMode::read;
  {
    Database database = Database::open(original, options);
    require_equal(database.read(), model, 1);
    require_clean(database);
  }
  EXPECT_EQ(read_file(original), before);  // reading changes nothing
  const TempFolder folder;
  const std::string copy = folder.file("copy.sapwood");
  std::ofstream(copy, std::ios::binary) << before;
  Model changed = model;
  {
    Database database = Database::open(copy);
    database.write([](WriteTxn& txn) { txn.list<std::string>("words").insert(3, "new"); });
  }
  ModelCollection& words = changed.edit("words", model.at("words").types);
  words.items.insert(words.items.begin() + 3, "new");
  Database database = Database::open(copy, options);
  require_equal(database.read(), changed, 2);
  require_clean(database);
}

TEST(Golden, Version1) { require_golden(SAPWOOD_SOURCE_DIR "/tests/golden/v1.sapwood"); }

// What is written today is the present version: if this fails, the format changed, and needs a new version and file.
TEST(Golden, PresentVersionIsTheNewestFile) {
  const TempFolder folder;
  const std::string path = folder.file("now.sapwood");
  write_golden(path);
  require_golden(path);
  const std::string now = read_file(path);
  const std::string kept = read_file(SAPWOOD_SOURCE_DIR "/tests/golden/v1.sapwood");
  ASSERT_GT(now.size(), 24u);
  EXPECT_EQ(now.substr(0, 8), kept.substr(0, 8));      // magic
  EXPECT_EQ(now.substr(16, 32), kept.substr(16, 32));  // format, page size, features
}

}  // namespace
}  // namespace sapwood::test
