#include "storage/versions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <thread>

#include "os/sim_disk.h"
#include "storage/testing_processes.h"

namespace sapwood::storage {
namespace {

std::optional<ErrorCode> code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

// All fields follow from the number, so that a mix of two versions shows.
Descriptor version_of(TxnId txn) {
  Descriptor version;
  version.txn = txn;
  version.catalog = CatalogRoot{{PageNo{txn * 3}, static_cast<u32>(txn * 5)}, static_cast<u8>(txn % 200), txn * 7};
  version.page_count = txn * 11;
  version.lsn = txn * 13;
  version.commit_time_us = static_cast<i64>(txn * 17);
  return version;
}

void expect_whole(const Descriptor& version) {
  const Descriptor expected = version_of(version.txn);
  EXPECT_EQ(version.catalog, expected.catalog);
  EXPECT_EQ(version.page_count, expected.page_count);
  EXPECT_EQ(version.lsn, expected.lsn);
  EXPECT_EQ(version.commit_time_us, expected.commit_time_us);
}

class VersionsTest : public ::testing::Test {
 protected:
  void publish(TxnId txn) {
    versions_.publish_tip(version_of(txn));
    versions_.publish_head(txn);
  }
  std::vector<TxnId> pins() const {
    std::vector<TxnId> all;
    versions_.collect(all);
    std::sort(all.begin(), all.end());
    return all;
  }

