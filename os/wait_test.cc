#include "os/wait.h"

#include <gtest/gtest.h>

#include <thread>

namespace sapwood::os {
namespace {

using std::chrono::microseconds;

constexpr microseconds kLong = std::chrono::hours(24);

TEST(Wait, AWordThatChangedAlreadyIsNotWaitedFor) {
  const std::atomic<u32> word{2};
  wait_on(word, 1, kLong);
  EXPECT_EQ(word, 2u);
}

TEST(Wait, ATimeoutEndsIt) {
  const std::atomic<u32> word{1};
  wait_on(word, 1, microseconds(1000));
  wait_on(word, 1, microseconds(0));
  EXPECT_EQ(word, 1u);
}

TEST(ThreadsWait, OneWakesAnotherAgainAndAgain) {
  std::atomic<u32> word{0};
  constexpr u32 kRounds = 2000;
  const auto take_turns = [&word](u32 first, bool all) {
    for (u32 turn = first; turn < kRounds; turn += 2) {
      for (u32 seen = word.load(); seen != turn; seen = word.load()) wait_on(word, seen, kLong);
      word.store(turn + 1);
      if (all) wake_all(word);
      if (!all) wake_one(word);
    }
  };
  std::thread other([&] { take_turns(1, false); });
  take_turns(0, true);
  other.join();
  EXPECT_EQ(word, kRounds);
}

}  // namespace
}  // namespace sapwood::os
