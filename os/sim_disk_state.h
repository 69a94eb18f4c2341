// Private to SimDisk: what one disk holds, and what happens to every call before and around its effect: counting,
// faults, the observer and the trace.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "os/sim_disk.h"
#include "os/sim_disk_node.h"
#include "sapwood/error.h"

namespace sapwood::os {

// Shared by a process and the files it opened.
struct SimProcessState {
  u32 pid;
  bool alive = true;  // under the disk's mutex
};

struct SimLock {
  const void* holder;  // the open file
  u32 number;
  std::shared_ptr<SimProcessState> process;
  LockKind kind;
};

// A file: its bytes and its locks.
struct SimInode {
  SimNode node;
  std::vector<SimLock> locks{};
};
using SimInodePointer = std::shared_ptr<SimInode>;
using SimNames = std::map<std::string, SimInodePointer>;

// Names that get a file, or lose theirs (null), together.
struct SimEntryChange {
  u64 operation;
  OperationKind kind;
  std::vector<std::pair<std::string, SimInodePointer>> names;
};

void apply_entry_change(const SimEntryChange& change, SimNames& names);

// Absolute, without "." and "..", doubled or trailing slashes. Throws Error{invalid_argument} for unusable paths.
std::string normalised(const std::string& path);

struct SimMisdirection {
  u64 writes_left = 0;  // until the write that goes wrong; 0: none
  i64 shift = 0;
  std::string path_suffix{};
};

struct SimFaults {
  std::optional<FaultPlan> plan{};
  u64 matched = 0;
  u64 fired = 0;
};

struct SimTraceEntry {
  Operation operation;
  std::string note{};  // instead of the operation, if not empty
};

// All members and functions: under `mutex`, unless they say otherwise.
struct SimDisk::State {
  State(const SimDiskOptions& disk_options, std::shared_ptr<SimRegionPool> region_pool);

  // Counts a call. Throws SimCrash if the process is dead; the result is the fault to be had, if any.
  std::optional<FaultKind> enter(const SimProcessState& process, Call call, const std::string& path);
  // The same, throwing the fault as Error{"cannot <action>: ..."}.
  void enter_or_throw(const SimProcessState& process, Call call, const std::string& path, const std::string& action);

  // Numbers and traces the operation, shows it to the observer with the lock released, then calls apply(number).
  template <class Apply>
  void perform(std::unique_lock<std::mutex>& lock, SimProcessState& process, Operation operation, Apply apply) {
    operation.number = ++operations;
    announce(lock, process, operation);
    apply(operation.number);
  }

  SimInodePointer make_inode() { return std::make_shared<SimInode>(SimInode{SimNode(pool->take())}); }
  SimInodePointer find(const std::string& path) const;     // null if absent
  SimInodePointer require(const std::string& path) const;  // Error{not_found} if absent
  bool is_folder(const std::string& path) const;
  void change_names(SimEntryChange change);  // applies it and keeps it as pending
  void sync_folder(const std::string& folder);
  // Throws if the disk is full for a file to become that large, or it is larger than SimDisk holds.
  void require_room(const SimNode& node, u64 size, const std::string& path) const;
  i64 shift_of_next_write(const std::string& path);
  bool is_locked_against(SimInode& inode, const void* holder, u32 number, LockKind kind) const;
  void settle();
  void note(std::string text);
  // Forgets all but the options and the pool.
  void reset(u64 seed);

  mutable std::mutex mutex;
  SimDiskOptions options;
  std::shared_ptr<SimRegionPool> pool;
  std::mt19937_64 random;
  i64 time_us = 0;
  u32 next_pid = 1000;
  u64 boot = 1;
  u64 open_files = 0;

  SimNames names;                             // as programs see them
  SimNames durable_names;                     // as of the last sync of their folder
  std::vector<SimEntryChange> pending_names;  // what lies between
  std::set<std::string> folders;

  u64 operations = 0;
  u64 calls = 0;
  std::array<u64, kCallKinds> calls_of{};
  std::deque<SimTraceEntry> trace;
  std::shared_ptr<const std::function<void(const Operation&)>> observer;
  SimFaults faults;
  SimMisdirection misdirection;
  bool dropped_syncs = false;
  bool read_only = false;
  std::string network;
  u64 capacity = 0;

 private:
  void announce(std::unique_lock<std::mutex>& lock, SimProcessState& process, const Operation& operation);
};

// An open file; `path` as given, for messages, `name` normalised. Requires: the state's mutex is held.
std::unique_ptr<File> make_sim_file(std::shared_ptr<SimDisk::State> state, std::shared_ptr<SimProcessState> process,
                                    SimInodePointer inode, const std::string& path, const std::string& name,
                                    bool writable);

// Another process on the disk.
std::unique_ptr<SimProcess> make_sim_process(std::shared_ptr<SimDisk::State> state);

[[noreturn]] void throw_fault(FaultKind kind, const std::string& action);

}  // namespace sapwood::os
