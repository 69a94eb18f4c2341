// What SimDisk adds to a file system: what is durable, faults, processes. Crash images: sim_disk_crash_test.cc.
#include "os/sim_disk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "sapwood/error.h"

namespace sapwood::os {
namespace {

class SimDiskTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& path) { return disk_.files().open(path, {.create = true}); }
  static void write(File& file, u64 offset, const std::string& text) { file.write(offset, text.data(), text.size()); }
  static std::string read(File& file, u64 offset, std::size_t size) {
    std::string text(size, '?');
    text.resize(file.read(offset, text.data(), size));
    return text;
  }

  template <class Call>
  static ErrorCode code_of(Call call) {
    try {
      call();
    } catch (const Error& error) {
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::cancelled;
  }

  SimDisk disk_{7};
};

TEST_F(SimDiskTest, OnlySyncMakesDurable) {
  const auto file = create("/a");
  write(*file, 0, "hello");
  EXPECT_EQ(disk_.contents("/a"), "hello");
  EXPECT_EQ(disk_.durable_contents("/a"), "");
  file->sync();
  EXPECT_EQ(disk_.durable_contents("/a"), "hello");
  write(*file, 1, "E");
  file->truncate(3);
  EXPECT_EQ(disk_.contents("/a"), "hEl");
  EXPECT_EQ(disk_.durable_contents("/a"), "hello");
  disk_.settle();
  EXPECT_EQ(disk_.durable_contents("/a"), "hEl");
}

TEST_F(SimDiskTest, AbsoluteAndRelativePathsAreNormalised) {
  create("a");
  create("/x//y/../b/.");
  EXPECT_EQ(disk_.paths(), (std::vector<std::string>{"/a", "/x/b"}));
  EXPECT_EQ(disk_.files().resolve("x/./b"), "/x/b");
  EXPECT_EQ(code_of([&] { disk_.files().open("/x", {}); }), ErrorCode::invalid_argument);
}

TEST_F(SimDiskTest, SetContentsReplacesAndIsDurable) {
  disk_.set_contents("/a", std::string(10'000, 'x'));
  disk_.set_contents("/a", "short");
  const auto file = create("/a");
  EXPECT_EQ(disk_.durable_contents("/a"), "short");
  file->truncate(10);
  EXPECT_EQ(read(*file, 0, 20), std::string("short\0\0\0\0\0", 10));
  EXPECT_EQ(disk_.operation_count(), 1u);
}

TEST_F(SimDiskTest, ObserverSeesOperationsBeforeTheyHappen) {
  std::vector<std::string> seen;
  std::string data;
  disk_.set_observer([&](const Operation& operation) {
    seen.push_back(describe(operation));
    if (operation.kind == OperationKind::write) {
      data.assign(reinterpret_cast<const char*>(operation.data), operation.size);
      EXPECT_EQ(disk_.contents("/a"), "");
    }
  });
  const auto file = create("/a");
  const WritePart parts[] = {{"hel", 3}, {"lo", 2}};
  file->write(0, parts);
  file->allocate(0, 100);
  file->sync();
  file->truncate(2);
  disk_.files().rename_new("/a", "/b");
  disk_.files().sync_folder_of("/b");
  disk_.files().remove("/b");
  EXPECT_EQ(data, "hello");
  EXPECT_EQ(seen, (std::vector<std::string>{"#1 create /a", "#2 write /a at 0, 5 bytes",
                                            "#3 allocate /a at 0, 100 bytes", "#4 sync /a", "#5 truncate /a to 2",
                                            "#6 rename /a to /b", "#7 sync folder /", "#8 remove /b"}));
  EXPECT_EQ(disk_.describe_recent_operations(2), "#7 sync folder /\n#8 remove /b\n");
  EXPECT_EQ(disk_.operation_count(), 8u);
}

TEST_F(SimDiskTest, AnObserverThatThrowsKillsTheProcess) {
  const auto file = create("/a");
  write(*file, 0, "one");
  disk_.set_observer([](const Operation& operation) {
    if (operation.kind == OperationKind::write) throw SimCrash{operation.number};
  });
  EXPECT_THROW(write(*file, 0, "two"), SimCrash);
  EXPECT_THROW(file->sync(), SimCrash);
  EXPECT_THROW(file->size(), SimCrash);
  EXPECT_THROW(disk_.files().remove("/a"), SimCrash);
  EXPECT_EQ(disk_.contents("/a"), "one");
  disk_.set_observer(nullptr);
  disk_.kill();
  EXPECT_EQ(read(*create("/a"), 0, 10), "one");
}

TEST_F(SimDiskTest, KillFreesLocksAndKeepsContents) {
  const auto file = create("/a");
  write(*file, 0, "one");
  const auto map = file->map(4096);
  ASSERT_TRUE(file->try_lock(0, LockKind::exclusive));
  const u32 pid = disk_.process().pid;
  disk_.kill();
  EXPECT_NE(disk_.process().pid, pid);
  const auto again = create("/a");
  EXPECT_TRUE(again->try_lock(0, LockKind::exclusive));
  EXPECT_EQ(read(*again, 0, 10), "one");
  EXPECT_EQ(std::memcmp(map->data(), "one", 3), 0);
  EXPECT_THROW(write(*file, 0, "two"), SimCrash);
}

TEST_F(SimDiskTest, ProcessesShareFilesAndDieApart) {
  const auto one = disk_.start_process();
  const auto two = disk_.start_process();
  EXPECT_NE(one->process().pid, two->process().pid);
  EXPECT_EQ(one->process().boot_id, two->process().boot_id);
  const auto file = one->files().open("/a", {.create = true});
  const auto other = two->files().open("/a", {});
  write(*file, 0, "one");
  EXPECT_EQ(read(*other, 0, 10), "one");
  ASSERT_TRUE(file->try_lock(0, LockKind::exclusive));
  EXPECT_FALSE(other->try_lock(0, LockKind::shared));
  one->kill();
  EXPECT_THROW(one->files().exists("/a"), SimCrash);
  EXPECT_THROW(write(*file, 0, "two"), SimCrash);
  EXPECT_TRUE(other->try_lock(0, LockKind::exclusive));
  EXPECT_EQ(read(*other, 0, 10), "one");
}

TEST_F(SimDiskTest, EveryCallCanFailOnceOrForGood) {
  const auto file = create("/a");
  u8 byte = 0;
  const std::vector<std::pair<Call, std::function<void()>>> calls = {
      {Call::open, [&] { create("/a"); }},
      {Call::read, [&] { file->read(0, &byte, 1); }},
      {Call::write, [&] { file->write(0, &byte, 1); }},
      {Call::sync, [&] { file->sync(); }},
      {Call::allocate, [&] { file->allocate(0, 10); }},
      {Call::truncate, [&] { file->truncate(10); }},
      {Call::map, [&] { file->map(4096); }},
      {Call::lock, [&] { file->try_lock(0, LockKind::shared); }},
      {Call::file_size, [&] { file->size(); }},
      {Call::drop_cache, [&] { file->drop_cache(); }},
      {Call::remove, [&] { create("/gone"), disk_.files().remove("/gone"); }},
      {Call::rename, [&] { create("/from"), disk_.files().rename_new("/from", "/to"), disk_.files().remove("/to"); }},
      {Call::sync_folder, [&] { disk_.files().sync_folder_of("/a"); }},
      {Call::look_up, [&] { disk_.files().exists("/a"); }},
      {Call::reserve_memory, [&] { disk_.reserve_memory(4096); }},
  };
  ASSERT_EQ(calls.size(), kCallKinds);
  const std::pair<FaultKind, ErrorCode> kinds[] = {{FaultKind::disk_full, ErrorCode::disk_full},
                                                   {FaultKind::io, ErrorCode::io},
                                                   {FaultKind::out_of_memory, ErrorCode::out_of_memory},
                                                   {FaultKind::short_write, ErrorCode::io}};
  for (const auto& [call, act] : calls) {
    for (const auto& [kind, code] : kinds) {
      SCOPED_TRACE(std::string(call_name(call)) + ", " + fault_name(kind));
      disk_.set_fault({.call = call, .nth = 2, .kind = kind});
      act();
      EXPECT_EQ(code_of(act), code);
      act();
      EXPECT_EQ(disk_.faults_fired(), 1u);
      disk_.set_fault({.call = call, .nth = 1, .for_good = true, .kind = kind});
      EXPECT_EQ(code_of(act), code);
      EXPECT_EQ(code_of(act), code);
      EXPECT_EQ(disk_.faults_fired(), 2u);
      disk_.clear_fault();
      act();
    }
  }
}

TEST_F(SimDiskTest, FaultsCountAllCallsOrThoseOnAPath) {
  const auto a = create("/db");
  const auto b = create("/db-log");
  disk_.set_fault({.nth = 3, .kind = FaultKind::io});
  write(*a, 0, "x");
  b->sync();
  EXPECT_EQ(code_of([&] { static_cast<void>(a->size()); }), ErrorCode::io);
  disk_.set_fault(
      {.call = Call::write, .nth = 1, .for_good = true, .kind = FaultKind::disk_full, .path_suffix = "-log"});
  write(*a, 0, "y");
  EXPECT_EQ(code_of([&] { write(*b, 0, "y"); }), ErrorCode::disk_full);
  write(*a, 0, "z");
  EXPECT_EQ(disk_.contents("/db"), "z");
  EXPECT_EQ(disk_.contents("/db-log"), "");
  EXPECT_NE(disk_.describe_recent_operations().find("fault: disk full in write /db-log"), std::string::npos);
}

TEST_F(SimDiskTest, CallsAreCounted) {
  const auto file = create("/a");
  write(*file, 0, "x");
  write(*file, 0, "y");
  file->sync();
  EXPECT_EQ(disk_.call_count(), 4u);
  EXPECT_EQ(disk_.call_count(Call::write), 2u);
  EXPECT_EQ(disk_.call_count(Call::sync), 1u);
  EXPECT_EQ(disk_.call_count(Call::read), 0u);
}

TEST_F(SimDiskTest, AFaultChangesNothingButAShortWriteSomething) {
  const auto file = create("/a");
  disk_.set_fault({.call = Call::write, .for_good = true, .kind = FaultKind::disk_full});
  EXPECT_EQ(code_of([&] { write(*file, 0, "hello"); }), ErrorCode::disk_full);
  EXPECT_EQ(disk_.contents("/a"), "");
  disk_.set_fault({.call = Call::write, .for_good = true, .kind = FaultKind::short_write});
  const std::string data(100'000, 'x');
  EXPECT_EQ(code_of([&] { write(*file, 0, data); }), ErrorCode::io);
  EXPECT_GT(file->size(), 0u);
  EXPECT_LT(file->size(), data.size());
  EXPECT_EQ(disk_.contents("/a"), data.substr(0, file->size()));
}

TEST_F(SimDiskTest, AFullDiskRefusesGrowthOnly) {
  disk_.set_capacity(10'000);
  const auto a = create("/a");
  const auto b = create("/b");
  a->allocate(0, 8'000);
  EXPECT_EQ(code_of([&] { b->allocate(0, 4'000); }), ErrorCode::disk_full);
  EXPECT_EQ(b->size(), 0u);
  EXPECT_EQ(code_of([&] { write(*a, 9'999, "xx"); }), ErrorCode::disk_full);
  write(*a, 0, "x");
  a->truncate(0);
  b->allocate(0, 10'000);
}

TEST_F(SimDiskTest, AReadOnlyDiskRefusesWriters) {
  disk_.set_contents("/a", "x");
  disk_.set_read_only(true);
  EXPECT_EQ(code_of([&] { disk_.files().open("/a", {}); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { create("/b"); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { disk_.files().remove("/a"); }), ErrorCode::read_only);
  EXPECT_EQ(code_of([&] { disk_.files().rename_new("/a", "/b"); }), ErrorCode::read_only);
  EXPECT_EQ(read(*disk_.files().open("/a", {.write = false}), 0, 9), "x");
}

TEST_F(SimDiskTest, AFileLargerThanTheReservationIsALimit) {
  SimDisk small({.seed = 1, .reservation_bytes = 1 << 20});
  const auto file = small.files().open("/a", {.create = true});
  file->allocate(0, 1 << 20);
  EXPECT_EQ(code_of([&] { file->allocate(0, (1 << 20) + 1); }), ErrorCode::limit);
}

TEST_F(SimDiskTest, DroppedSyncsAreAcknowledged) {
  const auto file = create("/a");
  disk_.set_dropped_syncs(true);
  write(*file, 0, "hello");
  file->sync();
  EXPECT_EQ(disk_.durable_contents("/a"), "");
  disk_.set_dropped_syncs(false);
  file->sync();
  EXPECT_EQ(disk_.durable_contents("/a"), "hello");
}

// What Linux does: the failed pages count as clean, so the next sync succeeds without writing them.
TEST_F(SimDiskTest, AfterAFailedSyncTheDataIsNeverWritten) {
  disk_.set_contents("/a", "old");
  const auto file = create("/a");
  write(*file, 0, "new");
  disk_.set_fault({.call = Call::sync, .kind = FaultKind::io});
  EXPECT_EQ(code_of([&] { file->sync(); }), ErrorCode::io);
  file->sync();
  EXPECT_EQ(read(*file, 0, 3), "new");
  EXPECT_EQ(disk_.durable_contents("/a"), "old");
  file->drop_cache();
  EXPECT_EQ(read(*file, 0, 3), "old");
}

TEST_F(SimDiskTest, AfterAFailedSyncBlocksWrittenAgainAreWritten) {
  disk_.set_contents("/a", std::string(8192, 'o'));
  const auto file = create("/a");
  write(*file, 0, "new");
  write(*file, 4096, "new");
  disk_.set_fault({.call = Call::sync, .kind = FaultKind::io});
  EXPECT_EQ(code_of([&] { file->sync(); }), ErrorCode::io);
  write(*file, 100, "again");
  file->sync();
  EXPECT_EQ(disk_.durable_contents("/a").substr(0, 3), "new");
  EXPECT_EQ(disk_.durable_contents("/a").substr(4096, 3), "ooo");
}

TEST_F(SimDiskTest, AMisdirectedWriteIsSeenOnceTheCacheIsGone) {
  disk_.set_contents("/a", std::string(4096, 'a') + std::string(4096, 'b') + std::string(4096, 'c'));
  const auto file = create("/a");
  disk_.misdirect_write(2, 4096, "/a");
  write(*file, 8192, "first");
  write(*file, 0, "second");
  write(*file, 10, "third");
  EXPECT_EQ(read(*file, 0, 13), "secondaaaathi");
  EXPECT_EQ(read(*file, 4096, 6), "bbbbbb");
  file->sync();
  EXPECT_EQ(read(*file, 0, 6), "second");
  file->drop_cache();
  EXPECT_EQ(read(*file, 0, 13), "aaaaaaaaaathi");
  EXPECT_EQ(read(*file, 4096, 7), "secondb");
  EXPECT_EQ(read(*file, 8192, 6), "firstc");
}

TEST_F(SimDiskTest, AFlippedBitIsInCacheAndOnDisk) {
  disk_.set_contents("/a", std::string(5000, 'a'));
  const auto file = create("/a");
  disk_.flip_bit("/a", 4500, 1);
  EXPECT_EQ(read(*file, 4500, 1), "c");
  EXPECT_EQ(disk_.durable_contents("/a")[4500], 'c');
  write(*file, 4501, "x");
  disk_.flip_bit("/a", 4500, 1);
  EXPECT_EQ(disk_.durable_contents("/a"), std::string(5000, 'a'));
}

TEST_F(SimDiskTest, SameSeedSameBytes) {
  SimDisk other(7);
  SimDisk different(8);
  u64 numbers[3];
  disk_.random().fill(&numbers[0], 8);
  other.random().fill(&numbers[1], 8);
  different.random().fill(&numbers[2], 8);
  EXPECT_EQ(numbers[0], numbers[1]);
  EXPECT_NE(numbers[0], numbers[2]);
  EXPECT_EQ(disk_.clock().now_us(), other.clock().now_us());
  disk_.advance_clock(5'000'000);
  EXPECT_EQ(disk_.clock().monotonic_us(), other.clock().monotonic_us() + 5'000'000);
}

TEST_F(SimDiskTest, ACloneIsApart) {
  disk_.set_contents("/a", "hello");
  const auto copy = disk_.clone();
  write(*create("/a"), 0, "J");
  EXPECT_EQ(copy->durable_contents("/a"), "hello");
  EXPECT_EQ(disk_.contents("/a"), "Jello");
}

TEST_F(SimDiskTest, FilesOutliveTheDisk) {
  auto disk = std::make_unique<SimDisk>(1);
  auto file = disk->files().open("/a", {.create = true});
  const auto map = file->map(4096);
  disk.reset();
  write(*file, 0, "hello");
  EXPECT_EQ(std::memcmp(map->data(), "hello", 5), 0);
}

TEST_F(SimDiskTest, ThreadsMayCrashTheDiskWhileOthersWrite) {
  const auto file = create("/a");
  disk_.settle();
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i)
      write(*file, static_cast<u64>(i % 8) * 512, std::string(512, static_cast<char>('a' + i % 26)));
  });
  for (int i = 0; i < 20; ++i) {
    disk_.for_each_crash_image({.max_images = 8}, [](SimDisk& image, const CrashImage&) {
      const std::string contents = image.contents("/a");
      for (std::size_t at = 0; at + 512 <= contents.size(); at += 512) {
        const bool zeros = contents.find_first_not_of('\0', at) >= at + 512;
        EXPECT_TRUE(zeros || contents[at] != '\0') << at;
      }
    });
  }
  writer.join();
}

}  // namespace
}  // namespace sapwood::os
