#include "bench/harness.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace bench {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Row compare(const std::string& name, const std::string& unit, double operations, int rounds, double goal,
            const std::function<double()>& ours, const std::function<double()>& theirs) {
  std::vector<double> our_rates, their_rates, ratios;
  for (int round = -1; round < rounds; ++round) {
    const double our_seconds = ours();
    const double their_seconds = theirs();
    if (round < 0) continue;  // warm-up
    our_rates.push_back(operations / our_seconds);
    their_rates.push_back(operations / their_seconds);
    ratios.push_back(their_seconds / our_seconds);
  }
  return Row{name,
             unit,
             median(our_rates),
             median(their_rates),
             median(ratios),
             *std::min_element(ratios.begin(), ratios.end()),
             *std::max_element(ratios.begin(), ratios.end()),
             goal};
}

void print_header(const std::string& other) {
  std::printf("%-38s %14s %14s %7s %15s %6s\n", "workload", "Sapwood", other.c_str(), "ratio", "(lowest-highest)",
              "goal");
}

void print(const Row& row) {
  char goal[32] = "";
  if (row.goal > 0) std::snprintf(goal, sizeof goal, "%.2f %s", row.goal, row.ratio >= row.goal ? "met" : "MISSED");
  std::printf("%-38s %14.0f %14.0f %6.2fx %7.2f - %5.2f  %s  %s\n", row.name.c_str(), row.ours, row.theirs, row.ratio,
              row.low, row.high, goal, row.unit.c_str());
  std::fflush(stdout);
}

void print_figure(const std::string& name, double value, const std::string& unit, const std::string& goal, bool met) {
  std::printf("%-38s %14.3f %-22s goal: %s: %s\n", name.c_str(), value, unit.c_str(), goal.c_str(),
              met ? "met" : "MISSED");
  std::fflush(stdout);
}

WorkFolder::WorkFolder() {
  const char* base = std::getenv("SAPWOOD_BENCH_DIR");
  std::random_device random;
  path_ = std::string(base != nullptr ? base : ".") + "/sapwood-bench-" + std::to_string(random());
  std::filesystem::create_directories(path_);
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace bench
