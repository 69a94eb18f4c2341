// What os/file.h promises, run over the POSIX side and over the simulated disk.
#include "os/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <numeric>
#include <thread>
#include <vector>

#include "os/sim_disk.h"
#include "sapwood/error.h"

namespace sapwood::os {
namespace {

// An Env and a folder in it that is empty.
class PosixPlace {
 public:
  PosixPlace() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sapwood-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~PosixPlace() { std::filesystem::remove_all(folder_); }
  Env& env() { return posix_env(); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void make_folder(const std::string& path) { std::filesystem::create_directory(path); }

 private:
  std::string folder_;
};

class SimPlace {
 public:
  Env& env() { return disk_; }
  std::string path(const std::string& name) const { return "/place/" + name; }
  void make_folder(const std::string& path) { disk_.make_folder(path); }

 private:
  SimDisk disk_{1};
};

template <class Place>
class FileSeam : public ::testing::Test {
 protected:
  FileSystem& files() { return place_.env().files(); }
  std::string path(const std::string& name) { return place_.path(name); }
  std::unique_ptr<File> create(const std::string& name) { return files().open(path(name), {.create = true}); }

  static void write(File& file, u64 offset, const std::string& text) { file.write(offset, text.data(), text.size()); }
  static std::string read(File& file, u64 offset, std::size_t size) {
    std::string text(size, '?');
    text.resize(file.read(offset, text.data(), size));
    return text;
  }

