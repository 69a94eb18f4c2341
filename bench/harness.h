// Clocks, folders and small figures.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of one call.
template <class Work>
double seconds_of(Work&& work) {
  const double start = now();
  work();
  return now() - start;
}

struct Measured {
  std::size_t steps = 0;  // done
  double seconds = 0;
  double rate() const { return static_cast<double>(steps) / seconds; }
};

// Calls step(i) for i from 0 on, `count` times or until `most_seconds` have passed: slow stores do fewer.
template <class Step>
Measured measure(std::size_t count, double most_seconds, Step&& step) {
  constexpr std::size_t kBetweenLooks = 16;
  const double start = now();
  std::size_t i = 0;
  while (i < count) {
    step(i++);
    if (i % kBetweenLooks == 0 && now() - start > most_seconds) break;
  }
  return {i, now() - start};
}

double median(std::vector<double> values);

// Bytes that the files of a folder take on the disk; holes do not count.
double disk_bytes(const std::string& folder);

// A new folder for the files of a run, removed with all in it by the destructor. Under $SAPWOOD_BENCH_DIR, else the
// current folder: a real disk, not a file system in memory.
class WorkFolder {
 public:
  WorkFolder();
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace bench
