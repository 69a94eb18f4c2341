#include <algorithm>
#include <cstring>

#include "base/assert.h"
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
    std::erase_if(inode_->locks, [this](const SimLock& held) { return held.holder == this; });
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
    sync_some([&] { inode_->node.sync(); });
  }

  void write_through(u64 offset, const void* data, std::size_t size) override {
    File::write(offset, data, size);
    sync_some([&] { inode_->node.sync_range(offset, size); });
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

  std::unique_ptr<Mapping> map_for_stores(u64 reserve) override {
    const auto lock = enter(Call::map, "map " + path_);
    require_writable("map");
    return std::make_unique<SimMapping>(inode_->node.region(), reserve);
  }

  void about_to_store(u64 offset, u64 size) override {
    const std::lock_guard lock(state_->mutex);
    if (!process_->alive) throw SimCrash{};
    SAPWOOD_ASSERT(offset + size <= inode_->node.size());
    auto junk = std::make_shared<u8[]>(size);
    std::memset(junk.get(), 0xa5, size);
    inode_->node.about_to_store(++state_->operations, offset, junk, size);
  }

  void stored(u64 offset, u64 size) override {
    std::unique_lock lock(state_->mutex);
    if (!process_->alive) throw SimCrash{};
    auto data = std::make_shared<u8[]>(size);
    std::memcpy(data.get(), inode_->node.region()->data() + offset, size);
    Operation write = operation(OperationKind::write, offset, size);
    write.data = data.get();
    state_->perform(lock, *process_, std::move(write), [&](u64 number) {
      inode_->node.stored(number, offset, data, size, state_->shift_of_next_write(name_));
    });
  }

  bool keeps_space_for_stores() override { return false; }  // for tests that ask for it: Options::page_writes

  bool try_lock(u32 number, LockKind kind) override {
    const auto lock = enter(Call::lock, "lock " + path_);
    if (state_->is_locked_against(*inode_, this, number, kind)) return false;
    drop_lock(number);
    inode_->locks.push_back(SimLock{this, number, process_, kind});
    return true;
  }

  void unlock(u32 number) override {
    const auto lock = enter(Call::lock, "unlock " + path_);
    drop_lock(number);
  }

  bool is_locked_elsewhere(u32 number) override {
    const auto lock = enter(Call::lock, "look at the locks of " + path_);
    return state_->is_locked_against(*inode_, this, number, LockKind::exclusive);
  }

  bool is_at_path() override {
    const auto lock = enter(Call::file_size, "look at " + path_);
    return state_->find(name_) == inode_;
  }

 private:
  template <class Settle>
  void sync_some(Settle settle) {
    std::unique_lock lock(state_->mutex);
    if (const auto fault = state_->enter(*process_, Call::sync, name_)) {
      inode_->node.fail_sync();
      throw_fault(*fault, "sync " + path_ + " to the disk");
    }
    state_->perform(lock, *process_, operation(OperationKind::sync), [&](u64) {
      if (!state_->dropped_syncs) settle();
    });
  }

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

  void drop_lock(u32 number) {
    std::erase_if(inode_->locks, [&](const SimLock& held) { return held.holder == this && held.number == number; });
  }

  const StatePointer state_;
  const ProcessPointer process_;
  SimInodePointer inode_;
  const std::string path_;  // as given
  const std::string name_;  // normalised
  const bool writable_;
};

}  // namespace

std::unique_ptr<File> make_sim_file(std::shared_ptr<SimDisk::State> state, std::shared_ptr<SimProcessState> process,
                                    SimInodePointer inode, const std::string& path, const std::string& name,
                                    bool writable) {
  return std::make_unique<SimFile>(std::move(state), std::move(process), std::move(inode), path, name, writable);
}

}  // namespace sapwood::os
