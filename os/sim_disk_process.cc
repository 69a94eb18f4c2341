#include <algorithm>
#include <cstring>

#include "os/sim_disk_state.h"

namespace sapwood::os {
namespace {

using StatePointer = std::shared_ptr<SimDisk::State>;
using ProcessPointer = std::shared_ptr<SimProcessState>;

// A view of a simulated file's cached bytes.
class SimMapping final : public Mapping {
 public:
  SimMapping(std::shared_ptr<SimRegion> region, u64 size) : region_(std::move(region)) {
    data_ = region_->data();
    size_ = size;
  }

 private:
  std::shared_ptr<SimRegion> region_;
};

// All parts of a gathered write in one piece.
std::shared_ptr<const u8[]> joined(std::span<const WritePart> parts, u64 size) {
  auto data = std::make_shared<u8[]>(size);
  u64 at = 0;
  for (const WritePart& part : parts) {
    if (part.size > 0) std::memcpy(data.get() + at, part.data, part.size);
    at += part.size;
  }
  return data;
}

class SimFile final : public File {
 public:
  // Requires: the state's mutex is held.
  SimFile(StatePointer state, ProcessPointer process, SimInodePointer inode, const std::string& path,
          const std::string& name, bool writable)
      : state_(std::move(state)),
        process_(std::move(process)),
        inode_(std::move(inode)),
        path_(path),
        name_(name),
        writable_(writable) {
    ++state_->open_files;
  }

  ~SimFile() override {
    const std::lock_guard lock(state_->mutex);
    drop_lock();
    --state_->open_files;
    inode_ = nullptr;
  }

  const std::string& path() const override { return path_; }

  u64 size() override {
    const auto lock = enter(Call::file_size, "read the size of " + path_);
    return inode_->node.size();
  }

  std::size_t read(u64 offset, void* to, std::size_t size) override {
    const auto lock = enter(Call::read, "read " + path_ + " at ", offset);
    const SimNode& node = inode_->node;
    if (offset >= node.size()) return 0;
    const std::size_t count = static_cast<std::size_t>(std::min<u64>(size, node.size() - offset));
    std::memcpy(to, node.region()->data() + offset, count);
    return count;
  }

  void write(u64 offset, std::span<const WritePart> parts) override {
    u64 size = 0;
    for (const WritePart& part : parts) size += part.size;
    std::unique_lock lock(state_->mutex);
    const auto fault = state_->enter(*process_, Call::write, name_);
    require_writable("write");
    if (fault && (*fault != FaultKind::short_write || size == 0)) fail_write(*fault, offset);
    if (size == 0) return;
    state_->require_room(inode_->node, offset + size, path_);
    const u64 done = fault ? state_->random() % size : size;
    if (done > 0) write_some(lock, offset, joined(parts, size), done);
    if (fault) fail_write(*fault, offset + done);
  }

  void sync() override {
    std::unique_lock lock(state_->mutex);
    if (const auto fault = state_->enter(*process_, Call::sync, name_)) {
      inode_->node.fail_sync();
      throw_fault(*fault, "sync " + path_ + " to the disk");
    }
    state_->perform(lock, *process_, operation(OperationKind::sync), [&](u64) {
      if (!state_->dropped_syncs) inode_->node.sync();
    });
  }

  void allocate(u64 offset, u64 size) override {
    auto lock = enter(Call::allocate, "grow " + path_ + " to ", offset + size);
    require_writable("grow");
    if (size == 0) return;
    state_->require_room(inode_->node, offset + size, path_);
    state_->perform(lock, *process_, operation(OperationKind::allocate, offset, size), [&](u64 number) {
      inode_->node.change_size(number, std::max(inode_->node.size(), offset + size));
    });
  }

  void truncate(u64 size) override {
    auto lock = enter(Call::truncate, "change the size of " + path_ + " to ", size);
    require_writable("change the size of");
    state_->require_room(inode_->node, size, path_);
    state_->perform(lock, *process_, operation(OperationKind::truncate, 0, size),
                    [&](u64 number) { inode_->node.change_size(number, size); });
  }

  void drop_cache() override {
    const auto lock = enter(Call::drop_cache, "drop the cache of " + path_);
    inode_->node.drop_cache();
  }

  std::unique_ptr<Mapping> map(u64 reserve) override {
    const auto lock = enter(Call::map, "map " + path_);
    return std::make_unique<SimMapping>(inode_->node.region(), reserve);
  }

  std::unique_ptr<Mapping> map_shared(u64 size) override {
    const auto lock = enter(Call::map, "map " + path_);
    require_writable("map");
    if (size > state_->pool->region_bytes()) throw_fault(FaultKind::out_of_memory, "map " + path_);
    inode_->node.share(size);
    return std::make_unique<SimMapping>(inode_->node.region(), size);
  }

