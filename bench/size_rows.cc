// What a random load takes on the disk. One round: it hardly varies.
#include <algorithm>
#include <map>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

Figures sizes(const Runner& runner, const std::string& name) {
  const Workload& data = runner.data();
  const WorkFolder folder;
  std::optional<double> live;
  double peak = 0;
  {
    const auto store = kind_of(runner.peers(), name).open({.folder = folder.path(), .entries = data.count});
    constexpr std::size_t kBetweenLooks = 20 * kBatch;
    const auto look = [&](std::size_t done) {
      if (done % kBetweenLooks == 0 || done == data.count) peak = std::max(peak, disk_bytes(folder.path()));
    };
    load(
        *store->session(), data.keys, [](std::size_t i) { return i; }, look);
    live = store->live_bytes();
  }
  const double closed = disk_bytes(folder.path());
  const double bytes = data.data_bytes();
  if (live) *live /= bytes;
  return {live, peak / bytes, closed / bytes};
}

}  // namespace

void run_sizes(Runner& runner) {
  const auto row = [](std::string name, std::string title, double most) {
    return RowInfo{.name = std::move(name),
                   .group = "sizes",
                   .title = std::move(title),
                   .unit = "x the data",
                   .goals = {{"sapwood", "", most}},
                   .less_is_better = true};
  };
  runner.run({row("size-live", "live pages after a random load", 1.35),
              row("size-peak", "peak on disk during it", 3 * 1.35), row("size-closed", "on disk after close", 1.45)},
             names_of(runner.peers()), Runner::WarmUp::no,
             [&, done = std::map<std::string, Figures>()](const std::string& name) mutable {
               Figures& figures = done[name];
               if (figures.empty()) figures = sizes(runner, name);
               return figures;
             });
}

}  // namespace bench
