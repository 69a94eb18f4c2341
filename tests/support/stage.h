// A play of several processes with one file: a victim, which works until it dies or sleeps at a fail point; a witness,
// which has the file open before, where the scenario lets it; and any others. The test tells each what to do, call by
// call, so there is nothing to wait for but replies. Throws Disagreement where one does or sees what it must not.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"
#include "tests/support/worker.h"

namespace sapwood::test {

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
  inherits,            // writes first after that
  opens_beside,        // others
  recovers,            // after an exclusive writer was killed
  closes,              // beside the witness
  closes_last,
};
inline constexpr Scenario kLastScenario = Scenario::closes_last;

inline constexpr Request kRead{Task::read};
inline constexpr Request kWrite{Task::write};
inline constexpr Request kSyncWrite{Task::write, Durability::sync};
inline constexpr Request kBigWrite{Task::write_big};
inline constexpr Request kOpen{Task::open};
inline constexpr Request kClose{Task::close};
inline constexpr Request kCheckpoint{Task::checkpoint};
inline constexpr Request kCheck{Task::check};

void require(bool holds, const std::string& what);

// What it answers to what it was asked last; that must be done.
Reply require_done(Worker& worker);

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
  std::vector<Worker*> open();

  // What comes before: the file, and the processes that have it open.
  void prepare();
  // The victim works until it reaches the point; false if it does not.
  bool drive(const char* point, u64 n, AtPoint what);
  // What a process sees: whole commits, with all that were acknowledged, and none again that is gone.
  void expect_whole(Worker& worker);
  void expect_done(Worker& worker, const Request& request);
  void kill_all();
  // One more process opens the file and dies at the point of what it is asked to do.
  void die_in(const Request& request, const char* point);
  // Everything goes on, in all processes that live; then all close, and the file is opened again.
  void finish(const std::vector<Worker*>& open);

 private:
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

}  // namespace sapwood::test
