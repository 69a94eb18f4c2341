#include "storage/meta.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "os/sim_disk.h"

namespace sapwood::storage {
namespace {

constexpr const char* kPath = "/db";

u64 test_seed() {
  const char* text = std::getenv("SAPWOOD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

// The code that `action` throws; nullopt if it does not throw.
std::optional<ErrorCode> code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

Meta sample(u32 page_size, u64 sequence) {
  const Geometry geometry(page_size);
  Meta meta;
  meta.page_size = page_size;
  meta.compatible = 5;
  meta.read_only_compatible = 6;
  for (u8 i = 0; i < 16; ++i) meta.uuid[i] = static_cast<u8>(i * 7 + 1);
  for (u8 i = 0; i < 16; ++i) meta.hash_key[i] = static_cast<u8>(i * 5 + 3);
  meta.sequence = sequence;
  meta.txn = 1000 + sequence;
  meta.page_count = geometry.first_page + 9 * geometry.group_pages + 17;
  meta.catalog = CatalogRoot{{PageNo{0xabcdef012345}, 0x89abcdef}, 3, 77};
  meta.log_expected = true;
  meta.replay_lsn = 0x1122334455667788;
  meta.log_epoch = 0x99aabbccddeeff00;
  meta.log_stride = 1 << 20;
  meta.created_us = 1'700'000'000'000'001;
  meta.commit_time_us = -5;
  meta.active = {true, false, false, true, true, false, false, false, true, true};
  return meta;
}

void expect_equal(const Meta& a, const Meta& b) {
  EXPECT_EQ(a.page_size, b.page_size);
  EXPECT_EQ(a.compatible, b.compatible);
  EXPECT_EQ(a.read_only_compatible, b.read_only_compatible);
  EXPECT_EQ(a.incompatible, b.incompatible);
  EXPECT_EQ(a.uuid, b.uuid);
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_EQ(a.txn, b.txn);
  EXPECT_EQ(a.page_count, b.page_count);
  EXPECT_EQ(a.catalog, b.catalog);
  EXPECT_EQ(a.clean, b.clean);
  EXPECT_EQ(a.log_expected, b.log_expected);
  EXPECT_EQ(a.replay_lsn, b.replay_lsn);
  EXPECT_EQ(a.log_epoch, b.log_epoch);
  EXPECT_EQ(a.log_stride, b.log_stride);
  EXPECT_EQ(a.hash_key, b.hash_key);
  EXPECT_EQ(a.created_us, b.created_us);
  EXPECT_EQ(a.commit_time_us, b.commit_time_us);
  EXPECT_EQ(a.active, b.active);
}

class MetaFile : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() { file_ = disk_.files().open(kPath, {.write = true, .create = true}); }
  void fresh() {
    file_.reset();
    disk_.set_contents(kPath, "");
    open();
  }
  // Changes 16 bytes of a slot in the middle of its fields.
  void damage(const Geometry& geometry, u32 slot) {
    const u8 junk[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    file_->write(geometry.meta_offset(slot) + 60, junk, sizeof junk);
  }
  // Changes fields of a slot and repairs its checksum.
  void rewrite(const Geometry& geometry, u32 slot, const std::function<void(u8*)>& change) {
    std::vector<u8> bytes(geometry.meta_slot_size);
    file_->read(geometry.meta_offset(slot), bytes.data(), bytes.size());
    change(bytes.data());
    store<u64>(bytes.data() + 8, hash64(bytes.data() + 16, bytes.size() - 16, 0));
    file_->write(geometry.meta_offset(slot), bytes.data(), bytes.size());
  }

  os::SimDisk disk_{1};
  std::unique_ptr<os::File> file_;
};

std::vector<u32> page_sizes() { return {512, 1024, 2048, 4096, 8192, 16384, 32768, 65536}; }

TEST_F(MetaFile, ReadsWhatWasWrittenAtEveryPageSize) {
  for (const u32 page_size : page_sizes()) {
    fresh();
    const Meta meta = sample(page_size, 4);
    write_meta(*file_, meta);
    const MetaSlots slots = read_metas(*file_);
    ASSERT_TRUE(slots.newest.has_value());
    expect_equal(*slots.newest, meta);
    EXPECT_FALSE(slots.other_damaged);
    EXPECT_FALSE(slots.twin_damaged);
  }
}

TEST_F(MetaFile, FlagsAndTheLargestGroupCountSurvive) {
  for (const u32 page_size : page_sizes()) {
    fresh();
    const Geometry geometry(page_size);
    Meta meta = sample(page_size, 1);
    meta.clean = true;
    meta.log_expected = false;
    meta.page_count = geometry.max_pages();
    meta.active.assign(geometry.max_groups(), true);
    write_meta(*file_, meta);
    expect_equal(*read_metas(*file_).newest, meta);
  }
}

TEST_F(MetaFile, TakesTheNewestSequence) {
  for (const u32 page_size : page_sizes()) {
    fresh();
    for (u64 sequence = 0; sequence < 5; ++sequence) {
      write_meta(*file_, sample(page_size, sequence));
      EXPECT_EQ(read_metas(*file_).newest->sequence, sequence);
    }
  }
}

// All 16 combinations of damaged slots, over a file whose pair B (slots 2 and 3) is the newer.
TEST_F(MetaFile, TwinsDamagedInAllCombinations) {
  for (const u32 page_size : {512u, 4096u, 16384u}) {
    const Geometry geometry(page_size);
    for (u32 damaged = 0; damaged < 16; ++damaged) {
      fresh();
      write_meta(*file_, sample(page_size, 6));
      write_meta(*file_, sample(page_size, 7));
      for (u32 slot = 0; slot < 4; ++slot) {
        if ((damaged >> slot & 1) != 0) damage(geometry, slot);
      }
      if (damaged == 15) {
        EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::corrupt);
        continue;
      }
      const MetaSlots slots = read_metas(*file_);
      const bool newer_lost = (damaged & 12) == 12;
      const bool older_lost = (damaged & 3) == 3;
      EXPECT_EQ(slots.newest->sequence, newer_lost ? 6u : 7u) << "damaged " << damaged;
      EXPECT_EQ(slots.other_damaged, newer_lost || older_lost) << "damaged " << damaged;
      EXPECT_EQ(slots.twin_damaged, newer_lost ? (damaged & 3) != 0 : (damaged & 12) != 0) << "damaged " << damaged;
    }
  }
}

TEST_F(MetaFile, ATornFirstCheckpointLeavesTheOlderSlot) {
  const Geometry geometry(4096);
  write_meta(*file_, sample(4096, 0));
  const u8 part[] = {'S', 'A', 'P', 'W', 'O', 'O', 'D', 0, 9, 9};
  file_->write(geometry.meta_offset(2), part, sizeof part);
  MetaSlots slots = read_metas(*file_);
  EXPECT_EQ(slots.newest->sequence, 0u);
  EXPECT_TRUE(slots.other_damaged);
  // Its twin made it.
  Meta next = sample(4096, 1);
  write_meta(*file_, next);
  file_->write(geometry.meta_offset(2), part, sizeof part);
  slots = read_metas(*file_);
  EXPECT_EQ(slots.newest->sequence, 1u);
  EXPECT_TRUE(slots.twin_damaged);
  EXPECT_FALSE(slots.other_damaged);
}

TEST_F(MetaFile, ZeroedAndOverwrittenSlotsDoNotCount) {
  const Geometry geometry(4096);
  write_meta(*file_, sample(4096, 2));
  write_meta(*file_, sample(4096, 3));
  const std::vector<u8> zeros(4096);
  file_->write(geometry.meta_offset(3), zeros.data(), zeros.size());
  const std::vector<u8> text(4096, 'x');
  file_->write(geometry.meta_offset(2), text.data(), text.size());
  const MetaSlots slots = read_metas(*file_);
  EXPECT_EQ(slots.newest->sequence, 2u);
  EXPECT_TRUE(slots.other_damaged);
}

TEST_F(MetaFile, ForeignAndEmptyFilesAreNotDatabases) {
  EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::not_a_database);
  const std::string text(100'000, 'q');
  file_->write(0, text.data(), 3);
  EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::not_a_database);
  file_->write(0, text.data(), text.size());
  EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::not_a_database);
  fresh();
  file_->allocate(0, 1 << 20);
  EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::not_a_database);
}

