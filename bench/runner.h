// Runs rows: all stores in turn, round after round.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/report.h"
#include "bench/store.h"
#include "bench/workload.h"

namespace bench {

inline constexpr std::size_t kBatch = 1000;  // entries a transaction of a load
inline constexpr double kPatience = 3;       // seconds: a store that is slow at a row of single commits does fewer
// A store that took longer than that for a round takes part in so many rounds only.
inline constexpr double kSlowSeconds = 12;
inline constexpr int kSlowRounds = 2;

struct Arguments {
  std::size_t entries = 1'000'000;
  int rounds = 5;
  std::string only;                 // part of the name of the rows to run
  std::vector<std::string> stores;  // to measure; empty: all
  std::string json;                 // file for the results; empty: none
};

// What one round of one store gave for each of the rows that it measures together; nothing: it cannot do that.
using Figures = std::vector<std::optional<double>>;

class Runner {
 public:
  Runner(Arguments arguments, Peers peers);

  const Arguments& arguments() const { return arguments_; }
  const Workload& data() const { return data_; }
  const Peers& peers() const { return peers_; }
  const std::vector<Row>& rows() const { return rows_; }
  // Part of the entries, for rows that do few operations.
  std::size_t scaled(std::size_t of_a_million) const;
  bool wanted(const std::string& row) const { return row.find(arguments_.only) != std::string::npos; }

  enum class WarmUp : bool { no, yes };
  using Round = std::function<Figures(const std::string& store)>;
  // If one of `rows` is wanted: calls `round` for each of `stores` in turn, arguments().rounds times, or the first
  // row's most_rounds, (and once before that does not count), keeps and prints the values.
  void run(const std::vector<RowInfo>& rows, const std::vector<std::string>& stores, WarmUp warm_up,
           const Round& round);

 private:
  Arguments arguments_;
  Peers peers_;
  Workload data_;
  std::vector<Row> rows_;
};

struct Opened {
  double milliseconds = 0;  // until `key` was looked for
  bool found = false;
};
Opened open_and_get(const StoreKind& kind, const Setup& setup, std::string_view key);

// Names of the stores for which `condition` holds.
std::vector<std::string> names_of(const Peers& peers, const std::function<bool(const StoreKind&)>& condition);
std::vector<std::string> names_of(const Peers& peers);
const StoreKind& kind_of(const Peers& peers, const std::string& name);

// The rows, a file a group.
void run_loads(Runner& runner);
void run_reads(Runner& runner);
void run_durable(Runner& runner);
void run_latencies(Runner& runner);
void run_sizes(Runner& runner);
void run_values(Runner& runner);
void run_compression(Runner& runner);
void run_versions(Runner& runner);
void run_killed(Runner& runner);
void run_lists(Runner& runner);
void run_blocks(Runner& runner);
void run_records(Runner& runner);
void run_processes(Runner& runner);
void run_engine(Runner& runner);

// A process for run_killed that commits `entries` single puts and kills itself.
[[noreturn]] void write_and_die(const Peers& peers, const std::string& store, const std::string& folder,
                                std::size_t entries);

// Puts entry i under keys[i] with value number(i), for all i, in transactions of 1,000; after each: between(i).
void load(Session& session, const KeyColumn& keys, const std::function<std::uint64_t(std::size_t)>& number,
          const std::function<void(std::size_t)>& between = {});

}  // namespace bench
