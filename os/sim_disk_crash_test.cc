// Crash images of small scripts whose outcomes can be listed by hand.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>

#include "os/sim_disk.h"
#include "sapwood/error.h"

namespace sapwood::os {
namespace {

// A file as a short text: each block by its first letter, '.' for zeros.
std::string summary(const std::string& contents) {
  std::string text;
  for (std::size_t at = 0; at < contents.size(); at += 4096) text += contents[at] == '\0' ? '.' : contents[at];
  return text;
}

constexpr CrashOptions kNothing{
    .process_kill = false, .power_cut = false, .blocks = false, .sectors = false, .torn = false};

CrashOptions only(bool CrashOptions::*part) {
  CrashOptions options = kNothing;
  options.*part = true;
  return options;
}

class SimDiskCrash : public ::testing::Test {
 protected:
  std::unique_ptr<File> create(const std::string& path) { return disk_.files().open(path, {.create = true}); }
  static void write(File& file, u64 offset, const std::string& text) { file.write(offset, text.data(), text.size()); }
  static void write_block(File& file, u64 number, char letter) {
    write(file, number * 4096, std::string(4096, letter));
  }

  // What the file holds in each image; "-" where it is absent.
  std::set<std::string> outcomes(const CrashOptions& options, const std::string& path,
                                 std::string (*show)(const std::string&) = summary) {
    std::set<std::string> found;
    disk_.for_each_crash_image(options, [&](SimDisk& image, const CrashImage& crash) {
      EXPECT_FALSE(crash.description.empty());
      found.insert(image.files().exists(path) ? show(image.contents(path)) : "-");
    });
    return found;
  }
  static std::string as_is(const std::string& contents) { return contents; }

  using Set = std::set<std::string>;
  SimDisk disk_{7};
};

TEST_F(SimDiskCrash, WithoutAnythingPendingThereIsOneImageOfAPowerCut) {
  disk_.set_contents("/a", "hello");
  u64 kills = 0;
  u64 cuts = 0;
  disk_.for_each_crash_image({}, [&](SimDisk& image, const CrashImage& crash) {
    ++(crash.kind == CrashKind::process_kill ? kills : cuts);
    EXPECT_EQ(crash.everything_synced_only, crash.kind == CrashKind::power_cut);
    EXPECT_EQ(image.durable_contents("/a"), "hello");
    EXPECT_EQ(image.process().boot_id == disk_.process().boot_id, crash.kind == CrashKind::process_kill);
    EXPECT_NE(image.process().pid, disk_.process().pid);
  });
  EXPECT_EQ(kills, 1u);
  EXPECT_EQ(cuts, 1u);
}

TEST_F(SimDiskCrash, AKilledProcessLeavesAllItWrote) {
  const auto file = create("/a");
  write(*file, 0, "hello");
  create("/b");
  disk_.files().remove("/b");
  EXPECT_EQ(outcomes(only(&CrashOptions::process_kill), "/a", as_is), Set{"hello"});
  EXPECT_EQ(outcomes(only(&CrashOptions::process_kill), "/b", as_is), Set{"-"});
}

TEST_F(SimDiskCrash, BlocksAreKeptOrLostEachOnItsOwn) {
  disk_.set_contents("/a", std::string(3 * 4096, 'o'));
  const auto file = create("/a");
  write_block(*file, 0, 'x');
  file->sync();
  write_block(*file, 1, 'y');
  write_block(*file, 2, 'z');
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), (Set{"xoo", "xyo", "xoz", "xyz"}));
}

TEST_F(SimDiskCrash, ABlockMayBeThereAtAnyOfItsVersions) {
  disk_.set_contents("/a", "....");
  const auto file = create("/a");
  write(*file, 0, "1");
  write(*file, 1, "2");
  write(*file, 2, "3");
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a", as_is), (Set{"....", "1...", "12..", "123."}));
}

