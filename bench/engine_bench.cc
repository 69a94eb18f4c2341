// The rows that the engine is held to, beside LMDB in the same run. See docs/performance.md.
//
//   engine_bench [--entries N] [--rounds N] [--only TEXT]
//
// Both sides do the same: reads through one transaction, values looked at without a copy; unsynced loads in
// transactions of 1,000. LMDB runs with MDB_NOSYNC where Sapwood is `async`, without a writable map. LMDB then promises
// less: after a power cut its file may be unusable, Sapwood's never is.

#include <fcntl.h>
#include <sapwood/sapwood.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "bench/harness.h"
#include "bench/lmdb_store.h"
#include "bench/workload.h"

namespace {

using bench::keep;
using bench::LmdbStore;
using bench::seconds_of;
using bench::Workload;
using Map = sapwood::SortedMap<std::string, std::string>;

constexpr std::size_t kBatch = 1000;

struct Arguments {
  std::size_t entries = 1'000'000;
  int rounds = 5;
  std::string only;
};

class Suite {
 public:
  explicit Suite(const Arguments& arguments) : args_(arguments), data_(arguments.entries) {}

  void run() {
    bench::print_header("LMDB");
    row("SortedMap/LoadAscending", [&] { load(true); });
    row("SortedMap/LoadRandom", [&] { load(false); });
    row("SortedMap/Get/uniform", [&] { reads(); });
    row("List/Get/uniform", [&] { list_get(); });
    row("List/InsertRandom/async", [&] { list_insert(); });
    row("Commit/durable/1 thread", [&] { durable_commits(); });
    row("Read/BeginEnd", [&] { begin_end(); });
    row("Read/ChecksumsOnFirstTouch", [&] { checksums(); });
    row("Open/AfterKill/64MB", [&] { open_after_kill(); });
    row("PageSize", [&] { page_sizes(); });
  }

 private:
  void row(const std::string& name, const std::function<void()>& work) {
    if (name.find(args_.only) != std::string::npos) work();
  }
  static sapwood::Options options(sapwood::Durability durability, std::uint32_t page_size = 0) {
    sapwood::Options options;
    options.durability = durability;
    options.page_size = page_size;
    return options;
  }
  std::string scaled(const std::string& name) const { return name + "/" + std::to_string(data_.count / 1000) + "k"; }

  void fill_ours(sapwood::Database& db, const bench::KeyColumn& keys) {
    for (std::size_t i = 0; i < keys.size();) {
      db.write([&](sapwood::WriteTxn& txn) {
        auto map = txn.sorted_map<std::string, std::string>("m");
        for (const std::size_t end = std::min(i + kBatch, keys.size()); i < end; ++i)
          map.put(keys[i], data_.value_of(i));
      });
    }
  }
  void fill_theirs(LmdbStore& store, const bench::KeyColumn& keys) {
    for (std::size_t i = 0; i < keys.size();) {
      MDB_txn* txn = store.begin(false);
      for (const std::size_t end = std::min(i + kBatch, keys.size()); i < end; ++i)
        store.put(txn, keys[i], data_.value_of(i));
      LmdbStore::commit(txn);
    }
  }

