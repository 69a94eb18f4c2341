#include "storage/writer_lock.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

#include "base/types.h"
#include "sapwood/error.h"
#include "storage/testing_processes.h"

namespace sapwood::storage {
namespace {

using std::chrono::milliseconds;

std::optional<ErrorCode> code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

TEST(WriterLock, TheHolderIsToldThatItWouldDeadlock) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  EXPECT_FALSE(lock.held_here());
  lock.lock(milliseconds(-1), 0);
  EXPECT_TRUE(lock.held_here());
  for (const int timeout : {-1, 0, 1000}) {
    EXPECT_EQ(code_of([&] { lock.lock(milliseconds(timeout), 0); }), ErrorCode::would_deadlock);
  }
  EXPECT_FALSE(lock.try_lock(0));
  lock.unlock();
  EXPECT_FALSE(lock.held_here());
  EXPECT_TRUE(lock.try_lock(0));
  lock.unlock();
}

TEST(ThreadsWriterLock, OthersTimeOut) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  lock.lock(milliseconds(0), 0);
  std::thread([&] {
    EXPECT_FALSE(lock.held_here());
    EXPECT_FALSE(lock.try_lock(0));
    EXPECT_EQ(code_of([&] { lock.lock(milliseconds(0), 0); }), ErrorCode::timed_out);
    EXPECT_EQ(code_of([&] { lock.lock(milliseconds(20), 0); }), ErrorCode::timed_out);
  }).join();
  lock.unlock();
}

// Somebody writes into the lock file: two threads are never in, and none waits for nobody.
TEST(ThreadsWriterLock, ADamagedWordLetsNoSecondThreadIn) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  std::atomic<u32>& word = self.processes.lock_file().writer_lock;
  lock.lock(milliseconds(-1), 0);
  word = 0;
  std::thread([&] {
    EXPECT_FALSE(lock.try_lock(0));
    EXPECT_EQ(code_of([&] { lock.lock(milliseconds(5), 0); }), ErrorCode::timed_out);
  }).join();
  lock.unlock();
  for (const u32 damaged : {static_cast<u32>(self.processes.self()), ~u32{0}, u32{77}}) {
    word = damaged;
    lock.lock(milliseconds(-1), 0);
    lock.unlock();
    EXPECT_TRUE(lock.try_lock(0));
    lock.unlock();
  }
}

// A waiter asks to be next, and gives up before it is: the place is free all the same.
TEST(ThreadsWriterLock, AWaiterThatGaveUpKeepsNobodyOut) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  lock.lock(milliseconds(-1), 0);
  std::thread([&] { EXPECT_EQ(code_of([&] { lock.lock(milliseconds(10), 0); }), ErrorCode::timed_out); }).join();
  lock.unlock();
  EXPECT_TRUE(lock.try_lock(0));
  lock.unlock();
}

// One that was killed cannot take the request back: who comes next waits a moment, even with a time limit of 0.
TEST(ThreadsWriterLock, AWaiterThatWasKilledKeepsNobodyOut) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  constexpr u32 kHandedOver = u32{3} << 30;
  for (int i = 0; i < 3; ++i) {
    self.processes.lock_file().writer_lock = kHandedOver;
    lock.lock(milliseconds(0), 0);
    lock.unlock();
  }
  SharedLock shared(self.processes.lock_file().sync_lock, self.processes);
  self.processes.lock_file().sync_lock = kHandedOver;
  EXPECT_TRUE(shared.take_over(kNobody));
  shared.unlock();
}

TEST(ThreadsWriterLock, AnotherThreadMayGiveItBack) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  lock.lock(milliseconds(-1), 0);
  std::thread([&] { lock.unlock(); }).join();
  EXPECT_FALSE(lock.held_here());
  lock.lock(milliseconds(0), 0);
  lock.unlock();
}

// A limit past the end of the clock is none: the waiter gets the place when it is free.
TEST(ThreadsWriterLock, TheLongestTimeLimitWaits) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  lock.lock(milliseconds(-1), 0);
  std::atomic<bool> waiting = false;
  std::optional<ErrorCode> code = ErrorCode::cancelled;
  std::thread waiter([&] {
    waiting = true;
    code = code_of([&] { lock.lock(milliseconds::max(), 0); });
    if (!code) lock.unlock();
  });
  while (!waiting) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(20));
  lock.unlock();
  waiter.join();
  EXPECT_EQ(code, std::nullopt);
}

TEST(ThreadsWriterLock, OneAtATime) {
  testing::LoneProcess self(os::posix_env());
  WriterLock lock(self.processes);
  u64 count = 0;  // plain: the lock protects it
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int step = 0; step < 2000; ++step) {
        lock.lock(milliseconds(step % 2 == 0 ? -1 : 60'000), 0);
        ++count;
        lock.unlock();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 8000u);
}

}  // namespace
}  // namespace sapwood::storage
