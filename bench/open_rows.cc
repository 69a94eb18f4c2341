// How long it takes to open a store and get one entry: after a clean close, and after a killed process.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

// Single puts that make 64 MB of Sapwood's redo log.
constexpr std::size_t kCommits = 381'000;

// Milliseconds until `key` was looked for; whether it was there.
std::pair<double, bool> open_and_get(const StoreKind& kind, const Setup& setup, std::string_view key) {
  std::unique_ptr<Store> store;
  std::string value;
  bool found = false;
  const double seconds = seconds_of([&] {
    store = kind.open(setup);
    found = store->session()->get_one(key, value);
  });
  return {seconds * 1e3, found};
}

class CleanStores {
 public:
  explicit CleanStores(const Runner& runner) : runner_(runner) {}

  Figures open(const std::string& name) {
    const Workload& data = runner_.data();
    const StoreKind& kind = kind_of(runner_.peers(), name);
    auto& folder = folders_[name];
    const bool fresh = folder == nullptr;
    if (fresh) folder = std::make_unique<WorkFolder>();
    const Setup setup{.folder = folder->path(), .entries = data.count};
    if (fresh) load(*kind.open(setup)->session(), data.keys, [](std::size_t i) { return i; });
    const auto [milliseconds, found] = open_and_get(kind, setup, data.keys[0]);
    require(found, name + " lost an entry at a clean close");
    return {milliseconds};
  }

 private:
  const Runner& runner_;
  std::map<std::string, std::unique_ptr<WorkFolder>> folders_;
};

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
  const auto [milliseconds, found] = open_and_get(kind, {.folder = folder.path(), .entries = entries, .long_log = true},
                                                  runner.data().keys[entries - 1]);
  require(found || !kind.survives_kill, name + " lost a commit of a killed process");
  return {milliseconds};
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

void run_opens(Runner& runner) {
  {
    CleanStores clean(runner);
    runner.run({{.name = "open-clean",
                 .group = "opens",
                 .title = "open after a clean close, and one get",
                 .unit = "ms",
                 .goals = {{"sapwood", "", 0.5}},
                 .less_is_better = true}},
               names_of(runner.peers()), Runner::WarmUp::yes,
               [&](const std::string& name) { return clean.open(name); });
  }
  runner.run({{.name = "open-killed",
               .group = "opens",
               .title = "open after kill -9 with 64 MB not synced, and one get",
               .unit = "ms",
               .goals = {{"sapwood", "", 700}},
               .less_is_better = true}},
             names_of(runner.peers()), Runner::WarmUp::no,
             [&](const std::string& name) { return open_after_kill(runner, name); });
}

}  // namespace bench