TEST_F(SimDiskCrash, SectorsOfOneWriteAreKeptOrLostEachOnItsOwn) {
  disk_.set_contents("/a", std::string(4096, '.'));
  const auto file = create("/a");
  write(*file, 512, std::string(1024, 'x'));
  const auto show = [](const std::string& contents) {
    std::string text;
    for (std::size_t at = 0; at < contents.size(); at += 512) text += contents[at];
    return text;
  };
  EXPECT_EQ(outcomes(only(&CrashOptions::sectors), "/a", show), (Set{"........", ".x......", "..x.....", ".xx....."}));
}

TEST_F(SimDiskCrash, UnchangedBytesAreNoUnits) {
  disk_.set_contents("/a", std::string(100 * 4096, 'o'));
  const auto file = create("/a");
  for (u64 i = 0; i < 100; ++i) write_block(*file, i, i == 50 ? 'x' : 'o');
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a").size(), 2u);
}

TEST_F(SimDiskCrash, ManyBlocksGiveRandomSubsetsThatDiffer) {
  disk_.set_contents("/a", std::string(20 * 4096, 'o'));
  const auto file = create("/a");
  for (u64 i = 0; i < 20; ++i) write_block(*file, i, 'x');
  const Set found = outcomes(only(&CrashOptions::blocks), "/a");
  EXPECT_GT(found.size(), 50u);
  EXPECT_LE(found.size(), 64u);
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), found) << "the same seed gives the same images";
}

TEST_F(SimDiskCrash, ATornWriteStopsAtAnyByteAndAtSectors) {
  disk_.set_contents("/a", std::string(5000, '.'));
  const auto file = create("/a");
  write(*file, 100, "early");
  write(*file, 4000, std::string(400, 'x'));
  CrashOptions options = only(&CrashOptions::torn);
  options.torn_cuts = 400;
  options.torn_writes = 1;
  std::set<std::size_t> lengths;
  disk_.for_each_crash_image(options, [&](SimDisk& image, const CrashImage&) {
    const std::string contents = image.contents("/a");
    EXPECT_EQ(contents.substr(100, 5), "early");
    const std::size_t length = contents.find('.', 4000) - 4000;
    EXPECT_EQ(contents.substr(4000), std::string(length, 'x') + std::string(1000 - length, '.'));
    lengths.insert(length);
  });
  EXPECT_EQ(lengths.size(), 399u);
  options.torn_cuts = 0;
  lengths.clear();
  disk_.for_each_crash_image(
      options, [&](SimDisk& image, const CrashImage&) { lengths.insert(image.contents("/a").find('.', 4000) - 4000); });
  EXPECT_EQ(lengths, std::set<std::size_t>{96});
}

TEST_F(SimDiskCrash, LaterWritesThanTheTornOneAreLost) {
  disk_.set_contents("/a", "..........");
  const auto file = create("/a");
  write(*file, 0, "ab");
  write(*file, 4, "cd");
  EXPECT_EQ(outcomes(only(&CrashOptions::torn), "/a", as_is), (Set{"a.........", "ab..c....."}));
}

TEST_F(SimDiskCrash, SizeAndDataReachTheDiskApart) {
  disk_.set_contents("/a", std::string(4096, 'o'));
  const auto file = create("/a");
  write_block(*file, 0, 'x');
  write_block(*file, 1, 'y');
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a"), (Set{"o", "xy", "o.", "x"}));
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), (Set{"o", "x", "o.", "x.", "oy", "xy"}));
}

TEST_F(SimDiskCrash, AllocationsArePending) {
  const auto file = create("/a");
  disk_.settle();
  file->allocate(0, 3 * 4096);
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), (Set{"", "..."}));
  file->sync();
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), Set{});  // nothing to choose from
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a"), Set{"..."});
}

TEST_F(SimDiskCrash, ALostTruncationKeepsTheOldBytes) {
  disk_.set_contents("/a", std::string(2 * 4096, 'o'));
  const auto file = create("/a");
  file->truncate(4096);
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a"), (Set{"oo", "o"}));
  file->truncate(2 * 4096);
  write_block(*file, 1, 'x');
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), (Set{"oo", "o", "o.", "ox"}));
}

