// What only the POSIX side has: interrupted and partial transfers, symbolic links, fifos, limits of the system.
#include "os/posix.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace sapwood::os {
namespace {

namespace fs = std::filesystem;

class PosixFiles : public ::testing::Test {
 protected:
  PosixFiles() {
    std::string pattern = (fs::temp_directory_path() / "sapwood-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~PosixFiles() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static FileSystem& files() { return posix_env().files(); }

  template <class Call>
  void expect_error(ErrorCode code, const std::string& part_of_message, Call call) {
    try {
      call();
      ADD_FAILURE() << "nothing was thrown; expected " << error_code_name(code);
    } catch (const Error& error) {
      EXPECT_STREQ(error_code_name(error.code()), error_code_name(code));
      EXPECT_NE(std::string(error.what()).find(part_of_message), std::string::npos) << error.what();
    }
  }

  fs::path folder_;
};

TEST_F(PosixFiles, ALocalFolderIsOnNoNetwork) {
  if (!files().network_of(path("absent")).empty()) GTEST_SKIP() << "the folder for temporary files is on a network";
  files().open(path("a"), {.create = true});
  EXPECT_EQ(files().network_of(path("a")), "");
  expect_error(ErrorCode::not_found, "absent", [&] { files().network_of(path("absent/x")); });
}

TEST(PosixTransfer, ReadGoesOnAfterInterruptionsAndShortReads) {
  const std::string source = "the quick brown fox";
  int calls = 0;
  const ReadCall call = [&](void* to, std::size_t size, u64 offset) -> ssize_t {
    if (++calls % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    const std::size_t count = std::min<std::size_t>({size, 3, source.size() - offset});
    std::memcpy(to, source.data() + offset, count);
    return static_cast<ssize_t>(count);
  };
  std::string text(100, '?');
  EXPECT_EQ(read_fully(call, "x", 4, text.data(), text.size()), source.size() - 4);
  EXPECT_EQ(text.substr(0, source.size() - 4), source.substr(4));
}

TEST(PosixTransfer, WriteGoesOnInsideAPartAndRespectsTheLimitOfParts) {
  std::vector<std::string> pieces;
  std::string whole;
  for (int i = 0; i < 5000; ++i) {
    pieces.push_back(std::string(static_cast<std::size_t>(i % 5), static_cast<char>('a' + i % 26)));
    whole += pieces.back();
  }
  std::vector<WritePart> parts;
  parts.reserve(pieces.size());
  for (const std::string& piece : pieces) parts.push_back({piece.data(), piece.size()});

  std::string written;
  int calls = 0;
  const WriteCall call = [&](const iovec* vectors, int count, u64 offset) -> ssize_t {
    EXPECT_LE(count, IOV_MAX);
    EXPECT_EQ(offset, 10 + written.size());
    if (++calls % 3 == 0) {
      errno = EINTR;
      return -1;
    }
    std::string given;
    for (int i = 0; i < count; ++i) given.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
    const std::size_t taken = std::min<std::size_t>(given.size(), static_cast<std::size_t>(1 + calls % 300));
    written += given.substr(0, taken);
    return static_cast<ssize_t>(taken);
  };
  write_fully(call, "x", 10, parts);
  EXPECT_EQ(written, whole);
}

TEST(PosixTransfer, AFailureNamesFileOffsetAndReason) {
  int calls = 0;
  const WriteCall call = [&](const iovec*, int, u64) -> ssize_t {
    if (++calls == 1) return 8192 - 4096;
    errno = ENOSPC;
    return -1;
  };
  const std::string data(8192, 'x');
  const WritePart part{data.data(), data.size()};
  try {
    write_fully(call, "lab.sapwood", 4096, std::span(&part, 1));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::disk_full);
    EXPECT_STREQ(error.what(), "cannot write lab.sapwood at 8192: No space left on device");
  }
}

TEST(PosixTransfer, AWriteThatDoesNothingIsAnErrorNotALoop) {
  const WriteCall call = [](const iovec*, int, u64) -> ssize_t { return 0; };
  const WritePart part{"x", 1};
  EXPECT_THROW(write_fully(call, "x", 0, std::span(&part, 1)), Error);
}

TEST(PosixErrors, NumbersMapToCodes) {
  EXPECT_EQ(error_code_of(ENOSPC, Intent::write), ErrorCode::disk_full);
  EXPECT_EQ(error_code_of(EDQUOT, Intent::write), ErrorCode::disk_full);
  EXPECT_EQ(error_code_of(ENOMEM, Intent::read), ErrorCode::out_of_memory);
  EXPECT_EQ(error_code_of(ENOENT, Intent::read), ErrorCode::not_found);
  EXPECT_EQ(error_code_of(EEXIST, Intent::write), ErrorCode::exists);
  for (const int number : {EACCES, EROFS, EPERM}) {
    EXPECT_EQ(error_code_of(number, Intent::write), ErrorCode::read_only);
    EXPECT_EQ(error_code_of(number, Intent::read), ErrorCode::io);
  }
  EXPECT_EQ(error_code_of(EISDIR, Intent::read), ErrorCode::invalid_argument);
  EXPECT_EQ(error_code_of(EIO, Intent::write), ErrorCode::io);
}

TEST(PosixErrors, FolderOfAPath) {
  EXPECT_EQ(folder_of("a"), ".");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(folder_of("a/b"), "a");
  EXPECT_EQ(folder_of("/a/b"), "/a");
}

TEST_F(PosixFiles, NewFilesTakeTheirModeFromTheMask) {
  const mode_t before = ::umask(022);
  files().open(path("a"), {.create = true});
  ::umask(before);
  struct stat status;
  ASSERT_EQ(::stat(path("a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

// A file that serves another one, such as its log, is seen by those who see that one, whatever the mask says.
TEST_F(PosixFiles, NewFilesTakeTheirModeFromTheFileThatTheyAreLike) {
  for (const mode_t mode : {0600, 0640, 0644, 0660, 0666}) {
    files().open(path("a"), {.create = true});
    ASSERT_EQ(::chmod(path("a").c_str(), mode), 0);
    files().open(path("b"), {.create = true, .like = path("a")});
    files().open(path("c"), {.create = true, .exclusive = true, .like = path("a")});
    for (const char* const name : {"b", "c"}) {
      struct stat status;
      ASSERT_EQ(::stat(path(name).c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 07777, mode);
      files().remove(path(name));
    }
  }
  expect_error(ErrorCode::not_found, path("absent"),
               [&] { files().open(path("b"), {.create = true, .like = path("absent")}); });
}

TEST_F(PosixFiles, CreationFollowsNoLink) {
  fs::create_symlink(path("victim"), path("link"));
  for (const bool there : {false, true}) {
    if (there) std::ofstream(path("victim")) << "precious";
    for (const bool exclusive : {false, true}) {
      expect_error(exclusive ? ErrorCode::exists : ErrorCode::invalid_argument, path("link"),
                   [&] { files().open(path("link"), {.create = true, .exclusive = exclusive}); });
    }
    EXPECT_EQ(fs::exists(path("victim")), there);
  }
  EXPECT_EQ(fs::file_size(path("victim")), 8u);
}

TEST_F(PosixFiles, CreationOpensNoFileThatHasAnotherName) {
  std::ofstream(path("victim")) << "precious";
  fs::create_hard_link(path("victim"), path("link"));
  expect_error(ErrorCode::invalid_argument, "hard links", [&] { files().open(path("link"), {.create = true}); });
  fs::remove(path("victim"));
  EXPECT_EQ(files().open(path("link"), {.create = true})->size(), 8u);
}

TEST_F(PosixFiles, AnExistingFileIsOpenedThroughALink) {
  files().open(path("real"), {.create = true})->write(0, "x", 1);
  fs::create_symlink(path("real"), path("link"));
  const auto file = files().open(path("link"), {});
  EXPECT_EQ(file->size(), 1u);
  EXPECT_TRUE(file->is_at_path());
  EXPECT_EQ(files().resolve(path("link")), files().resolve(path("real")));
}

TEST_F(PosixFiles, ALinkToNothingIsNamedAsOne) {
  fs::create_symlink(path("absent"), path("link"));
  expect_error(ErrorCode::invalid_argument, "link to a file that does not", [&] { files().open(path("link"), {}); });
  expect_error(ErrorCode::invalid_argument, "link to a file that does not", [&] { files().resolve(path("link")); });
}

TEST_F(PosixFiles, ResolveFollowsLinksOfFolders) {
  fs::create_directory(path("real"));
  fs::create_directory_symlink(path("real"), path("link"));
  EXPECT_EQ(files().resolve(path("link/absent")), files().resolve(path("real")) + "/absent");
  expect_error(ErrorCode::not_found, "absent", [&] { files().resolve(path("absent/x")); });
}

TEST_F(PosixFiles, AFifoIsRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  for (const OpenFlags& flags : {OpenFlags{}, OpenFlags{.write = false}, OpenFlags{.create = true}}) {
    expect_error(ErrorCode::invalid_argument, "not a regular file", [&] { files().open(path("fifo"), flags); });
  }
}

TEST_F(PosixFiles, ADeviceIsRefused) {
  expect_error(ErrorCode::invalid_argument, "not a regular file", [&] { files().open("/dev/null", {}); });
}

TEST_F(PosixFiles, AMissingFolderIsNotFound) {
  expect_error(ErrorCode::not_found, path("absent/a"), [&] { files().open(path("absent/a"), {.create = true}); });
  files().open(path("file"), {.create = true});
  expect_error(ErrorCode::not_found, path("file/a"), [&] { files().open(path("file/a"), {}); });
  EXPECT_FALSE(files().exists(path("file/a")));
}

// Past its limit of file size a process gets a short write, then EFBIG: the nearest thing to a full disk at hand.
TEST_F(PosixFiles, ALimitInTheMiddleOfAWriteIsAnError) {
  const auto file = files().open(path("a"), {.create = true});
  struct rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 10'000;
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string data(20'000, 'x');
  expect_error(ErrorCode::disk_full, path("a") + " at 10000", [&] { file->write(0, data.data(), data.size()); });
  expect_error(ErrorCode::disk_full, path("a"), [&] { file->allocate(0, 20'000); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  EXPECT_EQ(file->size(), 10'000u);
  file->write(0, data.data(), data.size());
  EXPECT_EQ(file->size(), data.size());
}

TEST_F(PosixFiles, ZerosAreWrittenWhereSpaceCannotBeReserved) {
  const Descriptor descriptor(::open(path("a").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::pwrite(descriptor.number(), "hello", 5, 0), 5);
  write_zeros(descriptor.number(), path("a"), 5, 1'000'000);
  EXPECT_EQ(fs::file_size(path("a")), 1'000'000u);
  char bytes[7];
  ASSERT_EQ(::pread(descriptor.number(), bytes, 7, 0), 7);
  EXPECT_EQ(std::string(bytes, 7), std::string("hello\0\0", 7));
  struct stat status;
  ASSERT_EQ(::fstat(descriptor.number(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 1'000'000);
}

TEST_F(PosixFiles, TooLargeAMappingIsOutOfMemory) {
  const auto file = files().open(path("a"), {.create = true});
  expect_error(ErrorCode::out_of_memory, path("a"), [&] { file->map(u64{1} << 60); });
  expect_error(ErrorCode::out_of_memory, "memory", [&] { posix_env().reserve_memory(u64{1} << 60); });
  EXPECT_EQ(file->map(0)->size(), 0u);
}

TEST_F(PosixFiles, DescriptorsAreNotInheritedByPrograms) {
  const auto file = files().open(path("a"), {.create = true});
  bool found = false;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code failure;
    if (fs::read_symlink(entry, failure) != fs::canonical(path("a"))) continue;
    found = true;
    std::ifstream info("/proc/self/fdinfo/" + entry.path().filename().string());
    std::string key;
    std::string flags;
    while (info >> key >> flags && key != "flags:") continue;
    EXPECT_NE(std::stoul(flags, nullptr, 8) & 02000000u, 0u) << "O_CLOEXEC is not set: " << flags;
  }
  EXPECT_TRUE(found);
}

TEST_F(PosixFiles, TemporaryFilesLeaveNothingBehind) {
  ASSERT_EQ(::setenv("TMPDIR", folder_.c_str(), 1), 0);
  {
    const auto file = files().open_temporary();
    file->write(0, "x", 1);
    EXPECT_TRUE(fs::is_empty(folder_));
  }
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST(PosixEnvironment, ProcessIsThisOne) {
  EXPECT_EQ(posix_env().process().pid, static_cast<u32>(::getpid()));
  EXPECT_EQ(posix_env().process().boot_id, posix_env().process().boot_id);
}

}  // namespace
}  // namespace sapwood::os
