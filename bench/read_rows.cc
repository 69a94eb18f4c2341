// Reads of loaded stores, and updates between them.
#include <map>
#include <random>
#include <thread>
#include <unordered_map>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

// All stores, loaded in random order once and kept open.
class LoadedStores {
 public:
  explicit LoadedStores(const Runner& runner) : runner_(runner) {}

  Store& at(const std::string& name) {
    auto& entry = stores_[name];
    if (entry == nullptr) entry = std::make_unique<Entry>(runner_, name);
    return *entry->store;
  }

 private:
  struct Entry {
    Entry(const Runner& runner, const std::string& name) {
      const Workload& data = runner.data();
      store = kind_of(runner.peers(), name).open({.folder = folder.path(), .entries = data.count});
      load(*store->session(), data.keys, [](std::size_t i) { return i; });
      store->settle();
    }
    WorkFolder folder;
    std::unique_ptr<Store> store;
  };

  const Runner& runner_;
  std::map<std::string, std::unique_ptr<Entry>> stores_;
};

// Gets queries [first, last) through one snapshot.
Sum get_between(const Workload& data, Session& session, std::size_t first, std::size_t last) {
  Sum sum;
  session.begin_read();
  for (std::size_t i = first; i < last; ++i) {
    const auto value = session.get(data.queries[i]);
    if (value) sum.add(*value);
  }
  session.end_read();
  return sum;
}

Sum sum_of_queries(const Workload& data, std::size_t count) {
  Sum sum;
  for (std::size_t i = 0; i < count; ++i) sum.add(std::uint64_t{data.order[i]});
  return sum;
}

Figures get_random(const Workload& data, Store& store, const std::string& name, std::size_t gets) {
  const auto session = store.session();
  Sum sum;
  const double seconds = seconds_of([&] { sum = get_between(data, *session, 0, gets); });
  require(sum == sum_of_queries(data, gets), name + ": get gave wrong values");
  return {static_cast<double>(gets) / seconds};
}

// The rate of two threads, and how many times that of one it is, measured just before.
Figures get_two_threads(const Workload& data, Store& store, const std::string& name, std::size_t gets) {
  const double alone = *get_random(data, store, name, gets).front();
  Sum sums[2];
  const std::size_t half = gets / 2;
  const double seconds = seconds_of([&] {
    std::thread other([&] { sums[1] = get_between(data, *store.session(), half, gets); });
    sums[0] = get_between(data, *store.session(), 0, half);
    other.join();
  });
  sums[0] += sums[1];
  require(sums[0] == sum_of_queries(data, gets), name + ": get in two threads gave wrong values");
  const double rate = static_cast<double>(gets) / seconds;
  return {rate, rate / alone};
}

Figures get_missing(const Workload& data, Store& store, const std::string& name, std::size_t gets) {
  const auto session = store.session();
  std::size_t found = 0;
  session->begin_read();
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < gets; ++i) found += session->get(data.missing[i]).has_value() ? 1 : 0;
  });
  session->end_read();
  require(found == 0, name + " found keys that were never put");
  return {static_cast<double>(gets) / seconds};
}

Figures get_many(const Workload& data, Store& store, const std::string& name, std::size_t gets) {
  const auto session = store.session();
  std::vector<std::string_view> keys;
  Sum sum;
  session->begin_read();
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < gets;) {
      keys.clear();
      for (const std::size_t end = std::min(i + kBatch, gets); i < end; ++i) keys.push_back(data.queries[i]);
      for (const auto& value : session->get_many(keys)) {
        if (value) sum.add(*value);
      }
    }
  });
  session->end_read();
  require(sum == sum_of_queries(data, gets), name + ": get_many gave wrong values");
  return {static_cast<double>(gets) / seconds};
}

Figures scan_all(const Workload& data, Store& store, const std::string& name, std::size_t) {
  const auto session = store.session();
  Sum sum;
  session->begin_read();
  const double seconds = seconds_of([&] { sum = session->scan("", data.count + 1); });
  session->end_read();
  require(sum == sum_of_first(data.count), name + ": a scan gave wrong values");
  return {static_cast<double>(data.count) / seconds};
}

// Scans of 100 from the keys of random entries.
Figures scan_short(const Workload& data, Store& store, const std::string& name, std::size_t scans) {
  constexpr std::size_t kLength = 100;
  std::vector<std::uint32_t> rank(data.count);
  for (std::size_t i = 0; i < data.count; ++i) rank[data.sorted_order[i]] = static_cast<std::uint32_t>(i);
  const auto session = store.session();
  Sum sum;
  session->begin_read();
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < scans; ++i) sum += session->scan(data.queries[i], kLength);
  });
  session->end_read();
  Sum expected;
  for (std::size_t i = 0; i < scans; ++i) {
    const std::size_t first = rank[data.order[i]];
    for (std::size_t at = first; at < std::min(first + kLength, data.count); ++at)
      expected.add(std::uint64_t{data.sorted_order[at]});
  }
  require(sum == expected, name + ": short scans gave wrong values");
  return {static_cast<double>(scans) / seconds};
}