  void load(bool ascending) {
    const bench::KeyColumn& keys = ascending ? data_.sorted : data_.keys;
    double live = 0;
    const auto ours = [&] {
      bench::WorkFolder folder;
      auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async));
      const double seconds = seconds_of([&] { fill_ours(db, keys); });
      const sapwood::Info info = db.info();
      live = static_cast<double>(info.live_pages) * info.page_size;
      return seconds;
    };
    const auto theirs = [&] {
      bench::WorkFolder folder;
      LmdbStore store(folder.file("l"), false);
      return seconds_of([&] { fill_theirs(store, keys); });
    };
    const std::string name = ascending ? "SortedMap/LoadAscending" : "SortedMap/LoadRandom";
    print(bench::compare(scaled(name), "put/s, 1,000 a commit", static_cast<double>(data_.count), args_.rounds,
                         ascending ? 1.0 : 0, ours, theirs));
    if (ascending) return;
    const double factor = live / data_.data_bytes();
    bench::print_figure(scaled("Size/live pages after a random load"), factor, "x the data", "at most 1.5",
                        factor <= 1.5);
  }

  void reads() {
    bench::WorkFolder folder;
    auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async));
    fill_ours(db, data_.keys);
    LmdbStore store(folder.file("l"), false);
    fill_theirs(store, data_.keys);
    const auto our_get = [&] {
      auto txn = db.read();
      auto map = txn.sorted_map<std::string, std::string>("m");
      return seconds_of([&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < data_.count; ++i)
          sum += static_cast<unsigned char>(map.get_view(data_.queries[i])->front());
        keep(sum);
      });
    };
    const auto their_get = [&] {
      MDB_txn* txn = store.begin(true);
      const double seconds = seconds_of([&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < data_.count; ++i)
          sum += static_cast<unsigned char>(store.get(txn, data_.queries[i]).front());
        keep(sum);
      });
      LmdbStore::end(txn);
      return seconds;
    };
    print(bench::compare(scaled("SortedMap/Get/uniform"), "get/s", static_cast<double>(data_.count), args_.rounds, 1.4,
                         our_get, their_get));
    const auto our_scan = [&] {
      auto txn = db.read();
      auto views = txn.sorted_map<std::string, std::string>("m").range().views();
      return seconds_of([&] {
        std::uint64_t sum = 0;
        for (const auto& [key, value] : views) sum += key.size() + value.size();
        keep(sum);
      });
    };
    const auto their_scan = [&] {
      MDB_txn* txn = store.begin(true);
      MDB_cursor* cursor = nullptr;
      LmdbStore::check(mdb_cursor_open(txn, store.dbi(), &cursor));
      const double seconds = seconds_of([&] {
        std::uint64_t sum = 0;
        MDB_val key{}, value{};
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) sum += key.mv_size + value.mv_size;
        keep(sum);
      });
      mdb_cursor_close(cursor);
      LmdbStore::end(txn);
      return seconds;
    };
    print(bench::compare(scaled("SortedMap/Scan"), "entry/s", static_cast<double>(data_.count), args_.rounds, 1.0,
                         our_scan, their_scan));
  }

  void list_get() {
    bench::WorkFolder folder;
    auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async));
    fill_list(db);
    LmdbStore store(folder.file("l"), false);
    fill_theirs(store, data_.ascending_positions);
    const auto ours = [&] {
      auto txn = db.read();
      auto list = txn.list<std::string>("l");
      return seconds_of([&] {
        std::uint64_t sum = 0;
        for (const std::uint32_t i : data_.order) sum += static_cast<unsigned char>(list.at_view(i).front());
        keep(sum);
      });
    };
    const auto theirs = [&] {
      MDB_txn* txn = store.begin(true);
      const double seconds = seconds_of([&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < data_.count; ++i)
          sum += static_cast<unsigned char>(store.get(txn, data_.position_queries[i]).front());
        keep(sum);
      });
      LmdbStore::end(txn);
      return seconds;
    };
    print(bench::compare(scaled("List/Get/uniform"), "get/s", static_cast<double>(data_.count), args_.rounds, 1.5, ours,
                         theirs));
  }

  void fill_list(sapwood::Database& db) {
    for (std::size_t i = 0; i < data_.count;) {
      db.write([&](sapwood::WriteTxn& txn) {
        auto list = txn.list<std::string>("l");
        for (const std::size_t end = std::min(i + kBatch, data_.count); i < end; ++i) list.push_back(data_.value_of(i));
      });
    }
  }

  // LMDB would shift half of the index for each (40 a second at 1 M); it is not run.
  void list_insert() {
    bench::WorkFolder folder;
    auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async));
    fill_list(db);
    auto list = db.list<std::string>("l");
    std::mt19937_64 random(7);
    constexpr int kInserts = 200'000;
    std::vector<double> rates;
    for (int round = 0; round <= args_.rounds; ++round) {
      const double seconds = seconds_of([&] {
        for (int i = 0; i < kInserts; ++i)
          list.insert(random() % (data_.count + 1), data_.value_of(static_cast<std::size_t>(i)));
      });
      if (round > 0) rates.push_back(kInserts / seconds);
    }
    const double rate = bench::median(rates);
    bench::print_figure(scaled("List/InsertRandom/async"), rate, "insert/s, each its own commit", "at least 80000",
                        rate >= 80'000);
  }

  // Durable commits of one small put against the disk: an equal record written over blocks written before, and synced.
  void durable_commits() {
    bench::WorkFolder folder;
    auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::sync));
    auto map = db.sorted_map<std::string, std::string>("m");
    for (std::size_t i = 0; i < 1000; ++i) map.put(data_.keys[i], data_.value_of(i));
    constexpr int kCommits = 2000;
    constexpr std::size_t kRecord = 192;  // header, operation, 16-byte key, 100-byte value, rounded up
    const int fd = ::open(folder.file("raw").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    const std::vector<char> zeros(std::size_t{16} << 20);
    if (fd < 0 || ::pwrite(fd, zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()) ||
        ::fdatasync(fd) != 0) {
      throw std::runtime_error("cannot write the raw file");
    }
    off_t at = 0;
    const auto ours = [&] {
      return seconds_of([&] {
        for (int i = 0; i < kCommits; ++i)
          map.put(data_.keys[static_cast<std::size_t>(i) % 1000], data_.value_of(static_cast<std::size_t>(i)));
      });
    };
    const auto raw = [&] {
      return seconds_of([&] {
        for (int i = 0; i < kCommits; ++i) {
          if (::pwrite(fd, zeros.data(), kRecord, at) != static_cast<ssize_t>(kRecord) || ::fdatasync(fd) != 0)
            std::abort();
          at = (at + static_cast<off_t>(kRecord)) % (off_t{15} << 20);
        }
      });
    };
    print(bench::compare("Commit/durable/against the raw disk", "commit/s (right: raw record syncs)", kCommits,
                         args_.rounds, 0.8, ours, raw));
    ::close(fd);
    LmdbStore store(folder.file("l"), true);
    const auto theirs = [&] {
      return seconds_of([&] {
        for (int i = 0; i < kCommits; ++i) {
          MDB_txn* txn = store.begin(false);
          store.put(txn, data_.keys[static_cast<std::size_t>(i) % 1000], data_.value_of(static_cast<std::size_t>(i)));
          LmdbStore::commit(txn);
        }
      });
    };
    print(bench::compare("Commit/durable/against LMDB", "commit/s", kCommits, args_.rounds, 0, ours, theirs));
  }

  void begin_end() {
    bench::WorkFolder folder;
    auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async));
    db.list<std::string>("l").push_back("x");
    LmdbStore store(folder.file("l"), false);
    constexpr int kReads = 2'000'000;
    double best = 0;
    const auto ours = [&] {
      const double seconds = seconds_of([&] {
        for (int i = 0; i < kReads; ++i) {
          const auto txn = db.read();
          keep(txn.txn());
        }
      });
      best = best == 0 ? seconds : std::min(best, seconds);
      return seconds;
    };
    const auto theirs = [&] {
      MDB_txn* txn = store.begin(true);
      mdb_txn_reset(txn);
      const double seconds = seconds_of([&] {
        for (int i = 0; i < kReads; ++i) {
          LmdbStore::check(mdb_txn_renew(txn));
          mdb_txn_reset(txn);
        }
      });
      LmdbStore::end(txn);
      return seconds;
    };
    const bench::Row row =
        bench::compare("Read/BeginEnd (LMDB: renew, reset)", "begin+end/s", kReads, args_.rounds, 0, ours, theirs);
    print(row);
    const double ns = 1e9 / row.ours;
    bench::print_figure("Read/BeginEnd", ns, "ns", "at most 50", ns <= 50);
  }

  // What the verification of checksums costs point reads: a fresh open each time, so that all pages are touched first.
  void checksums() {
    bench::WorkFolder folder;
    {
      auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async));
      fill_ours(db, data_.keys);
    }
    const auto read_all = [&](bool verify) {
      sapwood::Options how;
      how.mode = sapwood::OpenMode::read;
      how.verify_checksums = verify;
      auto db = sapwood::Database::open(folder.file("s"), how);
      auto txn = db.read();
      auto map = txn.sorted_map<std::string, std::string>("m");
      return seconds_of([&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < data_.count; ++i)
          sum += static_cast<unsigned char>(map.get_view(data_.queries[i])->front());
        keep(sum);
      });
    };
    const auto with = [&] { return read_all(true); };
    const auto without = [&] { return read_all(false); };
    print(bench::compare("Read/checksums verified : not", "get/s, each key once after open",
                         static_cast<double>(data_.count), args_.rounds, 0.95, with, without));
  }

  // A child commits 64 MB of operations without a sync and is killed; how long does the next open take?
  void open_after_kill() {
    std::vector<double> totals;
    sapwood::Info info;
    for (int round = 0; round < args_.rounds; ++round) {
      bench::WorkFolder folder;
      kill_a_writer(folder.file("s"));
      std::optional<sapwood::Database> db;
      totals.push_back(seconds_of([&] { db.emplace(sapwood::Database::open(folder.file("s"), big_log())); }));
      info = db->info();
    }
    const double seconds = bench::median(totals);
    bench::print_figure("Open/AfterKill", seconds, "s", "at most 1.5", seconds <= 1.5);
    std::printf("    %.1f MB of log in %llu commits: scan %.3f s, replay %.3f s, checkpoint %.3f s\n",
                static_cast<double>(info.recovery.log_bytes) / 1e6,
                static_cast<unsigned long long>(info.recovery.records),
                static_cast<double>(info.recovery.scan_us) / 1e6, static_cast<double>(info.recovery.replay_us) / 1e6,
                static_cast<double>(info.recovery.checkpoint_us) / 1e6);
  }

  static sapwood::Options big_log() {
    sapwood::Options how = options(sapwood::Durability::async);
    how.log_size = std::uint64_t{80} << 20;
    how.log_size_max = how.log_size;
    return how;
  }

  void kill_a_writer(const std::string& path) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      auto db = sapwood::Database::open(path, big_log());
      auto map = db.sorted_map<std::string, std::string>("m");
      std::uint64_t written = 0;
      for (std::size_t i = 0; written < (std::uint64_t{64} << 20); ++i) {
        map.put(data_.keys[i % data_.count], data_.value_of(i));
        written = db.info().log_bytes;
      }
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
      throw std::runtime_error("the writing child failed");
  }

  void page_sizes() {
    std::printf("\npage sizes: rates over those of 4096\n%-10s %12s %12s %12s %12s %14s\n", "page size", "load random",
                "get", "scan", "list insert", "live x data");
    std::vector<double> base;
    for (const std::uint32_t size : {4096u, 8192u, 16384u}) {
      std::vector<std::vector<double>> rates(4);
      double live = 0;
      for (int round = 0; round < std::min(args_.rounds, 3); ++round) one_page_size(size, rates, live);
      std::vector<double> medians;
      medians.reserve(rates.size());
      for (const auto& list : rates) medians.push_back(bench::median(list));
      if (base.empty()) base = medians;
      std::printf("%-10u", size);
      for (std::size_t i = 0; i < medians.size(); ++i) std::printf(" %11.2fx", medians[i] / base[i]);
      std::printf(" %13.2fx\n", live);
      std::fflush(stdout);
    }
  }

  void one_page_size(std::uint32_t size, std::vector<std::vector<double>>& rates, double& live) {
    bench::WorkFolder folder;
    auto db = sapwood::Database::open(folder.file("s"), options(sapwood::Durability::async, size));
    rates[0].push_back(1 / seconds_of([&] { fill_ours(db, data_.keys); }));
    const sapwood::Info info = db.info();
    live = static_cast<double>(info.live_pages) * info.page_size / data_.data_bytes();
    {
      auto txn = db.read();
      auto map = txn.sorted_map<std::string, std::string>("m");
      rates[1].push_back(1 / seconds_of([&] {
                           std::uint64_t sum = 0;
                           for (std::size_t i = 0; i < data_.count; ++i) sum += map.get_view(data_.queries[i])->size();
                           keep(sum);
                         }));
      auto range = map.range();
      rates[2].push_back(1 / seconds_of([&] {
                           std::uint64_t sum = 0;
                           for (auto it = range.begin(), end = range.end(); it != end; ++it)
                             sum += it.value_view().size();
                           keep(sum);
                         }));
    }
    fill_list(db);
    auto list = db.list<std::string>("l");
    std::mt19937_64 random(7);
    rates[3].push_back(1 / seconds_of([&] {
                         for (int i = 0; i < 50'000; ++i)
                           list.insert(random() % data_.count, data_.value_of(static_cast<std::size_t>(i)));
                       }));
  }

  Arguments args_;
  Workload data_;
};

