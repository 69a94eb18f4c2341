#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#ifndef __APPLE__
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "os/file_system_type.h"
#include "os/posix.h"

namespace sapwood::os {
namespace {

constexpr std::size_t kPartsPerCall = std::min<std::size_t>(IOV_MAX, 256);
constexpr off_t kFirstLockByte = off_t{1} << 62;
constexpr std::size_t kZeroChunkBytes = std::size_t{256} << 10;

class MemoryMapping final : public Mapping {
 public:
  // Maps `size` bytes; a size of 0 gives an empty mapping. False with errno set if the system refuses.
  bool map(u64 size, int protection, int flags, int descriptor) {
    if (size == 0) return true;
    void* const at = ::mmap(nullptr, size, protection, flags, descriptor, 0);
    if (at == MAP_FAILED) return false;
    data_ = static_cast<u8*>(at);
    size_ = size;
    return true;
  }
  ~MemoryMapping() override {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
};

std::string at_offset(const char* action, const std::string& path, u64 offset) {
  return std::string(action) + " " + path + " at " + std::to_string(offset);
}

// Asks the system for space without writing; false if this file system cannot. `error_number`: 0 or what failed.
bool reserve_space(int descriptor, u64 offset, u64 size, int& error_number) {
#ifdef __APPLE__
  static_cast<void>(descriptor), static_cast<void>(offset), static_cast<void>(size), static_cast<void>(error_number);
  return false;
#else
  const int result = retry_interrupted(
      [&] { return ::fallocate(descriptor, 0, static_cast<off_t>(offset), static_cast<off_t>(size)); });
  error_number = result == 0 ? 0 : errno;
  return error_number != EOPNOTSUPP && error_number != ENOSYS;
#endif
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, const std::string& path) : descriptor_(std::move(descriptor)), path_(path) {}

  const std::string& path() const override { return path_; }

  u64 size() override {
    struct stat status;
    if (::fstat(descriptor_.number(), &status) != 0) throw_errno("read the size of " + path_, errno, Intent::read);
    return static_cast<u64>(status.st_size);
  }

  std::size_t read(u64 offset, void* to, std::size_t size) override {
    const auto call = [this](void* at, std::size_t count, u64 from) {
      return ::pread(descriptor_.number(), at, count, static_cast<off_t>(from));
    };
    return read_fully(call, path_, offset, to, size);
  }

  void write(u64 offset, std::span<const WritePart> parts) override {
    const auto call = [this](const iovec* vectors, int count, u64 at) {
      return ::pwritev(descriptor_.number(), vectors, count, static_cast<off_t>(at));
    };
    write_fully(call, path_, offset, parts);
  }

  void sync() override {
#ifdef __APPLE__
    int result = retry_interrupted([this] { return ::fcntl(descriptor_.number(), F_FULLFSYNC); });
    if (result == -1 && (errno == ENOTSUP || errno == EINVAL)) {
      result = retry_interrupted([this] { return ::fsync(descriptor_.number()); });
    }
#else
    const int result = retry_interrupted([this] { return ::fdatasync(descriptor_.number()); });
#endif
    if (result == -1) throw_errno("sync " + path_ + " to the disk", errno, Intent::write);
  }

  void write_through(u64 offset, const void* data, std::size_t size) override {
#ifdef RWF_DSYNC
    bool synced = true;
    const auto call = [&](const iovec* vectors, int count, u64 at) {
      const off_t place = static_cast<off_t>(at);
      const ssize_t written = ::pwritev2(descriptor_.number(), vectors, count, place, RWF_DSYNC);
      if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS)) return written;
      synced = false;  // not everywhere is there such a write: emulated systems, old kernels
      return ::pwritev(descriptor_.number(), vectors, count, place);
    };
    const WritePart part{data, size};
    write_fully(call, path_, offset, std::span(&part, 1));
    if (!synced) sync();
#else
    File::write(offset, data, size);
    sync();
#endif
  }

  // Advice only: what fails here, sync() will tell.
  void start_write_back([[maybe_unused]] u64 offset, [[maybe_unused]] u64 size) override {
#ifndef __APPLE__
    static_cast<void>(::sync_file_range(descriptor_.number(), static_cast<off_t>(offset), static_cast<off_t>(size),
                                        SYNC_FILE_RANGE_WRITE));
#endif
  }

  void allocate(u64 offset, u64 size) override {
    if (size == 0) return;
    const u64 old_size = this->size();
    const u64 end = offset + size;
    int error_number = 0;
    if (!reserve_space(descriptor_.number(), offset, size, error_number)) {
      allocate_by_writing(old_size, end);
    } else if (error_number != 0) {
      give_back(old_size, end);
      throw_errno("grow " + path_ + " to " + std::to_string(end) + " bytes", error_number, Intent::write);
    }
  }