TEST_F(SimDiskCrash, ACreatedNameIsKeptOrLostUntilItsFolderIsSynced) {
  const auto file = create("/a");
  write(*file, 0, "x");
  file->sync();
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), (Set{"-", "x"}));
  disk_.files().sync_folder_of("/other/folder");
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), (Set{"-", "x"}));
  disk_.files().sync_folder_of("/a");
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), Set{"x"});
}

TEST_F(SimDiskCrash, ARemovedNameIsKeptOrLost) {
  disk_.set_contents("/a", "x");
  disk_.files().remove("/a");
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), (Set{"-", "x"}));
  EXPECT_EQ(outcomes(only(&CrashOptions::process_kill), "/a", as_is), Set{"-"});
  disk_.files().sync_folder_of("/a");
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), Set{"-"});
}

TEST_F(SimDiskCrash, ARenameIsAtomicAndItsDataMayBeMissing) {
  const auto file = create("/new");
  disk_.files().sync_folder_of("/new");
  write(*file, 0, "data");
  disk_.files().rename_new("/new", "/db");
  Set found;
  disk_.for_each_crash_image({}, [&](SimDisk& image, const CrashImage&) {
    const std::vector<std::string> paths = image.paths();
    ASSERT_EQ(paths.size(), 1u);
    found.insert(paths[0] + "=" + image.contents(paths[0]));
  });
  for (const char* const expected : {"/new=", "/new=data", "/db=", "/db=data"}) EXPECT_TRUE(found.contains(expected));
  file->sync();
  disk_.files().sync_folder_of("/db");
  EXPECT_EQ(outcomes({}, "/db", as_is), Set{"data"});
}

TEST_F(SimDiskCrash, FilesReachTheDiskApart) {
  disk_.set_contents("/a", "old");
  disk_.set_contents("/b", "old");
  const auto a = create("/a");
  const auto b = create("/b");
  write(*a, 0, "new");
  write(*b, 0, "new");
  Set found;
  disk_.for_each_crash_image(only(&CrashOptions::power_cut), [&](SimDisk& image, const CrashImage&) {
    found.insert(image.contents("/a") + image.contents("/b"));
  });
  EXPECT_EQ(found, (Set{"oldold", "oldnew", "newold", "newnew"}));
}

TEST_F(SimDiskCrash, SharedMemoryIsKeptOrLostAsAWhole) {
  const auto file = create("/lock");
  file->allocate(0, 8192);
  disk_.settle();
  const auto map = file->map_shared(8192);
  map->mutable_data()[0] = 'x';
  map->mutable_data()[4096] = 'y';
  EXPECT_EQ(outcomes({}, "/lock"), (Set{"..", "xy"}));
  file->sync();
  EXPECT_EQ(outcomes({}, "/lock"), Set{"xy"});
}

TEST_F(SimDiskCrash, AnnouncedStoresLeaveOldJunkOrNewBytes) {
  disk_.set_contents("/a", std::string(8192, 'o'));
  const auto file = create("/a");
  const auto map = file->map_for_stores(8192);
  const std::string junk(1, '\xa5');
  file->about_to_store(4096, 4096);
  std::memset(map->mutable_data() + 4096, 'n', 4096);
  const CrashOptions power_cut = only(&CrashOptions::power_cut);
  EXPECT_EQ(outcomes(power_cut, "/a"), (Set{"oo", "o" + junk}));
  EXPECT_EQ(outcomes(only(&CrashOptions::process_kill), "/a"), Set{"on"});
  file->sync();  // the stores are not complete: the disk may have any state of them, and the oldest is one
  EXPECT_EQ(outcomes(power_cut, "/a"), (Set{"oo", "o" + junk}));
  file->stored(4096, 4096);
  EXPECT_EQ(outcomes(only(&CrashOptions::blocks), "/a"), (Set{"on", "oo", "o" + junk}));
  file->sync();
  EXPECT_EQ(outcomes({}, "/a"), Set{"on"});
}