  os::SimDisk disk_{1};
  testing::LoneProcess self_{disk_};
  Versions versions_{self_.processes};
};

using ThreadsVersions = VersionsTest;

TEST_F(VersionsTest, AReaderTakesTheBlocksOfDeadProcesses) {
  publish(5);
  LockFile& file = self_.processes.lock_file();
  const u32 dead = 9 | 77u << 7;  // slot 8, a generation that nobody has
  for (u32 block = 0; block < kReaderBlocks; ++block) file.blocks[block].store(dead);
  for (LockFile::Slot& slot : file.slots) slot.txn.store(3);
  for (u32 i = 0; i < kReaderSlots; ++i) ASSERT_EQ(versions_.begin_read().version.txn, 5u) << i;
  EXPECT_EQ(pins(), std::vector<TxnId>(kReaderSlots, 5));
  EXPECT_EQ(code_of([&] { versions_.begin_read(); }), ErrorCode::limit);
}

TEST_F(VersionsTest, AReaderGetsTheHeadAndPinsIt) {
  publish(5);
  versions_.publish_tip(version_of(6));
  const Versions::Reader first = versions_.begin_read();
  EXPECT_EQ(first.version.txn, 5u);
  expect_whole(first.version);
  versions_.publish_head(6);
  const Versions::Reader second = versions_.begin_read();
  EXPECT_EQ(second.version.txn, 6u);
  EXPECT_NE(first.slot, second.slot);
  EXPECT_EQ(pins(), (std::vector<TxnId>{5, 6}));
  EXPECT_EQ(versions_.reader_count(), 2u);
  versions_.end_read(first.slot);
  EXPECT_EQ(pins(), std::vector<TxnId>{6});
  versions_.end_read(second.slot);
  EXPECT_TRUE(pins().empty());
}

TEST_F(VersionsTest, TheHeadNeverGoesBack) {
  publish(9);
  versions_.publish_head(4);
  EXPECT_EQ(versions_.head(), 9u);
  EXPECT_EQ(versions_.tip(), 9u);
}

TEST_F(VersionsTest, TheRingKeepsTheLastVersions) {
  for (TxnId txn = 1; txn <= 1000; ++txn) versions_.publish_tip(version_of(txn));
  for (TxnId txn = 1000 - kRingSize + 1; txn <= 1000; ++txn) {
    const std::optional<Descriptor> found = versions_.find(txn);
    ASSERT_TRUE(found.has_value()) << txn;
    expect_whole(*found);
  }
  EXPECT_FALSE(versions_.find(1000 - kRingSize).has_value());
  EXPECT_FALSE(versions_.find(1001).has_value());
}

TEST_F(VersionsTest, NumbersMayJump) {
  publish(3);
  publish(u64{1} << 33);
  EXPECT_EQ(versions_.begin_read().version.txn, u64{1} << 33);
  EXPECT_FALSE(versions_.find(3 + kRingSize).has_value());
}

TEST_F(VersionsTest, ASlotTakenAgainHasAnotherGeneration) {
  publish(1);
  const Versions::Reader first = versions_.begin_read();
  EXPECT_TRUE(versions_.is_live(first.slot, first.generation));
  versions_.end_read(first.slot);
  EXPECT_FALSE(versions_.is_live(first.slot, first.generation));
  const Versions::Reader second = versions_.begin_read();
  EXPECT_EQ(second.slot, first.slot);
  EXPECT_TRUE(versions_.is_live(second.slot, second.generation));
  EXPECT_FALSE(versions_.is_live(first.slot, first.generation));
}

TEST_F(VersionsTest, AllSlotsMayBeUsedAndNoMore) {
  publish(8);
  std::vector<Versions::Reader> readers;
  for (u32 i = 0; i < kReaderSlots; ++i) readers.push_back(versions_.begin_read());
  EXPECT_EQ(code_of([&] { versions_.begin_read(); }), ErrorCode::limit);
  EXPECT_EQ(pins().size(), kReaderSlots);
  std::vector<u32> slots;
  slots.reserve(readers.size());
  for (const Versions::Reader& reader : readers) slots.push_back(reader.slot);
  std::sort(slots.begin(), slots.end());
  EXPECT_EQ(std::unique(slots.begin(), slots.end()), slots.end());
  versions_.end_read(readers[500].slot);
  EXPECT_EQ(versions_.begin_read().slot, readers[500].slot);
  EXPECT_EQ(code_of([&] { versions_.begin_read(); }), ErrorCode::limit);
}

TEST(LockFileText, TellsWhoHoldsTheFile) {
  os::SimDisk disk(1);
  const std::unique_ptr<os::File> file = disk.files().open("/db-lock", {.write = true, .create = true});
  file->allocate(0, sizeof(LockFile));
  Processes processes(file->map_shared(sizeof(LockFile)), file.get());
  const os::ProcessInfo self{4711, "pyth\non3", "boot"};
  processes.make_anew(self, {});
  processes.enter(self, 1'769'860'800'000'000);
  std::vector<u8> bytes(sizeof(LockFile) + 1);
  for (const u64 shift : {0, 1}) {  // at any alignment
    EXPECT_EQ(file->read(0, bytes.data() + shift, sizeof(LockFile)), sizeof(LockFile));
    EXPECT_EQ(describe_holder(bytes.data() + shift, sizeof(LockFile)),
              "process 4711 (pyth?on3, since 2026-01-31 12:00:00 UTC)");
  }
}

TEST(LockFileText, AnyBytesAreDescribed) {
  std::vector<u8> bytes(sizeof(LockFile));
  EXPECT_EQ(describe_holder(bytes.data(), bytes.size()), "another process");
  EXPECT_EQ(describe_holder(bytes.data(), 0), "another process");
  std::mt19937_64 random(1);
  for (int round = 0; round < 100; ++round) {
    for (u8& byte : bytes) byte = static_cast<u8>(random());
    std::memcpy(bytes.data(), "SAPWLOCK", 8);
    EXPECT_EQ(describe_holder(bytes.data(), bytes.size()).rfind("process ", 0), 0u);
  }
}

// The page-safety protocol. Version v has one page: place[v % kPlaces] holds v. The writer may overwrite the place of
// version v iff no slot holds v after a newer head was published; readers check that their place holds their version,
// with plain loads, so that a thread sanitizer sees every overlap.
TEST_F(ThreadsVersions, NoPageIsOverwrittenUnderAReader) {
  constexpr u64 kPlaces = 7;
  constexpr int kReaders = 3;
  struct Place {
    u64 values[16] = {};
  };
  std::vector<Place> places(kPlaces);
  std::vector<TxnId> holds(kPlaces, 0);
  const auto write = [&](u64 place, TxnId txn) {
    for (u64& value : places[place].values) value = txn;
    holds[place] = txn;
  };
  const auto publish_at = [&](u64 place, TxnId txn) {
    Descriptor version = version_of(txn);
    version.catalog.root.page = PageNo{place};
    versions_.publish_tip(version);
    versions_.publish_head(txn);
  };
  write(0, 1);
  publish_at(0, 1);
  std::atomic<bool> stop = false;
  std::atomic<u64> reads = 0;
  std::atomic<u64> mixed = 0;
  std::vector<std::thread> threads;
  threads.reserve(kReaders + 1);
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(static_cast<u64>(i));
      while (!stop) {
        const Versions::Reader reader = versions_.begin_read();
        const u64 place = to_u64(reader.version.catalog.root.page);
        for (u64 repeat = random() % 4 + 1; repeat > 0; --repeat) {
          for (const u64 value : places[place].values) mixed += value != reader.version.txn ? 1 : 0;
          if (random() % 8 == 0) std::this_thread::yield();
        }
        versions_.end_read(reader.slot);
        ++reads;
      }
    });
  }
  u64 written = 0;
  TxnId txn = 1;
  for (u64 round = 0; written < 20'000 || reads < 3000; ++round) {
    std::vector<TxnId> pins;
    const TxnId head = versions_.head();
    versions_.collect(pins);
    pins.push_back(head);
    const u64 place = round % kPlaces;
    if (holds[place] != 0 && std::find(pins.begin(), pins.end(), holds[place]) != pins.end()) continue;
    write(place, ++txn);
    publish_at(place, txn);
    ++written;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mixed, 0u);
  EXPECT_TRUE(pins().empty());
}

