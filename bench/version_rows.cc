// Backups beside a copy of as many bytes, and commits while the file is compacted.
#include <sapwood/sapwood.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/harness.h"
#include "bench/runner.h"
#include "os/file.h"

namespace bench {
namespace {

constexpr double kMegabyte = 1e6;

sapwood::Database loaded(const WorkFolder& folder, const std::string& name, std::size_t count) {
  sapwood::Options options;
  options.durability = sapwood::Durability::async;
  auto db = sapwood::Database::open(folder.file(name), options);
  auto map = db.sorted_map<std::uint64_t, std::string>("map");
  std::mt19937_64 random(1);
  db.write([&](sapwood::WriteTxn& txn) {
    auto inside = txn.sorted_map<std::uint64_t, std::string>("map");
    for (std::size_t i = 0; i < count; ++i) inside.put(random(), std::string(200, static_cast<char>('a' + i % 26)));
  });
  db.checkpoint();
  return db;
}

// Megabytes a second of a whole backup, synced.
double back_up(const sapwood::Database& db, const WorkFolder& folder) {
  const std::string copy = folder.file("copy");
  const double seconds = seconds_of([&] { db.backup(copy); });
  const double bytes = static_cast<double>(std::filesystem::file_size(copy));
  std::filesystem::remove(copy);
  return bytes / kMegabyte / seconds;
}

// The same of a file written in pieces of a megabyte.
double write_raw(std::size_t bytes, const WorkFolder& folder) {
  const std::string path = folder.file("raw");
  const std::vector<char> piece(1 << 20, 'x');
  const double seconds = seconds_of([&] {
    const auto file = sapwood::os::posix_env().files().open(path, {.write = true, .create = true});
    for (std::size_t at = 0; at < bytes; at += piece.size()) {
      file->write(at, piece.data(), piece.size());
      file->start_write_back(at, piece.size());
    }
    file->sync();
  });
  std::filesystem::remove(path);
  return static_cast<double>(bytes) / kMegabyte / seconds;
}

// Milliseconds of durable commits, the slowest in a hundred: alone, or while the file is compacted after an erase.
double slow_commit(const WorkFolder& folder, std::size_t count, bool compacts) {
  sapwood::Database db = loaded(folder, "churned", count);
  db.sorted_map<std::uint64_t, std::string>("map").erase_if([](const auto& entry) { return entry.first % 3 != 0; });
  std::atomic<bool> is_done = false;
  std::thread compaction([&] {
    if (compacts) db.compact();
    else std::this_thread::sleep_for(std::chrono::seconds(1));
    is_done = true;
  });
  std::vector<double> times;
  std::mt19937_64 random(2);
  while (!is_done) {
    times.push_back(seconds_of([&] {
      sapwood::WriteTxn txn = db.begin_write();
      txn.sorted_map<std::uint64_t, std::string>("map").put(random(), "while it is compacted");
      txn.commit(sapwood::Durability::sync);
    }));
  }
  compaction.join();
  db.close();
  std::filesystem::remove(folder.file("churned"));
  std::ranges::sort(times);
  return times.empty() ? 0 : times[times.size() * 99 / 100] * 1e3;
}

}  // namespace

void run_versions(Runner& runner) {
  const bool has_sapwood =
      !names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty();
  if (!has_sapwood) return;
  const std::size_t count = runner.scaled(1'000'000);
  if (runner.wanted("backup")) {
    const WorkFolder folder;
    const sapwood::Database db = loaded(folder, "x", count);
    const std::size_t bytes = db.info().live_pages * db.info().page_size;
    runner.run({{.name = "backup",
                 .group = "versions",
                 .title = "a backup, synced, beside as many bytes written in large pieces",
                 .unit = "MB/s",
                 .goals = {{"sapwood", "raw", 0.8}}}},
               {"sapwood", "raw"}, Runner::WarmUp::yes, [&](const std::string& way) {
                 return Figures{way == "raw" ? write_raw(bytes, folder) : back_up(db, folder)};
               });
  }
  if (!runner.wanted("compact-commit")) return;
  const WorkFolder folder;
  runner.run({{.name = "compact-commit",
               .group = "versions",
               .title = "durable commits while the file is compacted, the slowest in a hundred",
               .unit = "ms",
               .goals = {{"compacting", "", 10}},
               .less_is_better = true}},
             {"compacting", "alone"}, Runner::WarmUp::no,
             [&](const std::string& way) { return Figures{slow_commit(folder, count, way == "compacting")}; });
}

}  // namespace bench
