// write_fuzz_samples FOLDER: makes the kept inputs that are the sample database: FOLDER/image_fuzz/sample and
// FOLDER/log_fuzz/sample. To be run on fuzz/corpus when fuzz/use_database.cc changes it.
#include <cstdio>
#include <fstream>

#include "fuzz/use_database.h"

namespace {

void write(const std::string& path, const std::string& bytes) {
  if (!(std::ofstream(path, std::ios::binary) << bytes).flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: write_fuzz_samples FOLDER\n");
    return 2;
  }
  try {
    const std::string folder = arguments[1];
    const std::string path = sapwood::fuzz::kPath;
    write(folder + "/image_fuzz/sample", sapwood::fuzz::sample_database(true)->contents(path));
    write(folder + "/log_fuzz/sample", sapwood::fuzz::sample_database(false)->contents(path + "-log"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_fuzz_samples: %s\n", error.what());
    return 1;
  }
  return 0;
}