// Claiming a slot takes long here, so that the head often moves on meanwhile; the reader must notice. Version v is in
// place v % kPlaces; one look at the slots lets the writer overwrite the places of all versions before the head.
TEST_F(ThreadsVersions, AHeadThatMovesWhileASlotIsClaimedIsSeen) {
  constexpr u64 kPlaces = 8;
  constexpr u32 kFree = 3;
  std::vector<std::atomic<u64>> places(kPlaces);
  TxnId txn = 0;
  const auto publish_next = [&] {
    ++txn;
    places[txn % kPlaces] = txn;
    publish(txn);
  };
  for (u64 i = 0; i < 2 * kPlaces; ++i) publish_next();
  // All slots but the first three are taken (by readers that never look). A thread looks for one from where it found
  // its last, which was just behind them in `others`, so that it goes all the way round.
  testing::LoneProcess other(disk_);
  Versions others(other.processes);
  others.publish_tip(version_of(1));
  others.publish_head(1);
  std::thread([&] {
    for (u32 i = 0; i < kReaderSlots; ++i) versions_.begin_read();
    for (u32 i = 0; i < kReaderSlots; ++i) others.begin_read();
    for (u32 i = 0; i < kFree; ++i) {
      versions_.end_read(i);
      others.end_read(kFree + i);
    }
  }).join();
  for (u64 i = 0; i < 2 * kPlaces; ++i) publish_next();
  std::atomic<bool> stop = false;
  std::atomic<u64> wrong = 0;
  std::atomic<u64> reads = 0;
  std::vector<std::thread> threads;
  for (u32 i = 0; i < kFree; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        others.end_read(others.begin_read().slot);
        const Versions::Reader reader = versions_.begin_read();
        for (int look = 0; look < 20; ++look)
          wrong += places[reader.version.txn % kPlaces] != reader.version.txn ? 1 : 0;
        versions_.end_read(reader.slot);
        ++reads;
      }
    });
  }
  for (int round = 0; round < 15'000 || reads < 2000; ++round) {
    const TxnId head = versions_.head();
    std::vector<TxnId> pins;
    versions_.collect(pins);
    for (u64 i = 1; i < kPlaces; ++i) {
      if (std::find(pins.begin(), pins.end(), txn + 1 - kPlaces) != pins.end() || txn + 1 - kPlaces >= head) break;
      publish_next();
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
}

TEST_F(ThreadsVersions, SlotsAreNeverShared) {
  publish(1);
  std::vector<std::atomic<int>> holders(kReaderSlots);
  std::atomic<u64> shared = 0;
  std::atomic<u64> dead = 0;
  std::vector<std::thread> threads;
  for (u64 i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(i);
      std::vector<Versions::Reader> mine;
      for (int step = 0; step < 5000; ++step) {
        if (mine.size() < 20 && random() % 2 == 0) {
          mine.push_back(versions_.begin_read());
          if (holders[mine.back().slot].fetch_add(1) != 0) ++shared;
        } else if (!mine.empty()) {
          const Versions::Reader reader = mine.back();
          mine.pop_back();
          if (!versions_.is_live(reader.slot, reader.generation)) ++dead;
          holders[reader.slot].fetch_sub(1);
          versions_.end_read(reader.slot);
        }
      }
      for (const Versions::Reader& reader : mine) {
        holders[reader.slot].fetch_sub(1);
        versions_.end_read(reader.slot);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared, 0u);
  EXPECT_EQ(dead, 0u);
  EXPECT_TRUE(pins().empty());
}

// Readers of the ring while it is overwritten all the time: what they get is whole.
TEST_F(ThreadsVersions, DescriptorsAreNeverTorn) {
  publish(1);
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        const TxnId tip = versions_.tip();
        for (const TxnId txn : {tip, tip > kRingSize ? tip - kRingSize + 1 : tip, tip + 1}) {
          if (const std::optional<Descriptor> found = versions_.find(txn)) {
            EXPECT_EQ(found->txn, txn);
            expect_whole(*found);
          }
        }
      }
    });
  }
  for (TxnId txn = 2; txn < 60'000; ++txn) versions_.publish_tip(version_of(txn));
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace sapwood::storage
