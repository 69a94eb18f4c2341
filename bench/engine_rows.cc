// Rows of Sapwood alone, or with a baseline that is no store: begin and end of a read, checksums, replay, page sizes,
// page writers.
#include <sapwood/sapwood.h>

#include <functional>
#include <random>
#include <vector>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

using Map = sapwood::SortedMap<std::string, std::string>;

sapwood::Options async_options(std::uint32_t page_size = 0) {
  sapwood::Options options;
  options.durability = sapwood::Durability::async;
  options.page_size = page_size;
  return options;
}

void fill(sapwood::Database& db, const KeyColumn& keys) {
  Values values;
  for (std::size_t i = 0; i < keys.size();) {
    db.write([&](sapwood::WriteTxn& txn) {
      auto map = txn.sorted_map<std::string, std::string>("m");
      for (const std::size_t end = std::min(i + kBatch, keys.size()); i < end; ++i) map.put(keys[i], values(i));
    });
  }
}

Sum get_all(sapwood::Database& db, const KeyColumn& keys) {
  const sapwood::ReadTxn txn = db.read();
  const Map map = txn.sorted_map<std::string, std::string>("m");
  Sum sum;
  for (std::size_t i = 0; i < keys.size(); ++i) sum.add(*map.get_view(keys[i]));
  return sum;
}

// Keeps a result alive for the optimiser.
void keep(std::uint64_t value) { asm volatile("" : : "r"(value) : "memory"); }

void run_begin_end(Runner& runner) {
  const WorkFolder folder;
  auto db = sapwood::Database::open(folder.file("s"), async_options());
  db.list<std::string>("l").push_back("x");
  const std::size_t reads = runner.scaled(2'000'000);
  runner.run({{.name = "read-begin-end",
               .group = "engine",
               .title = "begin and end of a read transaction",
               .unit = "ns",
               .goals = {{"sapwood", "", 50}},
               .less_is_better = true}},
             {"sapwood"}, Runner::WarmUp::yes, [&](const std::string&) {
               const double seconds = seconds_of([&] {
                 for (std::size_t i = 0; i < reads; ++i) keep(db.read().txn());
               });
               return Figures{seconds * 1e9 / static_cast<double>(reads)};
             });
}

// What the verification of checksums costs: a fresh open each time, so that all pages are read for the first time.
void run_checksums(Runner& runner) {
  const WorkFolder folder;
  const Workload& data = runner.data();
  {
    auto db = sapwood::Database::open(folder.file("s"), async_options());
    fill(db, data.keys);
  }
  runner.run({{.name = "read-checksums",
               .group = "engine",
               .title = "get, each key once after open, checksums verified or not",
               .unit = "gets/s",
               .goals = {{"sapwood", "unverified", 0.95}}}},
             {"sapwood", "unverified"}, Runner::WarmUp::yes, [&](const std::string& name) {
               sapwood::Options options;
               options.mode = sapwood::OpenMode::read;
               options.verify_checksums = name == "sapwood";
               auto db = sapwood::Database::open(folder.file("s"), options);
               Sum sum;
               const double seconds = seconds_of([&] { sum = get_all(db, data.queries); });
               require(sum == sum_of_first(data.count), "get gave wrong values");
               return Figures{static_cast<double>(data.count) / seconds};
             });
}

// Rates and size with such options: loads in both orders, gets, a scan, inserts into a list.
Figures with_options(const Runner& runner, const sapwood::Options& options) {
  const Workload& data = runner.data();
  const double count = static_cast<double>(data.count);
  const WorkFolder folder;
  const double ascending_seconds = seconds_of([&] {
    auto ascending = sapwood::Database::open(folder.file("a"), options);
    fill(ascending, data.sorted);
  });
  auto db = sapwood::Database::open(folder.file("s"), options);
  const double load_seconds = seconds_of([&] { fill(db, data.keys); });
  const sapwood::Info info = db.info();
  const double live = static_cast<double>(info.live_pages) * info.page_size / data.data_bytes();
  Sum got, scanned;
  const double get_seconds = seconds_of([&] { got = get_all(db, data.queries); });
  const double scan_seconds = seconds_of([&] {
    const sapwood::ReadTxn txn = db.read();
    for (const auto& [key, value] : txn.sorted_map<std::string, std::string>("m").range().views()) scanned.add(value);
  });
  require(got == sum_of_first(data.count) && scanned == got, "other options give wrong values");
  auto list = db.list<std::string>("l");
  Values values;
  db.write([&](sapwood::WriteTxn& txn) {
    auto items = txn.list<std::string>("l");
    for (std::size_t i = 0; i < data.count; ++i) items.push_back(values(i));
  });
  std::mt19937_64 random(7);
  const std::size_t inserts = runner.scaled(50'000);
  const double insert_seconds = seconds_of([&] {
    for (std::size_t i = 0; i < inserts; ++i) list.insert(random() % data.count, values(i));
  });
  return {count / ascending_seconds,
          count / load_seconds,
          count / get_seconds,
          count / scan_seconds,
          static_cast<double>(inserts) / insert_seconds,
          live};
}

// Compares `choices` of an option: the rows of with_options().
void run_choices(Runner& runner, const std::string& group, const std::string& prefix,
                 const std::vector<std::string>& choices,
                 const std::function<sapwood::Options(const std::string&)>& options) {
  const auto row = [&](const std::string& name, std::string title, std::string unit) {
    return RowInfo{.name = prefix + name,
                   .group = group,
                   .title = std::move(title),
                   .unit = std::move(unit),
                   .goals = {},
                   .most_rounds = 3};
  };
  RowInfo live = row("live", "live pages", "x the data");
  live.less_is_better = true;
  runner.run(
      {row("ascending", "ascending load", "puts/s"), row("load", "random load", "puts/s"), row("get", "get", "gets/s"),
       row("scan", "scan", "entries/s"), row("list-insert", "list insert", "inserts/s"), live},
      choices, Runner::WarmUp::no, [&](const std::string& choice) { return with_options(runner, options(choice)); });
}

void run_page_sizes(Runner& runner) {
  run_choices(runner, "page sizes", "page-size-", {"4096", "8192", "16384"},
              [](const std::string& size) { return async_options(static_cast<std::uint32_t>(std::stoul(size))); });
}

void run_page_writers(Runner& runner) {
  run_choices(runner, "page writers", "page-writer-", {"calls", "mapped"}, [](const std::string& choice) {
    sapwood::Options options = async_options();
    options.page_writes = choice == "calls" ? sapwood::PageWrites::calls : sapwood::PageWrites::mapped;
    return options;
  });
}

}  // namespace

void run_engine(Runner& runner) {
  if (names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty()) return;
  if (runner.wanted("read-begin-end")) run_begin_end(runner);
  if (runner.wanted("read-checksums")) run_checksums(runner);
  run_page_sizes(runner);
  run_page_writers(runner);
}

}  // namespace bench
