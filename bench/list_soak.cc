// One long list of int64: built, read, changed at random positions and checked. Prints times, memory and size, and
// fails if an item, the count or the file is wrong. Part of `make soak`.
#include <sapwood/sapwood.h>
#include <sys/resource.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <ranges>
#include <string_view>

#include "bench/harness.h"
#include "bench/store.h"

namespace {

using bench::require;
using bench::seconds_of;
using List = sapwood::List<std::int64_t>;

constexpr const char* kUsage =
    "usage: list_soak [ITEMS] [CHANGES]\n"
    "Builds a list of ITEMS int64 (100000000) in a new file under $SAPWOOD_BENCH_DIR or the current folder, makes\n"
    "CHANGES (100000) random inserts and erases, 1,000 a transaction, and checks the result. SAPWOOD_SEED=N replays.\n";

double peak_megabytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::int64_t sum_of(sapwood::Database& db, std::uint64_t& count) {
  const sapwood::ReadTxn txn = db.read();
  std::int64_t sum = 0;
  count = 0;
  for (const std::int64_t item : txn.list<std::int64_t>("l").range()) {
    sum += item;
    ++count;
  }
  return sum;
}

struct Expected {
  std::int64_t sum = 0;
  std::uint64_t count = 0;
};

void build(sapwood::Database& db, std::int64_t items, Expected& expected) {
  const double seconds =
      seconds_of([&] { db.list<std::int64_t>("l").bulk_load(std::views::iota(std::int64_t{0}, items)); });
  expected = {items / 2 * (items - 1) + (items % 2) * ((items - 1) / 2), static_cast<std::uint64_t>(items)};
  std::printf("build    %8.2f s  %12.0f items/s\n", seconds, static_cast<double>(items) / seconds);
}

// As many inserts as erases, at random positions, 1,000 a transaction. What an erase takes away is read before.
void change(sapwood::Database& db, std::uint64_t changes, std::mt19937_64& random, Expected& expected) {
  constexpr std::uint64_t kBatch = 1000;
  const double seconds = seconds_of([&] {
    for (std::uint64_t done = 0; done < changes;) {
      db.write([&](sapwood::WriteTxn& txn) {
        List list = txn.list<std::int64_t>("l");
        for (const std::uint64_t end = std::min(done + kBatch, changes); done < end; ++done) {
          if (random() % 2 == 0 || expected.count == 0) {
            const auto item = static_cast<std::int64_t>(random() >> 16);
            list.insert(random() % (expected.count + 1), item);
            expected.sum += item;
            ++expected.count;
          } else {
            const std::uint64_t at = random() % expected.count;
            expected.sum -= list.at(at);
            list.erase(at);
            --expected.count;
          }
        }
      });
    }
  });
  std::printf("change   %8.2f s  %12.0f changes/s\n", seconds, static_cast<double>(changes) / seconds);
}

void read(sapwood::Database& db, std::mt19937_64& random, const Expected& expected) {
  constexpr int kReads = 100'000;
  std::int64_t any = 0;
  const double get_seconds = seconds_of([&] {
    const sapwood::ReadTxn txn = db.read();
    const List list = txn.list<std::int64_t>("l");
    for (int i = 0; i < kReads; ++i) any ^= list.at(random() % expected.count);
  });
  std::uint64_t count = 0;
  std::int64_t sum = 0;
  const double scan_seconds = seconds_of([&] { sum = sum_of(db, count); });
  std::printf("get(i)   %8.2f s  %12.0f gets/s (xor %lld)\n", get_seconds, kReads / get_seconds,
              static_cast<long long>(any));
  std::printf("scan     %8.2f s  %12.0f items/s\n", scan_seconds, static_cast<double>(count) / scan_seconds);
  require(count == expected.count && db.list<std::int64_t>("l").size() == count, "the list has a wrong count");
  require(sum == expected.sum, "the list has wrong items");
}

void run(std::int64_t items, std::uint64_t changes, std::uint64_t seed) {
  std::printf("%lld items, %llu changes, SAPWOOD_SEED=%llu\n", static_cast<long long>(items),
              static_cast<unsigned long long>(changes), static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const bench::WorkFolder folder;
  sapwood::Options options;
  options.durability = sapwood::Durability::async;
  auto db = sapwood::Database::open(folder.file("soak.sapwood"), options);
  Expected expected;
  build(db, items, expected);
  read(db, random, expected);
  change(db, changes, random, expected);
  read(db, random, expected);
  std::vector<std::string> findings;
  const double check_seconds = seconds_of([&] { findings = db.check(); });
  for (const std::string& finding : findings) std::fprintf(stderr, "check: %s\n", finding.c_str());
  require(findings.empty(), "check found faults");
  std::printf("check    %8.2f s\n", check_seconds);
  db.checkpoint();
  const double bytes = bench::disk_bytes(folder.path());
  std::printf("on disk  %8.0f MB %12.2f bytes an item\nmemory   %8.0f MB at most, the mapped file with it\n",
              bytes / 1e6, bytes / static_cast<double>(expected.count), peak_megabytes());
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc{} && after == text.data() + text.size() && value > 0,
          "needs whole numbers from 1 on, not '" + std::string(text) + "'\n" + kUsage);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc > 3 || (argc > 1 && std::string_view(argv[1]).starts_with("-"))) {
      std::fputs(kUsage, stderr);
      return 2;
    }
    const char* seed = std::getenv("SAPWOOD_SEED");
    run(argc > 1 ? static_cast<std::int64_t>(number(argv[1])) : 100'000'000, argc > 2 ? number(argv[2]) : 100'000,
        seed != nullptr ? number(seed) : std::random_device()());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "list_soak: %s\n", error.what());
    return 1;
  }
}
