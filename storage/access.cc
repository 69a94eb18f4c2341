#include "storage/access.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "os/wait.h"
#include "sapwood/error.h"
#include "storage/create.h"
#include "storage/geometry.h"
#include "storage/meta.h"
#include "storage/processes.h"

namespace sapwood::storage {
namespace {

using os::LockKind;

// Others hold the open lock for as long as recovery takes.
constexpr std::chrono::seconds kOpenPatience{30};
constexpr std::chrono::milliseconds kPause{1};

// The lock file tells more than the system does, but only of a process that writes; a reader leaves it as it is.
std::string holder_of(os::Env& env, const std::string& path) {
  constexpr std::size_t kMostNamed = 3;
  const std::vector<os::ProcessInfo> users = env.files().users_of(path);
  const std::string lock_path = path + "-lock";
  if (env.files().exists(lock_path)) {
    const std::unique_ptr<os::File> file = env.files().open(lock_path, {.write = false});
    std::vector<u8> bytes(sizeof(LockFile));
    bytes.resize(file->read(0, bytes.data(), bytes.size()));
    const u32 writer = holding_process(bytes.data(), bytes.size());
    const bool holds = users.empty() || std::ranges::find(users, writer, &os::ProcessInfo::pid) != users.end();
    if (writer != 0 && holds) return describe_holder(bytes.data(), bytes.size());
  }
  std::string named;
  for (std::size_t i = 0; i < std::min(users.size(), kMostNamed); ++i) {
    named += (i == 0 ? "process " : ", ") + std::to_string(users[i].pid) + " (" + users[i].command + ")";
  }
  if (users.size() > kMostNamed) named += " and " + std::to_string(users.size() - kMostNamed) + " others";
  return named.empty() ? "another process" : named;
}

[[noreturn]] void throw_in_use(os::Env& env, const std::string& path, const char* how) {
  std::string holder = "another process";
  try {
    holder = holder_of(env, path);
  } catch (const Error&) {  // then it stays unnamed
  }
  throw Error(ErrorCode::in_use, path + " is " + how + " by " + holder + "; close it there first");
}

bool wait_for_open_lock(os::File& file, LockKind kind) {
  const std::chrono::microseconds end = os::wait_clock() + kOpenPatience;
  const std::atomic<u32> nobody_wakes{0};
  while (!file.try_lock(kOpenLock, kind)) {
    if (os::wait_clock() > end) return false;
    os::wait_on(nobody_wakes, 0, kPause);
  }
  return true;
}

bool wants_alone(const Options& options) {
  return options.mode != OpenMode::read && (options.exclusive || options.durability == Durability::none);
}

// Processes share memory with each other, which those of other machines do not have. There one process may write, or
// any number read what nobody writes, as far as the file system takes byte locks to all machines. False if it only may
// read alone.
bool may_have_lock_file(os::Env& env, const std::string& path, const Options& options) {
  const std::string network = env.files().network_of(path);
  if (network.empty() || wants_alone(options)) return true;
  if (options.mode == OpenMode::read) return false;
  throw Error(ErrorCode::invalid_argument,
              path + " is on a network file system (" + network +
                  "), where processes cannot share it; open it with Options::exclusive, or copy it to a local disk");
}

// Opens the file and makes it first if the mode says so; null if it went away in between. A reader opens it for writing
// too if it `may_share` and can: who takes part in the lock file needs exclusive byte locks.
std::unique_ptr<os::File> open_file(os::Env& env, const std::string& path, const Options& options, bool may_share,
                                    bool& writable) {
  const bool may_create = options.mode == OpenMode::create || options.mode == OpenMode::create_new;
  if (may_create && !env.files().exists(path)) {
    try {
      create_database(env, path, options.page_size == 0 ? kDefaultPageSize : options.page_size);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::exists || options.mode == OpenMode::create_new) throw;
      if (!env.files().exists(path)) return nullptr;  // the name to build under was taken, by a leftover
    }
  }
  writable = may_share;
  try {
    if (writable) return env.files().open(path, {.write = true});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::read_only || options.mode != OpenMode::read) throw;
  }
  writable = false;
  return env.files().open(path, {.write = false});
}