TEST_F(SimDiskCrash, ASyncBesideAnnouncedStoresKeepsWhatIsComplete) {
  disk_.set_contents("/a", std::string(4096, 'o'));
  const auto file = create("/a");
  const auto map = file->map_for_stores(4096);
  write(*file, 3000, "whole");
  file->about_to_store(0, 100);
  std::memset(map->mutable_data(), 'n', 50);
  file->sync();
  disk_.for_each_crash_image(only(&CrashOptions::power_cut), [](SimDisk& image, const CrashImage&) {
    EXPECT_EQ(image.contents("/a").substr(3000, 5), "whole");
    EXPECT_NE(image.contents("/a")[0], 'n') << "no half of the stores by itself";
  });
}

TEST_F(SimDiskCrash, AWriteEndsStoresThatWereAbandoned) {
  disk_.set_contents("/a", std::string(4096, 'o'));
  const auto file = create("/a");
  const auto map = file->map_for_stores(4096);
  file->about_to_store(0, 4096);
  write_block(*file, 0, 'n');
  file->sync();
  EXPECT_EQ(outcomes({}, "/a"), Set{"n"});
}

TEST_F(SimDiskCrash, ADisksDroppedSyncsShowInImages) {
  disk_.set_contents("/a", "old");
  const auto file = create("/a");
  disk_.set_dropped_syncs(true);
  write(*file, 0, "new");
  file->sync();
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), (Set{"old", "new"}));
}

TEST_F(SimDiskCrash, AFailedSyncLeavesTheOutcomeUnknown) {
  disk_.set_contents("/a", "old");
  const auto file = create("/a");
  write(*file, 0, "new");
  disk_.set_fault({.call = Call::sync});
  EXPECT_THROW(file->sync(), Error);
  file->sync();
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), (Set{"old", "new"}));
}

TEST_F(SimDiskCrash, AMisdirectedWriteIsInEveryImageAfterItsSync) {
  disk_.set_contents("/a", std::string(4096, 'a') + std::string(4096, 'b'));
  const auto file = create("/a");
  disk_.misdirect_write(1, 4096);
  write_block(*file, 0, 'x');
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a"), (Set{"ab", "ax"}));
  file->sync();
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a"), Set{"ax"});
  EXPECT_EQ(disk_.contents("/a")[0], 'x');
}

