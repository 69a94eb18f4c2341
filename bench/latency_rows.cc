// How long single commits of one put take: the usual one and the slowest ones, over enough of them that checkpoints
// pass. A rate hides what a checkpoint costs the commits that meet it.
#include <algorithm>
#include <memory>

#include "bench/harness.h"
#include "bench/raw_disk.h"
#include "bench/runner.h"

namespace bench {
namespace {

constexpr std::size_t kKeys = 10'000;  // in the store from the start; a commit replaces one of them
constexpr std::size_t kSize = 1000;    // bytes of a value: Sapwood's log is full, and a checkpoint due, after 64,000
constexpr std::size_t kAsyncCommits = 400'000;
constexpr std::size_t kDurableCommits = 150'000;
constexpr std::size_t kRecord = 1152;  // of Sapwood's log
constexpr double kMostSeconds = 10;    // of a round: a slow store does fewer commits

// Seconds that each step took.
template <class Step>
std::vector<double> times_of(std::size_t most, Step&& step) {
  std::vector<double> taken(most);  // written here, so that its pages are not new to the process later
  double before = now();
  const Measured measured = measure(most, kMostSeconds, [&](std::size_t i) {
    step(i);
    const double after = now();
    taken[i] = after - before;
    before = after;
  });
  taken.resize(measured.steps);
  return taken;
}

std::vector<double> times_of_raw(std::size_t most) {
  const WorkFolder folder;
  RawDisk disk(folder.file("raw"), kRecord);
  return times_of(most, [&](std::size_t) { disk.write_record(); });
}

class LatencyRound {
 public:
  LatencyRound(const Runner& runner, const std::string& name, bool durable)
      : data_(runner.data()),
        name_(name),
        store_(kind_of(runner.peers(), name).open({.folder = folder_.path(), .entries = keys(), .durable = durable})),
        session_(store_->session()) {
    for (std::size_t i = 0; i < keys();) {
      session_->begin_write();
      for (const std::size_t end = std::min(i + kBatch, keys()); i < end; ++i) session_->put(key(i), values_(i));
      session_->commit();
    }
  }

  std::vector<double> commit(std::size_t most) {
    std::vector<double> taken = times_of(most, [&](std::size_t i) { session_->put_one(key(i), values_(keys() + i)); });
    check(taken.size());
    return taken;
  }

 private:
  std::size_t keys() const { return std::min(kKeys, data_.count); }
  std::string_view key(std::size_t i) const { return data_.keys[i % keys()]; }

  // The newest commit of each key is there.
  void check(std::size_t commits) {
    std::string value;
    for (std::size_t i = commits - std::min(commits, keys()); i < commits; ++i)
      require(session_->get_one(key(i), value) && number_of(value) == keys() + i, name_ + ": a commit is lost");
  }

  const Workload& data_;
  std::string name_;
  WorkFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Session> session_;
  Values values_{kSize};
};

// At most so many microseconds are taken by that part of the commits.
double at_part(const std::vector<double>& ascending, double part) {
  return ascending[static_cast<std::size_t>(part * static_cast<double>(ascending.size() - 1))] * 1e6;
}

void run_commits(Runner& runner, bool durable) {
  const std::string kind = durable ? "durable" : "async";
  const auto row = [&](const std::string& name, const std::string& title) {
    return RowInfo{.name = "latency-" + kind + "-" + name,
                   .group = kind + " latency",
                   .title = kind + " commit of one put of 1,000 bytes, " + title,
                   .unit = "us",
                   .goals = {},
                   .less_is_better = true,
                   .most_rounds = 3};
  };
  const std::size_t commits = runner.scaled(durable ? kDurableCommits : kAsyncCommits);
  const auto compared = [](const StoreKind& store) {
    return store.name == "sapwood" || store.name.starts_with("lmdb");
  };
  std::vector<std::string> names = names_of(runner.peers(), compared);
  if (durable) names.emplace_back(kRaw);
  runner.run({row("median", "median"), row("p99", "99 % take at most"), row("p999", "99.9 % take at most"),
              row("longest", "longest")},
             names, Runner::WarmUp::no, [&](const std::string& name) {
               std::vector<double> taken =
                   name == kRaw ? times_of_raw(commits) : LatencyRound(runner, name, durable).commit(commits);
               std::sort(taken.begin(), taken.end());
               return Figures{at_part(taken, 0.5), at_part(taken, 0.99), at_part(taken, 0.999), at_part(taken, 1)};
             });
}

}  // namespace

void run_latencies(Runner& runner) {
  run_commits(runner, false);
  run_commits(runner, true);
}

}  // namespace bench