  bool try_lock(LockKind kind) override {
    const auto lock = enter(Call::lock, "lock " + path_);
    if (state_->is_locked_against(*inode_, this, kind)) return false;
    drop_lock();
    inode_->locks.push_back(SimLock{this, process_, kind});
    return true;
  }

  void unlock() override {
    const auto lock = enter(Call::lock, "unlock " + path_);
    drop_lock();
  }

  bool is_at_path() override {
    const auto lock = enter(Call::file_size, "look at " + path_);
    return state_->find(name_) == inode_;
  }

 private:
  std::unique_lock<std::mutex> enter(Call call, const std::string& action) {
    std::unique_lock lock(state_->mutex);
    state_->enter_or_throw(*process_, call, name_, action);
    return lock;
  }
  std::unique_lock<std::mutex> enter(Call call, const std::string& action, u64 number) {
    return enter(call, action + std::to_string(number));
  }

  void require_writable(const char* action) const {
    if (writable_) return;
    throw Error(ErrorCode::read_only, std::string("cannot ") + action + " " + path_ + ": it was opened for reading");
  }

  Operation operation(OperationKind kind, u64 offset = 0, u64 size = 0) const {
    return Operation{.number = 0, .kind = kind, .path = name_, .offset = offset, .size = size};
  }

  void write_some(std::unique_lock<std::mutex>& lock, u64 offset, std::shared_ptr<const u8[]> data, u64 size) {
    Operation write = operation(OperationKind::write, offset, size);
    write.data = data.get();
    state_->perform(lock, *process_, std::move(write), [&](u64 number) {
      inode_->node.write(number, offset, std::move(data), size, state_->shift_of_next_write(name_));
    });
  }

  [[noreturn]] void fail_write(FaultKind kind, u64 offset) const {
    throw_fault(kind, "write " + path_ + " at " + std::to_string(offset));
  }

  void drop_lock() {
    std::erase_if(inode_->locks, [this](const SimLock& lock) { return lock.holder == this; });
  }

  const StatePointer state_;
  const ProcessPointer process_;
  SimInodePointer inode_;
  const std::string path_;  // as given
  const std::string name_;  // normalised
  const bool writable_;
};

class SimFileSystem final : public FileSystem {
 public:
  SimFileSystem(StatePointer state, ProcessPointer process) : state_(std::move(state)), process_(std::move(process)) {}

  std::unique_ptr<File> open(const std::string& path, OpenFlags flags) override {
    const std::string name = normalised(path);
    auto lock = enter(Call::open, name, "open " + path);
    if (state_->is_folder(name)) {
      throw Error(ErrorCode::invalid_argument, "cannot open " + path + ": it is a folder, not a file; name a file");
    }
    if (flags.write || flags.create) require_not_read_only("open " + path + " for writing");
    if (state_->find(name) == nullptr) {
      if (!flags.create) throw Error(ErrorCode::not_found, "cannot open " + path + ": No such file or directory");
      create(lock, name);
    } else if (flags.create && flags.exclusive) {
      throw Error(ErrorCode::exists, "cannot open " + path + " for writing: File exists");
    }
    return std::make_unique<SimFile>(state_, process_, state_->find(name), path, name, flags.write);
  }

  std::unique_ptr<File> open_temporary() override {
    const auto lock = enter(Call::open, "(temporary)", "create a temporary file");
    return std::make_unique<SimFile>(state_, process_, state_->make_inode(), "/tmp/(temporary file)", "(temporary)",
                                     true);
  }

  bool exists(const std::string& path) override {
    const std::string name = normalised(path);
    const auto lock = enter(Call::look_up, name, "look for " + path);
    return state_->find(name) != nullptr || state_->is_folder(name);
  }

  void remove(const std::string& path) override {
    const std::string name = normalised(path);
    auto lock = enter(Call::remove, name, "remove " + path);
    require_not_read_only("remove " + path);
    if (state_->is_folder(name)) {
      throw Error(ErrorCode::invalid_argument, "cannot remove " + path + ": it is a folder, not a file");
    }
    require_present(name, "remove " + path);
    state_->perform(lock, *process_, Operation{.number = 0, .kind = OperationKind::remove, .path = name},
                    [&](u64 number) {
                      require_present(name, "remove " + path);
                      state_->change_names(SimEntryChange{number, OperationKind::remove, {{name, nullptr}}});
                    });
  }

