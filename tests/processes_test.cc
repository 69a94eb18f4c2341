// Several processes write and read one file at the same time, on real files; some are killed or stopped at any moment.
#include <gtest/gtest.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <map>

#include "sapwood/sapwood.h"
#include "storage/testing_page_writes.h"
#include "tests/support/random.h"
#include "tests/support/shared_writers.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

constexpr i64 kReader = -1;

Options shared_options() {
  Options options;
  options.log_size = 64 << 10;
  options.log_size_max = 256 << 10;
  options.page_writes = storage::testing::test_page_writes();
  return options;
}

void require(bool holds, const char* what) {
  if (holds) return;
  static_cast<void>(write(STDERR_FILENO, what, std::char_traits<char>::length(what)));
  static_cast<void>(write(STDERR_FILENO, "\n", 1));
  _exit(3);
}

// What a writer tells of a commit.
struct Acknowledged {
  i64 number = 0;
  i64 waited_us = 0;  // for the writer's place
};

i64 microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
}

void move_snapshot(Database& database, const std::string& name) {
  database.drop_snapshot(name);
  database.snapshot(name);
}

// Snapshots may be dropped while they are looked for.
void require_whole_snapshots(const Database& database) {
  for (const SnapshotInfo& snapshot : database.snapshots()) {
    try {
      require_whole(database.at(snapshot.name));
    } catch (const Error& error) {
      require(error.code() == ErrorCode::not_found, error.what());
    }
  }
}