  // The code of the Error that `call` throws; its message goes to `message`.
  template <class Call>
  ErrorCode code_of(Call call) {
    try {
      call();
    } catch (const Error& error) {
      message_ = error.what();
      return error.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::cancelled;
  }

  Place place_;
  std::string message_;
};

using Places = ::testing::Types<PosixPlace, SimPlace>;
TYPED_TEST_SUITE(FileSeam, Places);

TYPED_TEST(FileSeam, WritesThroughToTheDisk) {
  const auto file = this->create("a");
  this->write(*file, 0, "0123456789");
  file->write_through(2, "xyz", 3);
  EXPECT_EQ(this->read(*file, 0, 100), "01xyz56789");
  const auto reader = this->files().open(this->path("a"), {.write = false});
  EXPECT_THROW(reader->write_through(0, "x", 1), Error);
}

TYPED_TEST(FileSeam, ReadsWhatWasWritten) {
  auto file = this->create("a");
  this->write(*file, 0, "hello");
  this->write(*file, 3, "LO!");
  EXPECT_EQ(this->read(*file, 0, 6), "helLO!");
  EXPECT_EQ(file->size(), 6u);
  EXPECT_EQ(file->path(), this->path("a"));
}

TYPED_TEST(FileSeam, ReadsAreShortOnlyAtTheEnd) {
  auto file = this->create("a");
  this->write(*file, 0, "hello");
  EXPECT_EQ(this->read(*file, 3, 100), "lo");
  EXPECT_EQ(this->read(*file, 5, 100), "");
  EXPECT_EQ(this->read(*file, 5000, 100), "");
}

TYPED_TEST(FileSeam, AWritePastTheEndLeavesZerosBetween) {
  auto file = this->create("a");
  this->write(*file, 10'000, "x");
  EXPECT_EQ(file->size(), 10'001u);
  EXPECT_EQ(this->read(*file, 0, 10'000), std::string(10'000, '\0'));
}

TYPED_TEST(FileSeam, GathersManyParts) {
  std::vector<std::string> pieces;
  std::string whole;
  for (int i = 0; i < 3000; ++i) {
    pieces.push_back(std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26)));
    whole += pieces.back();
  }
  std::vector<WritePart> parts;
  parts.reserve(pieces.size());
  for (const std::string& piece : pieces) parts.push_back({piece.data(), piece.size()});
  auto file = this->create("a");
  file->write(100, parts);
  EXPECT_EQ(file->size(), 100 + whole.size());
  EXPECT_EQ(this->read(*file, 100, whole.size()), whole);
}

TYPED_TEST(FileSeam, WritingNothingChangesNothing) {
  auto file = this->create("a");
  file->write(100, std::span<const WritePart>());
  file->write(100, "", 0);
  EXPECT_EQ(file->size(), 0u);
}

TYPED_TEST(FileSeam, TruncateCutsAndGrowsWithZeros) {
  auto file = this->create("a");
  this->write(*file, 0, "hello world");
  file->truncate(5);
  EXPECT_EQ(file->size(), 5u);
  file->truncate(8);
  EXPECT_EQ(this->read(*file, 0, 100), std::string("hello\0\0\0", 8));
}

TYPED_TEST(FileSeam, AllocateGrowsAndKeepsContents) {
  auto file = this->create("a");
  this->write(*file, 0, "hello");
  file->allocate(0, 100'000);
  EXPECT_EQ(file->size(), 100'000u);
  EXPECT_EQ(this->read(*file, 0, 6), std::string("hello\0", 6));
  file->allocate(0, 10);
  EXPECT_EQ(file->size(), 100'000u);
  file->allocate(200'000, 1);
  EXPECT_EQ(file->size(), 200'001u);
  file->allocate(300'000, 0);
  EXPECT_EQ(file->size(), 200'001u);
}

TYPED_TEST(FileSeam, MapShowsWritesAtOnceAlsoPastTheOldEnd) {
  auto file = this->create("a");
  this->write(*file, 0, "hello");
  const auto map = file->map(u64{1} << 30);
  EXPECT_EQ(map->size(), u64{1} << 30);
  EXPECT_EQ(std::memcmp(map->data(), "hello", 5), 0);
  this->write(*file, 1, "E");
  EXPECT_EQ(std::memcmp(map->data(), "hEllo", 5), 0);
  this->write(*file, 1'000'000, "far");
  EXPECT_EQ(std::memcmp(map->data() + 1'000'000, "far", 3), 0);
}

TYPED_TEST(FileSeam, AMappingOutlivesItsFile) {
  std::unique_ptr<Mapping> map;
  {
    auto file = this->create("a");
    this->write(*file, 0, "hello");
    map = file->map(4096);
  }
  this->files().remove(this->path("a"));
  EXPECT_EQ(std::memcmp(map->data(), "hello", 5), 0);
}

TYPED_TEST(FileSeam, StoresThroughASharedMapAreSeenByAll) {
  auto one = this->create("a");
  auto two = this->files().open(this->path("a"), {});
  one->allocate(0, 8192);
  const auto map = one->map_shared(8192);
  const auto other = two->map_shared(8192);
  map->mutable_data()[5000] = 'x';
  EXPECT_EQ(other->data()[5000], 'x');
  EXPECT_EQ(this->read(*two, 5000, 1), "x");
}

TYPED_TEST(FileSeam, AnnouncedStoresAreWrites) {
  auto file = this->create("a");
  file->allocate(0, 8192);
  const auto map = file->map_for_stores(1 << 20);
  const auto view = file->map(1 << 20);
  file->about_to_store(5000, 5);
  std::memcpy(map->mutable_data() + 5000, "hello", 5);
  file->stored(5000, 5);
  EXPECT_EQ(std::memcmp(view->data() + 5000, "hello", 5), 0);
  EXPECT_EQ(this->read(*file, 5000, 5), "hello");
  this->write(*file, 5001, "u");
  EXPECT_EQ(map->data()[5001], 'u');
  file->sync();
  EXPECT_EQ(this->read(*file, 5000, 5), "hullo");
  auto reader = this->files().open(this->path("a"), {.write = false});
  EXPECT_EQ(this->code_of([&] { reader->map_for_stores(4096); }), ErrorCode::read_only);
}

TYPED_TEST(FileSeam, SyncAndDropCacheKeepContents) {
  auto file = this->create("a");
  this->write(*file, 0, "hello");
  file->sync();
  file->drop_cache();
  EXPECT_EQ(this->read(*file, 0, 10), "hello");
  this->files().sync_folder_of(this->path("a"));
  EXPECT_EQ(this->read(*file, 0, 10), "hello");
}

TYPED_TEST(FileSeam, ExclusiveLocksExcludeAndSharedOnesDoNot) {
  auto one = this->create("a");
  auto two = this->files().open(this->path("a"), {});
  auto three = this->files().open(this->path("a"), {});
  EXPECT_TRUE(one->try_lock(0, LockKind::shared));
  EXPECT_TRUE(two->try_lock(0, LockKind::shared));
  EXPECT_FALSE(three->try_lock(0, LockKind::exclusive));
  EXPECT_FALSE(one->try_lock(0, LockKind::exclusive));  // to raise one's own lock the other has to go
  two->unlock(0);
  EXPECT_TRUE(one->try_lock(0, LockKind::exclusive));
  EXPECT_FALSE(two->try_lock(0, LockKind::shared));
  EXPECT_TRUE(one->try_lock(0, LockKind::shared));
  EXPECT_TRUE(two->try_lock(0, LockKind::shared));
}

TYPED_TEST(FileSeam, LocksOfOtherNumbersAreOthers) {
  auto one = this->create("a");
  auto two = this->files().open(this->path("a"), {});
  EXPECT_TRUE(one->try_lock(0, LockKind::exclusive));
  EXPECT_TRUE(one->try_lock(7, LockKind::shared));
  EXPECT_TRUE(two->try_lock(1, LockKind::exclusive));
  EXPECT_TRUE(two->try_lock(7, LockKind::shared));
  EXPECT_FALSE(two->try_lock(0, LockKind::shared));
  one->unlock(0);
  EXPECT_TRUE(two->try_lock(0, LockKind::exclusive));
  EXPECT_FALSE(one->try_lock(1, LockKind::exclusive));
  EXPECT_FALSE(one->try_lock(7, LockKind::exclusive));
}

TYPED_TEST(FileSeam, LocksOfOthersAreSeenAndOnesOwnAreNot) {
  auto one = this->create("a");
  auto two = this->files().open(this->path("a"), {.write = false});
  for (const LockKind kind : {LockKind::shared, LockKind::exclusive}) {
    EXPECT_TRUE(one->try_lock(3, kind));
    EXPECT_FALSE(one->is_locked_elsewhere(3));
    EXPECT_TRUE(two->is_locked_elsewhere(3));
    EXPECT_FALSE(two->is_locked_elsewhere(2));
  }
  one.reset();
  EXPECT_FALSE(two->is_locked_elsewhere(3));
}

TYPED_TEST(FileSeam, LocksEndWithTheirFileAndNotWithAnother) {
  auto one = this->create("a");
  auto two = this->files().open(this->path("a"), {});
  EXPECT_TRUE(one->try_lock(0, LockKind::exclusive));
  this->files().open(this->path("a"), {}).reset();  // a POSIX record lock would be lost here
  EXPECT_FALSE(two->try_lock(0, LockKind::shared));
  one.reset();
  EXPECT_TRUE(two->try_lock(0, LockKind::exclusive));
}

TYPED_TEST(FileSeam, ALockLeavesTheDataAlone) {
  auto one = this->create("a");
  EXPECT_TRUE(one->try_lock(0, LockKind::exclusive));
  auto two = this->files().open(this->path("a"), {});
  this->write(*two, 0, "hello");
  EXPECT_EQ(this->read(*one, 0, 5), "hello");
  EXPECT_EQ(one->size(), 5u);
}

TYPED_TEST(FileSeam, OpenOfAnAbsentFileIsNotFound) {
  EXPECT_EQ(this->code_of([&] { this->files().open(this->path("a"), {}); }), ErrorCode::not_found);
  EXPECT_NE(this->message_.find(this->path("a")), std::string::npos) << this->message_;
  EXPECT_EQ(this->code_of([&] { this->files().open(this->path("a"), {.write = false}); }), ErrorCode::not_found);
  EXPECT_FALSE(this->files().exists(this->path("a")));
}

TYPED_TEST(FileSeam, CreateOpensWhatIsThereUnlessExclusive) {
  this->write(*this->create("a"), 0, "hello");
  EXPECT_EQ(this->read(*this->create("a"), 0, 10), "hello");
  EXPECT_EQ(this->code_of([&] { this->files().open(this->path("a"), {.create = true, .exclusive = true}); }),
            ErrorCode::exists);
  auto other = this->files().open(this->path("b"), {.create = true, .exclusive = true});
  EXPECT_EQ(other->size(), 0u);
  EXPECT_TRUE(this->files().exists(this->path("b")));
}

TYPED_TEST(FileSeam, AFileOpenedForReadingCannotBeWritten) {
  this->write(*this->create("a"), 0, "hello");
  auto file = this->files().open(this->path("a"), {.write = false});
  EXPECT_EQ(this->read(*file, 0, 10), "hello");
  EXPECT_EQ(this->code_of([&] { this->write(*file, 0, "x"); }), ErrorCode::read_only);
  EXPECT_EQ(this->code_of([&] { file->map_shared(4096); }), ErrorCode::read_only);
  EXPECT_EQ(std::memcmp(file->map(4096)->data(), "hello", 5), 0);
  EXPECT_TRUE(file->try_lock(0, LockKind::shared));
}

TYPED_TEST(FileSeam, AFolderIsNotAFile) {
  this->place_.make_folder(this->path("folder"));
  for (const OpenFlags& flags : {OpenFlags{}, OpenFlags{.write = false}, OpenFlags{.create = true}}) {
    EXPECT_EQ(this->code_of([&] { this->files().open(this->path("folder"), flags); }), ErrorCode::invalid_argument);
    EXPECT_NE(this->message_.find("folder, not a file"), std::string::npos) << this->message_;
  }
  EXPECT_EQ(this->code_of([&] { this->files().remove(this->path("folder")); }), ErrorCode::invalid_argument);
  EXPECT_TRUE(this->files().exists(this->path("folder")));
}

TYPED_TEST(FileSeam, UnusablePathsAreRefused) {
  EXPECT_EQ(this->code_of([&] { this->files().open("", {.create = true}); }), ErrorCode::invalid_argument);
  const std::string with_zero = this->path("a") + std::string(1, '\0') + "b";
  EXPECT_EQ(this->code_of([&] { this->files().open(with_zero, {.create = true}); }), ErrorCode::invalid_argument);
  EXPECT_FALSE(this->files().exists(this->path("a")));
}

TYPED_TEST(FileSeam, RemoveTakesTheNameAndLeavesTheOpenFile) {
  auto file = this->create("a");
  this->write(*file, 0, "hello");
  EXPECT_TRUE(file->is_at_path());
  this->files().remove(this->path("a"));
  EXPECT_FALSE(this->files().exists(this->path("a")));
  EXPECT_FALSE(file->is_at_path());
  EXPECT_EQ(this->read(*file, 0, 10), "hello");
  EXPECT_EQ(this->code_of([&] { this->files().remove(this->path("a")); }), ErrorCode::not_found);
}

TYPED_TEST(FileSeam, IsAtPathKnowsAnotherFileOfThatName) {
  auto file = this->create("a");
  this->files().remove(this->path("a"));
  auto other = this->create("a");
  EXPECT_FALSE(file->is_at_path());
  EXPECT_TRUE(other->is_at_path());
}

TYPED_TEST(FileSeam, RenameNewNeverReplaces) {
  this->write(*this->create("a"), 0, "one");
  this->write(*this->create("b"), 0, "two");
  EXPECT_EQ(this->code_of([&] { this->files().rename_new(this->path("a"), this->path("b")); }), ErrorCode::exists);
  EXPECT_EQ(this->read(*this->create("b"), 0, 10), "two");
  this->files().rename_new(this->path("a"), this->path("c"));
  EXPECT_FALSE(this->files().exists(this->path("a")));
  EXPECT_EQ(this->read(*this->create("c"), 0, 10), "one");
  EXPECT_EQ(this->code_of([&] { this->files().rename_new(this->path("a"), this->path("d")); }), ErrorCode::not_found);
}

TYPED_TEST(FileSeam, TemporaryFilesHaveNoName) {
  auto one = this->files().open_temporary();
  auto two = this->files().open_temporary();
  this->write(*one, 0, "hello");
  EXPECT_EQ(two->size(), 0u);
  EXPECT_EQ(this->read(*one, 0, 10), "hello");
  EXPECT_FALSE(one->is_at_path());
}

TYPED_TEST(FileSeam, ResolveGivesOneNameToOnePlace) {
  this->create("a");
  const std::string name = this->files().resolve(this->path("a"));
  EXPECT_EQ(name.front(), '/');
  EXPECT_EQ(this->files().resolve(this->path("./a")), name);
  EXPECT_EQ(this->files().resolve(this->path("absent")), name.substr(0, name.size() - 1) + "absent");
}

TYPED_TEST(FileSeam, ReservedMemoryIsZeroAndWritable) {
  const auto memory = this->place_.env().reserve_memory(u64{1} << 36);
  ASSERT_EQ(memory->size(), u64{1} << 36);
  u8* const middle = memory->mutable_data() + (u64{1} << 35);
  EXPECT_EQ(*middle, 0);
  *middle = 7;
  EXPECT_EQ(*middle, 7);
}

TYPED_TEST(FileSeam, ClockAdvancesAndRandomVaries) {
  Env& env = this->place_.env();
  const i64 before = env.clock().monotonic_us();
  EXPECT_LE(before, env.clock().monotonic_us());
  const i64 coarse = env.clock().coarse_monotonic_us();
  EXPECT_LE(coarse, env.clock().monotonic_us()) << "it is the same clock, and behind";
  EXPECT_GT(coarse, before - 1'000'000);
  EXPECT_GT(env.clock().now_us(), i64{1'600'000'000} * 1'000'000);
  std::vector<u8> one(1000);
  std::vector<u8> two(1000);
  env.random().fill(one.data(), one.size());
  env.random().fill(two.data(), two.size());
  EXPECT_NE(one, two);
  EXPECT_NE(std::accumulate(one.end() - 300, one.end(), 0), 0);
}

TYPED_TEST(FileSeam, ProcessHasANameAndABoot) {
  const ProcessInfo process = this->place_.env().process();
  EXPECT_NE(process.pid, 0u);
  EXPECT_FALSE(process.command.empty());
  EXPECT_FALSE(process.boot_id.empty());
}

TYPED_TEST(FileSeam, ThreadsWriteApart) {
  auto file = this->create("a");
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kWrites = 200;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&file, t] {
      for (std::size_t i = 0; i < kWrites; ++i) {
        const char letter = static_cast<char>('a' + t);
        file->write(i * kThreads + t, &letter, 1);
        if (i % 50 == 0) file->sync();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string all = this->read(*file, 0, kThreads * kWrites + 1);
  ASSERT_EQ(all.size(), kThreads * kWrites);
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<char>('a' + i % kThreads)) << i;
}

}  // namespace
}  // namespace sapwood::os
