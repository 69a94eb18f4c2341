// At every transition of what several processes do with one file (base/fail_point.h) one of them is killed, or sleeps
// until it is woken, on real files: others read at once, go on to write, and lose nothing that was acknowledged.
//
// Three processes: the victim; the witness, which has the file open before, where the scenario lets it; the newcomer,
// which opens it after. The test tells each what to do, call by call, so there is nothing to wait for but replies.
#include "base/fail_point.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <regex>
#include <set>
#include <vector>

#include "tests/support/face.h"
#include "tests/support/random.h"
#include "tests/support/temp_folder.h"
#include "tests/support/worker.h"

namespace sapwood::test {
namespace {

// What the victim does, after what.
enum class Scenario {
  first_write,         // in a file that was at rest, beside the witness
  commits,             // async and sync in turn
  commits_big,         // by checkpoint
  checkpoints,         // beside a writing witness
  follows,             // writes after the witness, each time
  reloads,             // opens, writes, closes
  after_writer,        // writes when one has died in a commit
  after_commit,        // when one has died in a commit by checkpoint, whose meta was written
  after_checkpointer,  // when one has died in a checkpoint, whose meta was written
  after_syncer,        // syncs when one has died in a sync
  after_page_syncer,   // checkpoints when one has died over the pages of another
  opens,               // a file that nobody has open
  opens_after_kill,    // all others were killed
  opens_beside,        // others
  recovers,            // after an exclusive writer was killed
  closes,              // beside the witness
  closes_last,
};
constexpr Scenario kLastScenario = Scenario::closes_last;

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
    {"checkpoint.rewritten", after_page_syncer, Holds::writer},
    {"checkpoint.synced", after_page_syncer, Holds::writer},
    {"open.locked", opens, Holds::open},
    {"open.made_anew", opens, Holds::open},
    {"open.alone", opens, Holds::open},
    {"open.taken_over", opens, Holds::open},
    {"open.opened", opens, Holds::open},
    {"open.joining", opens_after_kill, Holds::open},
    {"open.entered", opens_after_kill, Holds::open},
    {"open.joined", opens_after_kill, Holds::open},
    {"follow.bitmaps_loaded", opens_after_kill, Holds::open},
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

const Request kRead{Task::read};
const Request kWrite{Task::write};
const Request kSyncWrite{Task::write, Durability::sync};
const Request kBigWrite{Task::write_big};
const Request kOpen{Task::open};
const Request kClose{Task::close};
const Request kCheckpoint{Task::checkpoint};

void require(bool holds, const std::string& what) {
  if (!holds) throw Disagreement(what);
}

// What it answers to what it was asked last.
Reply require_done(Worker& worker) {
  const Reply reply = worker.receive();
  require(reply.is_done(), "writer " + std::to_string(worker.writer()) + " " + reply.describe());
  return reply;
}

// One file, and the processes that have to do with it.
class Stage {
 public:
  Stage(Scenario scenario, PageWrites page_writes) : scenario_(scenario) {
    options_.page_writes = page_writes;
    options_.log_size = 16 << 10;
    options_.log_size_max = 64 << 10;
  }

  Worker& start() {
    workers_.push_back(std::make_unique<Worker>(path_, options_, static_cast<i64>(workers_.size())));
    return *workers_.back();
  }
  Worker& victim() { return *victim_; }
  Worker* witness() { return witness_; }
  // Those that have the file open when all went well.
  std::vector<Worker*> open() {
    std::vector<Worker*> all;
    if (scenario_ != closes && scenario_ != closes_last) all.push_back(victim_);
    if (witness_ != nullptr) all.push_back(witness_);
    return all;
  }

  void prepare();
  // The victim works until it reaches the point; false if it does not.
  bool drive(const char* point, u64 n, AtPoint what);
  // What a process sees: whole commits, with all that were acknowledged, and none again that is gone.
  void expect_whole(Worker& worker);
  void expect_done(Worker& worker, const Request& request);
  void kill_all();
  // Everything goes on, in all processes that live; then all close, and the file is opened again.
  void finish(const std::vector<Worker*>& open);

 private:
  void prepare_after_death();
  std::vector<Request> steps() const;

