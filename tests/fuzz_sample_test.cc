// The database that fuzz targets start from has what they are to reach; the kept inputs made of it still fit it.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "fuzz/repair.h"
#include "fuzz/use_database.h"
#include "tests/support/type_samples.h"

namespace sapwood::fuzz {
namespace {

const std::string kLogPath = std::string(kPath) + "-log";

std::string kept_input(const std::string& name) {
  std::ifstream file(SAPWOOD_SOURCE_DIR "/fuzz/corpus/" + name, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void require_every_type(os::SimDisk& disk, std::uint64_t log_records) {
  Database database = Database::open(kPath, fuzz_options(disk));
  EXPECT_EQ(database.info().recovery.records, log_records);
  std::set<std::string> keys;
  std::set<std::string> values;
  for (const CollectionInfo& info : database.read().collections()) {
    EXPECT_TRUE(info.name == "empty" || info.name == "names" || info.count > 0) << info.name;
    keys.insert(type_name(info.types.key));
    values.insert(type_name(info.types.value));
  }
  test::for_each_type([&]<class T>() {
    EXPECT_TRUE(values.contains(type_name(Codec<T>::type)));
    EXPECT_TRUE(!HashedKey<T> || keys.contains(type_name(Codec<T>::type)));
  });
  EXPECT_TRUE(database.check().empty());
}

TEST(FuzzSample, HasEveryType) {
  require_every_type(*sample_database(true), 0);
  require_every_type(*sample_database(false), kSampleLogRecords);
}

// If these fail, the sample has changed: build/dev/write_fuzz_samples fuzz/corpus.
TEST(FuzzSample, KeptImageIsWhole) {
  os::SimDisk disk(1);
  disk.set_contents(kPath, kept_input("image_fuzz/sample"));
  require_every_type(disk, 0);
}

TEST(FuzzSample, KeptLogIsReplayed) {
  const std::unique_ptr<os::SimDisk> disk = sample_database(false);
  std::string log = kept_input("log_fuzz/sample");
  adopt_log(log, disk->contents(kLogPath));
  repair_log(log);
  disk->set_contents(kLogPath, log);
  require_every_type(*disk, kSampleLogRecords);
}

}  // namespace
}  // namespace sapwood::fuzz
