#include "os/sim_disk_state.h"

namespace sapwood::os {
namespace {

using StatePointer = std::shared_ptr<SimDisk::State>;
using ProcessPointer = std::shared_ptr<SimProcessState>;

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
    return make_sim_file(state_, process_, state_->find(name), path, name, flags.write);
  }

  std::unique_ptr<File> open_temporary() override {
    const auto lock = enter(Call::open, "(temporary)", "create a temporary file");
    return make_sim_file(state_, process_, state_->make_inode(), "/tmp/(temporary file)", "(temporary)", true);
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

  std::string network_of(const std::string&) override {
    const std::lock_guard lock(state_->mutex);
    return state_->network;
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

  u32 key_hash_bits() const override { return state_->options.key_hash_bits; }

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