TEST_F(SimDiskCrash, AnImageStartsAfreshEachTime) {
  disk_.set_contents("/a", std::string(3 * 4096, 'o'));
  const auto file = create("/a");
  for (u64 i = 0; i < 3; ++i) write_block(*file, i, 'x');
  disk_.for_each_crash_image({}, [&](SimDisk& image, const CrashImage&) {
    EXPECT_EQ(image.paths(), std::vector<std::string>{"/a"});
    EXPECT_EQ(image.operation_count(), 0u);
    EXPECT_EQ(image.contents("/a"), image.durable_contents("/a"));
    const std::string text = image.contents("/a");
    EXPECT_EQ(text.find_first_not_of("ox"), std::string::npos);
    const auto opened = image.files().open("/a", {});
    ASSERT_TRUE(opened->try_lock(0, LockKind::exclusive));
    write(*opened, 100, std::string(20'000, '!'));
    opened->sync();
    const auto map = opened->map_shared(8192);
    map->mutable_data()[8000] = '?';
    image.files().open("/b", {.create = true})->write(0, "?", 1);
    image.set_contents("/c", "?");
    image.files().rename_new("/a", "/d");
    image.set_fault({.nth = 1000});
    image.set_dropped_syncs(true);
  });
  EXPECT_EQ(disk_.contents("/a"), std::string(3 * 4096, 'x'));
}

TEST_F(SimDiskCrash, ImagesCrashAgainThreeDeep) {
  disk_.set_contents("/a", "0");
  const auto file = create("/a");
  write(*file, 0, "1");
  Set found;
  disk_.for_each_crash_image({}, [&](SimDisk& first, const CrashImage&) {
    const std::string one = first.contents("/a");
    const auto opened_one = first.files().open("/a", {});
    write(*opened_one, 1, "2");
    first.for_each_crash_image({}, [&](SimDisk& second, const CrashImage&) {
      const std::string two = second.contents("/a");
      EXPECT_EQ(two[0], one[0]);
      const auto opened_two = second.files().open("/a", {});
      write(*opened_two, 2, "3");
      second.for_each_crash_image({}, [&](SimDisk& third, const CrashImage&) {
        EXPECT_EQ(third.contents("/a").substr(0, two.size()), two);
        found.insert(third.contents("/a"));
      });
    });
  });
  const std::string nul(1, '\0');
  EXPECT_EQ(found, (Set{"0", "1", "02", "12", "0" + nul, "1" + nul, "0" + nul + "3", "1" + nul + "3", "023", "123",
                        "02" + nul, "12" + nul, "0" + nul + nul, "1" + nul + nul}));
}

TEST_F(SimDiskCrash, TheObserverMayTakeImagesInTheMiddleOfACall) {
  const auto file = create("/a");
  disk_.settle();
  std::vector<std::size_t> sizes;
  disk_.set_observer([&](const Operation&) {
    Set found;
    disk_.for_each_crash_image(only(&CrashOptions::power_cut),
                               [&](SimDisk& image, const CrashImage&) { found.insert(image.contents("/a")); });
    sizes.push_back(found.size());
  });
  write(*file, 0, "x");  // before it: empty
  file->sync();          // before it: empty, "x", a zero
  write(*file, 0, "y");  // before it: "x"
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 3, 1}));
}

TEST_F(SimDiskCrash, ImagesAreNumberedAndCanBeLimited) {
  disk_.set_contents("/a", std::string(20 * 4096, 'o'));
  const auto file = create("/a");
  for (u64 i = 0; i < 20; ++i) write_block(*file, i, 'x');
  std::map<u64, std::string> all;
  const u64 count = disk_.for_each_crash_image({}, [&](SimDisk& image, const CrashImage& crash) {
    EXPECT_TRUE(all.empty() || crash.number > all.rbegin()->first);
    all[crash.number] = crash.description + summary(image.contents("/a"));
  });
  EXPECT_EQ(count, all.size());
  const auto [number, what] = *std::next(all.begin(), 10);
  u64 visits = disk_.for_each_crash_image({.only_image = number}, [&](SimDisk& image, const CrashImage& crash) {
    EXPECT_EQ(crash.number, number);
    EXPECT_EQ(crash.description + summary(image.contents("/a")), what);
  });
  EXPECT_EQ(visits, 1u);
  std::vector<u64> numbers;
  visits = disk_.for_each_crash_image({.max_images = 5},
                                      [&](SimDisk&, const CrashImage& crash) { numbers.push_back(crash.number); });
  EXPECT_LE(visits, 5u);
  ASSERT_GE(visits, 3u);
  EXPECT_EQ((std::vector<u64>(numbers.begin(), numbers.begin() + 3)), (std::vector<u64>{1, 2, 3}));
}

TEST_F(SimDiskCrash, ExceptionsOfAVisitPassThrough) {
  disk_.set_contents("/a", "x");
  EXPECT_THROW(disk_.for_each_crash_image({}, [](SimDisk&, const CrashImage&) { throw std::logic_error("stop"); }),
               std::logic_error);
  EXPECT_EQ(outcomes(only(&CrashOptions::power_cut), "/a", as_is), Set{"x"});
}

TEST_F(SimDiskCrash, NamelessFilesAreInNoImage) {
  const auto file = disk_.files().open_temporary();
  write(*file, 0, "x");
  disk_.for_each_crash_image({}, [](SimDisk& image, const CrashImage&) { EXPECT_TRUE(image.paths().empty()); });
}

}  // namespace
}  // namespace sapwood::os
