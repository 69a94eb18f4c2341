// Loads, and what a load leaves to erase.
#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

std::uint64_t same(std::size_t i) { return i; }

void check_all(Session& session, const Sum& expected, const std::string& store) {
  session.begin_read();
  const Sum found = session.scan("", expected.entries + 1);
  session.end_read();
  require(found == expected, store + " does not hold what was put");
}

// Erases the entries whose keys come first in queries; the rate.
double erase_half(const Workload& data, Session& session, const std::string& store) {
  const std::size_t half = data.count / 2;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < half;) {
      session.begin_write();
      for (const std::size_t end = std::min(i + kBatch, half); i < end; ++i) session.erase(data.queries[i]);
      session.commit();
    }
  });
  Sum left;
  for (std::size_t i = half; i < data.count; ++i) left.add(std::uint64_t{data.order[i]});
  check_all(session, left, store);
  return static_cast<double>(half) / seconds;
}

Figures load_ascending(const Runner& runner, const std::string& name) {
  const Workload& data = runner.data();
  const WorkFolder folder;
  const auto store = kind_of(runner.peers(), name).open({.folder = folder.path(), .entries = data.count});
  const auto session = store->session();
  const double seconds =
      seconds_of([&] { load(*session, data.sorted, [&](std::size_t i) { return data.sorted_order[i]; }); });
  check_all(*session, sum_of_first(data.count), name);
  return {static_cast<double>(data.count) / seconds};
}

Figures load_random(const Runner& runner, const std::string& name) {
  const Workload& data = runner.data();
  const WorkFolder folder;
  const auto store = kind_of(runner.peers(), name).open({.folder = folder.path(), .entries = data.count});
  const auto session = store->session();
  const double seconds = seconds_of([&] { load(*session, data.keys, same); });
  check_all(*session, sum_of_first(data.count), name);
  store->settle();
  return {static_cast<double>(data.count) / seconds, erase_half(data, *session, name)};
}

Figures load_bulk(const Runner& runner, const std::string& name) {
  const Workload& data = runner.data();
  const WorkFolder folder;
  const auto store = kind_of(runner.peers(), name).open({.folder = folder.path(), .entries = data.count});
  bool can = false;
  const double seconds = seconds_of([&] { can = store->bulk_load(data); });
  if (!can) return {std::nullopt};
  check_all(*store->session(), sum_of_first(data.count), name);
  return {static_cast<double>(data.count) / seconds};
}

}  // namespace

void run_loads(Runner& runner) {
  const std::vector<std::string> all = names_of(runner.peers());
  runner.run({{.name = "load-ascending",
               .group = "loads",
               .title = "load, ascending keys, 1,000 a transaction",
               .unit = "puts/s",
               .goals = {{"sapwood", "lmdb", 1.1}}}},
             all, Runner::WarmUp::no, [&](const std::string& store) { return load_ascending(runner, store); });
  runner.run({{.name = "load-random",
               .group = "loads",
               .title = "load, random keys, 1,000 a transaction",
               .unit = "puts/s",
               .goals = {{"sapwood", "lmdb", 3}, {"sapwood-dict", "lmdb", 3.5}}},
              {.name = "erase-half",
               .group = "loads",
               .title = "erase a random half, 1,000 a transaction",
               .unit = "erases/s",
               .goals = {{"sapwood", "lmdb", 3.5}}}},
             all, Runner::WarmUp::no, [&](const std::string& store) { return load_random(runner, store); });
  runner.run(
      {{.name = "load-bulk", .group = "loads", .title = "bulk load of ascending keys", .unit = "puts/s", .goals = {}}},
      all, Runner::WarmUp::no, [&](const std::string& store) { return load_bulk(runner, store); });
}

}  // namespace bench
