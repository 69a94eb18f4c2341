// Opening: read-only, stray and missing logs, damaged files.
#include <cstddef>
#include <cstring>

#include "storage/engine.h"
#include "storage/lock_file.h"
#include "storage/log_format.h"
#include "storage/meta.h"
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

using Paths = std::vector<std::string>;
using OpenTest = EngineTest;

TEST_F(OpenTest, ReadersShareACleanFile) {
  open()->close();
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  engine->close();
  const std::string before = disk_.contents(kPath);
  disk_.set_read_only(true);
  const std::shared_ptr<Engine> first = open(OpenMode::read);
  const std::shared_ptr<Engine> second = open(OpenMode::read);
  EXPECT_TRUE(first->read_only());
  for (Engine* reader : {first.get(), second.get()}) {
    EXPECT_EQ(read_newest(*reader).values, (std::map<u64, u64>{{1, 9}}));
    expect_sound(*reader);
    EXPECT_EQ(code_of([&] { reader->begin_write(std::chrono::milliseconds(-1)); }), ErrorCode::read_only);
    EXPECT_EQ(code_of([&] { reader->checkpoint(); }), ErrorCode::read_only);
    reader->sync();
    reader->close();
  }
  disk_.set_read_only(false);
  EXPECT_EQ(disk_.contents(kPath), before);
  EXPECT_EQ(disk_.paths(), Paths{kPath});
}

// Processes of other machines have no part in the lock file. One may have the file for itself, or any number may read.
TEST_F(OpenTest, OnANetworkFileSystemOneProcessWritesOrAllRead) {
  disk_.set_network("NFS");
  try {
    open();
    ADD_FAILURE() << "a shared file on a network file system";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    const std::string message = error.what();
    EXPECT_NE(message.find("/db is on a network file system (NFS)"), std::string::npos) << message;
    EXPECT_NE(message.find("Options::exclusive"), std::string::npos) << message;
  }
  EXPECT_TRUE(disk_.paths().empty()) << "nothing was made";

  options_.exclusive = true;
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  const std::unique_ptr<os::SimProcess> other = disk_.start_process();
  EXPECT_EQ(code_of([&] { open(other.get()); }), ErrorCode::in_use);
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), ErrorCode::in_use);
  engine->close();

  const std::shared_ptr<Engine> first = open(OpenMode::read);
  const std::shared_ptr<Engine> second = open(OpenMode::read);
  EXPECT_EQ(read_newest(*second).values.size(), 1u);
  EXPECT_EQ(disk_.paths(), Paths{kPath}) << "they share no lock file";
  EXPECT_EQ(code_of([&] { open(other.get()); }), ErrorCode::in_use);
}

TEST_F(OpenTest, ReadersDoNotRecover) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  crash(engine);
  const Paths left = disk_.paths();
  for (int i = 0; i < 2; ++i) {
    engine = open(OpenMode::read);  // what the killed process left is whole
    EXPECT_EQ(read_newest(*engine).values.size(), 1u);
    engine->close();
    EXPECT_EQ(disk_.paths(), left);
  }
  disk_.files().remove(kLockPath);  // as after a crash of the system
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), ErrorCode::read_only);
  EXPECT_EQ(reopened_state().values.size(), 1u);
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), std::nullopt);
}

// Killed after a commit counted, and before it was visible: who opens the file sees it, as the next writer will.
TEST_F(OpenTest, ACommitThatWasNotVisibleYetIsAfterAKill) {
  std::shared_ptr<Engine> engine = open();
  for (u64 i = 0; i < 5; ++i) commit(*engine, Durability::async, [i](Editor& editor) { editor.put(i, 9); });
  const TxnId newest = engine->info().txn;
  crash(engine);
  std::string lock_file = disk_.contents(kLockPath);
  const u64 before = newest - 1;
  std::memcpy(lock_file.data() + offsetof(LockFile, head), &before, sizeof before);
  disk_.set_contents(kLockPath, lock_file);
  engine = open();
  EXPECT_EQ(engine->info().txn, newest);
  EXPECT_EQ(read_newest(*engine).values.size(), 5u);
}

// What killed processes left is read on; that their log is damaged shows when it is needed, and then nobody builds on
// it.
TEST_F(OpenTest, ADamagedLogOfKilledProcessesIsNotBuiltOn) {
  std::shared_ptr<Engine> engine = open();
  for (u64 i = 0; i < 5; ++i) commit(*engine, Durability::sync, [i](Editor& editor) { editor.put(i, 9); });
  crash(engine);
  disk_.flip_bit(kLogPath, kSegmentHeaderSize + 9, 3);  // in the first record's header
  engine = open();
  EXPECT_EQ(read_newest(*engine).values.size(), 5u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(code_of([&] { commit(*engine, Durability::sync, [](Editor& editor) { editor.put(7, 9); }); }),
              ErrorCode::corrupt);
  }
  EXPECT_EQ(read_newest(*engine).values.size(), 5u);
  EXPECT_EQ(code_of([&] { engine->close(); }), ErrorCode::writes_refused);
  const std::string before = disk_.contents(kPath);
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::corrupt);
  EXPECT_EQ(disk_.contents(kPath), before);
}

