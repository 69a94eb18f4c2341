#include "bench/harness.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

namespace bench {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double disk_bytes(const std::string& folder) {
  constexpr double kBlock = 512;  // of st_blocks
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat status {};
    if (::lstat(entry.path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      bytes += static_cast<double>(status.st_blocks) * kBlock;
  }
  return bytes;
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
