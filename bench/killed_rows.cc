// How long it takes to open a store after its process was killed, and to get one entry.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

// Single puts that make 64 MB of Sapwood's redo log.
constexpr std::size_t kCommits = 381'000;

// A new process, not a fork that goes on: stores with threads of their own would not survive that.
void kill_a_writer(const std::string& store, const std::string& folder, std::size_t entries) {
  const std::string count = std::to_string(entries);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "store_bench", "--write-and-die", store.c_str(), folder.c_str(), count.c_str(),
            static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  require(child > 0 && ::waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
          store + ": the writing process failed");
}

Figures open_after_kill(const Runner& runner, const std::string& name) {
  const StoreKind& kind = kind_of(runner.peers(), name);
  const std::size_t entries = std::min(runner.data().count, runner.scaled(kCommits));
  const WorkFolder folder;
  kill_a_writer(name, folder.path(), entries);
  const Opened opened = open_and_get(kind, {.folder = folder.path(), .entries = entries, .long_log = true},
                                     runner.data().keys[entries - 1]);
  require(opened.found || !kind.survives_kill, name + " lost a commit of a killed process");
  return {opened.milliseconds};
}

}  // namespace

void write_and_die(const Peers& peers, const std::string& store, const std::string& folder, std::size_t entries) {
  const Workload data(entries);
  const auto open = kind_of(peers, store).open({.folder = folder, .entries = entries, .long_log = true});
  const auto session = open->session();
  Values values;
  for (std::size_t i = 0; i < entries; ++i) session->put_one(data.keys[i], values(i));
  ::kill(::getpid(), SIGKILL);
  ::_exit(1);
}

void run_killed(Runner& runner) {
  runner.run({{.name = "open-killed",
               .group = "opens",
               .title = "open after kill -9 with 64 MB not synced, and one get",
               .unit = "ms",
               .goals = {{"sapwood", "", 5}},
               .less_is_better = true,
               .most_rounds = 3}},
             names_of(runner.peers()), Runner::WarmUp::no,
             [&](const std::string& name) { return open_after_kill(runner, name); });
}

}  // namespace bench