TEST_F(OpenTest, AForeignLogIsAnErrorAndStays) {
  open()->close();
  for (const std::string& bytes : {std::string("notes of someone"), std::string(200'000, 'x')}) {
    disk_.set_contents(kLogPath, bytes);
    EXPECT_EQ(code_of([&] { open(); }), ErrorCode::in_use);
    EXPECT_EQ(disk_.contents(kLogPath), bytes);
    EXPECT_EQ(code_of([&] { open(OpenMode::read); }), std::nullopt);
  }
}

TEST_F(OpenTest, AStaleLogOfOursIsRemoved) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  const std::string log = disk_.contents(kLogPath);
  engine->close();
  disk_.set_contents(kLogPath, log);
  engine = open();
  EXPECT_FALSE(engine->info().recovery.recovered);
  EXPECT_EQ(read_newest(*engine).values, (std::map<u64, u64>{{1, 9}}));
  EXPECT_EQ(disk_.paths(), (Paths{kPath, kLockPath}));
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(2, 9); });
  engine->close();
  disk_.set_contents(kLogPath, "");  // created, and nothing written
  EXPECT_EQ(reopened_state().values.size(), 2u);
}

TEST_F(OpenTest, AMissingOrForeignLogOfAnUncleanFileIsCorrupt) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  crash(engine);
  const std::string log = disk_.contents(kLogPath);
  const std::string data = disk_.contents(kPath);
  disk_.files().remove(kLogPath);
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::corrupt);
  for (const std::string& bytes :
       {std::string(), std::string(100, 'x'), std::string(log.size(), '\0'), log.substr(0, 63)}) {
    disk_.set_contents(kLogPath, bytes);
    EXPECT_EQ(code_of([&] { open(); }), ErrorCode::corrupt);
    EXPECT_EQ(disk_.contents(kLogPath), bytes);
  }
  EXPECT_EQ(disk_.contents(kPath), data);
  disk_.set_contents(kLogPath, log);
  EXPECT_EQ(reopened_state().values.size(), 1u);
}

// Both copies of the newest meta are lost while the log tells of later commits: the older meta must not be used.
TEST_F(OpenTest, ALostMetaWithALogIsNotIgnored) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  crash(engine);
  const Geometry geometry(512);
  for (const u32 slot : {2u, 3u}) disk_.flip_bit(kPath, geometry.meta_offset(slot) + 100, 3);
  EXPECT_EQ(code_of([&] { open(); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { open(OpenMode::read); }), ErrorCode::corrupt);
}

// The same behind a checkpoint: the older meta's log segment counts no more, since its pages may be used again.
TEST_F(OpenTest, ALostMetaAfterACheckpointIsNotIgnored) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  engine->checkpoint();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(2, 9); });
  crash(engine);
  const std::string data = disk_.contents(kPath);
  const std::string log = disk_.contents(kLogPath);
  const Geometry geometry(512);
  int refused = 0;
  for (const u32 slot : {0u, 2u}) {
    disk_.set_contents(kPath, data);
    disk_.set_contents(kLogPath, log);
    for (const u32 twin : {slot, slot + 1}) disk_.flip_bit(kPath, geometry.meta_offset(twin) + 100, 3);
    if (code_of([&] { open(); }) == ErrorCode::corrupt) ++refused;
    else EXPECT_EQ(reopened_state().values.size(), 2u);
  }
  EXPECT_EQ(refused, 1) << "the newest pair is needed, the other is not";
}

TEST_F(OpenTest, ADamagedTwinDoesNoHarm) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  engine->close();
  const Geometry geometry(512);
  for (const u32 slot : {0u, 3u}) disk_.flip_bit(kPath, geometry.meta_offset(slot) + 100, 3);
  EXPECT_EQ(reopened_state().values.size(), 1u);
}

TEST_F(OpenTest, ADamagedBitmapIsRebuilt) {
  std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(4);
  State model;
  commit(*engine, Durability::sync, [&](Editor& editor) {
    for (int i = 0; i < 60; ++i) random_change(random, editor, model, 200, 2000);
  });
  engine->close();
  const Geometry geometry(512);
  for (const u32 copy : {0u, 1u}) disk_.flip_bit(kPath, geometry.offset_of(geometry.bitmap_page(0, copy)) + 100, 3);
  engine = open(OpenMode::read);
  EXPECT_EQ(read_newest(*engine), model);
  EXPECT_EQ(findings(*engine).size(), 1u);
  engine.reset();
  engine = open();
  EXPECT_EQ(read_newest(*engine), model);
  commit(*engine, Durability::sync, [&](Editor& editor) { random_change(random, editor, model, 200, 2000); });
  engine->checkpoint();
  expect_sound(*engine);
  engine->close();
  EXPECT_EQ(reopened_state(), model);
}

TEST_F(OpenTest, ACutOffFileIsCorrupt) {
  std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::sync, [](Editor& editor) { editor.put(1, 9); });
  engine->close();
  const std::string whole = disk_.contents(kPath);
  for (u64 size = 0; size < whole.size(); size += 256) {
    disk_.set_contents(kPath, whole.substr(0, size));
    EXPECT_EQ(code_of([&] { open(); }), size == 0 ? ErrorCode::not_a_database : ErrorCode::corrupt) << size;
  }
  disk_.set_contents(kPath, whole + std::string(5000, 'x'));  // more than the meta knows is free space
  EXPECT_EQ(reopened_state().values.size(), 1u);
}

}  // namespace
}  // namespace sapwood::storage::testing
