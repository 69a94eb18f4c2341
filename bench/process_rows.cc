// Several processes with one file: what it costs to read and to commit beside others, and what a reader that stays
// holds back.
#include <sapwood/sapwood.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

constexpr const char* kReaders = "readers of processes";  // rows that stand together
constexpr std::size_t kCounts[] = {1, 2, 8};              // processes
constexpr double kSeconds = 2;                            // of a round
constexpr std::size_t kOwnKeys = 1000;                    // that a process replaces the values of
constexpr std::size_t kSize = 100;
constexpr std::size_t kHeldEntries = 500'000;    // of the snapshot that a reader holds
constexpr std::size_t kCommitsBeside = 200'000;  // of another process meanwhile

// Processes that each get ready, wait for all others, and then measure one figure.
class Group {
 public:
  using Ready = std::function<void()>;  // returns when all are ready
  using Member = std::function<double(std::size_t number, const Ready& ready)>;

  // The figures, in any order.
  static std::vector<double> run(std::size_t count, const Member& member) {
    Group group(count, member);
    return group.figures();
  }

 private:
  Group(std::size_t count, const Member& member) {
    require(::pipe(ready_) == 0 && ::pipe(go_) == 0 && ::pipe(figures_) == 0, "no pipes");
    for (std::size_t i = 0; i < count; ++i) start(i, member);
    for (const int end : {ready_[1], go_[0], figures_[1]}) ::close(end);
  }
  ~Group() {
    for (const int end : {ready_[0], go_[1], figures_[0]}) ::close(end);
  }

  void start(std::size_t number, const Member& member) {
    const pid_t child = ::fork();
    require(child >= 0, "no process");
    if (child != 0) return children_.push_back(child);
    ::close(go_[1]);
    try {
      const double figure = member(number, [this] {
        char byte = 0;
        require(::write(ready_[1], &byte, 1) == 1, "the others are gone");
        static_cast<void>(::read(go_[0], &byte, 1));  // ends when the parent closes the pipe
      });
      require(::write(figures_[1], &figure, sizeof figure) == sizeof figure, "nobody wants to know");
      ::_exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "process %zu: %s\n", number, error.what());
    }
    ::_exit(1);
  }

  std::vector<double> figures() {
    char byte = 0;
    for (std::size_t i = 0; i < children_.size(); ++i) require(::read(ready_[0], &byte, 1) == 1, "a process ended");
    ::close(go_[1]);
    go_[1] = -1;
    std::vector<double> all;
    for (const pid_t child : children_) {
      int status = -1;
      double figure = 0;
      require(::waitpid(child, &status, 0) == child && status == 0, "a process failed");
      require(::read(figures_[0], &figure, sizeof figure) == sizeof figure, "a process told nothing");
      all.push_back(figure);
    }
    return all;
  }

  int ready_[2];
  int go_[2];
  int figures_[2];
  std::vector<pid_t> children_;
};

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string with_processes(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " process" : " processes");
}

RowInfo row(const std::string& group, const std::string& name, std::size_t count, const std::string& title,
            const std::string& unit) {
  return RowInfo{.name = "processes-" + name + "-" + std::to_string(count),
                 .group = group,
                 .title = title + ", " + with_processes(count),
                 .unit = unit,
                 .goals = {},
                 .most_rounds = 3};
}

// Nanoseconds of a processor for the begin and end of a read transaction, while `count` processes do nothing else.
double time_of_reads(const std::string& path, std::size_t count) {
  std::vector<double> figures = Group::run(count, [&](std::size_t, const Group::Ready& ready) {
    auto db = sapwood::Database::open(path);
    ready();
    const double before = processor_seconds();
    const Measured measured = measure(SIZE_MAX, kSeconds / 2, [&](std::size_t) { db.read(); });
    return (processor_seconds() - before) / static_cast<double>(measured.steps) * 1e9;
  });
  return median(figures);
}

void run_reads_beside(Runner& runner) {
  const WorkFolder folder;
  const std::string path = folder.file("s");
  sapwood::Database::open(path).list<std::string>("l").push_back("x");
  std::vector<RowInfo> rows;
  for (const std::size_t count : kCounts) {
    rows.push_back(row(kReaders, "read", count, "processor time of begin and end of a read transaction", "ns"));
    rows.back().less_is_better = true;
  }
  runner.run(rows, {"sapwood"}, Runner::WarmUp::no, [&](const std::string&) {
    Figures figures;
    for (const std::size_t count : kCounts) figures.emplace_back(time_of_reads(path, count));
    return figures;
  });
}