  void truncate(u64 size) override {
    const int result = retry_interrupted([&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(size)); });
    if (result != 0) {
      throw_errno("change the size of " + path_ + " to " + std::to_string(size), errno, Intent::write);
    }
  }

  void drop_cache() override {
#ifndef __APPLE__
    // Advice only: a system that does not take it still reads right, from its cache.
    static_cast<void>(::posix_fadvise(descriptor_.number(), 0, 0, POSIX_FADV_DONTNEED));
#endif
  }

  std::unique_ptr<Mapping> map(u64 reserve) override { return map_file(reserve, PROT_READ); }
  std::unique_ptr<Mapping> map_shared(u64 size) override { return map_file(size, PROT_READ | PROT_WRITE); }
  std::unique_ptr<Mapping> map_for_stores(u64 reserve) override { return map_file(reserve, PROT_READ | PROT_WRITE); }
  void about_to_store(u64, u64) override {}  // the system sees stores by itself
  void stored(u64, u64) override {}

  // File systems that copy on write (btrfs, zfs, and xfs for files that share blocks) may run out of space at a store.
  bool keeps_space_for_stores() override {
#ifdef __APPLE__
    return false;
#else
    struct statfs status;
    if (::fstatfs(descriptor_.number(), &status) != 0) return false;
    return keeps_space(static_cast<u32>(status.f_type));
#endif
  }

  bool try_lock(u32 number, LockKind kind) override {
    return set_lock(number, kind == LockKind::shared ? F_RDLCK : F_WRLCK);
  }
  void unlock(u32 number) override { set_lock(number, F_UNLCK); }
  bool is_locked_elsewhere(u32 number) override {
    struct flock lock = lock_at(number, F_WRLCK);
    if (retry_interrupted([&] { return ::fcntl(descriptor_.number(), F_OFD_GETLK, &lock); }) == -1) {
      throw_errno("look at the locks of " + path_, errno, Intent::read);
    }
    return lock.l_type != F_UNLCK;
  }

  bool is_at_path() override {
    struct stat own;
    struct stat named;
    if (::fstat(descriptor_.number(), &own) != 0) throw_errno("look at " + path_, errno, Intent::read);
    if (::stat(path_.c_str(), &named) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return false;
      throw_errno("look at " + path_, errno, Intent::read);
    }
    return own.st_dev == named.st_dev && own.st_ino == named.st_ino;
  }

 private:
  std::unique_ptr<Mapping> map_file(u64 size, int protection) {
    auto mapping = std::make_unique<MemoryMapping>();
    if (!mapping->map(size, protection, MAP_SHARED | MAP_NORESERVE, descriptor_.number())) {
      throw_errno("map " + std::to_string(size) + " bytes of " + path_, errno,
                  (protection & PROT_WRITE) != 0 ? Intent::write : Intent::read);
    }
    return mapping;
  }

  void allocate_by_writing(u64 old_size, u64 end) {
    if (end <= old_size) return;
    try {
      write_zeros(descriptor_.number(), path_, old_size, end);
    } catch (const Error&) {
      give_back(old_size, end);
      throw;
    }
  }

  // Undoes a growth that failed half way, also of blocks past the end that are not part of the size yet.
  void give_back(u64 old_size, u64 end) noexcept {
    if (end <= old_size) return;
    static_cast<void>(
        retry_interrupted([&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(old_size)); }));
  }

  static struct flock lock_at(u32 number, short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = kFirstLockByte + static_cast<off_t>(number);
    lock.l_len = 1;
    return lock;
  }

  // False if another open file holds a lock in the way.
  bool set_lock(u32 number, short type) {
    struct flock lock = lock_at(number, type);
    const int result = retry_interrupted([&] { return ::fcntl(descriptor_.number(), F_OFD_SETLK, &lock); });
    if (result != -1) return true;
    if (errno == EAGAIN || errno == EACCES) return false;
    throw_errno((type == F_UNLCK ? "unlock " : "lock ") + path_, errno, Intent::read);
  }

  Descriptor descriptor_;
  std::string path_;
};

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

std::size_t read_fully(const ReadCall& call, const std::string& path, u64 offset, void* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count =
        retry_interrupted([&] { return call(static_cast<u8*>(to) + done, size - done, offset + done); });
    if (count < 0) throw_errno(at_offset("read", path, offset + done), errno, Intent::read);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

void write_fully(const WriteCall& call, const std::string& path, u64 offset, std::span<const WritePart> parts) {
  std::size_t part = 0;    // the first part that is not wholly written
  std::size_t inside = 0;  // and how much of it is
  for (;;) {
    std::array<iovec, kPartsPerCall> vectors;
    int count = 0;
    for (std::size_t i = part; i < parts.size() && count < static_cast<int>(kPartsPerCall); ++i) {
      const std::size_t skip = i == part ? inside : 0;
      if (parts[i].size == skip) continue;
      u8* const from = const_cast<u8*>(static_cast<const u8*>(parts[i].data)) + skip;  // iovec serves reads too
      vectors[static_cast<std::size_t>(count++)] = iovec{from, parts[i].size - skip};
    }
    if (count == 0) return;
    const ssize_t written = retry_interrupted([&] { return call(vectors.data(), count, offset); });
    if (written < 0) throw_errno(at_offset("write", path, offset), errno, Intent::write);
    if (written == 0) throw_errno(at_offset("write", path, offset), EIO, Intent::write);
    offset += static_cast<u64>(written);
    inside += static_cast<std::size_t>(written);
    while (part < parts.size() && inside >= parts[part].size) inside -= parts[part++].size;
  }
}

void write_zeros(int descriptor, const std::string& path, u64 from, u64 to) {
  const std::vector<u8> zeros(std::min<u64>(to - from, kZeroChunkBytes));
  const WriteCall call = [descriptor](const iovec* parts, int count, u64 at) {
    return ::pwritev(descriptor, parts, count, static_cast<off_t>(at));
  };
  for (u64 at = from; at < to; at += zeros.size()) {
    const WritePart part{zeros.data(), static_cast<std::size_t>(std::min<u64>(zeros.size(), to - at))};
    write_fully(call, path, at, std::span(&part, 1));
  }
}

std::unique_ptr<File> make_posix_file(Descriptor descriptor, const std::string& path) {
  return std::make_unique<PosixFile>(std::move(descriptor), path);
}

std::unique_ptr<Mapping> reserve_private_memory(u64 size) {
  auto mapping = std::make_unique<MemoryMapping>();
  if (!mapping->map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)) {
    throw_errno("reserve " + std::to_string(size) + " bytes of memory", errno, Intent::read);
  }
  return mapping;
}

}  // namespace sapwood::os
