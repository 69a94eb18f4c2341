// The model of several processes (explorer/state.h) in larger configurations; up to half a gigabyte of memory.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/explorer/search.h"

namespace sapwood::explorer {
namespace {

void expect_holds(const Config& config) {
  const Report report = explore(config, 8'000'000);
  EXPECT_TRUE(report.violated == Invariant::none && report.complete) << to_string(report);
  std::cout << to_string(report) << '\n';
}

TEST(ExplorerSlow, CommitsByCheckpointAndKill) {
  expect_holds({.attempts = 3, .bigs = 2, .checkpoints = 1, .kills = 1, .failures = 1, .closes = true});
}
TEST(ExplorerSlow, ReaderReuseAndKill) {
  expect_holds({.attempts = 3, .checkpoints = 1, .snapshots = 1, .kills = 1, .sync = false});
}
TEST(ExplorerSlow, TwoKillsRejoinAndClose) {
  expect_holds({.attempts = 2, .checkpoints = 1, .kills = 2, .closes = true});
}
TEST(ExplorerSlow, SupersededCheckpointsAndKill) { expect_holds({.attempts = 2, .checkpoints = 2, .kills = 1}); }
TEST(ExplorerSlow, ThreeProcessesAndKill) {
  expect_holds({.processes = 3, .attempts = 2, .checkpoints = 1, .kills = 1});
}

}  // namespace
}  // namespace sapwood::explorer
