// A list of numbers read and tested in blocks, beside an array in memory of the process: how near a list comes to it.
// And appended in blocks, beside one by one.
#include <sapwood/sapwood.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

using Number = std::int64_t;
constexpr std::size_t kBytesRead = std::size_t{400} << 20;  // a round, by reading the list again and again

std::vector<Number> numbers(std::size_t count) {
  std::vector<Number> result(count);
  std::iota(result.begin(), result.end(), Number{0});
  return result;
}

sapwood::Database make_list(const std::string& path, const std::vector<Number>& items) {
  sapwood::Options options;
  options.durability = sapwood::Durability::async;
  auto db = sapwood::Database::open(path, options);
  db.write([&](sapwood::WriteTxn& txn) { txn.list<Number>("l").bulk_load(items); });
  return db;
}

// Copies all of `list`, as spans of its pages.
void copy_blocks(const sapwood::List<Number>& list, std::span<Number> to) {
  for (const std::span<const Number> block : list.blocks(0, to.size())) {
    std::memcpy(to.data(), block.data(), block.size_bytes());
    to = to.subspan(block.size());
  }
}

Figures read_all(const sapwood::Database& db, const std::string& way, const std::vector<Number>& items) {
  std::vector<Number> to(items.size());
  const std::size_t times = std::max<std::size_t>(1, kBytesRead / (items.size() * sizeof(Number)));
  const sapwood::ReadTxn txn = db.read();
  const auto list = txn.list<Number>("l");
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < times; ++i) {
      if (way == "sapwood") list.read(0, to);
      else if (way == "spans") copy_blocks(list, to);
      else std::memcpy(to.data(), items.data(), items.size() * sizeof(Number));
      asm volatile("" : : "r"(to.data()) : "memory");  // the copy counts
    }
  });
  require(to == items, way + ": wrong items");
  return {static_cast<double>(times * items.size() * sizeof(Number)) / 1e6 / seconds};
}

bool is_wanted(const Runner& runner, const char* row) {
  return runner.wanted(row) &&
         !names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty();
}

// Millions of numbers a second that a predicate is asked about.
Figures count_all(const sapwood::List<Number>& list, const std::string& way, const std::vector<Number>& items) {
  const std::size_t times = std::max<std::size_t>(1, kBytesRead / (items.size() * sizeof(Number)));
  const auto middle = static_cast<Number>(items.size() / 2);
  const auto is_small = [middle](Number number) { return number < middle; };
  std::uint64_t counted = 0;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < times; ++i) {
      asm volatile("" : : "r"(items.data()) : "memory");  // the same numbers are counted again
      if (way == "sapwood") counted += list.count_if(is_small);
      else counted += static_cast<std::uint64_t>(std::ranges::count_if(items, is_small));
    }
  });
  require(counted == times * static_cast<std::uint64_t>(middle), way + ": wrong count");
  return {static_cast<double>(times * items.size()) / 1e6 / seconds};
}

// Millions of numbers appended a second, 1,000 a transaction.
Figures append_all(const std::string& way, const std::vector<Number>& items) {
  const WorkFolder folder;
  sapwood::Database db = make_list(folder.file("s"), {});
  const double seconds = seconds_of([&] {
    for (std::span<const Number> left(items); !left.empty(); left = left.subspan(std::min(kBatch, left.size()))) {
      const std::span<const Number> some = left.first(std::min(kBatch, left.size()));
      db.write([&](sapwood::WriteTxn& txn) {
        auto list = txn.list<Number>("l");
        if (way == "extend") list.extend(some);
        else
          for (const Number item : some) list.push_back(item);
      });
    }
  });
  require(db.list<Number>("l").size() == items.size(), way + ": wrong size");
  return {static_cast<double>(items.size()) / 1e6 / seconds};
}

}  // namespace

void run_blocks(Runner& runner) {
  constexpr const char* kRow = "list-blocks";
  if (is_wanted(runner, "list-append-blocks")) {
    const std::vector<Number> items = numbers(runner.data().count);
    runner.run({{.name = "list-append-blocks",
                 .group = "appends",
                 .title = "int64 appended to a list, 1,000 a transaction",
                 .unit = "M/s",
                 .goals = {{"extend", "push_back", 3}}}},
               {"extend", "push_back"}, Runner::WarmUp::yes,
               [&](const std::string& way) { return append_all(way, items); });
  }
  if (!is_wanted(runner, kRow)) return;
  const WorkFolder folder;
  const std::vector<Number> items = numbers(runner.data().count);
  const sapwood::Database db = make_list(folder.file("s"), items);
  runner.run({{.name = kRow,
               .group = "blocks",
               .title = "list of int64, all of it copied into an array",
               .unit = "MB/s",
               .goals = {{"sapwood", "memcpy", 0.8}, {"spans", "memcpy", 0.8}}}},
             {"sapwood", "spans", "memcpy"}, Runner::WarmUp::yes,
             [&](const std::string& way) { return read_all(db, way, items); });
  const sapwood::ReadTxn txn = db.read();
  const auto list = txn.list<Number>("l");
  runner.run({{.name = "list-blocks-count-if",
               .group = "blocks",
               .title = "list of int64, counted by a predicate",
               .unit = "M/s",
               .goals = {{"sapwood", "array", 0.5}}}},
             {"sapwood", "array"}, Runner::WarmUp::yes,
             [&](const std::string& way) { return count_all(list, way, items); });
}

}  // namespace bench
