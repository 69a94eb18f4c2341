// What the disk can do: records written over blocks that were written before, each synced.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

inline constexpr const char* kRaw = "raw";  // stands among the stores of a row

class RawDisk {
 public:
  RawDisk(const std::string& path, std::size_t record_bytes);
  ~RawDisk();
  RawDisk(const RawDisk&) = delete;
  RawDisk& operator=(const RawDisk&) = delete;

  void write_record();

 private:
  std::vector<char> record_;
  off_t at_ = 0;
  int fd_;
};

}  // namespace bench
