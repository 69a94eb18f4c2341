#include "tests/support/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace sapwood::test {
namespace {

std::string reason(int error_number) { return std::generic_category().message(error_number); }

// Mounts of this process are its own from here on. Empty, or why that cannot be.
std::string leave_mount_namespace() {
  static bool left = false;
  if (left) return {};
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const int wanted = user == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS;  // without root: root of a user namespace
  if (unshare(wanted) != 0) return "A mount namespace cannot be made: " + reason(errno) + ".";
  if (user != 0) {
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1\n";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1\n";
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return "Mounts cannot be made private: " + reason(errno) + ".";
  }
  left = true;
  return {};
}

// The output of a command if it fails; empty if it succeeds.
std::string failure_of(const std::string& command, const std::string& output_path) {
  if (std::system((command + " >'" + output_path + "' 2>&1").c_str()) == 0) return {};
  std::string line;
  std::getline(std::ifstream(output_path), line);
  return '`' + command + "` failed: " + line + ".";
}

constexpr u64 kLeastXfs = u64{300} << 20;  // mkfs.xfs makes none that are smaller

// Leaves `size` bytes of the disk that holds `path`; its file takes the rest.
void take_all_but(u64 size, const std::string& path) {
  const u64 available = std::filesystem::space(std::filesystem::path(path).parent_path()).available;
  if (available <= size) return;
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 || posix_fallocate(file, 0, static_cast<off_t>(available - size)) != 0) {
    throw std::runtime_error("cannot take the space of " + path);
  }
  close(file);
}

}  // namespace

SmallDisk::SmallDisk(const std::string& kind, u64 size) : folder_(true) {
  const std::string at = folder_.file("disk");
  std::filesystem::create_directory(at);
  obstacle_ = leave_mount_namespace();
  if (!obstacle_.empty()) return;
  if (kind == "tmpfs") {
    if (mount("none", at.c_str(), "tmpfs", 0, ("size=" + std::to_string(size)).c_str()) != 0) {
      obstacle_ = "A tmpfs cannot be mounted: " + reason(errno) + ".";
    }
    return;
  }
  const std::string image = folder_.file("image");
  std::ofstream(image).close();
  std::filesystem::resize_file(image, std::max(size, kind == "xfs" ? kLeastXfs : 0));
  const std::string output = folder_.file("output");
  obstacle_ = failure_of("PATH=$PATH:/usr/sbin:/sbin mkfs." + kind + " -q '" + image + "'", output);
  if (obstacle_.empty()) obstacle_ = failure_of("mount -o loop '" + image + "' '" + at + "'", output);
  if (obstacle_.empty()) take_all_but(size, file("taken"));
}

SmallDisk::~SmallDisk() {
  if (obstacle_.empty()) umount2(folder_.file("disk").c_str(), MNT_DETACH);
}

u64 fill_disk(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("cannot create " + path + ": " + reason(errno));
  u64 size = 0;
  // A sync makes file systems that reserve generously give back what they did not need; then more fits.
  for (int syncs = 0; syncs < 3; ++syncs) {
    for (std::size_t piece = 1 << 16; piece > 0; piece /= 2) {
      const std::vector<char> zeros(piece);
      for (ssize_t written = 0; (written = write(file, zeros.data(), piece)) > 0;) size += static_cast<u64>(written);
    }
    static_cast<void>(fsync(file));
  }
  close(file);
  return size;
}

}  // namespace sapwood::test
