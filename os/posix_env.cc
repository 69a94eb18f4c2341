#include <unistd.h>
#ifdef __APPLE__
#include <stdlib.h>
#include <sys/random.h>
#endif

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

#include "os/posix.h"

namespace sapwood::os {
namespace {

class PosixClock final : public Clock {
 public:
  i64 now_us() override { return in_us(std::chrono::system_clock::now().time_since_epoch()); }
  i64 monotonic_us() override { return in_us(std::chrono::steady_clock::now().time_since_epoch()); }
#ifdef CLOCK_MONOTONIC_COARSE
  i64 coarse_monotonic_us() override {
    timespec now{};
    if (::clock_gettime(CLOCK_MONOTONIC_COARSE, &now) != 0) return monotonic_us();
    return i64{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  }
#endif

 private:
  template <class Duration>
  static i64 in_us(Duration since) {
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
  }
};

class PosixRandom final : public Random {
 public:
  void fill(void* to, std::size_t size) override {
    constexpr std::size_t kMostAtOnce = 256;  // getentropy's limit
    for (std::size_t done = 0; done < size; done += kMostAtOnce) {
      const std::size_t count = std::min(size - done, kMostAtOnce);
      const int result = retry_interrupted([&] { return ::getentropy(static_cast<u8*>(to) + done, count); });
      if (result != 0) throw_errno("get random bytes from the system", errno, Intent::read);
    }
  }
};

// The first line of a small file of the system; "" if it is not there.
std::string first_line(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

std::string command_name() {
#ifdef __APPLE__
  return ::getprogname();
#else
  return first_line("/proc/self/comm");
#endif
}

class PosixEnv final : public Env {
 public:
  FileSystem& files() override { return *files_; }
  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }

  ProcessInfo process() override {
    return ProcessInfo{static_cast<u32>(::getpid()), command_name(), first_line("/proc/sys/kernel/random/boot_id")};
  }

  std::unique_ptr<Mapping> reserve_memory(u64 size) override { return reserve_private_memory(size); }

 private:
  std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  PosixClock clock_;
  PosixRandom random_;
};

}  // namespace

Env& posix_env() {
  static Env& env = *std::make_unique<PosixEnv>().release();  // never destroyed: threads may outlive main()
  return env;
}

}  // namespace sapwood::os