// Commits a second of `count` processes together, each of one put.
double rate_of_commits(const Runner& runner, const std::string& name, std::size_t count, bool durable) {
  const WorkFolder folder;
  const Workload& data = runner.data();
  const Setup setup{.folder = folder.path(), .entries = kOwnKeys * count, .durable = durable};
  const StoreKind& kind = kind_of(runner.peers(), name);
  kind.open(setup)->session()->put_one(data.keys[0], Values(kSize)(0));
  const auto key = [&](std::size_t number, std::size_t i) {
    return data.keys[(number * kOwnKeys + i % kOwnKeys) % data.count];
  };
  const std::vector<double> rates = Group::run(count, [&](std::size_t number, const Group::Ready& ready) {
    const auto store = kind.open(setup);
    const auto session = store->session();
    Values values(kSize);
    ready();
    const Measured measured =
        measure(SIZE_MAX, kSeconds, [&](std::size_t i) { session->put_one(key(number, i), values(i)); });
    std::string value;
    const std::size_t last = measured.steps - 1;
    require(session->get_one(key(number, last), value), name + ": a commit is lost");
    require(count * kOwnKeys > data.count || number_of(value) == last, name + ": a commit is lost");
    return measured.rate();
  });
  double all = 0;
  for (const double rate : rates) all += rate;
  return all;
}

void run_commits_beside(Runner& runner, bool durable) {
  const std::string kind = durable ? "durable" : "unsynced";
  std::vector<RowInfo> rows;
  for (const std::size_t count : kCounts)
    rows.push_back(row("commits of processes", kind, count, kind + " commits of one put", "commits/s"));
  const auto shared = [](const StoreKind& store) {
    return store.name == "sapwood" || store.name.starts_with("lmdb") || store.name == "sqlite";
  };
  runner.run(rows, names_of(runner.peers(), shared), Runner::WarmUp::no, [&](const std::string& name) {
    Figures figures;
    for (const std::size_t count : kCounts) figures.emplace_back(rate_of_commits(runner, name, count, durable));
    return figures;
  });
}

struct Held {
  double snapshot = 0;  // bytes of its pages
  double file = 0;      // bytes of the file after the commits
};

// A process replaces random values while another one may hold a snapshot of the first state.
Held commit_beside_a_reader(const Runner& runner, bool with_reader) {
  const WorkFolder folder;
  const std::string path = folder.file("s");
  const std::size_t entries = std::min(runner.data().count, runner.scaled(kHeldEntries));
  sapwood::Options options;
  options.durability = sapwood::Durability::async;
  Held held;
  {
    auto db = sapwood::Database::open(path, options);
    Values values(kSize);
    db.write([&](sapwood::WriteTxn& txn) {
      auto map = txn.sorted_map<std::string, std::string>("m");
      for (std::size_t i = 0; i < entries; ++i) map.put(runner.data().keys[i], values(i));
    });
    const sapwood::Info info = db.info();
    held.snapshot = static_cast<double>(info.live_pages) * info.page_size;
  }
  int done[2];
  require(::pipe(done) == 0, "no pipe");
  const std::vector<double> sizes = Group::run(2, [&](std::size_t number, const Group::Ready& ready) {
    auto db = sapwood::Database::open(path, options);
    if (number == 1) {
      ::close(done[1]);
      std::optional<sapwood::ReadTxn> snapshot;
      if (with_reader) snapshot.emplace(db.read());
      ready();
      char byte = 0;
      static_cast<void>(::read(done[0], &byte, 1));  // until the writer is done, and the parent's end is closed
      require(!snapshot || snapshot->sorted_map<std::string, std::string>("m").size() == entries, "a wrong snapshot");
      return 0.0;
    }
    ready();
    std::mt19937_64 random(1);
    Values values(kSize);
    auto map = db.sorted_map<std::string, std::string>("m");
    for (std::size_t i = 0; i < runner.scaled(kCommitsBeside); ++i) {
      map.put(runner.data().keys[random() % entries], values(i));
    }
    const double size = static_cast<double>(std::filesystem::file_size(path));  // closing makes it smaller
    require(::write(done[1], "", 1) == 1, "the reader ended");
    return size;
  });
  for (const int end : done) ::close(end);
  for (const double size : sizes) held.file += size;
  return held;
}

void run_stuck_reader(Runner& runner) {
  runner.run({{.name = "processes-stuck-reader",
               .group = kReaders,
               .title = "file growth by a snapshot that another process holds, over 200,000 random commits",
               .unit = "x the snapshot",
               .goals = {{"sapwood", "", 1.2}},
               .less_is_better = true,
               .most_rounds = 2}},
             {"sapwood"}, Runner::WarmUp::no, [&](const std::string&) {
               const Held with = commit_beside_a_reader(runner, true);
               const Held without = commit_beside_a_reader(runner, false);
               return Figures{(with.file - without.file) / with.snapshot};
             });
}

}  // namespace

void run_processes(Runner& runner) {
  if (names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty()) return;
  run_reads_beside(runner);
  run_commits_beside(runner, false);
  run_commits_beside(runner, true);
  run_stuck_reader(runner);
}

}  // namespace bench
