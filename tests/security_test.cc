// What docs/guarantees.md says under "Security": who may read the files of a database, what lies in their places, and
// what the names of collections can do. Hostile bytes inside a file are corrupt_test.cc's and the fuzz targets' work.
#include <gtest/gtest.h>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "base/types.h"
#include "sapwood/repair.h"
#include "sapwood/sapwood.h"
#include "tests/support/error_code.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

class Security : public testing::Test {
 protected:
  std::string path() const { return folder_.file("test.sapwood"); }
  std::string victim() const { return folder_.file("victim"); }

  // A closed database that holds one entry.
  void make_database() const { Database::open(path()).list<std::string>("list").push_back("secret"); }

  void make_victim() const { std::ofstream(victim()) << "precious"; }
  void require_victim_unharmed() const {
    std::string text;
    std::getline(std::ifstream(victim()), text);
    EXPECT_EQ(text, "precious");
    EXPECT_EQ(fs::file_size(victim()), 8u);
  }

  static struct stat status_of(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status;
  }
  static mode_t mode_of(const std::string& path) { return status_of(path).st_mode & 07777; }

  TempFolder folder_;
};

// What stands where a file is meant: its name for messages, and how to put it there.
struct Obstacle {
  const char* name;
  std::function<void(const std::string&)> put;
};

std::vector<Obstacle> obstacles() {
  return {{"a folder", [](const std::string& path) { fs::create_directory(path); }},
          {"a fifo", [](const std::string& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0666), 0); }},
          {"a device", [](const std::string& path) { fs::create_symlink("/dev/zero", path); }},
          {"a link to itself", [](const std::string& path) { fs::create_symlink(path, path); }},
          {"a link to nothing", [](const std::string& path) { fs::create_symlink(path + "-absent", path); }},
          {"a socket", [](const std::string& path) {
             sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
             ASSERT_LT(path.copy(address.sun_path, sizeof address.sun_path - 1), sizeof address.sun_path - 1);
             const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
             ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
             ::close(socket);
           }}};
}

// Runs `work` as a user with no rights of his own; the result is the child's status, 0 if `work` returned true.
int run_as_nobody(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(2);
    try {
      _exit(work() ? 0 : 1);
    } catch (...) {
      _exit(3);
    }
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST_F(Security, ANewDatabaseTakesItsModeFromTheMask) {
  for (const auto& [mask, mode] : {std::pair<mode_t, mode_t>{022, 0644}, {077, 0600}, {007, 0660}}) {
    const mode_t before = ::umask(mask);
    make_database();
    ::umask(before);
    EXPECT_EQ(mode_of(path()), mode);
    fs::remove(path());
  }
}

// Whoever may not read the database may not read what its log says either.
TEST_F(Security, LogAndLockFileHaveTheModeOfTheDatabase) {
  make_database();
  for (const mode_t mode : {0600, 0640, 0660, 0666}) {
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
    Database database = Database::open(path());
    database.list<std::string>("list").push_back("secret");
    EXPECT_EQ(mode_of(path() + "-log"), mode);
    EXPECT_EQ(mode_of(path() + "-lock"), mode);
  }
}

// What root does for a user's database leaves nothing behind that the user cannot open.
TEST_F(Security, LogAndLockFileOfRootBelongToTheOwnerOfTheDatabase) {
  if (geteuid() != 0) GTEST_SKIP() << "Only root can give files away.";
  make_database();
  ASSERT_EQ(::chown(path().c_str(), kNobody, kNobody), 0);
  Database database = Database::open(path());
  database.list<std::string>("list").push_back("secret");
  for (const char* const suffix : {"-log", "-lock"}) {
    EXPECT_EQ(status_of(path() + suffix).st_uid, kNobody);
    EXPECT_EQ(status_of(path() + suffix).st_gid, kNobody);
  }
}

// The new file, and the copies that a repair works on, which hold all that the old one does.
TEST_F(Security, ARepairMakesNothingThatMoreMayRead) {
  const std::string copy = folder_.file("copy.sapwood");
  {
    Database database = Database::open(path());
    database.list<std::string>("list").push_back("secret");
    fs::copy_file(path(), copy);
    fs::copy_file(path() + "-log", copy + "-log");
  }
  ASSERT_EQ(::chmod(copy.c_str(), 0600), 0);
  ASSERT_EQ(::chmod((copy + "-log").c_str(), 0600), 0);
  u64 seen = 0;
  RepairOptions options;
  options.progress = [&](u64, u64) {
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      if (entry.path().string().find("-repair-") == std::string::npos) continue;
      EXPECT_EQ(mode_of(entry.path()), 0600u) << entry.path();
      ++seen;
    }
    return true;
  };
  const std::string saved = folder_.file("saved.sapwood");
  EXPECT_EQ(repair(copy, saved, options).replayed_commits, 2u);
  EXPECT_GT(seen, 0u);
  EXPECT_EQ(mode_of(saved), 0600u);
  EXPECT_EQ(Database::open(saved).list<std::string>("list").at(0), "secret");
}

TEST_F(Security, ATemporaryDatabaseHasNoName) {
  ASSERT_EQ(::setenv("TMPDIR", folder_.path().c_str(), 1), 0);
  {
    Database database = Database::temporary();
    database.list<std::string>("list").push_back("secret");
    database.checkpoint();
    EXPECT_TRUE(fs::is_empty(folder_.path()));
  }
  ASSERT_EQ(::unsetenv("TMPDIR"), 0);
}

