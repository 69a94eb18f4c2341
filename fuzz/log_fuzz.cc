// The input is a redo log, whose checksums and identity are made to fit a data file that expects one.
#include <algorithm>

#include "fuzz/repair.h"
#include "fuzz/use_database.h"

namespace {

// Uuid and epoch of each segment header, so that inputs outlive changes of how databases are made.
void adopt(std::string& log, const std::string& real) {
  for (std::size_t offset = 0; offset + 64 <= std::min(log.size(), real.size()); offset += 4096) {
    if (real.compare(offset, 8, "SAPWLOG1") == 0) log.replace(offset + 8, 24, real, offset + 8, 24);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<sapwood::os::SimDisk> sample = sapwood::fuzz::sample_database(false);
  const std::string path = std::string(sapwood::fuzz::kPath) + "-log";
  std::string log(reinterpret_cast<const char*>(data), size);
  adopt(log, sample->contents(path));
  sapwood::fuzz::repair_log(log);
  const std::unique_ptr<sapwood::os::SimDisk> disk = sample->clone();
  disk->set_contents(path, log);
  sapwood::fuzz::use_database(*disk);
  return 0;
}
