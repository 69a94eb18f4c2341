// Paired measurement: two sides of a workload in turn, A B A B ..., and the ratio of each pair. Only the ratios say
// something on a noisy machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace bench {

// Seconds of one call.
double seconds_of(const std::function<void()>& work);
double median(std::vector<double> values);

struct Row {
  std::string name;   // such as "SortedMap/Get/1M/uniform"
  std::string unit;   // of the rates, such as "get/s"
  double ours = 0;    // median rate
  double theirs = 0;  // median rate of the other side
  double ratio = 0;   // median of the pairs' ratios
  double low = 0;     // smallest and largest of them
  double high = 0;
  double goal = 0;  // ratio to reach; 0: none
};

// Runs `ours` and `theirs` in turn, `rounds` times after one warm-up each. Each does `operations` and returns the
// seconds that count.
Row compare(const std::string& name, const std::string& unit, double operations, int rounds, double goal,
            const std::function<double()>& ours, const std::function<double()>& theirs);

void print_header(const std::string& other);
void print(const Row& row);
// A figure that has no other side: value, unit, and its goal ("at most 50", "at least 80000"), met or not.
void print_figure(const std::string& name, double value, const std::string& unit, const std::string& goal, bool met);

// A new folder for the files of a run, removed with all in it by the destructor. Under $SAPWOOD_BENCH_DIR, else the
// current folder: a real disk, not a file system in memory.
class WorkFolder {
 public:
  WorkFolder();
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Keeps a result alive for the optimiser.
inline void keep(std::uint64_t value) { asm volatile("" : : "r"(value) : "memory"); }

}  // namespace bench
