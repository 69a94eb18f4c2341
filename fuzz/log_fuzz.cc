// The input is a redo log, whose checksums and identity are made to fit a data file that expects one.
#include "fuzz/repair.h"
#include "fuzz/use_database.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<sapwood::os::SimDisk> sample = sapwood::fuzz::sample_database(false);
  const std::string path = std::string(sapwood::fuzz::kPath) + "-log";
  std::string log(reinterpret_cast<const char*>(data), size);
  sapwood::fuzz::adopt_log(log, sample->contents(path));
  sapwood::fuzz::repair_log(log);
  const std::unique_ptr<sapwood::os::SimDisk> disk = sample->clone();
  disk->set_contents(path, log);
  sapwood::fuzz::use_database(*disk);
  return 0;
}
