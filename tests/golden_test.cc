// Files of released formats open and hold what they held. tests/golden/; made by write_golden, once a version.
//   v1.sapwood         the collections of golden.h
//   v1-records.sapwood its records
//   v1-types.sapwood   those of golden_types.h, closed
//   v1-killed.sapwood  the same as a killed process left it: half of it is in the log beside it
//   v1-nested.sapwood, v1-nested-killed.sapwood  the same of the nested collections of golden_nested.h, each of which
//                      has pages
//   v1-inline.sapwood, v1-inline-killed.sapwood  the same where small ones are inline
//   v1-forms.sapwood, v1-forms-killed.sapwood  the same of the values with forms, and the named snapshot, of
//                      golden_forms.h
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "os/sim_disk.h"
#include "tests/support/golden.h"
#include "tests/support/golden_forms.h"
#include "tests/support/golden_nested.h"
#include "tests/support/golden_types.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

std::string golden(const std::string& name) { return SAPWOOD_SOURCE_DIR "/tests/golden/" + name; }

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

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
  write_file(copy, before);
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

// The bytes of a database, and of its log if it was killed.
void require_types(const std::string& data, const std::string& log) {
  const TempFolder folder;
  const std::string path = folder.file("copy.sapwood");
  write_file(path, data);
  if (!log.empty()) write_file(path + "-log", log);
  {
    Database database = Database::open(path);
    EXPECT_EQ(database.info().recovery.records, log.empty() ? 0 : kGoldenLogRecords);
    require_golden_types(database.read());
    require_clean(database);
    database.write([](WriteTxn& txn) { txn.list<std::string>("late name").push_back("another"); });
  }
  Database database = Database::open(path);
  require_golden_types(database.read());
  require_clean(database);
}

// The format and page size that files say, and which features they need.
void expect_same_format(const std::string& now, const std::string& kept) {
  ASSERT_GT(now.size(), 48u);
  ASSERT_GT(kept.size(), 48u);
  EXPECT_EQ(now.substr(0, 8), kept.substr(0, 8));
  EXPECT_EQ(now.substr(16, 32), kept.substr(16, 32));
}

TEST(Golden, Version1) { require_golden(golden("v1.sapwood")); }

TEST(Golden, Version1OfEveryType) { require_types(read_file(golden("v1-types.sapwood")), ""); }

TEST(Golden, Version1OfRecords) {
  Options options;
  options.mode = OpenMode::read;
  Database database = Database::open(golden("v1-records.sapwood"), options);
  require_equal(database.read(), golden_records_model(), 1);
  require_clean(database);
}

// Reclaims the rest of what was dropped.
void require_nested(const std::string& data, const std::string& log) {
  const TempFolder folder;
  const std::string path = folder.file("copy.sapwood");
  write_file(path, data);
  if (!log.empty()) write_file(path + "-log", log);
  Database database = Database::open(path);
  EXPECT_EQ(database.info().recovery.records, log.empty() ? 0 : kGoldenNestedRecords);
  EXPECT_NE(database.info().dropped_collections, 0u);
  require_golden_nested(database.read());
  require_clean(database);
  for (int i = 0; database.info().dropped_collections != 0; ++i) {
    ASSERT_LT(i, 100);
    database.list<bool>("ticks").push_back(true);
  }
  require_golden_nested(database.read());
  require_clean(database);
}

TEST(Golden, Version1OfNestedCollections) {
  require_nested(read_file(golden("v1-nested.sapwood")), "");
  require_nested(read_file(golden("v1-nested-killed.sapwood")), read_file(golden("v1-nested-killed.sapwood-log")));
}

TEST(Golden, Version1OfInlineCollections) {
  require_nested(read_file(golden("v1-inline.sapwood")), "");
  require_nested(read_file(golden("v1-inline-killed.sapwood")), read_file(golden("v1-inline-killed.sapwood-log")));
}

void require_forms(const std::string& data, const std::string& log) {
  const TempFolder folder;
  const std::string path = folder.file("copy.sapwood");
  write_file(path, data);
  if (!log.empty()) write_file(path + "-log", log);
  Database database = Database::open(path);
  EXPECT_EQ(database.info().recovery.records, log.empty() ? 0 : kGoldenFormsRecords);
  require_golden_forms(database);
  require_clean(database);
  database.dict<i64, std::string>("timed").put(5000, std::string(3000, 'y'));
  EXPECT_TRUE(database.drop_snapshot(kGoldenSnapshot));
  require_clean(database);
}

TEST(Golden, Version1OfForms) {
  require_forms(read_file(golden("v1-forms.sapwood")), "");
  require_forms(read_file(golden("v1-forms-killed.sapwood")), read_file(golden("v1-forms-killed.sapwood-log")));
}

TEST(Golden, Version1OfAKilledProcess) {
  const std::string data = read_file(golden("v1-killed.sapwood"));
  const std::string log = read_file(golden("v1-killed.sapwood-log"));
  require_types(data, log);
  const TempFolder folder;
  write_file(folder.file("alone.sapwood"), data);
  EXPECT_THROW(Database::open(folder.file("alone.sapwood")), Error);
}

// docs/format.md, "Blob": the form, and the lengths of the value and of its tail as varints.
TEST(Golden, LargeValuesAreInEveryForm) {
  const std::string data = read_file(golden("v1-types.sapwood"));
  EXPECT_NE(data.find(std::string("\x01\xe4\x08\x64", 4)), std::string::npos) << "one extent and a tail";
  EXPECT_NE(data.find(std::string("\x03\x80\x1c\x00", 4)), std::string::npos) << "three extents";
  EXPECT_NE(data.find(std::string("\x05\x80\xc0\x02\x00", 5)), std::string::npos) << "a tree of chunks";
}

// What is written today is the present version: if this fails, the format changed, and needs a new version and file.
TEST(Golden, PresentVersionIsTheNewestFile) {
  const TempFolder folder;
  const std::string path = folder.file("now.sapwood");
  write_file(path, make_golden(golden_model()));
  require_golden(path);
  expect_same_format(read_file(path), read_file(golden("v1.sapwood")));
  const GoldenImages types = make_golden_types();
  require_types(types.closed, "");
  require_types(types.killed, types.killed_log);
  expect_same_format(types.closed, read_file(golden("v1-types.sapwood")));
  expect_same_format(types.killed, read_file(golden("v1-killed.sapwood")));
  const GoldenImages nested = make_golden_nested();
  require_nested(nested.closed, "");
  require_nested(nested.killed, nested.killed_log);
  expect_same_format(nested.closed, read_file(golden("v1-nested.sapwood")));
  expect_same_format(nested.closed, read_file(golden("v1-inline.sapwood")));
  const GoldenImages forms = make_golden_forms();
  require_forms(forms.closed, "");
  require_forms(forms.killed, forms.killed_log);
  expect_same_format(forms.closed, read_file(golden("v1-forms.sapwood")));
}

}  // namespace
}  // namespace sapwood::test