TEST_F(MetaFile, NewerFormatsAndUnknownFeaturesAreRefused) {
  const Geometry geometry(4096);
  const auto newer_format = [](u8* p) { store<u32>(p + 16, kFormat + 1); };
  const auto unknown_feature = [](u8* p) { store<u64>(p + 40, u64{1} << 63); };
  for (const std::function<void(u8*)>& change :
       {std::function<void(u8*)>(newer_format), std::function<void(u8*)>(unknown_feature)}) {
    fresh();
    write_meta(*file_, sample(4096, 2));
    rewrite(geometry, 1, change);
    EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::newer_format);
  }
  // Features that only writers must know, or nobody, are told and do not hinder.
  fresh();
  write_meta(*file_, sample(4096, 2));
  EXPECT_EQ(read_metas(*file_).newest->read_only_compatible, 6u);
}

TEST_F(MetaFile, ImpossibleFieldsWithGoodChecksumsAreDamage) {
  const Geometry geometry(4096);
  const std::function<void(u8*)> changes[] = {
      [](u8* p) { store<u32>(p + 16, 0); },                          // format
      [](u8* p) { store<u32>(p + 20, 8192); },                       // page size
      [](u8* p) { store<u32>(p + 20, 0); },                          //
      [](u8* p) { store<u64>(p + 80, 0); },                          // page count
      [&](u8* p) { store<u64>(p + 80, geometry.first_page); },       //
      [&](u8* p) { store<u64>(p + 80, geometry.max_pages() + 1); },  //
      [&](u8* p) { store<u64>(p + 80, ~u64{0}); },                   //
      [](u8* p) { store<u64>(p + 136, 11); },                        // group count
      [](u8* p) { store<u64>(p + 136, ~u64{0}); },                   //
      [&](u8* p) {                                                   // half of a group's bitmap pages
        store<u64>(p + 80, geometry.first_page + 9 * geometry.group_pages + 1);
      },
  };
  for (const std::function<void(u8*)>& change : changes) {
    fresh();
    write_meta(*file_, sample(4096, 2));
    rewrite(geometry, 0, change);
    const MetaSlots slots = read_metas(*file_);
    EXPECT_TRUE(slots.twin_damaged);
    rewrite(geometry, 1, change);
    EXPECT_EQ(code_of([&] { read_metas(*file_); }), ErrorCode::corrupt);
  }
}