// Gets and updates of popular keys, each in a transaction of its own. An update of entry i writes i plus a multiple of
// the count, which rises, so that every value still says its entry.
class Mixed {
 public:
  Mixed(const Workload& data, std::size_t operations, unsigned updates_of_100)
      : data_(data), picks_(data.popular(operations, updates_of_100)), is_update_(operations) {
    std::mt19937_64 random(updates_of_100);
    for (std::size_t i = 0; i < operations; ++i) is_update_[i] = random() % 100 < updates_of_100 ? 1 : 0;
  }

  Figures round(Store& store, const std::string& name) {
    const auto session = store.session();
    const std::uint64_t base = ++round_ * picks_.size();
    Sum found;
    std::string value;
    Values values;
    const Measured measured = measure(picks_.size(), kPatience, [&](std::size_t i) {
      const std::uint32_t entry = picks_[i];
      if (is_update_[i] != 0) {
        session->put_one(data_.keys[entry], values(entry + (base + i) * data_.count));
      } else if (session->get_one(data_.keys[entry], value)) {
        found.add(number_of(value) % data_.count);
      }
    });
    check(*session, found, base, measured.steps, name);
    return {measured.rate()};
  }

 private:
  void check(Session& session, const Sum& found, std::uint64_t base, std::size_t done, const std::string& name) const {
    Sum expected;
    std::unordered_map<std::uint32_t, std::uint64_t> latest;
    for (std::size_t i = 0; i < done; ++i) {
      if (is_update_[i] != 0) latest[picks_[i]] = picks_[i] + (base + i) * data_.count;
      else expected.add(std::uint64_t{picks_[i]});
    }
    require(found == expected, name + ": a get between updates gave wrong values");
    std::string value;
    for (const auto& [entry, number] : latest)
      require(session.get_one(data_.keys[entry], value) && number_of(value) == number, name + " lost an update");
  }

  const Workload& data_;
  std::vector<std::uint32_t> picks_;
  std::vector<char> is_update_;
  std::uint64_t round_ = 0;
};

void run_gets(Runner& runner, LoadedStores& loaded) {
  const Workload& data = runner.data();
  const std::vector<std::string> all = names_of(runner.peers());
  const std::size_t gets = runner.scaled(400'000);
  const auto row = [&](const std::vector<RowInfo>& infos, auto measure_one) {
    runner.run(infos, all, Runner::WarmUp::yes,
               [&](const std::string& name) { return measure_one(data, loaded.at(name), name, gets); });
  };
  row({{.name = "get-random",
        .group = "gets",
        .title = "get, random hit, one call each",
        .unit = "gets/s",
        .goals = {{"sapwood", "lmdb", 1.8}, {"sapwood-dict", "lmdb", 2.5}}}},
      get_random);
  row({{.name = "get-missing",
        .group = "gets",
        .title = "get, missing key",
        .unit = "gets/s",
        .goals = {{"sapwood-dict", "lmdb", 3}}}},
      get_missing);
  row({{.name = "get-many",
        .group = "gets",
        .title = "get 1,000 keys a call, as copies",
        .unit = "gets/s",
        .goals = {}}},
      get_many);
  row({{.name = "get-2-threads", .group = "gets", .title = "get, random hit, 2 threads", .unit = "gets/s", .goals = {}},
       {.name = "get-2-threads-gain",
        .group = "gets",
        .title = "2 threads over 1",
        .unit = "times",
        .goals = {{"sapwood", "", 1.9}, {"sapwood-dict", "", 1.9}}}},
      get_two_threads);
  row({{.name = "scan-all",
        .group = "scans",
        .title = "full scan",
        .unit = "entries/s",
        .goals = {{"sapwood", "lmdb", 1.3}}}},
      scan_all);
}

}  // namespace

void run_reads(Runner& runner) {
  LoadedStores loaded(runner);
  run_gets(runner, loaded);
  const std::vector<std::string> ordered = names_of(runner.peers(), [](const StoreKind& kind) { return kind.ordered; });
  runner.run({{.name = "scan-100",
               .group = "scans",
               .title = "scans of 100 from random keys",
               .unit = "scans/s",
               .goals = {{"sapwood", "lmdb", 1.5}}}},
             ordered, Runner::WarmUp::yes, [&](const std::string& name) {
               return scan_short(runner.data(), loaded.at(name), name, runner.scaled(100'000));
             });
  const auto mixed = [&](RowInfo info, unsigned updates_of_100) {
    if (!runner.wanted(info.name)) return;
    Mixed work(runner.data(), runner.scaled(200'000), updates_of_100);
    runner.run({std::move(info)}, names_of(runner.peers()), Runner::WarmUp::yes,
               [&](const std::string& name) { return work.round(loaded.at(name), name); });
  };
  mixed({.name = "mixed-50",
         .group = "mixed",
         .title = "half gets, half updates, popular keys, each its own commit",
         .unit = "operations/s",
         .goals = {{"sapwood", "lmdb", 4}}},
        50);
  mixed({.name = "mixed-5",
         .group = "mixed",
         .title = "95 % gets, 5 % updates, popular keys, each its own commit",
         .unit = "operations/s",
         .goals = {{"sapwood", "lmdb", 2.2}}},
        5);
}

}  // namespace bench
