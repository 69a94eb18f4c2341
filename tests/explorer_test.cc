// The protocol of several processes as a model (explorer/state.h): every state of small configurations holds the
// invariants, and each step of the protocol that is left out breaks one, so the search can see.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/explorer/search.h"

namespace sapwood::explorer {
namespace {

constexpr u64 kLimit = 1'000'000;

void expect_holds(const Config& config) {
  const Report report = explore(config, kLimit);
  EXPECT_TRUE(report.violated == Invariant::none && report.complete) << to_string(report);
  std::cout << to_string(report) << '\n';
}

TEST(Explorer, CommitsAndCheckpoints) { expect_holds({.attempts = 3, .checkpoints = 1}); }
TEST(Explorer, CommitsThatReusePages) { expect_holds({.attempts = 4, .checkpoints = 1, .sync = false}); }
TEST(Explorer, ReaderBesideCommits) { expect_holds({.attempts = 3, .checkpoints = 0, .snapshots = 1}); }
TEST(Explorer, CommitsByCheckpointKillAndFailure) {
  expect_holds({.attempts = 2, .bigs = 1, .checkpoints = 1, .kills = 1, .failures = 1});
}
TEST(Explorer, SupersededCheckpointsAndKill) {
  expect_holds({.attempts = 2, .checkpoints = 2, .kills = 1, .sync = false});
}
TEST(Explorer, TwoKillsAndRejoin) { expect_holds({.attempts = 2, .checkpoints = 1, .kills = 2, .sync = false}); }
TEST(Explorer, LastCloseAndKills) { expect_holds({.attempts = 2, .checkpoints = 0, .kills = 2, .closes = true}); }
TEST(Explorer, FailedSyncs) { expect_holds({.attempts = 3, .checkpoints = 1, .failures = 1}); }
TEST(Explorer, SyncsThatAreOvertaken) {
  // Without failures: the system tells all processes of one, which the model's does not.
  expect_holds({.attempts = 3, .checkpoints = 0, .kills = 1, .overtakes = 2});
}
TEST(Explorer, FailedSyncsAndKills) {
  expect_holds({.attempts = 2, .checkpoints = 0, .kills = 2, .failures = 1});
  expect_holds({.attempts = 2, .checkpoints = 1, .kills = 1, .failures = 1});
}
TEST(Explorer, ThreeProcesses) { expect_holds({.processes = 3, .attempts = 2, .checkpoints = 1}); }

struct Broken {
  const char* what;
  Mutation mutation;
  Invariant violated;
  Config config;
};

// In the smallest configuration that shows it.
const Broken kBroken[] = {
    {"a thief of the writer's lock leaves the tail of the log as it is",
     Mutation::no_zero_after_steal,
     Invariant::e3,
     {.attempts = 2, .checkpoints = 0, .kills = 1}},
    {"it zeroes the tail, and appends before that is synced",
     Mutation::zero_not_synced,
     Invariant::e3,
     {.attempts = 2, .checkpoints = 0, .kills = 1}},
    {"rejoining does not zero the tail",
     Mutation::rejoin_without_zero,
     Invariant::e3,
     {.attempts = 2, .checkpoints = 1, .kills = 2}},
    {"the record follows the tip", Mutation::append_after_tip, Invariant::e1, {.attempts = 2, .checkpoints = 0}},
    {"the descriptor follows the tip", Mutation::tip_before_ring, Invariant::e2, {.attempts = 1, .checkpoints = 0}},
    {"the head moves before the log is synced",
     Mutation::head_before_sync,
     Invariant::e1,
     {.attempts = 1, .checkpoints = 0}},
    {"the head is compared, then stored",
     Mutation::head_by_plain_store,
     Invariant::e4,
     {.attempts = 2, .checkpoints = 0}},
    {"who finds its commit synced by another does not raise the head",
     Mutation::waiter_leaves_head,
     Invariant::e4,
     {.attempts = 1, .checkpoints = 1}},
    {"the leader reads the tip after it has synced",
     Mutation::target_after_sync,
     Invariant::e1,
     {.attempts = 2, .checkpoints = 0}},
    {"a process goes on after another one's sync has failed",
     Mutation::no_poison_check,
     Invariant::e7,
     {.attempts = 2, .checkpoints = 2, .failures = 1}},
    {"a meta that is written and not published is dropped",
     Mutation::no_roll_forward,
     Invariant::e6,
     {.attempts = 2, .bigs = 1, .checkpoints = 0, .kills = 1}},
    {"a thief of the writer's lock begins without the checkpoint's",
     Mutation::thief_ignores_checkpoint,
     Invariant::e7,
     {.attempts = 2, .bigs = 1, .checkpoints = 0, .kills = 1}},
    {"a commit by checkpoint publishes its meta before its tip",
     Mutation::big_meta_before_tip,
     Invariant::e6,
     {.attempts = 2, .bigs = 1, .checkpoints = 0, .kills = 1}},
    {"prepare takes the meta known from before it had the lock",
     Mutation::stale_meta_in_prepare,
     Invariant::e1,
     {.attempts = 2, .checkpoints = 2}},
    {"a superseded job goes on", Mutation::no_superseded_check, Invariant::e9, {.attempts = 2, .checkpoints = 2}},
    {"the meta is written before pages are synced",
     Mutation::no_first_sync,
     Invariant::e7,
     {.attempts = 1, .checkpoints = 1}},
    {"the sealed segment goes before the meta is synced",
     Mutation::no_second_sync,
     Invariant::e1,
     {.attempts = 1, .checkpoints = 1}},
    {"the new segment's header is not on the disk before the meta",
     Mutation::header_not_through,
     Invariant::e1,
     {.attempts = 1, .checkpoints = 1}},
    {"pages are reused before the sealed segment's header is overwritten",
     Mutation::reuse_before_sealed_freed,
     Invariant::e10,
     {.attempts = 2, .checkpoints = 1}},
    {"a sealed segment is filled again", Mutation::switch_to_sealed, Invariant::e1, {.attempts = 2, .checkpoints = 2}},
    {"a writer appends at the tip's end, without a look at the other segment",
     Mutation::ignore_other_segment,
     Invariant::e2,
     {.attempts = 2, .checkpoints = 1}},
    {"a writer looks at the other segment once, where two were started",
     Mutation::one_hop,
     Invariant::e10,
     {.attempts = 3, .bigs = 2, .checkpoints = 1, .kills = 1, .sync = false}},
    {"reload reads meta and log without the checkpoint's lock",
     Mutation::reload_without_lock,
     Invariant::e6,
     {.attempts = 2, .checkpoints = 1}},
    {"reload takes all that is free in the bitmap for free",
     Mutation::reload_holds_nothing,
     Invariant::e5,
     {.attempts = 2, .bigs = 1, .checkpoints = 0, .kills = 1}},
    {"the readers' slots are read before the head",
     Mutation::slots_before_head,
     Invariant::e5,
     {.attempts = 3, .checkpoints = 1, .snapshots = 1}},
    {"the durable checkpoint is read before the running one",
     Mutation::durable_before_running,
     Invariant::e7,
     {.attempts = 4, .checkpoints = 1, .sync = false}},
    {"a running checkpoint is no pin",
     Mutation::no_running_pin,
     Invariant::e7,
     {.attempts = 4, .checkpoints = 1, .sync = false}},
    {"the last close leaves the state open",
     Mutation::closed_while_open,
     Invariant::e2,
     {.attempts = 1, .checkpoints = 0, .kills = 2, .closes = true}},
    {"a process dies between a failed sync of the data file and saying so",
     Mutation::poison_later,
     Invariant::e7,
     {.attempts = 2, .checkpoints = 2, .kills = 1, .failures = 1, .sync = false}},
    {"a process dies over a sync of the log, and leaves no mark",
     Mutation::no_sync_mark,
     Invariant::e1,
     {.attempts = 2, .checkpoints = 0, .kills = 1, .failures = 1}},
    {"the next one that syncs the log does not write it again",
     Mutation::no_write_again,
     Invariant::e1,
     {.attempts = 2, .checkpoints = 0, .kills = 1, .failures = 1}},
};

TEST(Explorer, SeesEachStepThatIsLeftOut) {
  EXPECT_EQ(std::size(kBroken) + 1, static_cast<std::size_t>(Mutation::count));
  u64 states = 0;
  for (Broken broken : kBroken) {
    broken.config.mutation = broken.mutation;
    const Report report = explore(broken.config, kLimit);
    EXPECT_EQ(report.violated, broken.violated) << broken.what << ": " << to_string(report);
    states += report.states;
  }
  std::cout << std::size(kBroken) << " found in " << states << " states\n";
}

// What a failure prints: one line a transition, the shortest way there.
TEST(Explorer, TellsTheShortestTrace) {
  const Report report = explore({.attempts = 1, .checkpoints = 0, .mutation = Mutation::head_before_sync}, kLimit);
  ASSERT_FALSE(report.trace.empty());
  EXPECT_EQ(report.trace.front(), "process 0 begins sync");
  EXPECT_EQ(report.trace.back(), "process 0 sync_target");
}

}  // namespace
}  // namespace sapwood::explorer
