#include "tests/support/stage.h"

#include <filesystem>
#include <optional>

#include "tests/support/face.h"

namespace sapwood::test {

namespace {

using enum Scenario;

// Where another process dies, and in what.
struct Death {
  const char* point;
  Request request;
};

std::optional<Death> death_before(Scenario scenario) {
  switch (scenario) {
    case after_writer: return Death{"commit.appended", kWrite};
    case after_commit: return Death{"checkpoint.meta_synced", kBigWrite};
    case after_checkpointer: return Death{"checkpoint.meta_synced", kCheckpoint};
    case after_syncer: return Death{"sync.synced", kSyncWrite};
    case after_page_syncer: return Death{"checkpoint.synced", kCheckpoint};
    default: return std::nullopt;
  }
}

}  // namespace

void require(bool holds, const std::string& what) {
  if (!holds) throw Disagreement(what);
}

Reply require_done(Worker& worker) {
  const Reply reply = worker.receive();
  require(reply.is_done(), "writer " + std::to_string(worker.writer()) + " " + reply.describe());
  return reply;
}

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

std::vector<Worker*> Stage::open() {
  std::vector<Worker*> all;
  if (scenario_ != closes && scenario_ != closes_last) all.push_back(victim_);
  if (witness_ != nullptr) all.push_back(witness_);
  return all;
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
    if (scenario_ == recovers || scenario_ == opens_after_kill || scenario_ == inherits) {
      const Task how = scenario_ == recovers ? Task::open_alone : Task::open;
      expect_done(first, {how});
      for (int i = 0; i < 3; ++i) expect_done(first, kWrite);
    }
    first.kill();
  }
  const bool is_first =
      scenario_ == opens || scenario_ == opens_after_kill || scenario_ == inherits || scenario_ == recovers;
  if (!is_first && scenario_ != closes_last) {
    witness_ = &start();
    expect_done(*witness_, kOpen);
    if (scenario_ != first_write) {
      for (int i = 0; i < 3; ++i) expect_done(*witness_, kWrite);
    }
  }
  victim_ = &start();
  if (scenario_ == inherits) return expect_done(*victim_, kOpen);
  if (is_first || scenario_ == opens_beside || scenario_ == reloads) return;
  expect_done(*victim_, kOpen);
  if (scenario_ == first_write) return;
  expect_done(*victim_, kWrite);
  if (scenario_ == after_syncer || scenario_ == after_writer) expect_done(*witness_, kWrite);
  // Another process dies first, in the middle of what the victim then has to clear up.
  if (const std::optional<Death> death = death_before(scenario_)) die_in(death->request, death->point);
}

void Stage::die_in(const Request& request, const char* point) {
  Worker& dying = start();
  expect_done(dying, kOpen);
  dying.arm(point, 1, AtPoint::die);
  const Reply reply = dying.call(request);
  require(reply.kind == Reply::Kind::reached, reply.describe());
  dying.kill();
}

// What the victim does, over and over.
std::vector<Request> Stage::steps() const {
  switch (scenario_) {
    case first_write:
    case inherits:
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
    expect_done(*worker, kCheck);
    expect_done(*worker, kWrite);
  }
  for (Worker* worker : open) expect_done(*worker, kClose);
  for (const char* left : {"-log", "-lock"}) {
    require(!std::filesystem::exists(path_ + left), std::string(left) + " is left behind");
  }
  Worker& last = start();
  expect_done(last, kOpen);
  expect_whole(last);
  expect_done(last, kCheck);
}

}  // namespace sapwood::test
