#include "bench/runner.h"

#include <algorithm>
#include <set>

#include "bench/harness.h"

namespace bench {

Runner::Runner(Arguments arguments, Peers peers)
    : arguments_(std::move(arguments)), peers_(std::move(peers)), data_(arguments_.entries) {
  const auto unwanted = [&](const auto& kind) {
    const auto& names = arguments_.stores;
    return !names.empty() && std::find(names.begin(), names.end(), kind.name) == names.end();
  };
  std::erase_if(peers_.stores, unwanted);
  std::erase_if(peers_.lists, unwanted);
}

std::size_t Runner::scaled(std::size_t of_a_million) const {
  constexpr std::size_t kMillion = 1'000'000;
  return std::max<std::size_t>(1, of_a_million * std::min(arguments_.entries, kMillion) / kMillion);
}

void Runner::run(const std::vector<RowInfo>& infos, const std::vector<std::string>& stores, WarmUp warm_up,
                 const Round& round) {
  if (std::none_of(infos.begin(), infos.end(), [&](const RowInfo& info) { return wanted(info.name); })) return;
  std::vector<Row> rows;
  rows.reserve(infos.size());
  for (const RowInfo& info : infos) rows.push_back(Row{info, {}});
  const int rounds = std::min(arguments_.rounds, infos.front().most_rounds);
  std::set<std::string> slow;
  for (int i = warm_up == WarmUp::yes ? -1 : 0; i < rounds; ++i) {
    for (const std::string& store : stores) {
      if (i >= kSlowRounds && slow.contains(store)) continue;
      Figures figures;
      if (seconds_of([&] { figures = round(store); }) > kSlowSeconds) slow.insert(store);
      for (std::size_t r = 0; r < rows.size() && i >= 0; ++r) {
        if (!figures[r]) continue;
        auto& series = rows[r].series;
        auto at = std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.store == store; });
        if (at == series.end()) at = series.insert(at, Series{store, {}});
        at->rounds.push_back(*figures[r]);
      }
    }
  }
  for (Row& row : rows) {
    if (row.series.empty()) continue;
    print(row);
    rows_.push_back(std::move(row));
  }
}

std::vector<std::string> names_of(const Peers& peers, const std::function<bool(const StoreKind&)>& condition) {
  std::vector<std::string> names;
  for (const StoreKind& kind : peers.stores) {
    if (condition(kind)) names.push_back(kind.name);
  }
  return names;
}

std::vector<std::string> names_of(const Peers& peers) {
  return names_of(peers, [](const StoreKind&) { return true; });
}

const StoreKind& kind_of(const Peers& peers, const std::string& name) {
  const auto found =
      std::find_if(peers.stores.begin(), peers.stores.end(), [&](const StoreKind& kind) { return kind.name == name; });
  require(found != peers.stores.end(), "no store '" + name + "'");
  return *found;
}

Opened open_and_get(const StoreKind& kind, const Setup& setup, std::string_view key) {
  std::unique_ptr<Store> store;
  std::string value;
  Opened opened;
  const double seconds = seconds_of([&] {
    store = kind.open(setup);
    opened.found = store->session()->get_one(key, value);
  });
  opened.milliseconds = seconds * 1e3;
  return opened;
}

void load(Session& session, const KeyColumn& keys, const std::function<std::uint64_t(std::size_t)>& number,
          const std::function<void(std::size_t)>& between) {
  Values values;
  for (std::size_t i = 0; i < keys.size();) {
    session.begin_write();
    for (const std::size_t end = std::min(i + kBatch, keys.size()); i < end; ++i)
      session.put(keys[i], values(number(i)));
    session.commit();
    if (between) between(i);
  }
}

}  // namespace bench