constexpr const char* kUsage =
    "usage: engine_bench [--entries N] [--rounds N] [--only TEXT]\n"
    "Measures Sapwood beside LMDB, in new files under $SAPWOOD_BENCH_DIR or the current folder.\n"
    "  --entries N   entries of a collection, at least 1000; by default 1000000\n"
    "  --rounds N    measured rounds of each row, at least 1; by default 5\n"
    "  --only TEXT   only rows with TEXT in the name, such as SortedMap\n";

struct WrongArgument : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::size_t parse_number(const std::string& option, std::string_view text, std::size_t least) {
  std::size_t number = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr std::size_t kMost = 1'000'000'000;
  if (error == std::errc{} && after == text.data() + text.size() && number >= least && number <= kMost) return number;
  throw WrongArgument(option + " needs a whole number from " + std::to_string(least) + " to " + std::to_string(kMost) +
                      ", not '" + std::string(text) + "'");
}

// Nothing: the usage is asked for.
std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") return std::nullopt;
    if (option != "--entries" && option != "--rounds" && option != "--only") {
      throw WrongArgument("unknown argument '" + option + "'");
    }
    if (++i == argc) throw WrongArgument(option + " needs a value");
    if (option == "--entries") arguments.entries = parse_number(option, argv[i], 1000);
    if (option == "--rounds") arguments.rounds = static_cast<int>(parse_number(option, argv[i], 1));
    if (option == "--only") arguments.only = argv[i];
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::optional<Arguments> arguments = parse(argc, argv);
    if (arguments) Suite(*arguments).run();
    else std::fputs(kUsage, stdout);
  } catch (const WrongArgument& error) {
    std::fprintf(stderr, "engine_bench: %s\n%s", error.what(), kUsage);
    return 2;
  }
}
