#include "os/sim_disk.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "os/sim_disk_crash.h"
#include "os/sim_disk_state.h"

namespace sapwood::os {
namespace {

// Numbers of the plans to visit, ascending.
std::vector<u64> chosen_plans(std::size_t count, const CrashOptions& options) {
  constexpr u64 kAlways = 3;  // process killed, only synced, everything
  std::vector<u64> numbers;
  for (u64 i = 0; i < count; ++i) numbers.push_back(i);
  if (options.only_image != 0) {
    if (options.only_image > count) return {};
    return {options.only_image - 1};
  }
  if (options.max_images == 0 || options.max_images >= count) return numbers;
  std::mt19937_64 random(options.seed);
  std::shuffle(numbers.begin() + static_cast<std::ptrdiff_t>(std::min<u64>(kAlways, count)), numbers.end(), random);
  numbers.resize(options.max_images);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

SimDisk::SimDisk(const SimDiskOptions& options)
    : SimDisk(std::make_shared<State>(options, std::make_shared<SimRegionPool>(options.reservation_bytes))) {}

SimDisk::SimDisk(std::shared_ptr<State> state) : state_(std::move(state)), first_process_(make_sim_process(state_)) {}

SimDisk::~SimDisk() = default;

u32 SimDisk::key_hash_bits() const { return first_process_->key_hash_bits(); }

FileSystem& SimDisk::files() { return first_process_->files(); }
Clock& SimDisk::clock() { return first_process_->clock(); }
Random& SimDisk::random() { return first_process_->random(); }
ProcessInfo SimDisk::process() { return first_process_->process(); }
std::unique_ptr<Mapping> SimDisk::reserve_memory(u64 size) { return first_process_->reserve_memory(size); }
std::unique_ptr<SimProcess> SimDisk::start_process() { return make_sim_process(state_); }

void SimDisk::kill() {
  first_process_->kill();
  killed_processes_.push_back(std::move(first_process_));
  first_process_ = make_sim_process(state_);
}

void SimDisk::advance_clock(i64 microseconds) {
  const std::lock_guard lock(state_->mutex);
  state_->time_us += microseconds;
}

std::vector<std::string> SimDisk::paths() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<std::string> paths;
  for (const auto& [path, inode] : state_->names) paths.push_back(path);
  return paths;
}

std::string SimDisk::contents(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const SimNode& node = state_->require(path)->node;
  return std::string(reinterpret_cast<const char*>(node.region()->data()), node.size());
}

std::string SimDisk::durable_contents(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const std::vector<u8> bytes = state_->require(path)->node.durable_bytes();
  return std::string(bytes.begin(), bytes.end());
}

void SimDisk::set_contents(const std::string& path, Bytes contents) {
  const std::lock_guard lock(state_->mutex);
  const std::string name = normalised(path);
  SimInodePointer inode = state_->find(name);
  if (inode == nullptr) inode = state_->make_inode();
  state_->require_room(inode->node, contents.size(), path);
  inode->node.set_durable(contents.data(), contents.size());
  state_->names[name] = state_->durable_names[name] = inode;
}

void SimDisk::make_folder(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  state_->folders.insert(normalised(path));
}

void SimDisk::settle() {
  const std::lock_guard lock(state_->mutex);
  state_->settle();
}

u64 SimDisk::operation_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->operations;
}

void SimDisk::set_observer(std::function<void(const Operation&)> observer) {
  auto shared = observer ? std::make_shared<const std::function<void(const Operation&)>>(std::move(observer)) : nullptr;
  const std::lock_guard lock(state_->mutex);
  state_->observer.swap(shared);
}

std::string SimDisk::describe_recent_operations(std::size_t count) const {
  const std::lock_guard lock(state_->mutex);
  std::string text;
  const std::size_t first = state_->trace.size() - std::min(count, state_->trace.size());
  for (std::size_t i = first; i < state_->trace.size(); ++i) {
    const SimTraceEntry& entry = state_->trace[i];
    text += (entry.note.empty() ? describe(entry.operation) : entry.note) + "\n";
  }
  return text;
}

void SimDisk::set_fault(const FaultPlan& plan) {
  const std::lock_guard lock(state_->mutex);
  state_->faults = SimFaults{plan};
}

void SimDisk::clear_fault() {
  const std::lock_guard lock(state_->mutex);
  state_->faults.plan.reset();
}

u64 SimDisk::faults_fired() const {
  const std::lock_guard lock(state_->mutex);
  return state_->faults.fired;
}

u64 SimDisk::call_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls;
}

u64 SimDisk::call_count(Call call) const {
  const std::lock_guard lock(state_->mutex);
  return state_->calls_of[static_cast<std::size_t>(call)];
}

void SimDisk::set_dropped_syncs(bool dropped) {
  const std::lock_guard lock(state_->mutex);
  state_->dropped_syncs = dropped;
}

void SimDisk::misdirect_write(u64 nth, i64 shift_bytes, const std::string& path_suffix) {
  const std::lock_guard lock(state_->mutex);
  state_->misdirection = SimMisdirection{nth, shift_bytes, path_suffix};
}

void SimDisk::flip_bit(const std::string& path, u64 offset, unsigned bit) {
  const std::lock_guard lock(state_->mutex);
  SimNode& node = state_->require(path)->node;
  SAPWOOD_ASSERT(offset < node.size() && bit < 8);
  node.flip_bit(offset, static_cast<u8>(1u << bit));
}

void SimDisk::set_capacity(u64 bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}

void SimDisk::set_network(const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->network = name;
}

void SimDisk::set_read_only(bool read_only) {
  const std::lock_guard lock(state_->mutex);
  state_->read_only = read_only;
}

u64 SimDisk::for_each_crash_image(const CrashOptions& options,
                                  const std::function<void(SimDisk& image, const CrashImage& crash)>& visit) {
  std::unique_lock lock(state_->mutex);
  const CrashSnapshot snapshot(*state_);
  SimDiskOptions image_options = state_->options;
  const auto target = std::make_shared<State>(image_options, state_->pool);
  const std::set<std::string> folders = state_->folders;
  const u64 boot = state_->boot;
  const u32 next_pid = state_->next_pid;
  lock.unlock();

  const CrashPlanner planner(snapshot, options);
  CrashRenderer renderer(snapshot, planner, target);
  SimDisk image(target);
  const u64 only_synced = options.process_kill ? 1 : 0;  // its place among the plans
  u64 visited = 0;
  for (const u64 i : chosen_plans(planner.plans().size(), options)) {
    const CrashPlan& plan = planner.plans()[i];
    if (!renderer.render(plan, options.seed * 1'000'003 + i)) continue;
    const bool killed = plan.kind == CrashPlan::Kind::cache;
    target->boot = killed ? boot : boot + 1;
    target->folders = folders;
    target->next_pid = next_pid;
    image.first_process_ = make_sim_process(target);
    image.killed_processes_.clear();
    const CrashImage crash{i + 1, killed ? CrashKind::process_kill : CrashKind::power_cut,
                           options.power_cut && i == only_synced, planner.describe(plan)};
    visit(image, crash);
    ++visited;
    const std::lock_guard target_lock(target->mutex);
    SAPWOOD_ASSERT(target->open_files == 0);  // the test left something open on the image, which is used again now
  }
  return visited;
}

std::unique_ptr<SimDisk> SimDisk::clone() const {
  auto copy = std::make_unique<SimDisk>(state_->options);
  {
    const std::lock_guard lock(state_->mutex);
    copy->state_->boot = state_->boot;
  }
  for (const std::string& path : paths()) copy->set_contents(path, contents(path));
  return copy;
}

}  // namespace sapwood::os
