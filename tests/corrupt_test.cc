// Bad input: damaged and foreign files, wrong types and positions, handles used after their end. Always an Error with
// the right code, or the right data; never a crash.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/repair.h"
#include "os/sim_disk.h"
#include "tests/support/model.h"
#include "tests/support/random.h"
#include "tests/support/sim.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

constexpr const char* kPath = "/test.sapwood";

// Throws nothing else than Error with that code, and tells of `part`.
template <class Function>
void expect_error(ErrorCode code, const std::string& part, Function&& function) {
  try {
    function();
    ADD_FAILURE() << "no error, expected " << error_code_name(code);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error_code_name(error.code()) << ": " << error.what();
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

void fill(Database& database) {
  database.write([](WriteTxn& txn) {
    auto words = txn.list<std::string>("words");
    auto numbers = txn.sorted_map<i64, double>("numbers");
    auto texts = txn.sorted_map<std::string, std::string>("texts");
    for (i64 i = 0; i < 300; ++i) {
      words.push_back("word " + std::to_string(i));
      numbers.put(i * i, static_cast<double>(i) / 7);
      texts.put("common prefix " + std::to_string(i), std::string(static_cast<std::size_t>(i * 13 % 1500), 'v'));
    }
  });
}

// A closed database, or one as a killed process left it.
std::unique_ptr<os::SimDisk> make_disk(bool closed, u32 page_size = 512) {
  os::SimDisk disk(5);
  Database database = Database::open(kPath, sim_options(disk, page_size));
  fill(database);
  if (closed) {
    database.close();
  } else {
    database.checkpoint();
    database.list<std::string>("words").push_back("in the log");
  }
  return disk.clone();
}

void set(os::SimDisk& disk, const std::string& bytes) { disk.set_contents(kPath, Bytes(bytes)); }

// Reads everything, checks, writes a little. False if it reported an error.
bool use_everything(os::SimDisk& disk, const Model* expected) {
  try {
    Database database = Database::open(kPath, sim_options(disk, 512));
    const Model found = dump(database.read());
    if (!database.check().empty()) return false;
    if (expected != nullptr) {
      EXPECT_EQ(difference(found, *expected), "");
    }
    database.write([](WriteTxn& txn) {
      txn.list<std::string>("words").insert(0, "more");
      txn.sorted_map<i64, double>("numbers").erase(100, 10'000);
      txn.sorted_map<std::string, std::string>("texts").put("z", std::string(5000, 'z'));
    });
    database.close();
    return true;
  } catch (const Error&) {
    return false;
  } catch (const std::logic_error&) {  // a type that this test's faces do not know, though the library does
    if (expected != nullptr) throw;
    return false;
  } catch (const Disagreement&) {  // damage whose checksums fit: keys repeat and the like
    if (expected != nullptr) throw;
    return false;
  }
}

TEST(Corrupt, NotADatabase) {
  os::SimDisk disk(1);
  for (const std::string& bytes : {std::string("SQLite format 3"), std::string(100'000, 'x'),
                                   std::string(100'000, '\0'), std::string("S"), std::string("SAPWOOD")}) {
    set(disk, bytes);
    expect_error(ErrorCode::not_a_database, kPath, [&] { Database::open(kPath, sim_options(disk, 512)); });
    EXPECT_EQ(disk.contents(kPath), bytes);  // not harmed
  }
}

TEST(Corrupt, EmptyFileIsNotOverwritten) {
  os::SimDisk disk(1);
  set(disk, "");
  expect_error(ErrorCode::not_a_database, kPath, [&] { Database::open(kPath, sim_options(disk, 512)); });
  EXPECT_EQ(disk.contents(kPath), "");
}

TEST(Corrupt, Folder) {
  os::SimDisk disk(1);
  disk.make_folder(kPath);
  expect_error(ErrorCode::invalid_argument, kPath, [&] { Database::open(kPath, sim_options(disk, 512)); });
  const TempFolder folder;
  const std::string path = folder.path().string();
  expect_error(ErrorCode::invalid_argument, path, [&] { Database::open(path); });
}

TEST(Corrupt, MissingFolderAndFile) {
  const TempFolder folder;
  expect_error(ErrorCode::not_found, "absent", [&] { Database::open(folder.file("absent/test.sapwood")); });
  Options options;
  options.mode = OpenMode::write;
  expect_error(ErrorCode::not_found, "none", [&] { Database::open(folder.file("none"), options); });
  options.mode = OpenMode::read;
  expect_error(ErrorCode::not_found, "none", [&] { Database::open(folder.file("none"), options); });
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Corrupt, NewerFormat) {
  for (const u64 offset : {u64{16}, u64{40}}) {  // format; an incompatible feature
    const std::unique_ptr<os::SimDisk> disk = make_disk(true);
    std::string bytes = disk->contents(kPath);
    for (u64 slot = 0; slot < 4; ++slot) bytes[slot * 4096 + offset] = 77;
    fuzz::repair_data_file(bytes);
    set(*disk, bytes);
    expect_error(ErrorCode::newer_format, kPath, [&] { Database::open(kPath, sim_options(*disk, 512)); });
    EXPECT_EQ(disk->contents(kPath), bytes);
  }
}

TEST(Corrupt, Truncated) {
  const std::unique_ptr<os::SimDisk> whole = make_disk(true);
  const std::string bytes = whole->contents(kPath);
  Rng random(test_seed());
  for (u64 i = 0; i < scaled(200); ++i) {
    const std::unique_ptr<os::SimDisk> disk = whole->clone();
    set(*disk, bytes.substr(0, below(random, bytes.size())));
    EXPECT_FALSE(use_everything(*disk, nullptr));
  }
}

TEST(Corrupt, ZeroedOrGarbledPieces) {
  const u64 seed = test_seed();
  for (const bool closed : {true, false}) {
    const std::unique_ptr<os::SimDisk> whole = make_disk(closed);
    Model expected;
    {
      const std::unique_ptr<os::SimDisk> disk = whole->clone();
      expected = dump(Database::open(kPath, sim_options(*disk, 512)).read());
    }
    Rng random(seed);
    u64 errors = 0;
    for (u64 i = 0; i < scaled(300); ++i) {
      const std::unique_ptr<os::SimDisk> disk = whole->clone();
      std::string bytes = disk->contents(kPath);
      const u64 start = below(random, bytes.size());
      const u64 length = std::min<u64>(bytes.size() - start, u64{1} << below(random, 14));
      const bool zero = one_in(random, 2);
      for (u64 at = start; at < start + length; ++at) bytes[at] = zero ? '\0' : static_cast<char>(random());
      set(*disk, bytes);
      errors += use_everything(*disk, &expected) ? 0 : 1;
    }
    EXPECT_GT(errors, 0u);
  }
}

// What comes before the damage is read, though iterators read several entries at once.
TEST(Corrupt, EntriesBeforeADamagedPageAreRead) {
  const std::unique_ptr<os::SimDisk> disk = make_disk(true);
  std::string bytes = disk->contents(kPath);
  const std::size_t at = bytes.find("word 150");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'W';
  set(*disk, bytes);
  Options options = sim_options(*disk, 512);
  options.mode = OpenMode::read;
  const Database database = Database::open(kPath, options);
  const ReadTxn txn = database.read();
  const auto read_until_damage = [](const auto& range) {
    std::vector<std::string> items;
    expect_error(ErrorCode::corrupt, "page", [&] {
      for (const std::string& item : range) items.push_back(item);
    });
    return items;
  };
  const auto all = txn.list<std::string>("words").range();
  const std::vector<std::string> front = read_until_damage(all);
  const std::vector<std::string> back = read_until_damage(all.reversed());
  EXPECT_EQ(front.back(), "word " + std::to_string(front.size() - 1));
  EXPECT_EQ(back.back(), "word " + std::to_string(300 - back.size()));
  EXPECT_GT(front.size() + back.size(), 250u);  // one leaf is missing
}

// With another hash key in the meta, no key of a dict or set stands where it should.
TEST(Corrupt, CheckFindsHashesThatDoNotFit) {
  os::SimDisk disk(5);
  {
    Database database = Database::open(kPath, sim_options(disk, 512));
    database.write([](WriteTxn& txn) {
      for (i64 i = 0; i < 50; ++i) txn.dict<i64, double>("numbers").put(i, 0.5);
      txn.set<std::string>("long").insert(std::string(1000, 'k'));
    });
    EXPECT_TRUE(database.check().empty());
    database.close();
  }
  std::string bytes = disk.contents(kPath);
  for (std::size_t slot = 0; slot < 4; ++slot) bytes[slot * 4096 + 144] ^= 1;
  fuzz::repair_data_file(bytes);
  set(disk, bytes);
  Database database = Database::open(kPath, sim_options(disk, 512));
  const std::vector<std::string> findings = database.check();
  ASSERT_EQ(findings.size(), 2u);
  for (const std::string& finding : findings) EXPECT_NE(finding.find("hash"), std::string::npos) << finding;
}

TEST(Corrupt, CheckReportsOneDamageOnce) {
  const std::unique_ptr<os::SimDisk> disk = make_disk(true);
  std::string bytes = disk->contents(kPath);
  const std::size_t name = bytes.find("words");  // in the catalog
  ASSERT_NE(name, std::string::npos);
  bytes[name] = 'W';
  set(*disk, bytes);
  Database database = Database::open(kPath, sim_options(*disk, 512));
  EXPECT_EQ(database.check().size(), 1u);
}

// Damage below checksums that fit: structure must hold on its own.
TEST(Corrupt, FlippedBytesWithRepairedChecksums) {
  Rng random(test_seed());
  const std::unique_ptr<os::SimDisk> whole = make_disk(true);
  const std::string bytes = whole->contents(kPath);
  for (u64 i = 0; i < scaled(4000); ++i) {
    const std::unique_ptr<os::SimDisk> disk = whole->clone();
    std::string changed = bytes;
    const u64 changes = 1 + below(random, 4);
    for (u64 change = 0; change < changes; ++change) {
      const u64 page = one_in(random, 4) ? below(random, 32) : below(random, changed.size() / 512);
      const u64 offset = page * 512 + (one_in(random, 2) ? below(random, 64) : below(random, 512));
      changed[offset] = static_cast<char>(one_in(random, 2) ? random() : changed[offset] ^ (1 << below(random, 8)));
    }
    fuzz::repair_data_file(changed);
    set(*disk, changed);
    use_everything(*disk, nullptr);
  }
}

TEST(Corrupt, FlippedLogWithRepairedChecksums) {
  Rng random(test_seed());
  const std::unique_ptr<os::SimDisk> whole = make_disk(false);
  const std::string log = std::string(kPath) + "-log";
  const std::string bytes = whole->contents(log);
  for (u64 i = 0; i < scaled(1500); ++i) {
    const std::unique_ptr<os::SimDisk> disk = whole->clone();
    std::string changed = bytes;
    const u64 offset = one_in(random, 2) ? below(random, 256) : below(random, changed.size());
    changed[offset] = static_cast<char>(random());
    fuzz::repair_log(changed);
    disk->set_contents(log, changed);
    use_everything(*disk, nullptr);
  }
}

TEST(Corrupt, LogMissingOrForeign) {
  const std::string log = std::string(kPath) + "-log";
  {
    const std::unique_ptr<os::SimDisk> disk = make_disk(false);
    disk->files().remove(log);
    disk->settle();
    expect_error(ErrorCode::corrupt, "-log", [&] { Database::open(kPath, sim_options(*disk, 512)); });
  }
  {
    const std::unique_ptr<os::SimDisk> disk = make_disk(true);
    const std::unique_ptr<os::SimDisk> other = make_disk(false, 4096);
    const std::string foreign(100'000, 'f');
    disk->set_contents(log, foreign);
    expect_error(ErrorCode::in_use, "-log", [&] { Database::open(kPath, sim_options(*disk, 512)); });
    EXPECT_EQ(disk->contents(log), foreign);  // never deleted
  }
}

TEST(Corrupt, ReadOnlyFile) {
  os::SimDisk disk(1);
  fill(*std::make_unique<Database>(Database::open(kPath, sim_options(disk, 512))));
  disk.set_read_only(true);
  expect_error(ErrorCode::read_only, kPath, [&] { Database::open(kPath, sim_options(disk, 512)); });
  Options options = sim_options(disk, 512);
  options.mode = OpenMode::read;
  Database database = Database::open(kPath, options);
  EXPECT_EQ(database.list<std::string>("words").size(), 300u);
  expect_error(ErrorCode::read_only, "", [&] { database.begin_write(); });
  expect_error(ErrorCode::read_only, "", [&] { database.list<std::string>("words").push_back("no"); });
  expect_error(ErrorCode::not_found, "absent", [&] { database.list<std::string>("absent"); });
}

// On the real file system, as a user without rights (this process may have all of them).
TEST(Corrupt, FileAndFolderWithoutRights) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  {
    Database database = Database::open(path);
    fill(database);
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  std::filesystem::permissions(path, std::filesystem::perms(0444));
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(10);
    const auto code_of = [](const auto& function) {
      try {
        function();
      } catch (const Error& error) {
        return error.code();
      } catch (...) {
      }
      return ErrorCode::cancelled;
    };
    Options reading;
    reading.mode = OpenMode::read;
    if (code_of([&] { Database::open(path); }) != ErrorCode::read_only) _exit(1);
    if (code_of([&] { Database::open(folder.file("new.sapwood")); }) != ErrorCode::read_only) _exit(2);
    u64 size = 0;
    if (code_of([&] { size = Database::open(path, reading).list<std::string>("words").size(); }) !=
        ErrorCode::cancelled) {
      _exit(3);
    }
    _exit(size == 300 ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
}

TEST(Misuse, WrongTypesAndNames) {
  Database database = Database::temporary();
  fill(database);
  expect_error(ErrorCode::wrong_type, "words", [&] { database.list<i64>("words"); });
  expect_error(ErrorCode::wrong_type, "words", [&] { database.sorted_map<i64, double>("words"); });
  expect_error(ErrorCode::wrong_type, "numbers", [&] { database.sorted_map<i64, i64>("numbers"); });
  const ReadTxn snapshot = database.read();
  expect_error(ErrorCode::wrong_type, "numbers", [&] { snapshot.sorted_map<std::string, double>("numbers"); });
  expect_error(ErrorCode::not_found, "absent", [&] { snapshot.list<i64>("absent"); });
  expect_error(ErrorCode::not_found, "absent", [&] { snapshot.any("absent"); });
  expect_error(ErrorCode::invalid_argument, "", [&] { database.list<i64>(""); });
  expect_error(ErrorCode::invalid_argument, "", [&] { database.list<i64>(std::string(256, 'n')); });
  expect_error(ErrorCode::invalid_argument, "", [&] { database.list<i64>("\xff\xfe"); });
  database.list<i64>(std::string(255, 'n')).push_back(1);
  EXPECT_TRUE(database.check().empty());
}

TEST(Misuse, PositionsOutOfRangeAndLongKeys) {
  Database database = Database::temporary();
  fill(database);
  WriteTxn txn = database.begin_write();
  auto words = txn.list<std::string>("words");
  auto texts = txn.sorted_map<std::string, std::string>("texts");
  expect_error(ErrorCode::out_of_range, "words", [&] { words.at(300); });
  expect_error(ErrorCode::out_of_range, "", [&] { words.set(300, "x"); });
  expect_error(ErrorCode::out_of_range, "", [&] { words.insert(301, "x"); });
  expect_error(ErrorCode::out_of_range, "", [&] { words.erase(299, 2); });
  expect_error(ErrorCode::out_of_range, "", [&] { words.erase(~u64{0}, ~u64{0}); });
  expect_error(ErrorCode::out_of_range, "", [&] { words.slice(1, ~u64{0}); });
  expect_error(ErrorCode::out_of_range, "", [&] { texts.select(300); });
  expect_error(ErrorCode::out_of_range, "", [&] { txn.list<i64>("new").pop_back(); });
  expect_error(ErrorCode::too_long, "", [&] { texts.put(std::string(1025, 'k'), "v"); });
  EXPECT_EQ(texts.get(std::string(5000, 'k')), std::nullopt);
  EXPECT_TRUE(texts.put(std::string(1024, 'k'), "v"));
  expect_error(ErrorCode::not_found, "texts", [&] { texts.at("absent"); });
  txn.commit();  // none of that poisoned it
  EXPECT_EQ(database.list<std::string>("words").size(), 300u);
  EXPECT_EQ((database.sorted_map<std::string, std::string>("texts").size()), 301u);
}

TEST(Misuse, AfterTheTransaction) {
  Database database = Database::temporary();
  fill(database);
  WriteTxn txn = database.begin_write();
  auto words = txn.list<std::string>("words");
  auto range = words.range();
  auto at = range.begin();
  EXPECT_EQ(*at, "word 0");
  txn.commit();
  expect_error(ErrorCode::ended, "", [&] { words.push_back("x"); });
  expect_error(ErrorCode::ended, "", [&] { words.at(0); });
  expect_error(ErrorCode::ended, "", [&] { *at; });
  expect_error(ErrorCode::ended, "", [&] { txn.commit(); });
  expect_error(ErrorCode::ended, "", [&] { txn.list<i64>("x"); });
  expect_error(ErrorCode::ended, "", [&] { txn.savepoint(); });
  ReadTxn snapshot = database.read();
  auto numbers = snapshot.sorted_map<i64, double>("numbers");
  auto entry = numbers.from(100).begin();
  EXPECT_EQ(entry->first, 100);
  snapshot.end();
  expect_error(ErrorCode::ended, "", [&] { numbers.get(0); });
  expect_error(ErrorCode::ended, "", [&] { *entry; });
  expect_error(ErrorCode::ended, "", [&] { *++entry; });
  expect_error(ErrorCode::ended, "", [&] { snapshot.has("words"); });
  // Another reader may get the same place among the readers: the old handle is dead all the same.
  const ReadTxn next = database.read();
  expect_error(ErrorCode::ended, "", [&] { numbers.get(0); });
}

TEST(Misuse, AfterDropAndClose) {
  Database database = Database::temporary();
  fill(database);
  auto words = database.list<std::string>("words");
  auto numbers = database.sorted_map<i64, double>("numbers");
  EXPECT_TRUE(database.drop("words"));
  expect_error(ErrorCode::not_found, "words", [&] { words.push_back("x"); });
  expect_error(ErrorCode::not_found, "words", [&] { words.at(0); });
  {
    const ReadTxn open = database.read();
    expect_error(ErrorCode::in_use, "", [&] { database.close(); });
    EXPECT_EQ(numbers.size(), 300u);
  }
  database.close();
  expect_error(ErrorCode::ended, "", [&] { numbers.get(1); });
  expect_error(ErrorCode::ended, "", [&] { database.read(); });
  expect_error(ErrorCode::ended, "", [&] { database.begin_write(); });
}

TEST(Misuse, WritingInsideTheOwnTransaction) {
  Database database = Database::temporary();
  fill(database);
  auto words = database.list<std::string>("words");
  {
    WriteTxn txn = database.begin_write();
    expect_error(ErrorCode::would_deadlock, "words", [&] { words.push_back("x"); });
    expect_error(ErrorCode::would_deadlock, "", [&] { database.begin_write(); });
    EXPECT_EQ(words.size(), 300u);  // reading is fine
    txn.list<std::string>("words").push_back("y");
    EXPECT_EQ(words.size(), 300u);
  }
  words.push_back("z");
  EXPECT_EQ(words.back(), "z");
}

}  // namespace
}  // namespace sapwood::test
