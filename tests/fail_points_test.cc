// At every transition of what several processes do with one file (base/fail_point.h) one of them is killed, or sleeps
// until it is woken, on real files: others read at once, go on to write, and lose nothing that was acknowledged.
//
// Besides the victim and the witness of tests/support/stage.h there is a newcomer, which opens the file after.
#include "base/fail_point.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/support/face.h"
#include "tests/support/random.h"
#include "tests/support/stage.h"

namespace sapwood::test {
namespace {

// What others cannot have while the victim sleeps there.
enum class Holds { nothing, checkpoint, sync, writer, open };

struct Row {
  const char* point;
  Scenario scenario;
  Holds holds;
};

using enum Scenario;

// clang-format off
const Row kRows[] = {
    {"writer.taken", commits, Holds::writer},
    {"pins.head_read", commits, Holds::writer},
    {"pins.collected", commits, Holds::writer},
    {"commit.pages_written", commits, Holds::writer},
    {"commit.appending", commits, Holds::writer},
    {"commit.appended", commits, Holds::writer},
    {"tip.described", commits, Holds::writer},
    {"tip.published", commits, Holds::writer},
    {"commit.published", commits, Holds::writer},
    {"commit.shown", commits, Holds::writer},
    {"writer.leaving", commits, Holds::writer},
    {"commit.waiting", commits, Holds::nothing},
    {"sync.targeted", commits, Holds::sync},
    {"sync.synced", commits, Holds::sync},
    {"sync.shown", commits, Holds::sync},
    {"sync.counted", commits, Holds::sync},
    {"sync.released", commits, Holds::nothing},
    {"checkpoint.advancing", commits, Holds::checkpoint},
    {"log.made", first_write, Holds::writer},
    {"log.expected", first_write, Holds::writer},
    {"checkpoint.settled", checkpoints, Holds::writer},
    {"checkpoint.sealing", checkpoints, Holds::writer},
    {"checkpoint.sealed", checkpoints, Holds::writer},
    {"checkpoint.pinned", checkpoints, Holds::writer},
    {"checkpoint.prepared", checkpoints, Holds::writer},
    {"checkpoint.waited_for", checkpoints, Holds::nothing},
    {"checkpoint.bitmaps_written", checkpoints, Holds::checkpoint},
    {"checkpoint.summed", checkpoints, Holds::checkpoint},
    {"checkpoint.written_back", checkpoints, Holds::checkpoint},
    {"checkpoint.synced", checkpoints, Holds::checkpoint},
    {"checkpoint.pages_synced", checkpoints, Holds::checkpoint},
    {"checkpoint.start_kept", checkpoints, Holds::checkpoint},
    {"checkpoint.completing", checkpoints, Holds::checkpoint},
    {"meta.half_written", checkpoints, Holds::checkpoint},
    {"checkpoint.meta_written", checkpoints, Holds::checkpoint},
    {"checkpoint.meta_synced", checkpoints, Holds::checkpoint},
    {"checkpoint.sealed_freed", checkpoints, Holds::checkpoint},
    {"meta.shown", checkpoints, Holds::checkpoint},
    {"meta.published", checkpoints, Holds::checkpoint},
    {"meta.job_ended", checkpoints, Holds::checkpoint},
    {"checkpoint.sealing", commits_big, Holds::writer},
    {"checkpoint.sealed", commits_big, Holds::writer},
    {"checkpoint.bitmaps_written", commits_big, Holds::writer},
    {"checkpoint.pages_synced", commits_big, Holds::writer},
    {"checkpoint.start_kept", commits_big, Holds::writer},
    {"checkpoint.completing", commits_big, Holds::writer},
    {"meta.half_written", commits_big, Holds::writer},
    {"checkpoint.meta_written", commits_big, Holds::writer},
    {"checkpoint.meta_synced", commits_big, Holds::writer},
    {"checkpoint.sealed_freed", commits_big, Holds::writer},
    {"tip.described", commits_big, Holds::writer},
    {"tip.published", commits_big, Holds::writer},
    {"meta.shown", commits_big, Holds::writer},
    {"meta.published", commits_big, Holds::writer},
    {"meta.job_ended", commits_big, Holds::writer},
    {"commit.published", commits_big, Holds::writer},
    {"follow.begun", follows, Holds::writer},
    {"follow.log_read", follows, Holds::writer},
    {"follow.record_applied", follows, Holds::writer},
    {"follow.begun", reloads, Holds::writer},
    {"follow.reloading", reloads, Holds::writer},
    {"follow.bitmaps_loaded", reloads, Holds::writer},
    {"follow.record_applied", reloads, Holds::writer},
    {"lock.stolen", after_writer, Holds::writer},
    {"follow.begun", after_writer, Holds::writer},
    {"follow.tail_erased", after_writer, Holds::writer},
    {"lock.stolen", after_commit, Holds::writer},
    {"roll_forward.begun", after_commit, Holds::writer},
    {"roll_forward.meta_written", after_commit, Holds::writer},
    {"roll_forward.synced", after_commit, Holds::writer},
    {"roll_forward.sealed_freed", after_commit, Holds::writer},
    {"roll_forward.counted", after_commit, Holds::writer},
    {"meta.published", after_commit, Holds::writer},
    {"lock.stolen", after_checkpointer, Holds::writer},
    {"roll_forward.begun", after_checkpointer, Holds::writer},
    {"roll_forward.meta_written", after_checkpointer, Holds::writer},
    {"roll_forward.synced", after_checkpointer, Holds::writer},
    {"roll_forward.sealed_freed", after_checkpointer, Holds::writer},
    {"roll_forward.counted", after_checkpointer, Holds::writer},
    {"lock.stolen", after_syncer, Holds::sync},
    {"sync.repeated", after_syncer, Holds::sync},
    {"sync.targeted", after_syncer, Holds::sync},
    {"sync.counted", after_syncer, Holds::sync},
    {"checkpoint.settled", after_page_syncer, Holds::writer},
    {"checkpoint.rewritten", after_page_syncer, Holds::checkpoint},
    {"checkpoint.synced", after_page_syncer, Holds::checkpoint},
    {"open.locked", opens, Holds::open},
    {"open.made_anew", opens, Holds::open},
    {"open.alone", opens, Holds::open},
    {"open.taken_over", opens, Holds::open},
    {"open.opened", opens, Holds::open},
    {"open.joining", opens_after_kill, Holds::open},
    {"open.entered", opens_after_kill, Holds::open},
    {"open.joined", opens_after_kill, Holds::open},
    {"follow.log_read", inherits, Holds::writer},
    {"follow.bitmaps_loaded", inherits, Holds::writer},
    {"follow.record_applied", inherits, Holds::writer},
    {"open.opened", opens_after_kill, Holds::open},
    {"open.locked", opens_beside, Holds::open},
    {"open.joining", opens_beside, Holds::open},
    {"open.entered", opens_beside, Holds::open},
    {"open.joined", opens_beside, Holds::open},
    {"open.opened", opens_beside, Holds::open},
    {"recovery.begun", recovers, Holds::open},
    {"recovery.scanned", recovers, Holds::open},
    {"recovery.replayed", recovers, Holds::open},
    {"checkpoint.meta_written", recovers, Holds::open},
    {"recovery.counted", recovers, Holds::open},
    {"recovery.log_removed", recovers, Holds::open},
    {"open.taken_over", recovers, Holds::open},
    {"close.locked", closes, Holds::open},
    {"close.synced", closes, Holds::open},
    {"close.leaving", closes, Holds::open},
    {"close.left", closes, Holds::open},
    {"close.ended", closes, Holds::open},
    {"close.locked", closes_last, Holds::open},
    {"close.begun", closes_last, Holds::open},
    {"checkpoint.meta_written", closes_last, Holds::open},
    {"close.counted", closes_last, Holds::open},
    {"close.truncated", closes_last, Holds::open},
    {"close.log_removed", closes_last, Holds::open},
    {"close.leaving", closes_last, Holds::open},
    {"close.left", closes_last, Holds::open},
    {"close.ended", closes_last, Holds::open},
};
// clang-format on

constexpr u64 kTimes = 2;  // that a point is reached before something happens there

enum class Ending { dies, all_die, sleeps };

// The victim dies; the others find what it left.
void let_die(Stage& stage) {
  stage.victim().kill();
  std::vector<Worker*> open;
  if (Worker* const witness = stage.witness()) {
    stage.expect_whole(*witness);
    stage.expect_done(*witness, kWrite);
    open.push_back(witness);
  }
  Worker& newcomer = stage.start();
  stage.expect_done(newcomer, kOpen);
  stage.expect_whole(newcomer);
  stage.expect_done(newcomer, kWrite);
  open.push_back(&newcomer);
  stage.finish(open);
}

void let_all_die(Stage& stage) {
  stage.kill_all();
  Worker& newcomer = stage.start();
  stage.expect_done(newcomer, kOpen);
  stage.expect_whole(newcomer);
  stage.expect_done(newcomer, kCheck);
  stage.finish({&newcomer});
}

void expect_timed_out(Worker& worker, const Worker& holder) {
  const Reply reply = worker.call({.task = Task::write, .timeout_ms = 10});
  require(reply.kind == Reply::Kind::failed && reply.code == ErrorCode::timed_out, reply.describe());
  const std::string name = "process " + std::to_string(holder.pid()) + " ";
  require(std::string(reply.text).find(name) != std::string::npos, std::string("does not name it: ") + reply.text);
}

// The victim sleeps with all that it holds there, and then goes on.
void let_sleep(Stage& stage, Holds holds) {
  Worker* const witness = stage.witness();
  Worker& newcomer = stage.start();
  newcomer.send(kOpen);
  if (holds != Holds::open) {
    require_done(newcomer);
    stage.expect_whole(newcomer);
    // Its first write looks at the last checkpoint.
    if (holds == Holds::writer || holds == Holds::checkpoint) expect_timed_out(newcomer, stage.victim());
  }
  if (witness != nullptr) {
    stage.expect_whole(*witness);
    if (holds == Holds::writer) {
      expect_timed_out(*witness, stage.victim());
    } else {
      witness->send(kWrite);
      if (holds != Holds::sync) require_done(*witness);
    }
  }
  stage.victim().wake();
  require_done(stage.victim());
  if (holds == Holds::open) require_done(newcomer);
  if (holds == Holds::sync) require_done(*witness);
  std::vector<Worker*> open = stage.open();
  open.push_back(&newcomer);
  stage.finish(open);
}

class FailPoints : public ::testing::TestWithParam<std::tuple<Scenario, Ending>> {};

// False if the victim reaches the point fewer than `n` times.
bool run(const Row& row, u64 n, Ending ending, PageWrites page_writes) {
  Stage stage(row.scenario, page_writes);
  stage.prepare();
  if (!stage.drive(row.point, n, ending == Ending::sleeps ? AtPoint::sleep : AtPoint::die)) return false;
  switch (ending) {
    case Ending::dies: let_die(stage); break;
    case Ending::all_die: let_all_die(stage); break;
    case Ending::sleeps: let_sleep(stage, row.holds); break;
  }
  return true;
}

TEST_P(FailPoints, NothingIsLost) {
  const auto [scenario, ending] = GetParam();
  for (const Row& row : kRows) {
    if (row.scenario != scenario) continue;
    for (const PageWrites page_writes : {PageWrites::mapped, PageWrites::calls}) {
      try {
        u64 n = 1;
        while (n <= kTimes * soak_scale() && run(row, n, ending, page_writes)) ++n;
        require(n > 1, "nothing that the victim does reaches the point");
      } catch (const Disagreement& error) {
        ADD_FAILURE() << row.point << ": " << error.what();
      }
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<std::tuple<Scenario, Ending>>& info) {
  constexpr const char* kScenarios[] = {
      "FirstWrite",     "Commits",     "CommitsBig",        "Checkpoints", "Follows",         "Reloads",
      "AfterWriter",    "AfterCommit", "AfterCheckpointer", "AfterSyncer", "AfterPageSyncer", "Opens",
      "OpensAfterKill", "Inherits",    "OpensBeside",       "Recovers",    "Closes",          "ClosesLast"};
  static_assert(std::size(kScenarios) == static_cast<std::size_t>(kLastScenario) + 1);
  constexpr const char* kEndings[] = {"Dies", "AllDie", "Sleeps"};
  return std::string(kScenarios[static_cast<int>(std::get<0>(info.param))]) +
         kEndings[static_cast<int>(std::get<1>(info.param))];
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  for (int i = 0; i <= static_cast<int>(kLastScenario); ++i) all.push_back(static_cast<Scenario>(i));
  return all;
}

INSTANTIATE_TEST_SUITE_P(, FailPoints,
                         ::testing::Combine(::testing::ValuesIn(scenarios()),
                                            ::testing::Values(Ending::dies, Ending::all_die, Ending::sleeps)),
                         name_of);

// One dies over a sync, another over a checkpoint that frees the segment of the log which that sync was for; a third
// has a commit in it, and waits to sync it.
TEST(FailPointsTogether, ASyncAfterTwoDeaths) {
  for (const PageWrites page_writes : {PageWrites::mapped, PageWrites::calls}) {
    Stage stage(Scenario::commits, page_writes);
    stage.prepare();
    ASSERT_TRUE(stage.drive("commit.waiting", 2, AtPoint::sleep));
    stage.die_in(kSyncWrite, "sync.synced");
    stage.die_in(kCheckpoint, "checkpoint.sealed_freed");
    stage.victim().wake();
    require_done(stage.victim());
    stage.finish(stage.open());
  }
}

// A point without a row would never be tried, and a row's test fails if its point is not reached.
TEST(FailPointRows, AreThoseOfTheSource) {
  std::set<std::string> in_source;
  const std::string point = "SAPWOOD_FAIL_POINT(\"";
  for (const auto& entry : std::filesystem::directory_iterator(SAPWOOD_SOURCE_DIR "/storage")) {
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at = text.find(point); at != text.npos; at = text.find(point, at)) {
      at += point.size();
      in_source.insert(text.substr(at, text.find('"', at) - at));
    }
  }
  std::set<std::string> in_rows{"writes.refusing"};  // after a failed sync: storage/engine_points_test.cc
  for (const Row& row : kRows) in_rows.insert(row.point);
  EXPECT_EQ(in_source, in_rows);
}

}  // namespace
}  // namespace sapwood::test