TEST_F(MetaFile, TruncatedAnywhere) {
  for (const u32 page_size : {512u, 4096u, 8192u}) {
    const Geometry geometry(page_size);
    fresh();
    write_meta(*file_, sample(page_size, 2));
    write_meta(*file_, sample(page_size, 3));
    for (u64 size = 4 * geometry.meta_slot_size; size-- > 0;) {
      if (size % 512 > 2 && size % 512 < 510) continue;
      file_->truncate(size);
      const u64 whole = size / geometry.meta_slot_size;
      if (whole >= 1) {
        EXPECT_EQ(read_metas(*file_).newest->sequence, whole >= 3 ? 3u : 2u) << size;
      } else {
        EXPECT_EQ(code_of([&] { read_metas(*file_); }), size >= 8 ? ErrorCode::corrupt : ErrorCode::not_a_database)
            << size;
      }
    }
  }
}

// Whatever the bytes are: a meta that keeps M2, or one of the three errors.
TEST_F(MetaFile, GarbageNeverCrashes) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const u32 page_size = page_sizes()[random() % 4];
    const Geometry geometry(page_size);
    fresh();
    write_meta(*file_, sample(page_size, random() % 8));
    if (random() % 2 == 0) write_meta(*file_, sample(page_size, random() % 8));
    for (u64 changes = random() % 8; changes > 0; --changes) {
      const u32 slot = static_cast<u32>(random() % 4);
      const u64 at = random() % 3 == 0 ? random() % geometry.meta_slot_size : random() % 180;
      const u64 junk = random() % 2 == 0 ? random() : u64{1} << (random() % 64);
      if (random() % 2 == 0) {
        file_->write(geometry.meta_offset(slot) + at, &junk, std::min<u64>(8, geometry.meta_slot_size - at));
      } else {
        rewrite(geometry, slot,
                [&](u8* p) { std::memcpy(p + at, &junk, std::min<u64>(8, geometry.meta_slot_size - at)); });
      }
    }
    try {
      const MetaSlots slots = read_metas(*file_);
      ASSERT_TRUE(slots.newest.has_value());
      const Geometry found(slots.newest->page_size);
      EXPECT_EQ(slots.newest->active.size(), found.group_count(slots.newest->page_count));
      EXPECT_LE(slots.newest->page_count, found.max_pages());
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::newer_format ||
                  error.code() == ErrorCode::not_a_database)
          << error.what();
    }
  }
}

TEST(Meta, UuidIsWrittenInHexadecimal) {
  std::array<u8, 16> uuid{};
  uuid[0] = 0xab;
  uuid[15] = 0x0f;
  EXPECT_EQ(uuid_text(uuid), "ab00000000000000000000000000000f");
}

TEST(Geometry, GroupsTileTheFile) {
  for (const u32 page_size : page_sizes()) {
    const Geometry geometry(page_size);
    EXPECT_EQ(u64{1} << geometry.page_shift, page_size);
    EXPECT_EQ(geometry.group_pages % 64, 0u);
    EXPECT_EQ(geometry.first_page * page_size, 4 * geometry.meta_slot_size);
    EXPECT_EQ(geometry.group_count(geometry.first_page), 0u);
    EXPECT_EQ(geometry.group_count(geometry.first_page + 1), 1u);
    EXPECT_EQ(geometry.group_count(geometry.first_page + geometry.group_pages), 1u);
    EXPECT_EQ(geometry.group_count(geometry.first_page + geometry.group_pages + 1), 2u);
    EXPECT_EQ(geometry.group_count(geometry.max_pages()), geometry.max_groups());
    EXPECT_EQ(geometry.group_of(geometry.bitmap_page(3, 1)), 3u);
    EXPECT_TRUE(geometry.is_bitmap(geometry.bitmap_page(3, 1)));
    EXPECT_FALSE(geometry.is_bitmap(geometry.bitmap_page(3, 1) + 1));
    EXPECT_FALSE(geometry.is_page_count(geometry.first_page + geometry.group_pages + 1));
    EXPECT_TRUE(geometry.is_page_count(geometry.first_page + geometry.group_pages));
  }
}

}  // namespace
}  // namespace sapwood::storage