// Whatever stands in the place of a file is an error, at once, and stays as it is.
TEST_F(Security, WhatIsNoFileIsRefused) {
  make_database();
  for (const Obstacle& obstacle : obstacles()) {
    for (const char* const suffix : {"-log", "-lock"}) {
      const std::string place = path() + suffix;
      obstacle.put(place);
      try {
        Database database = Database::open(path());
        database.list<std::string>("list").push_back("more");  // the log is made by the first commit
        ADD_FAILURE() << "it opened with " << obstacle.name << " at " << place;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument) << error.what() << " for " << obstacle.name;
        EXPECT_NE(std::string(error.what()).find(place), std::string::npos) << error.what();
      }
      EXPECT_TRUE(fs::exists(fs::symlink_status(place))) << obstacle.name;
      fs::remove(place);
    }
    const std::string other = folder_.file("other.sapwood");
    obstacle.put(other);
    EXPECT_EQ(code_of([&] { Database::open(other); }), ErrorCode::invalid_argument) << obstacle.name;
    EXPECT_TRUE(fs::exists(fs::symlink_status(other))) << obstacle.name;
    fs::remove(other);
  }
  EXPECT_EQ(Database::open(path()).list<std::string>("list").size(), 1u);
}

// A link to someone's file, in the place where the database is going to write.
TEST_F(Security, NoLinkIsFollowedToAnotherFile) {
  make_database();
  make_victim();
  for (const bool hard : {false, true}) {
    for (const char* const suffix : {"-log", "-lock"}) {
      const std::string place = path() + suffix;
      if (hard) fs::create_hard_link(victim(), place);
      else fs::create_symlink(victim(), place);
      const ErrorCode code = code_of([&] { Database::open(path()).list<std::string>("list").push_back("more"); });
      EXPECT_TRUE(code == ErrorCode::invalid_argument || code == ErrorCode::in_use) << error_code_name(code);
      require_victim_unharmed();
      fs::remove(place);
    }
  }
  EXPECT_EQ(Database::open(path()).list<std::string>("list").size(), 1u);
}

// The same while the database is open, before its first commit makes the log: that commit fails, later ones do not.
TEST_F(Security, ALinkThatAppearsInPlaceOfTheLogFailsTheCommit) {
  make_database();
  make_victim();
  Database database = Database::open(path());
  auto list = database.list<std::string>("list");
  fs::create_symlink(victim(), path() + "-log");
  EXPECT_EQ(code_of([&] { list.push_back("more"); }), ErrorCode::in_use);
  require_victim_unharmed();
  EXPECT_EQ(list.size(), 1u);
  fs::remove(path() + "-log");
  list.push_back("more");
  EXPECT_EQ(list.size(), 2u);
}

// A database may be a link to a file; log and lock file are beside that file, not beside the link.
TEST_F(Security, ALinkToADatabaseOpensIt) {
  make_database();
  fs::create_directory(folder_.file("elsewhere"));
  const std::string link = folder_.file("elsewhere/link.sapwood");
  fs::create_symlink(path(), link);
  Database database = Database::open(link);
  database.list<std::string>("list").push_back("more");
  EXPECT_TRUE(fs::exists(path() + "-log"));
  EXPECT_FALSE(fs::exists(link + "-log"));
}

TEST_F(Security, FilesThatMayNotBeWrittenAreNamed) {
  make_database();
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);
  std::ofstream(path() + "-lock").close();
  ASSERT_EQ(::chmod((path() + "-lock").c_str(), 0444), 0);
  const auto fails_on = [](const std::string& open, const std::string& named) {
    try {
      Database::open(open);
    } catch (const Error& error) {
      return error.code() == ErrorCode::read_only && std::string(error.what()).find(named) != std::string::npos;
    }
    return false;
  };
  EXPECT_EQ(run_as_nobody([&] { return fails_on(path(), path() + "-lock"); }), 0);
  fs::remove(path() + "-lock");
  ASSERT_EQ(::chmod(path().c_str(), 0444), 0);
  EXPECT_EQ(run_as_nobody([&] { return fails_on(path(), path()); }), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  EXPECT_EQ(run_as_nobody([&] { return fails_on(folder_.file("new"), folder_.file("new")); }), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
}

// Names are keys of the catalog and nothing else.
TEST_F(Security, NamesOfCollectionsAreNoPaths) {
  Database database = Database::open(path());
  const std::vector<std::string> names{"../outside",
                                       "/etc/outside",
                                       "a/b/../../../c",
                                       "-log",
                                       ".",
                                       "..",
                                       "test.sapwood",
                                       std::string("zero\0byte", 9),
                                       std::string(255, '/')};
  for (const std::string& name : names) database.list<std::string>(name).push_back(name);
  database.checkpoint();
  for (const std::string& name : names) EXPECT_EQ(database.list<std::string>(name).at(0), name);
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().filename().string().find("test.sapwood"), 0u) << entry.path();
  }
  EXPECT_FALSE(fs::exists(folder_.path().parent_path() / "outside"));
}

// A program that this one starts inherits no descriptor of the database.
TEST_F(Security, ProgramsInheritNoDescriptor) {
  Database database = Database::open(path());
  database.list<std::string>("list").push_back("secret");
  const Database temporary = Database::temporary();
  const ReadTxn snapshot = database.read();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen("ls -l /proc/self/fd", "re"), ::pclose);
  std::string listing;
  std::array<char, 4096> piece;
  while (std::fgets(piece.data(), piece.size(), pipe.get()) != nullptr) listing += piece.data();
  EXPECT_NE(listing.find("/proc/"), std::string::npos) << listing;  // its own
  EXPECT_EQ(listing.find(folder_.path().string()), std::string::npos) << listing;
  EXPECT_EQ(listing.find("(deleted)"), std::string::npos) << listing;  // the nameless file
}

}  // namespace
}  // namespace sapwood::test
