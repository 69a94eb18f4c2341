// Measures Sapwood beside other stores. See docs/performance.md, and kUsage below.
#include <charconv>
#include <cstdio>
#include <stdexcept>
#include <string_view>

#include "bench/runner.h"

namespace {

constexpr const char* kUsage =
    "usage: store_bench [--entries N] [--rounds N] [--only TEXT] [--stores A,B] [--json FILE]\n"
    "Measures Sapwood beside other stores, in new files under $SAPWOOD_BENCH_DIR or the current folder. Every row\n"
    "checks that each store gave the right values.\n"
    "  --entries N   entries of a collection, at least 1000; by default 1000000\n"
    "  --rounds N    measured rounds of each row, at least 1; by default 5\n"
    "  --only TEXT   only rows with TEXT in the name, such as load\n"
    "  --stores A,B  only these stores\n"
    "  --json FILE   writes all results there, for tools/plot_bench.py\n";

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

std::string known_names(const bench::Peers& peers) {
  std::string names;
  for (const bench::StoreKind& kind : peers.stores) names += (names.empty() ? "" : ", ") + kind.name;
  for (const bench::ListKind& kind : peers.lists) {
    if (kind.name == "memory") names += ", " + kind.name;
  }
  return names;
}

std::vector<std::string> parse_names(std::string_view text, const bench::Peers& peers) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string name(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::string known = ", " + known_names(peers) + ",";
    if (known.find(", " + name + ",") == std::string::npos)
      throw WrongArgument("no store '" + name + "'; there are " + known_names(peers));
    names.push_back(name);
  }
  return names;
}

// Nothing: the usage is asked for.
std::optional<bench::Arguments> parse(int argc, char** argv, const bench::Peers& peers) {
  bench::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") return std::nullopt;
    if (++i == argc) throw WrongArgument(option + " needs a value, or is not known");
    const std::string_view value = argv[i];
    if (option == "--entries") arguments.entries = parse_number(option, value, 1000);
    else if (option == "--rounds") arguments.rounds = static_cast<int>(parse_number(option, value, 1));
    else if (option == "--only") arguments.only = value;
    else if (option == "--stores") arguments.stores = parse_names(value, peers);
    else if (option == "--json") arguments.json = value;
    else throw WrongArgument("unknown argument '" + option + "'");
  }
  return arguments;
}

void run(const bench::Arguments& arguments, bench::Peers peers) {
  bench::Runner runner(arguments, std::move(peers));
  std::printf("%zu entries, %d rounds; median, ratio to LMDB in the same round: median (lowest - highest)\n",
              arguments.entries, arguments.rounds);
  bench::run_loads(runner);
  bench::run_reads(runner);
  bench::run_durable(runner);
  bench::run_latencies(runner);
  bench::run_sizes(runner);
  bench::run_values(runner);
  bench::run_compression(runner);
  bench::run_versions(runner);
  bench::run_killed(runner);
  bench::run_lists(runner);
  bench::run_blocks(runner);
  bench::run_records(runner);
  bench::run_processes(runner);
  bench::run_engine(runner);
  if (!arguments.json.empty())
    bench::write_json(arguments.json, {arguments.entries, arguments.rounds}, runner.peers(), runner.rows());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    bench::Peers peers = bench::all_peers();
    constexpr int kChildArguments = 5;
    if (argc == kChildArguments && std::string_view(argv[1]) == "--write-and-die")
      bench::write_and_die(peers, argv[2], argv[3], parse_number(argv[1], argv[4], 1));
    const std::optional<bench::Arguments> arguments = parse(argc, argv, peers);
    if (arguments) run(*arguments, std::move(peers));
    else std::printf("%sStores: %s\n", kUsage, known_names(peers).c_str());
  } catch (const WrongArgument& error) {
    std::fprintf(stderr, "store_bench: %s\n%s", error.what(), kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "store_bench: %s\n", error.what());
    return 1;
  }
}
