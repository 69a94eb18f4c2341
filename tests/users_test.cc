// What Database::info() tells of the other processes: who writes, who has the file open, what readers hold back.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "sapwood/sapwood.h"
#include "tests/support/temp_folder.h"

namespace sapwood::test {
namespace {

void put_all(Database& database, std::int64_t value) {
  database.write([value](WriteTxn& txn) {
    auto map = txn.sorted_map<std::int64_t, std::int64_t>("map");
    for (std::int64_t key = 0; key < 3000; ++key) map.put(key, value);
  });
}

// A process that does its work and then waits to be killed.
class Other {
 public:
  // `work` calls its argument when it has got that far, which does not return.
  explicit Other(const std::function<void(const std::function<void()>& wait)>& work) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      try {
        work([&ends] {
          static_cast<void>(write(ends[1], "", 1));
          for (;;) pause();
        });
      } catch (const std::exception& error) {
        static_cast<void>(write(STDERR_FILENO, error.what(), std::char_traits<char>::length(error.what())));
      }
      _exit(1);
    }
    ::close(ends[1]);
    char byte = 0;
    is_there_ = read(ends[0], &byte, 1) == 1;
    ::close(ends[0]);
  }
  ~Other() { end(); }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;

  void end() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  bool is_there() const { return is_there_; }
  std::uint32_t id() const { return static_cast<std::uint32_t>(pid_); }

 private:
  pid_t pid_;
  bool is_there_;
};

class Users : public ::testing::Test {
 protected:
  Other reader() {
    return Other([this](const auto& wait) {
      const Database database = Database::open(path_, {.mode = OpenMode::read});
      const ReadTxn snapshot = database.read();
      wait();
    });
  }
  Other writer() {
    return Other([this](const auto& wait) {
      Database database = Database::open(path_);
      WriteTxn txn = database.begin_write();
      txn.list<std::int64_t>("list").push_back(1);
      wait();
    });
  }

  TempFolder folder_;
  std::string path_ = folder_.file("test.sapwood");
};

TEST_F(Users, AreListedWithWhatTheyDo) {
  {
    Database database = Database::open(path_);
    put_all(database, 1);
  }
  const Other reading = reader();
  Other writing = writer();
  ASSERT_TRUE(reading.is_there() && writing.is_there());
  Database database = Database::open(path_);
  {
    const Info info = database.info();
    EXPECT_EQ(info.space_txn, 0u) << "what the pages are is not known while the first look has to wait";
    EXPECT_GT(info.page_count, 0u);
    ASSERT_EQ(info.processes.size(), 3u);
    EXPECT_EQ(info.processes[0].id, reading.id()) << "the first one";
    EXPECT_EQ(info.processes[1].id, writing.id());
    EXPECT_TRUE(info.processes[2].is_self && !info.processes[0].is_self && !info.processes[1].is_self);
    EXPECT_EQ(info.processes[0].command, info.processes[2].command);
    EXPECT_LE(info.processes[0].since_us, info.processes[1].since_us);
    ASSERT_TRUE(info.writer);
    EXPECT_EQ(info.writer->process.id, writing.id());
    EXPECT_TRUE(info.writer->open_us);
    ASSERT_EQ(info.readers.size(), 1u);
    EXPECT_EQ(info.readers[0].process.id, reading.id());
    EXPECT_EQ(info.readers[0].txn, info.txn);
    EXPECT_TRUE(info.readers[0].open_us);
  }
  writing.end();
  const Info info = database.info();
  EXPECT_FALSE(info.writer);
  EXPECT_EQ(info.processes.size(), 2u);
  EXPECT_EQ(info.space_txn, info.txn);
  EXPECT_EQ(info.readers.at(0).held_pages, 0u) << "it sees the newest commit";
}

TEST_F(Users, HoldPagesBackUntilTheyEnd) {
  Database database = Database::open(path_);
  put_all(database, 1);
  Other reading = reader();
  ASSERT_TRUE(reading.is_there());
  for (std::int64_t value = 2; value < 5; ++value) {
    put_all(database, value);
    database.checkpoint();
  }
  const Info before = database.info();
  ASSERT_EQ(before.readers.size(), 1u);
  const std::uint64_t held = before.readers[0].held_pages.value_or(0);
  EXPECT_GT(held, 3000u * 16 / before.page_size) << "each page of the map is another one by now";

  // One that comes later reads it, though it cannot tell by itself.
  Other later([this, held](const auto& wait) {
    const Info info = Database::open(path_).info();
    if (info.readers.size() == 1 && info.readers[0].held_pages == held) wait();
  });
  EXPECT_TRUE(later.is_there());
  later.end();

  reading.end();
  const Info after = database.info();
  EXPECT_TRUE(after.readers.empty());
  EXPECT_EQ(after.free_pages - before.free_pages, held);
}

TEST_F(Users, AWriteTransactionOfThisProcessIsListedToo) {
  Database database = Database::open(path_);
  EXPECT_FALSE(database.info().writer);
  WriteTxn txn = database.begin_write();
  ASSERT_TRUE(database.info().writer);
  EXPECT_TRUE(database.info().writer->process.is_self);
  txn.rollback();
  EXPECT_FALSE(database.metrics().info.writer) << "its own look is none";
}

}  // namespace
}  // namespace sapwood::test
