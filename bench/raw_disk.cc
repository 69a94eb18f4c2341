#include "bench/raw_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include "bench/store.h"

namespace bench {
namespace {

constexpr std::size_t kFile = std::size_t{16} << 20;

}  // namespace

RawDisk::RawDisk(const std::string& path, std::size_t record_bytes)
    : record_(record_bytes), fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  const std::vector<char> zeros(kFile);
  require(fd_ >= 0 && ::pwrite(fd_, zeros.data(), kFile, 0) == static_cast<ssize_t>(kFile) && ::fdatasync(fd_) == 0,
          "cannot write the raw file");
}

RawDisk::~RawDisk() { ::close(fd_); }

void RawDisk::write_record() {
  const std::size_t size = record_.size();
  require(::pwrite(fd_, record_.data(), size, at_) == static_cast<ssize_t>(size) && ::fdatasync(fd_) == 0,
          "cannot sync the raw file");
  at_ = (at_ + static_cast<off_t>(size)) % static_cast<off_t>(kFile - size);
}

}  // namespace bench
