// Real processes on real files: a writer that is killed keeps what it acknowledged, and a second process is told who
// holds the file.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "sapwood/sapwood.h"
#include "storage/testing_page_writes.h"
#include "tests/support/random.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

// Runs `work` in a child, which ends with its result; the parent goes on at once.
pid_t start_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    int result = 99;
    try {
      result = work();
    } catch (...) {
      result = 98;
    }
    _exit(result);
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

Options options_for(Durability durability, bool exclusive) {
  Options options;
  options.exclusive = exclusive;  // after a kill, the next one recovers; else it goes on where the dead one stopped
  options.log_size = 64 << 10;
  options.page_writes = storage::testing::test_page_writes();
  options.log_size_max = 256 << 10;
  options.durability = durability;
  return options;
}

// Commit i adds i to the list, i -> its text to the map, and takes 0.. from the front now and then.
void write_for_ever(const std::string& path, const Options& options, int acknowledge) {
  Database database = Database::open(path, options);
  for (i64 i = static_cast<i64>(database.list<i64>("numbers").size());; ++i) {
    database.write([&](WriteTxn& txn) {
      txn.list<i64>("numbers").push_back(i);
      auto texts = txn.sorted_map<i64, std::string>("texts");
      texts.put(i, std::string(static_cast<std::size_t>(i % 700), 'x') + std::to_string(i));
      if (i >= 500) texts.erase(i - 500);
    });
    if (i % 97 == 96) database.checkpoint();
    if (write(acknowledge, &i, sizeof i) != sizeof i) return;
  }
}

// The highest commit that the pipe tells of, until it ends.
i64 read_acknowledged(int pipe_end) {
  i64 last = -1;
  i64 value = 0;
  while (read(pipe_end, &value, sizeof value) == sizeof value) last = value;
  return last;
}

void require_all(const std::string& path, i64 acknowledged, bool exclusive) {
  Database database = Database::open(path, options_for(Durability::async, exclusive));
  const ReadTxn snapshot = database.read();
  if (acknowledged < 0 && !snapshot.has("texts")) return;  // killed before the first commit
  const auto numbers = snapshot.list<i64>("numbers");
  const auto texts = snapshot.sorted_map<i64, std::string>("texts");
  const i64 count = static_cast<i64>(numbers.size());
  ASSERT_GE(count, acknowledged + 1);
  i64 expected = 0;
  for (const i64 number : numbers.range()) ASSERT_EQ(number, expected++);
  ASSERT_EQ(texts.size(), static_cast<u64>(std::min<i64>(count, 500)));
  for (const auto& [key, text] : texts.range()) {
    ASSERT_EQ(text, std::string(static_cast<std::size_t>(key % 700), 'x') + std::to_string(key));
  }
  const std::vector<std::string> findings = database.check();
  ASSERT_TRUE(findings.empty()) << findings.front();
}

void kill_writers(Durability durability, bool exclusive, u64 rounds) {
  Rng random(test_seed());
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  i64 acknowledged = -1;
  for (u64 round = 0; round < rounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = start_child([&] {
      close(ends[0]);
      write_for_ever(path, options_for(durability, exclusive), ends[1]);
      return 0;
    });
    close(ends[1]);
    usleep(static_cast<useconds_t>(2'000 + below(random, 40'000)));
    kill(child, SIGKILL);
    const int status = wait_for(child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself: " << status;
    acknowledged = std::max(acknowledged, read_acknowledged(ends[0]));
    close(ends[0]);
    if (one_in(random, 2)) continue;  // the next writer recovers
    ASSERT_NO_FATAL_FAILURE(require_all(path, acknowledged, exclusive)) << "round " << round;
  }
  require_all(path, acknowledged, exclusive);
}

TEST(Process, KilledWriterKeepsWhatItAcknowledgedSync) { kill_writers(Durability::sync, true, scaled(20)); }
TEST(Process, KilledWriterKeepsWhatItAcknowledgedAsync) { kill_writers(Durability::async, true, scaled(20)); }
TEST(Process, TheNextGoesOnWhereAKilledWriterStopped) { kill_writers(Durability::async, false, scaled(20)); }

