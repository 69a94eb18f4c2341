// Processes of different pid namespaces, as in containers, share a file: each believes to be process 1. Whether one
// lives is told by its byte lock, so numbers that collide do no harm.
#ifdef __linux__
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>

#include "sapwood/sapwood.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

void put_byte(int descriptor) { static_cast<void>(write(descriptor, "", 1)); }

bool get_byte(int descriptor) {
  char byte = 0;
  return read(descriptor, &byte, 1) == 1;
}

// A process that is number 1 of a pid namespace of its own.
class Container {
 public:
  // `work` gets a function that tells how far it is, and waits until it may go on.
  explicit Container(const std::function<void(const std::function<void()>& pause)>& work) {
    if (pipe(tells_) != 0 || pipe(goes_on_) != 0) throw std::runtime_error("no pipe");
    outer_ = fork();
    if (outer_ != 0) {
      ::close(tells_[1]);
      ::close(goes_on_[0]);
      return;
    }
    ::close(tells_[0]);
    ::close(goes_on_[1]);
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(kNotAllowed);
    const pid_t inner = fork();
    if (inner < 0) _exit(kNotAllowed);
    if (inner == 0) run(work);
    ::close(tells_[1]);
    int status = 0;
    waitpid(inner, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : kKilled);
  }
  ~Container() {
    kill_it();
    ::close(tells_[0]);
    ::close(goes_on_[1]);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  // True once it has got to its next pause.
  bool wait() { return get_byte(tells_[0]); }
  void go_on() { put_byte(goes_on_[1]); }
  // Its exit code.
  int end() {
    int status = 0;
    waitpid(outer_, &status, 0);
    outer_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kKilled;
  }
  // Returns when it is dead.
  void kill_it() {
    if (outer_ < 0) return;
    kill(outer_, SIGKILL);  // process 1 of the namespace follows it
    end();
    while (wait()) {
    }
  }

  static constexpr int kNotAllowed = 77;
  static constexpr int kKilled = 78;

 private:
  [[noreturn]] void run(const std::function<void(const std::function<void()>& pause)>& work) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      work([this] {
        put_byte(tells_[1]);
        get_byte(goes_on_[0]);
      });
      _exit(0);
    } catch (const std::exception& error) {
      static_cast<void>(write(STDERR_FILENO, error.what(), std::char_traits<char>::length(error.what())));
    }
    _exit(1);
  }

  pid_t outer_ = -1;  // waits for the process in the namespace
  int tells_[2];
  int goes_on_[2];
};

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

TEST(PidNamespaces, AProcessOfOneIsKilledAndTheOtherGoesOn) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  Container first([&](const std::function<void()>& pause) {
    Database database = Database::open(path);
    database.list<std::int64_t>("list").push_back(1);
    WriteTxn txn = database.begin_write();
    txn.list<std::int64_t>("list").push_back(-1);
    pause();
  });
  if (!first.wait()) {
    ASSERT_EQ(first.end(), Container::kNotAllowed);
    GTEST_SKIP() << "this system allows no namespaces of users and processes here";
  }
  Container second([&](const std::function<void()>& pause) {
    Database database = Database::open(path);
    const Info info = database.info();
    require(info.processes.size() == 2 && info.processes[0].id == 1 && info.processes[1].id == 1, "both are 1");
    require(info.writer && !info.writer->process.is_self, "the other one writes");
    require(!database.try_begin_write(), "the writer's place is another's, whatever its number");
    try {
      database.begin_write(std::chrono::milliseconds(1));
      require(false, "the writer's place was given twice");
    } catch (const Error& error) {
      require(std::string(error.what()).find("process 1 (") != std::string::npos, error.what());
    }
    pause();
    database.list<std::int64_t>("list").push_back(2);  // once the other one is dead
    require(!database.info().writer && database.info().processes.size() == 1, "the dead one is gone");
  });
  ASSERT_TRUE(second.wait());
  second.go_on();
  first.kill_it();
  EXPECT_EQ(second.end(), 0);

  Database database = Database::open(path);
  const auto list = database.list<std::int64_t>("list");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list.at(0), 1);
  EXPECT_EQ(list.at(1), 2);
  EXPECT_TRUE(database.check().empty());
}

}  // namespace
}  // namespace sapwood::test
#endif
