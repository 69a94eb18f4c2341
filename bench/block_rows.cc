// A list of numbers read in blocks, beside memcpy of the same bytes out of memory of the process: how near a list comes
// to an array.
#include <sapwood/sapwood.h>

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

}  // namespace

void run_blocks(Runner& runner) {
  constexpr const char* kRow = "list-blocks";
  if (!runner.wanted(kRow) ||
      names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty())
    return;
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
}

}  // namespace bench