  Scenario scenario_;
  Options options_;
  const TempFolder folder_{true};
  const std::string path_ = folder_.file("test.sapwood");
  std::vector<std::unique_ptr<Worker>> workers_;
  Worker* victim_ = nullptr;
  Worker* witness_ = nullptr;
  i64 seen_[Reply::kWriters] = {};
};

void Stage::expect_done(Worker& worker, const Request& request) {
  worker.send(request);
  require_done(worker);
}

void Stage::expect_whole(Worker& worker) {
  worker.send(kRead);
  const Reply reply = require_done(worker);
  for (const auto& writer : workers_) {
    const std::string name = "writer " + std::to_string(writer->writer());
    const i64 found = reply.counts[writer->writer()];
    i64& seen = seen_[writer->writer()];
    require(found >= writer->acknowledged(), "an acknowledged commit of " + name + " is lost");
    require(found <= writer->attempted(), name + " has more commits than it made");
    require(found >= seen, "a commit of " + name + " that was seen is gone");
    seen = found;
  }
}

void Stage::kill_all() {
  for (const auto& worker : workers_) worker->kill();
}

void Stage::prepare() {
  {
    Worker& first = start();
    expect_done(first, kOpen);
    for (int i = 0; i < 3; ++i) expect_done(first, kWrite);
    expect_done(first, kClose);
    if (scenario_ == recovers || scenario_ == opens_after_kill) {
      const Task how = scenario_ == recovers ? Task::open_alone : Task::open;
      expect_done(first, {how});
      for (int i = 0; i < 3; ++i) expect_done(first, kWrite);
    }
    first.kill();
  }
  const bool is_first = scenario_ == opens || scenario_ == opens_after_kill || scenario_ == recovers;
  if (!is_first && scenario_ != closes_last) {
    witness_ = &start();
    expect_done(*witness_, kOpen);
    if (scenario_ != first_write) {
      for (int i = 0; i < 3; ++i) expect_done(*witness_, kWrite);
    }
  }
  victim_ = &start();
  if (is_first || scenario_ == opens_beside || scenario_ == reloads) return;
  expect_done(*victim_, kOpen);
  if (scenario_ == first_write) return;
  expect_done(*victim_, kWrite);
  if (scenario_ == after_syncer || scenario_ == after_writer) expect_done(*witness_, kWrite);
  prepare_after_death();
}

// Another process dies first, in the middle of what the victim then has to clear up.
void Stage::prepare_after_death() {
  const char* point = scenario_ == after_writer                                      ? "commit.appended"
                      : scenario_ == after_syncer                                    ? "sync.synced"
                      : scenario_ == after_commit || scenario_ == after_checkpointer ? "checkpoint.meta_synced"
                      : scenario_ == after_page_syncer                               ? "checkpoint.synced"
                                                                                     : nullptr;
  if (point == nullptr) return;
  Worker& dying = start();
  expect_done(dying, kOpen);
  dying.arm(point, 1, AtPoint::die);
  const Reply reply = dying.call(scenario_ == after_writer   ? kWrite
                                 : scenario_ == after_syncer ? kSyncWrite
                                 : scenario_ == after_commit ? kBigWrite
                                                             : kCheckpoint);
  require(reply.kind == Reply::Kind::reached, reply.describe());
  dying.kill();
}

// What the victim does, over and over.
std::vector<Request> Stage::steps() const {
  switch (scenario_) {
    case first_write:
    case follows:
    case after_writer:
    case after_commit:
    case after_checkpointer: return {kWrite};
    case commits: return {kWrite, kSyncWrite};
    case commits_big: return {kBigWrite};
    case checkpoints: return {kWrite, kCheckpoint};
    case reloads: return {kOpen, kWrite, kClose};
    case after_syncer: return {kSyncWrite};
    case after_page_syncer: return {kCheckpoint, kWrite};
    case opens:
    case opens_after_kill:
    case opens_beside:
    case recovers: return {kOpen};
    case closes:
    case closes_last: return {kClose, kOpen, kWrite};
  }
  return {};
}

bool Stage::drive(const char* point, u64 n, AtPoint what) {
  victim_->arm(point, n, what);
  const bool in_turn = scenario_ == follows || scenario_ == checkpoints || scenario_ == reloads;
  for (u64 round = 0; round <= n; ++round) {
    for (const Request& request : steps()) {
      const Reply reply = victim_->call(request);
      if (reply.kind == Reply::Kind::reached) return true;
      require(reply.is_done(), reply.describe());
      if (in_turn) expect_done(*witness_, kWrite);
    }
  }
  return false;
}

void Stage::finish(const std::vector<Worker*>& open) {
  for (Worker* worker : open) {
    expect_done(*worker, kSyncWrite);
    expect_whole(*worker);
  }
  expect_done(*open.front(), kCheckpoint);
  for (Worker* worker : open) {
    expect_done(*worker, {Task::check});
    expect_done(*worker, kWrite);
  }
  for (Worker* worker : open) expect_done(*worker, kClose);
  for (const char* left : {"-log", "-lock"}) {
    require(!std::filesystem::exists(path_ + left), std::string(left) + " is left behind");
  }
  Worker& last = start();
  expect_done(last, kOpen);
  expect_whole(last);
  expect_done(last, {Task::check});
}

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
  stage.expect_done(newcomer, {Task::check});
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
      "OpensAfterKill", "OpensBeside", "Recovers",          "Closes",      "ClosesLast"};
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

// A point without a row would never be tried, and a row's test fails if its point is not reached.
TEST(FailPointRows, AreThoseOfTheSource) {
  std::set<std::string> in_source;
  const std::regex point("SAPWOOD_FAIL_POINT\\(\"([^\"]+)\"\\)");
  for (const auto& entry : std::filesystem::directory_iterator(SAPWOOD_SOURCE_DIR "/storage")) {
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), point), end; at != end; ++at) in_source.insert((*at)[1]);
  }
  std::set<std::string> in_rows{"writes.refusing"};  // after a failed sync: storage/engine_points_test.cc
  for (const Row& row : kRows) in_rows.insert(row.point);
  EXPECT_EQ(in_source, in_rows);
}

}  // namespace
}  // namespace sapwood::test