// Ours, or what a crash left of one that was being made.
bool may_be_lock_file(os::File& file) {
  u8 magic[sizeof kLockMagic] = {};
  file.read(0, magic, sizeof magic);
  const bool is_empty = std::all_of(magic, magic + sizeof magic, [](u8 byte) { return byte == 0; });
  return is_empty || std::memcmp(magic, kLockMagic, sizeof magic) == 0;
}

// With the open lock: maps the lock file, beside those who use it. Throws read_only if this process cannot write it.
void share(os::Env& env, const std::string& path, const Options& options, Access& access) {
  os::File& file = *access.file;
  const bool reads = options.mode == OpenMode::read;
  if (!reads && file.is_locked_elsewhere(kReadLock)) throw_in_use(env, path, "read from a place without a lock file");
  access.is_alone = file.try_lock(kUseLock, LockKind::exclusive);
  access.exclusive = wants_alone(options);
  if (access.exclusive && !access.is_alone) throw_in_use(env, path, "in use");
  if (!access.exclusive && !file.try_lock(kUseLock, LockKind::shared)) throw_in_use(env, path, "in exclusive use");
  access.found_lock_file = env.files().exists(path + "-lock");
  if (!access.found_lock_file) static_cast<void>(read_metas(file));  // nothing is made beside a file that is not ours
  access.lock_file = env.files().open(path + "-lock", {.write = true, .create = true, .like = path});
  if (!may_be_lock_file(*access.lock_file)) {
    throw Error(ErrorCode::in_use, path + "-lock is not a lock file of Sapwood; move it away, then open again");
  }
  access.lock_file->allocate(0, sizeof(LockFile));  // real space: a full disk is an error here, not a signal later
  access.lock_bytes = access.lock_file->map_shared(sizeof(LockFile));
}

// Without a lock file one can only read what nobody writes.
void read_alone(os::Env& env, const std::string& path, Access& access) {
  if (access.file->is_locked_elsewhere(kUseLock)) throw_in_use(env, path, "written");
  if (!access.file->try_lock(kReadLock, LockKind::shared)) throw_in_use(env, path, "in use");
  access.is_alone = true;
  access.lock_bytes = env.reserve_memory(sizeof(LockFile));
}

// A reader may be able to write the file, but not in its folder, or the disk may have no room for the lock file.
void share_or_read_alone(os::Env& env, const std::string& path, const Options& options, Access& access) {
  try {
    share(env, path, options, access);
  } catch (const Error& error) {
    abandon(env, path, access);
    const bool can_do_without = error.code() == ErrorCode::read_only || error.code() == ErrorCode::disk_full;
    if (!can_do_without || options.mode != OpenMode::read) throw;
    access.file->unlock(kUseLock);
    read_alone(env, path, access);
  }
}

}  // namespace

void abandon(os::Env& env, const std::string& path, Access& access) noexcept {
  try {
    if (access.lock_file != nullptr && access.is_alone && !access.found_lock_file) env.files().remove(path + "-lock");
  } catch (...) {
    // The next one to open the file takes it over.
  }
  access.lock_bytes.reset();
  access.lock_file.reset();
}

Access open_access(os::Env& env, const std::string& path, const Options& options) {
  if (options.mode == OpenMode::create_new && env.files().exists(path)) {
    throw Error(ErrorCode::exists, path + " exists already; open it in another mode or choose another name");
  }
  const bool may_share = may_have_lock_file(env, path, options);
  for (int attempt = 0; attempt < 16; ++attempt) {
    Access access;
    bool writable = false;
    access.file = open_file(env, path, options, may_share, writable);
    if (access.file == nullptr) continue;
    if (!wait_for_open_lock(*access.file, writable ? LockKind::exclusive : LockKind::shared)) {
      throw_in_use(env, path, "being opened or closed");
    }
    if (!access.file->is_at_path()) continue;  // it was replaced in between
    if (writable) {
      share_or_read_alone(env, path, options, access);
    } else {
      read_alone(env, path, access);
    }
    return access;
  }
  throw Error(ErrorCode::in_use, path + " is replaced again and again by others; close it there first");
}

void finish_opening(os::File& file) noexcept {
  try {
    file.unlock(kOpenLock);
  } catch (...) {
    // It goes with the descriptor.
  }
}

bool start_closing(os::File& file) { return wait_for_open_lock(file, LockKind::exclusive); }

}  // namespace sapwood::storage