void write_for_ever(const std::string& path, i64 writer, u64 seed, int acknowledge) {
  Rng random(seed);
  Database database = Database::open(path, shared_options());
  for (;;) {
    const Durability durability = one_in(random, 4) ? Durability::sync : Durability::async;
    const auto start = std::chrono::steady_clock::now();
    WriteTxn txn = database.begin_write();
    const i64 waited_us = microseconds_since(start);
    const i64 n = write_next(txn, writer);
    write_forms(txn, writer, n);
    // Large values, some of which the log refers to, and pages that others reuse.
    if (one_in(random, 10)) {
      txn.sorted_map<i64, std::string>("texts").put(below(random, 20), std::string(below(random, 60'000), 'x'));
    }
    if (one_in(random, 20)) {
      txn.rollback();
      continue;
    }
    txn.commit(durability);
    const Acknowledged told{n, waited_us};
    if (::write(acknowledge, &told, sizeof told) != sizeof told) return;
    if (one_in(random, 50)) database.checkpoint();
    if (one_in(random, 50)) move_snapshot(database, "of " + std::to_string(writer));
    if (one_in(random, 100)) {
      database.close();
      database = Database::open(path, shared_options());
    }
  }
}

void read_for_ever(const std::string& path) {
  std::map<i64, i64> last;
  for (int round = 0;; ++round) {
    Options options = shared_options();
    if (round % 2 == 1) options.mode = OpenMode::read;
    try {
      const Database database = Database::open(path, options);
      for (int i = 0; i < 30; ++i) {
        const std::map<i64, i64> counts = require_whole(database.read());
        for (const auto& [writer, count] : last) require(counts.at(writer) >= count, "an older state was seen again");
        last = counts;
      }
      require_whole_snapshots(database);
    } catch (const Error& error) {
      // All others were killed: the next writer has to go on first.
      require(error.code() == ErrorCode::read_only && options.mode == OpenMode::read, error.what());
    }
  }
}

class Processes {
 public:
  explicit Processes(const std::string& path, u64 seed) : path_(path), random_(seed) {}

  void start_writer(i64 writer) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const u64 seed = random_();
    const pid_t child = start([&] {
      ::close(ends[0]);
      write_for_ever(path_, writer, seed, ends[1]);
    });
    ::close(ends[1]);
    children_.push_back({child, writer, ends[0]});
  }
  void start_reader() {
    children_.push_back({start([&] { read_for_ever(path_); }), kReader, -1});
  }

  // Something happens to one of them. Every child that ended by itself is a failure.
  void disturb() {
    Child& child = children_[below(random_, children_.size())];
    if (one_in(random_, 3)) {
      kill(child.pid, SIGSTOP);
      usleep(static_cast<useconds_t>(below(random_, 3000)));
      kill(child.pid, SIGCONT);
      ++stops_;
      return;
    }
    const i64 writer = child.writer;
    end(child);
    child = children_.back();
    children_.pop_back();
    if (writer == kReader) start_reader();
    if (writer != kReader) start_writer(writer);
  }
  void end_all() {
    for (Child& child : children_) end(child);
    children_.clear();
  }
  const std::map<i64, i64>& acknowledged() const { return acknowledged_; }
  void report() const {
    std::printf("%llu kills, %llu stops of at most 3 ms, %llu acknowledged commits; longest wait to write %.1f ms\n",
                static_cast<unsigned long long>(kills_), static_cast<unsigned long long>(stops_),
                static_cast<unsigned long long>(commits_), static_cast<double>(longest_wait_us_) / 1000);
  }

 private:
  struct Child {
    pid_t pid;
    i64 writer;  // kReader: a reader
    int pipe;
  };

  pid_t start(const std::function<void()>& work) {
    const pid_t child = fork();
    if (child != 0) return child;
    try {
      work();
    } catch (const std::exception& error) {
      require(false, error.what());
    }
    _exit(4);
  }

  void end(Child& child) {
    kill(child.pid, SIGKILL);
    ++kills_;
    if (child.pipe >= 0) {
      Acknowledged told;
      while (read(child.pipe, &told, sizeof told) == sizeof told) {
        acknowledged_[child.writer] = told.number;
        longest_wait_us_ = std::max(longest_wait_us_, told.waited_us);
        ++commits_;
      }
      ::close(child.pipe);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child.pid, &status, 0), child.pid);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "a process ended by itself: " << status;
  }

  std::string path_;
  Rng random_;
  std::vector<Child> children_;
  std::map<i64, i64> acknowledged_;
  u64 kills_ = 0;
  u64 stops_ = 0;
  u64 commits_ = 0;
  i64 longest_wait_us_ = 0;
};

// Pipes hold what was acknowledged until the writer is killed, at most 4,096 commits each: rounds are short.
void run_on_one_file(u64 writers, u64 readers, u64 rounds, u64 seed) {
  Rng random(seed);
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  Processes processes(path, seed);
  for (u64 round = 0; round < rounds; ++round) {
    for (u64 i = 0; i < writers; ++i) ASSERT_NO_FATAL_FAILURE(processes.start_writer(static_cast<i64>(i)));
    for (u64 i = 0; i < readers; ++i) processes.start_reader();
    for (int i = 0; i < 10; ++i) {
      usleep(static_cast<useconds_t>(below(random, 10'000)));
      ASSERT_NO_FATAL_FAILURE(processes.disturb());
    }
    ASSERT_NO_FATAL_FAILURE(processes.end_all());
    Database database = Database::open(path, shared_options());
    const std::map<i64, i64> counts = require_whole(database.read());
    for (const auto& [writer, count] : processes.acknowledged()) {
      ASSERT_TRUE(counts.contains(writer) && counts.at(writer) >= count)
          << "writer " << writer << ": commit " << count << " was acknowledged, and is lost";
    }
    require_whole_snapshots(database);
    const std::vector<std::string> findings = database.check();
    ASSERT_TRUE(findings.empty()) << findings.front();
  }
  processes.report();
}

// A new file now and then: readers look at all of it.
void run(u64 writers, u64 readers, u64 rounds) {
  constexpr u64 kRoundsAFile = 16;
  Rng random(test_seed());
  for (u64 left = rounds; left > 0 && !testing::Test::HasFatalFailure();) {
    const u64 part = std::min(left, kRoundsAFile);
    run_on_one_file(writers, readers, part, random());
    left -= part;
  }
}

TEST(Processes, TwoWritersAndAReaderAreKilledAndStopped) { run(2, 1, scaled(16)); }
TEST(Processes, SixteenAreKilledAndStopped) { run(10, 6, scaled(8)); }

}  // namespace
}  // namespace sapwood::test
