#include <fcntl.h>
#include <sys/stat.h>
#ifdef __APPLE__
#include <sys/mount.h>
#else
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "os/file_system_type.h"
#include "os/posix.h"

namespace sapwood::os {
namespace {

constexpr mode_t kNewFileMode = 0666;      // the process's umask takes bits away, commonly to 0644
constexpr mode_t kPrivateFileMode = 0600;  // until it is known who else may see it
constexpr mode_t kGroupBits = 0070;
constexpr int kCreateAttempts = 16;

int open_retrying(const std::string& path, int flags, mode_t mode = 0) {
  return retry_interrupted([&] { return ::open(path.c_str(), flags, mode); });
}

[[noreturn]] void refuse(const std::string& path, const char* why) {
  throw Error(ErrorCode::invalid_argument, "cannot open " + path + ": it " + why);
}

// Refuses all but regular files. O_NONBLOCK at open keeps a fifo from hanging before this is reached.
void require_regular(const Descriptor& descriptor, const std::string& path) {
  struct stat status;
  if (::fstat(descriptor.number(), &status) != 0) throw_errno("open " + path, errno, Intent::read);
  if (S_ISREG(status.st_mode)) return;
  refuse(path, S_ISDIR(status.st_mode) ? "is a folder, not a file; name a file" : "is not a regular file; name a file");
}

// Refuses a file that has other names: it may be someone else's, put there to be written to.
void require_single_name(const Descriptor& descriptor, const std::string& path) {
  struct stat status;
  if (::fstat(descriptor.number(), &status) != 0) throw_errno("open " + path, errno, Intent::read);
  if (S_ISREG(status.st_mode) && status.st_nlink > 1) refuse(path, "has other names (hard links); remove this one");
}

bool is_symbolic_link(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

[[noreturn]] void throw_open_error(const std::string& path, int error_number, bool write) {
  if (error_number == EISDIR) refuse(path, "is a folder, not a file; name a file");
  if (error_number == ENXIO || error_number == ENODEV) {  // a fifo without a reader, a socket, an absent device
    refuse(path, "is not a regular file; name a file");
  }
  if ((error_number == ENOENT || error_number == ELOOP) && is_symbolic_link(path)) {
    refuse(path, error_number == ENOENT ? "is a symbolic link to a file that does not exist; remove the link"
                                        : "is a symbolic link; remove the link");
  }
  const char* const purpose = write && error_number != ENOENT ? " for writing" : "";
  throw_errno("open " + path + purpose, error_number, write ? Intent::write : Intent::read);
}

struct stat status_of(const std::string& path) {
  struct stat status;
  if (::stat(system_path(path), &status) != 0) throw_errno("look at " + path, errno, Intent::read);
  return status;
}

// Makes those who may read and write a file with `wanted` the ones who may read and write a new one. What cannot be
// given stays private.
void take_permissions(const Descriptor& made, const struct stat& wanted) {
  mode_t mode = wanted.st_mode & kNewFileMode;
  // Only root can give a file away; its owner can give it to a group that he is in.
  const uid_t owner = ::geteuid() == 0 ? wanted.st_uid : static_cast<uid_t>(-1);
  if (::fchown(made.number(), owner, wanted.st_gid) != 0) mode &= ~kGroupBits;
  static_cast<void>(::fchmod(made.number(), mode));  // a file system without modes has its own rules
}

// A descriptor of a new file; closed, with errno set, if it cannot be made.
Descriptor create_new(const std::string& path, int flags, const std::string& like) {
  const int creating = flags | O_CREAT | O_EXCL | O_NOFOLLOW;
  if (like.empty()) return Descriptor(open_retrying(path, creating, kNewFileMode));
  const struct stat wanted = status_of(like);
  Descriptor made(open_retrying(path, creating, kPrivateFileMode));
  if (made.is_open()) take_permissions(made, wanted);
  return made;
}

// Opens what is there, or creates it, following no link; another process may create or remove it meanwhile.
Descriptor open_or_create(const std::string& path, int flags, const std::string& like) {
  for (int attempt = 0; attempt < kCreateAttempts; ++attempt) {
    Descriptor found(open_retrying(path, flags | O_NOFOLLOW));
    if (found.is_open()) {
      require_single_name(found, path);
      return found;
    }
    if (errno != ENOENT) throw_open_error(path, errno, true);
    Descriptor made = create_new(path, flags, like);
    if (made.is_open()) return made;
    if (errno != EEXIST) throw_errno("create " + path, errno, Intent::write);
  }
  throw Error(ErrorCode::io, "cannot open " + path + ": it is created and removed all the time");
}

std::string temporary_folder() {
  const char* const named = std::getenv("TMPDIR");
  return named != nullptr && *named != '\0' ? named : "/tmp";
}

Descriptor open_nameless(const std::string& folder) {
#ifdef O_TMPFILE
  const int nameless = retry_interrupted([&] { return ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); });
  if (nameless >= 0) return Descriptor(nameless);
#endif
  std::string name = folder + "/sapwood-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named < 0) throw_errno("create a temporary file in " + folder, errno, Intent::write);
  Descriptor descriptor(named);
  if (::unlink(name.c_str()) != 0) throw_errno("unlink the temporary file " + name, errno, Intent::write);
  return descriptor;
}

// Renames unless the target exists: 0, or -1 with errno; ENOSYS or EINVAL where the system cannot.
int rename_exclusive(const char* from, const char* to) {
#ifdef __APPLE__
  return ::renamex_np(from, to, RENAME_EXCL);
#else
  return ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#endif
}

class PosixFileSystem final : public FileSystem {
 public:
  std::unique_ptr<File> open(const std::string& path, OpenFlags flags) override {
    system_path(path);
    const int access = (flags.write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    Descriptor descriptor;
    if (flags.create && !flags.exclusive) {
      descriptor = open_or_create(path, access, flags.like);
    } else {
      descriptor = flags.create ? create_new(path, access, flags.like) : Descriptor(open_retrying(path, access));
      if (!descriptor.is_open()) throw_open_error(path, errno, flags.write || flags.create);
    }
    require_regular(descriptor, path);
    return make_posix_file(std::move(descriptor), path);
  }

  std::unique_ptr<File> open_temporary() override {
    const std::string folder = temporary_folder();
    return make_posix_file(open_nameless(folder), folder + "/(temporary file)");
  }

  bool exists(const std::string& path) override {
    struct stat status;
    if (::stat(system_path(path), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw_errno("look for " + path, errno, Intent::read);
  }

  void remove(const std::string& path) override {
    if (::unlink(system_path(path)) == 0) return;
    const int error_number = errno;
    struct stat status;  // unlink of a folder is EPERM on some systems
    if (::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      throw Error(ErrorCode::invalid_argument, "cannot remove " + path + ": it is a folder, not a file");
    }
    throw_errno("remove " + path, error_number, Intent::write);
  }

  void rename_new(const std::string& from, const std::string& to) override {
    const std::string action = "rename " + from + " to " + to;
    if (rename_exclusive(system_path(from), system_path(to)) == 0) return;
    if (errno != ENOSYS && errno != EINVAL && errno != ENOTSUP) throw_errno(action, errno, Intent::write);
    if (::link(from.c_str(), to.c_str()) != 0) throw_errno(action, errno, Intent::write);
    if (::unlink(from.c_str()) != 0) throw_errno("remove the old name in: " + action, errno, Intent::write);
  }

  void copy_permissions(const std::string& from, const std::string& to) override {
    const Descriptor descriptor(open_retrying(system_path(to), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
    if (!descriptor.is_open()) throw_open_error(to, errno, false);
    take_permissions(descriptor, status_of(from));
  }

  void sync_folder_of(const std::string& path) override {
    system_path(path);
    const std::string folder = folder_of(path);
    const Descriptor descriptor(open_retrying(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.is_open()) throw_errno("open the folder " + folder, errno, Intent::read);
    const int result = retry_interrupted([&] { return ::fsync(descriptor.number()); });
    // Some file systems cannot sync folders and say EINVAL; their entries are as durable as they get.
    if (result != 0 && errno != EINVAL) throw_errno("sync the folder " + folder, errno, Intent::write);
  }

  std::string resolve(const std::string& path) override {
    if (const auto whole = real_path(system_path(path))) return *whole;
    if (errno != ENOENT) throw_errno("resolve " + path, errno, Intent::read);
    const std::string name = path.substr(path.find_last_of('/') + 1);
    const std::string folder = folder_of(path);
    if (name.empty() || name == "." || name == "..") throw_errno("resolve " + path, ENOENT, Intent::read);
    if (is_symbolic_link(path)) throw_open_error(path, ENOENT, true);
    const auto parent = real_path(folder.c_str());
    if (!parent) throw_errno("resolve " + path + ", whose folder is " + folder, errno, Intent::read);
    return *parent == "/" ? "/" + name : *parent + "/" + name;
  }

  std::string network_of(const std::string& path) override {
    struct statfs status;
    if (::statfs(system_path(path), &status) != 0) {
      if (errno != ENOENT) throw_errno("look at the file system of " + path, errno, Intent::read);
      const std::string folder = folder_of(path);
      if (::statfs(folder.c_str(), &status) != 0)
        throw_errno("look at the file system of " + folder, errno, Intent::read);
    }
#ifdef __APPLE__
    return (status.f_flags & MNT_LOCAL) != 0 ? "" : status.f_fstypename;
#else
    const char* const name = network_name(static_cast<u32>(status.f_type));
    return name != nullptr ? name : "";
#endif
  }

  // As Linux tells it under /proc; elsewhere there is no such folder, and the answer is nobody.
  std::vector<ProcessInfo> users_of(const std::string& path) override {
    namespace fs = std::filesystem;
    std::vector<ProcessInfo> users;
    struct stat wanted;
    if (::stat(path.c_str(), &wanted) != 0) return users;
    std::error_code error;  // of processes that end meanwhile, or are another user's
    for (const fs::directory_entry& process : fs::directory_iterator("/proc", error)) {
      const std::string name = process.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      for (const fs::directory_entry& open : fs::directory_iterator(process.path() / "fd", error)) {
        struct stat found;
        if (::stat(open.path().c_str(), &found) != 0) continue;
        if (found.st_dev != wanted.st_dev || found.st_ino != wanted.st_ino) continue;
        std::string command;
        std::getline(std::ifstream(process.path() / "comm"), command);
        users.push_back({static_cast<u32>(std::stoul(name)), command, ""});
        break;
      }
    }
    return users;
  }

 private:
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };

  // nullopt with errno set if it does not exist or cannot be reached.
  static std::optional<std::string> real_path(const char* path) {
    const std::unique_ptr<char, Free> found(::realpath(path, nullptr));
    if (found == nullptr) return std::nullopt;
    return std::string(found.get());
  }
};

}  // namespace

std::unique_ptr<FileSystem> make_posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace sapwood::os
