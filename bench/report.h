// What was measured: rows, and for each the values of all rounds of all stores.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/store.h"

namespace bench {

// `store` shall be at least `factor` times as good as `versus` in the same round; without `versus`, at least (where
// less is better: at most) `factor` in the row's unit.
struct Goal {
  std::string store;
  std::string versus;
  double factor = 1;
};

struct RowInfo {
  std::string name;   // such as "get-random", as --only takes it
  std::string group;  // rows of a group share a plot and a table
  std::string title;
  std::string unit;  // of the values
  std::vector<Goal> goals;
  bool less_is_better = false;
  int most_rounds = 100;  // for rows that take long
};

struct Series {
  std::string store;
  std::vector<double> rounds;
};

struct Row {
  RowInfo info;
  std::vector<Series> series;  // in the order in which they were measured

  const Series* find(const std::string& store) const;
};

// How many times as good `series` was as `base`: of each round that both took part in.
std::vector<double> ratios(const Row& row, const Series& series, const Series& base);

// Text for people: medians, ratios to LMDB (else to the first store) with their range, and goals.
void print(const Row& row);

struct RunFacts {
  std::size_t entries = 0;
  int rounds = 0;
};
// All of it, for tools/plot_bench.py. Throws std::runtime_error if the file cannot be written.
void write_json(const std::string& path, const RunFacts& facts, const Peers& peers, const std::vector<Row>& rows);

}  // namespace bench
