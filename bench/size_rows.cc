// What a random load leaves on the disk: its size, and how fast it opens.
#include <algorithm>
#include <map>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

// All stores, loaded in random order once and closed.
class ClosedStores {
 public:
  explicit ClosedStores(const Runner& runner) : runner_(runner) {}

  // Live bytes, most on disk during the load, on disk after close; over the bytes of keys and values.
  const Figures& sizes(const std::string& name) { return at(name).sizes; }

  Figures open(const std::string& name) {
    const Workload& data = runner_.data();
    const Setup setup{.folder = at(name).folder.path(), .entries = data.count};
    const Opened opened = open_and_get(kind_of(runner_.peers(), name), setup, data.keys[0]);
    require(opened.found, name + " lost an entry at a clean close");
    return {opened.milliseconds};
  }

 private:
  struct Entry {
    WorkFolder folder;
    Figures sizes;
  };

  Entry& at(const std::string& name) {
    auto& entry = stores_[name];
    if (entry == nullptr) {
      entry = std::make_unique<Entry>();
      entry->sizes = load_and_close(kind_of(runner_.peers(), name), entry->folder.path());
    }
    return *entry;
  }

  Figures load_and_close(const StoreKind& kind, const std::string& folder) const {
    const Workload& data = runner_.data();
    std::optional<double> live;
    double peak = 0;
    {
      const auto store = kind.open({.folder = folder, .entries = data.count});
      constexpr std::size_t kBetweenLooks = 20 * kBatch;
      const auto look = [&](std::size_t done) {
        if (done % kBetweenLooks == 0 || done == data.count) peak = std::max(peak, disk_bytes(folder));
      };
      load(
          *store->session(), data.keys, [](std::size_t i) { return i; }, look);
      live = store->live_bytes();
    }
    const double bytes = data.data_bytes();
    if (live) *live /= bytes;
    return {live, peak / bytes, disk_bytes(folder) / bytes};
  }

  const Runner& runner_;
  std::map<std::string, std::unique_ptr<Entry>> stores_;
};

}  // namespace

void run_sizes(Runner& runner) {
  const std::vector<std::string> all = names_of(runner.peers());
  ClosedStores stores(runner);
  const auto row = [](std::string name, std::string title, double most) {
    return RowInfo{.name = std::move(name),
                   .group = "sizes",
                   .title = std::move(title),
                   .unit = "x the data",
                   .goals = {{"sapwood", "", most}},
                   .less_is_better = true};
  };
  constexpr double kLive = 1.35;
  runner.run({row("size-live", "live pages after a random load", kLive),
              row("size-peak", "most on disk during it", 3 * kLive), row("size-closed", "on disk after close", 1.45)},
             all, Runner::WarmUp::no, [&](const std::string& name) { return stores.sizes(name); });
  runner.run({{.name = "open-clean",
               .group = "opens",
               .title = "open after a clean close, and one get",
               .unit = "ms",
               .goals = {{"sapwood", "", 0.5}},
               .less_is_better = true}},
             all, Runner::WarmUp::yes, [&](const std::string& name) { return stores.open(name); });
}

}  // namespace bench