  void rename_new(const std::string& from, const std::string& to) override {
    const std::string old_name = normalised(from);
    const std::string new_name = normalised(to);
    const std::string action = "rename " + from + " to " + to;
    auto lock = enter(Call::rename, old_name, action);
    require_not_read_only(action);
    require_present(old_name, action);
    require_absent(new_name, action);
    Operation rename{.number = 0, .kind = OperationKind::rename, .path = old_name, .to = new_name};
    state_->perform(lock, *process_, std::move(rename), [&](u64 number) {
      const SimInodePointer inode = require_present(old_name, action);
      require_absent(new_name, action);
      state_->change_names(SimEntryChange{number, OperationKind::rename, {{old_name, nullptr}, {new_name, inode}}});
    });
  }

  void sync_folder_of(const std::string& path) override {
    const std::string name = normalised(path);
    auto lock = enter(Call::sync_folder, name, "sync the folder of " + path);
    const std::size_t slash = name.find_last_of('/');
    const std::string folder = slash == 0 ? "/" : name.substr(0, slash);
    Operation sync{.number = 0, .kind = OperationKind::sync_folder, .path = folder};
    state_->perform(lock, *process_, std::move(sync), [&](u64) {
      if (!state_->dropped_syncs) state_->sync_folder(folder);
    });
  }

  std::string resolve(const std::string& path) override {
    std::string name = normalised(path);
    const auto lock = enter(Call::look_up, name, "resolve " + path);
    return name;
  }

 private:
  std::unique_lock<std::mutex> enter(Call call, const std::string& name, const std::string& action) {
    std::unique_lock lock(state_->mutex);
    state_->enter_or_throw(*process_, call, name, action);
    return lock;
  }

  void create(std::unique_lock<std::mutex>& lock, const std::string& name) {
    state_->perform(
        lock, *process_, Operation{.number = 0, .kind = OperationKind::create, .path = name}, [&](u64 number) {
          if (state_->find(name) != nullptr) return;  // another thread was faster
          state_->change_names(SimEntryChange{number, OperationKind::create, {{name, state_->make_inode()}}});
        });
  }

  void require_not_read_only(const std::string& action) const {
    if (state_->read_only) throw Error(ErrorCode::read_only, "cannot " + action + ": Read-only file system");
  }
  SimInodePointer require_present(const std::string& name, const std::string& action) const {
    SimInodePointer inode = state_->find(name);
    if (inode == nullptr) throw Error(ErrorCode::not_found, "cannot " + action + ": No such file or directory");
    return inode;
  }
  void require_absent(const std::string& name, const std::string& action) const {
    if (state_->find(name) == nullptr && !state_->is_folder(name)) return;
    throw Error(ErrorCode::exists, "cannot " + action + ": File exists");
  }

  const StatePointer state_;
  const ProcessPointer process_;
};

class SimClock final : public Clock {
 public:
  explicit SimClock(StatePointer state) : state_(std::move(state)) {}
  i64 now_us() override {
    const std::lock_guard lock(state_->mutex);
    return ++state_->time_us;
  }
  i64 monotonic_us() override { return now_us(); }

 private:
  const StatePointer state_;
};

class SimRandom final : public Random {
 public:
  explicit SimRandom(StatePointer state) : state_(std::move(state)) {}
  void fill(void* to, std::size_t size) override {
    const std::lock_guard lock(state_->mutex);
    for (std::size_t i = 0; i < size; ++i) static_cast<u8*>(to)[i] = static_cast<u8>(state_->random());
  }

 private:
  const StatePointer state_;
};

class SimProcessEnv final : public SimProcess {
 public:
  // Requires: the state's mutex is held.
  explicit SimProcessEnv(const StatePointer& state)
      : state_(state),
        process_(std::make_shared<SimProcessState>(SimProcessState{state->next_pid++})),
        files_(state, process_),
        clock_(state),
        random_(state) {}

  FileSystem& files() override { return files_; }
  Clock& clock() override { return clock_; }
  Random& random() override { return random_; }

  ProcessInfo process() override {
    const std::lock_guard lock(state_->mutex);
    return ProcessInfo{process_->pid, "simulated", "boot-" + std::to_string(state_->boot)};
  }

  std::unique_ptr<Mapping> reserve_memory(u64 size) override {
    {
      const std::lock_guard lock(state_->mutex);
      state_->enter_or_throw(*process_, Call::reserve_memory, "",
                             "reserve " + std::to_string(size) + " bytes of memory");
    }
    return posix_env().reserve_memory(size);
  }

  void kill() override {
    const std::lock_guard lock(state_->mutex);
    process_->alive = false;
  }

 private:
  const StatePointer state_;
  const ProcessPointer process_;
  SimFileSystem files_;
  SimClock clock_;
  SimRandom random_;
};

}  // namespace

std::unique_ptr<SimProcess> make_sim_process(std::shared_ptr<SimDisk::State> state) {
  const std::lock_guard lock(state->mutex);
  return std::make_unique<SimProcessEnv>(state);
}

}  // namespace sapwood::os