// Killed while it recovers what an earlier one left.
TEST(Process, KilledInRecovery) {
  Rng random(test_seed());
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  i64 acknowledged = -1;
  for (u64 round = 0; round < scaled(15); ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t writer = start_child([&] {
      close(ends[0]);
      write_for_ever(path, options_for(Durability::async, true), ends[1]);
      return 0;
    });
    close(ends[1]);
    usleep(20'000);
    kill(writer, SIGKILL);
    wait_for(writer);
    acknowledged = std::max(acknowledged, read_acknowledged(ends[0]));
    close(ends[0]);
    for (int again = 0; again < 3; ++again) {
      const pid_t opener = start_child([&] { return static_cast<int>(Database::open(path).info().readers.size()); });
      usleep(static_cast<useconds_t>(below(random, 6'000)));
      kill(opener, SIGKILL);
      wait_for(opener);
    }
    ASSERT_NO_FATAL_FAILURE(require_all(path, acknowledged, true));
  }
}

TEST(Process, SecondProcessIsToldWhoHoldsTheFile) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  Database database = Database::open(path, options_for(Durability::sync, true));
  database.list<i64>("numbers").push_back(1);
  const pid_t parent = getpid();
  const pid_t child = start_child([&] {
    try {
      Database::open(path);
    } catch (const Error& error) {
      const std::string text = error.what();
      if (error.code() != ErrorCode::in_use) return 1;
      if (text.find(std::to_string(parent)) == std::string::npos) return 2;
      return text.find("test.sapwood") == std::string::npos ? 3 : 0;
    }
    return 4;
  });
  EXPECT_EQ(WEXITSTATUS(wait_for(child)), 0);
  EXPECT_EQ(database.list<i64>("numbers").at(0), 1);  // unharmed
  database.close();
  const pid_t next = start_child([&] { return static_cast<int>(Database::open(path).list<i64>("numbers").size()); });
  EXPECT_EQ(WEXITSTATUS(wait_for(next)), 1);
}

// What a killed writer left in the lock file names nobody who holds the file now; a reader is named as well as a
// writer.
TEST(Process, ReadersAreNamedAndTheDeadAreNot) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  Database::open(path).list<i64>("numbers").push_back(1);
  const pid_t killed = start_child([&] {
    const Database database = Database::open(path, options_for(Durability::sync, true));
    ::kill(getpid(), SIGKILL);
    return 1;
  });
  wait_for(killed);
  ASSERT_TRUE(std::filesystem::exists(path + "-lock"));
  Options read_only;
  read_only.mode = OpenMode::read;
  const Database reader = Database::open(path, read_only);
  const pid_t parent = getpid();
  const pid_t child = start_child([&] {
    try {
      Database::open(path, options_for(Durability::sync, true));
    } catch (const Error& error) {
      const std::string text = error.what();
      if (error.code() != ErrorCode::in_use) return 1;
      if (text.find("process " + std::to_string(parent) + " (") == std::string::npos) return 2;
      return text.find(std::to_string(killed)) != std::string::npos ? 3 : 0;
    }
    return 4;
  });
  EXPECT_EQ(WEXITSTATUS(wait_for(child)), 0);
}

// A child of fork() is told that the handle is its parent's; that it ends, or drops the handle, does the parent no
// harm.
TEST(Process, AForkedChildLeavesItsParentsHandleAlone) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  auto database = std::make_unique<Database>(Database::open(path, options_for(Durability::async, false)));
  auto numbers = database->list<i64>("numbers");
  numbers.push_back(1);
  auto snapshot = std::make_unique<ReadTxn>(database->read());
  auto txn = std::make_unique<WriteTxn>(database->begin_write());
  txn->list<i64>("numbers").push_back(2);
  const pid_t child = start_child([&] {
    const auto is_told = [](const auto& action) {
      try {
        action();
      } catch (const Error& error) {
        return error.code() == ErrorCode::ended && std::string(error.what()).find("forked") != std::string::npos;
      }
      return false;
    };
    if (!is_told([&] { numbers.at(0); })) return 1;
    if (!is_told([&] { database->read(); })) return 2;
    if (!is_told([&] { database->begin_write(); })) return 3;
    if (!is_told([&] { database->sync(); })) return 4;
    txn.reset();
    snapshot.reset();
    numbers = {};
    database.reset();
    Database own = Database::open(path, options_for(Durability::async, false));
    return own.list<i64>("numbers").size() == 1 ? 0 : 5;
  });
  EXPECT_EQ(WEXITSTATUS(wait_for(child)), 0);
  txn->commit();
  EXPECT_EQ(numbers.at(1), 2);
  EXPECT_EQ(snapshot->list<i64>("numbers").size(), 1u);
  snapshot.reset();
  EXPECT_TRUE(database->check().empty());
  database->close();
}

// A stopped holder still holds; when it is killed the file is free at once.
TEST(Process, HolderThatIsStoppedThenKilled) {
  const TempFolder folder;
  const std::string path = folder.file("test.sapwood");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = start_child([&] {
    close(ends[0]);
    write_for_ever(path, options_for(Durability::async, true), ends[1]);
    return 0;
  });
  close(ends[1]);
  i64 first = -1;
  ASSERT_EQ(read(ends[0], &first, sizeof first), static_cast<ssize_t>(sizeof first));
  kill(child, SIGSTOP);
  try {
    Database::open(path);
    ADD_FAILURE() << "opened a file that a stopped process holds";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::in_use);
  }
  kill(child, SIGKILL);
  wait_for(child);
  const i64 acknowledged = std::max(first, read_acknowledged(ends[0]));
  close(ends[0]);
  require_all(path, acknowledged, true);
}

}  // namespace
}  // namespace sapwood::test
