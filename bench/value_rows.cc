// Values of 64 KiB: put in big transactions, and every cache line of each read.
#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

constexpr std::size_t kSize = std::size_t{64} << 10;
constexpr std::size_t kBigBatch = 250;  // 16 MB

// Reads a word of each cache line.
std::uint64_t read_all(std::string_view value) {
  constexpr std::size_t kLine = 64;
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at + kLine <= value.size(); at += kLine) sum += number_of(value.substr(at));
  return sum;
}

Figures round(const Runner& runner, const std::string& name) {
  const Workload& data = runner.data();
  const std::size_t count = std::min(data.count, runner.scaled(2000));
  const WorkFolder folder;
  const auto store = kind_of(runner.peers(), name).open({.folder = folder.path(), .entries = count});
  const auto session = store->session();
  Values values(kSize);
  const double put_seconds = seconds_of([&] {
    for (std::size_t i = 0; i < count;) {
      session->begin_write();
      for (const std::size_t end = std::min(i + kBigBatch, count); i < end; ++i) session->put(data.keys[i], values(i));
      session->commit();
    }
  });
  std::uint64_t sum = 0;
  session->begin_read();
  const double get_seconds = seconds_of([&] {
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = session->get(data.keys[count - 1 - i]);
      if (value) sum += read_all(*value);
    }
  });
  session->end_read();
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < count; ++i) expected += read_all(values(i));
  require(sum == expected, name + ": a big value is wrong");
  const double megabytes = static_cast<double>(count * kSize) / 1e6;
  return {megabytes / put_seconds, megabytes / get_seconds};
}

}  // namespace

void run_values(Runner& runner) {
  runner.run({{.name = "value-64k-put",
               .group = "values",
               .title = "put of 64 KiB values, 250 a transaction",
               .unit = "MB/s",
               .goals = {{"sapwood", "lmdb", 0.8}}},
              {.name = "value-64k-get",
               .group = "values",
               .title = "get of 64 KiB values, each read whole",
               .unit = "MB/s",
               .goals = {{"sapwood", "lmdb", 1}}}},
             names_of(runner.peers()), Runner::WarmUp::no,
             [&](const std::string& name) { return round(runner, name); });
}

}  // namespace bench
