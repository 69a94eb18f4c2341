#include "os/sim_disk_state.h"

#include <algorithm>

namespace sapwood::os {
namespace {

constexpr std::size_t kTraceEntries = 256;
constexpr i64 kStartTime = 1'700'000'000'000'000;

bool matches(const FaultPlan& plan, Call call, const std::string& path) {
  if (plan.call && *plan.call != call) return false;
  return call == Call::reserve_memory || path.ends_with(plan.path_suffix);
}

std::string folder_of_path(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

const char* call_name(Call call) {
  static constexpr const char* kNames[kCallKinds] = {"open",     "read",   "write",       "sync",    "allocate",
                                                     "truncate", "map",    "lock",        "size",    "drop_cache",
                                                     "remove",   "rename", "sync_folder", "look_up", "reserve_memory"};
  return kNames[static_cast<std::size_t>(call)];
}

const char* fault_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::disk_full: return "disk full";
    case FaultKind::io: return "input/output error";
    case FaultKind::out_of_memory: return "out of memory";
    case FaultKind::short_write: return "short write";
  }
  return "unknown";
}

const char* operation_name(OperationKind kind) {
  static constexpr const char* kNames[] = {"create", "remove",   "rename",   "sync folder",
                                           "write",  "allocate", "truncate", "sync"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string describe(const Operation& operation) {
  std::string text(1, '#');
  text += std::to_string(operation.number) + " " + operation_name(operation.kind) + " " + operation.path;
  switch (operation.kind) {
    case OperationKind::rename: return text + " to " + operation.to;
    case OperationKind::write:
    case OperationKind::allocate:
      return text + " at " + std::to_string(operation.offset) + ", " + std::to_string(operation.size) + " bytes";
    case OperationKind::truncate: return text + " to " + std::to_string(operation.size);
    default: return text;
  }
}

void throw_fault(FaultKind kind, const std::string& action) {
  const auto fail = [&](ErrorCode code, const char* text) { throw Error(code, "cannot " + action + ": " + text); };
  if (kind == FaultKind::disk_full) fail(ErrorCode::disk_full, "No space left on device (injected)");
  if (kind == FaultKind::out_of_memory) fail(ErrorCode::out_of_memory, "Cannot allocate memory (injected)");
  throw Error(ErrorCode::io, "cannot " + action + ": Input/output error (injected)");
}

void apply_entry_change(const SimEntryChange& change, SimNames& names) {
  for (const auto& [path, inode] : change.names) {
    if (inode == nullptr) {
      names.erase(path);
    } else {
      names[path] = inode;
    }
  }
}

std::string normalised(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw Error(ErrorCode::invalid_argument, "the path of a file is empty or holds a zero byte");
  }
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    at = end + 1;
  }
  std::string result;
  for (const std::string& part : parts) result.append(1, '/').append(part);
  return result.empty() ? "/" : result;
}

SimDisk::State::State(const SimDiskOptions& disk_options, std::shared_ptr<SimRegionPool> region_pool)
    : options(disk_options), pool(std::move(region_pool)) {
  reset(options.seed);
}

void SimDisk::State::reset(u64 seed) {
  random.seed(seed);
  time_us = kStartTime;
  names.clear();
  durable_names.clear();
  pending_names.clear();
  folders.clear();
  operations = calls = 0;
  calls_of = {};
  trace.clear();
  observer = nullptr;
  faults = {};
  misdirection = {};
  dropped_syncs = read_only = false;
  network.clear();
  capacity = 0;
}

std::optional<FaultKind> SimDisk::State::enter(const SimProcessState& process, Call call, const std::string& path) {
  if (!process.alive) throw SimCrash{};
  ++calls;
  ++calls_of[static_cast<std::size_t>(call)];
  if (!faults.plan || !matches(*faults.plan, call, path)) return std::nullopt;
  ++faults.matched;
  const FaultPlan& plan = *faults.plan;
  if (faults.matched != plan.nth && !(plan.for_good && faults.matched > plan.nth)) return std::nullopt;
  ++faults.fired;
  note(std::string("fault: ") + fault_name(plan.kind) + " in " + call_name(call) + " " + path);
  return plan.kind;
}

void SimDisk::State::enter_or_throw(const SimProcessState& process, Call call, const std::string& path,
                                    const std::string& action) {
  if (const auto fault = enter(process, call, path)) throw_fault(*fault, action);
}

void SimDisk::State::announce(std::unique_lock<std::mutex>& lock, SimProcessState& process,
                              const Operation& operation) {
  Operation traced = operation;
  traced.data = nullptr;
  trace.push_back(SimTraceEntry{std::move(traced)});
  if (trace.size() > kTraceEntries) trace.pop_front();
  if (observer == nullptr) return;
  const auto call = observer;
  lock.unlock();
  try {
    (*call)(operation);
  } catch (...) {
    lock.lock();
    process.alive = false;
    throw;
  }
  lock.lock();
  if (!process.alive) throw SimCrash{operation.number};
}

void SimDisk::State::note(std::string text) {
  trace.push_back(SimTraceEntry{Operation{operations, OperationKind::sync, {}}, std::move(text)});
  if (trace.size() > kTraceEntries) trace.pop_front();
}

SimInodePointer SimDisk::State::find(const std::string& path) const {
  const auto found = names.find(path);
  return found == names.end() ? nullptr : found->second;
}

SimInodePointer SimDisk::State::require(const std::string& path) const {
  SimInodePointer inode = find(normalised(path));
  if (inode == nullptr) throw Error(ErrorCode::not_found, "SimDisk holds no file " + path);
  return inode;
}

bool SimDisk::State::is_folder(const std::string& path) const {
  if (path == "/" || folders.contains(path)) return true;
  const auto inside = names.lower_bound(path + "/");
  return inside != names.end() && inside->first.starts_with(path + "/");
}

void SimDisk::State::change_names(SimEntryChange change) {
  apply_entry_change(change, names);
  pending_names.push_back(std::move(change));
}

void SimDisk::State::sync_folder(const std::string& folder) {
  std::erase_if(pending_names, [&](const SimEntryChange& change) {
    const bool inside = std::any_of(change.names.begin(), change.names.end(),
                                    [&](const auto& entry) { return folder_of_path(entry.first) == folder; });
    if (inside) apply_entry_change(change, durable_names);
    return inside;
  });
}

void SimDisk::State::require_room(const SimNode& node, u64 size, const std::string& path) const {
  if (size <= node.size()) return;
  if (size > pool->region_bytes()) {
    throw Error(ErrorCode::limit, "SimDisk cannot grow " + path + " to " + std::to_string(size) +
                                      " bytes: raise SimDiskOptions::reservation_bytes");
  }
  if (capacity == 0) return;
  u64 used = size - node.size();
  for (const auto& [name, inode] : names) used += inode->node.size();
  if (used > capacity) {
    throw Error(ErrorCode::disk_full,
                "cannot grow " + path + " to " + std::to_string(size) + " bytes: No space left on device");
  }
}

i64 SimDisk::State::shift_of_next_write(const std::string& path) {
  if (misdirection.writes_left == 0 || !path.ends_with(misdirection.path_suffix)) return 0;
  if (--misdirection.writes_left > 0) return 0;
  note("the next write is misdirected by " + std::to_string(misdirection.shift));
  return misdirection.shift;
}

bool SimDisk::State::is_locked_against(SimInode& inode, const void* holder, u32 number, LockKind kind) const {
  std::erase_if(inode.locks, [](const SimLock& lock) { return !lock.process->alive; });
  return std::any_of(inode.locks.begin(), inode.locks.end(), [&](const SimLock& lock) {
    return lock.holder != holder && lock.number == number &&
           (kind == LockKind::exclusive || lock.kind == LockKind::exclusive);
  });
}

void SimDisk::State::settle() {
  durable_names = names;
  pending_names.clear();
  for (const auto& [path, inode] : names) inode->node.sync();
}

}  // namespace sapwood::os
