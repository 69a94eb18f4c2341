#include "storage/processes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <new>

#include "base/bytes.h"
#include "sapwood/error.h"

namespace sapwood::storage {
namespace {

constexpr u32 kLockVersion = 4;
constexpr u32 kSlotMask = 127;
constexpr u32 kGenerationMask = (u32{1} << (kTagBits - 7)) - 1;

ProcessTag tag_of(u32 slot, u32 generation) { return ProcessTag{(generation & kGenerationMask) << 7 | (slot + 1)}; }

u32 slot_of(ProcessTag process) { return (static_cast<u32>(process) & kSlotMask) - 1; }

std::string name_of(const char* command) {
  std::string name(command, std::find(command, command + sizeof LockFile::Process::command, 0));
  for (char& c : name) {
    if (c < 32 || c > 126) c = '?';
  }
  return name;
}

std::string text_of(u32 pid, const char* command, i64 since_us) {
  const std::time_t since = static_cast<std::time_t>(since_us / 1'000'000);
  std::tm parts{};
  char time[40] = "?";
  if (gmtime_r(&since, &parts) != nullptr) std::strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return "process " + std::to_string(pid) + " (" + name_of(command) + ", since " + time + ")";
}

}  // namespace

Processes::Processes(std::unique_ptr<os::Mapping> memory, os::File* file)
    : memory_(std::move(memory)), lock_file_(reinterpret_cast<LockFile*>(memory_->mutable_data())), file_(file) {}

void Processes::make_anew(const os::ProcessInfo& self, const std::array<u8, 16>& uuid) {
  lock_file_ = new (memory_->mutable_data()) LockFile{};
  std::memcpy(lock_file_->magic, kLockMagic, sizeof kLockMagic);
  lock_file_->version = kLockVersion;
  lock_file_->ring_size = kRingSize;
  lock_file_->reader_slots = kReaderSlots;
  lock_file_->process_slots = kProcessSlots;
  lock_file_->uuid = uuid;
  self.boot_id.copy(lock_file_->boot_id, sizeof lock_file_->boot_id - 1);
}

bool Processes::can_join(const os::ProcessInfo& self, bool alone) const {
  const LockFile& lock_file = *lock_file_;
  if (std::memcmp(lock_file.magic, kLockMagic, sizeof kLockMagic) != 0 || lock_file.version != kLockVersion)
    return false;
  if (lock_file.ring_size != kRingSize || lock_file.reader_slots != kReaderSlots) return false;
  if (lock_file.process_slots != kProcessSlots) return false;
  const std::size_t length = std::min(self.boot_id.size(), sizeof lock_file.boot_id - 1);
  if (length == 0 || std::memcmp(self.boot_id.data(), lock_file.boot_id, length) != 0) return false;
  if (lock_file.boot_id[length] != 0) return false;
  // A process that died over a sync may have been told that it failed, which nobody is told twice.
  const bool was_syncing = lock_file.syncing != 0 || lock_file.data_doubts != 0 || lock_file.checkpoint_lock != 0 ||
                           lock_file.completing != 0;
  if (was_syncing && alone) return false;
  const u64 tip = lock_file.tip;
  const u64 head = lock_file.head;
  return head <= tip && tip - head < kRingSize && lock_file.ring[tip % kRingSize].txn == tip &&
         lock_file.ring[head % kRingSize].txn == head;
}

void Processes::forget_dead() noexcept {
  LockFile& lock_file = *lock_file_;
  lock_file.writer_lock = 0;
  lock_file.checkpoint_lock = 0;
  lock_file.sync_lock = 0;
  lock_file.writing_since_us = 0;
  lock_file.job = 0;
  lock_file.running_txn = 0;
  for (LockFile::Slot& slot : lock_file.slots) {
    slot.txn = 0;
    slot.since_us = 0;
  }
  for (std::atomic<u32>& block : lock_file.blocks) block = 0;
  for (LockFile::Process& process : lock_file.processes) process.pid = 0;
}

void Processes::enter(const os::ProcessInfo& self, i64 now_us) {
  for (slot_ = 0; slot_ < kProcessSlots; ++slot_) {
    if (file_ == nullptr || file_->try_lock(kFirstSlotLock + slot_, os::LockKind::exclusive)) break;
  }
  if (slot_ == kProcessSlots) {
    throw Error(ErrorCode::limit, file_->path() + " is open in " + std::to_string(kProcessSlots) +
                                      " processes; close it in some of them");
  }
  LockFile::Process& place = lock_file_->processes[slot_];
  const u32 generation = place.generation.load() + 1;
  place.generation.store(generation);
  std::memset(place.command, 0, sizeof place.command);
  self.command.copy(place.command, sizeof place.command - 1);
  place.since_us.store(now_us);
  place.pid.store(self.pid);
  self_ = tag_of(slot_, generation);
}

void Processes::leave() noexcept {
  if (self_ == kNobody) return;
  lock_file_->processes[slot_].pid.store(0);
  self_ = kNobody;
  try {
    if (file_ != nullptr) file_->unlock(kFirstSlotLock + slot_);
  } catch (...) {
    // It goes with the descriptor.
  }
}

bool Processes::is_alive(ProcessTag process) const {
  if (process == self_) return true;
  const u32 slot = slot_of(process);
  if (process == kNobody || slot >= kProcessSlots || file_ == nullptr) return false;
  if (tag_of(slot, lock_file_->processes[slot].generation.load()) != process) return false;
  if (slot == slot_ && self_ != kNobody) return false;
  try {
    return file_->is_locked_elsewhere(kFirstSlotLock + slot);
  } catch (const Error&) {
    return true;  // who cannot be looked at is left alone
  }
}

std::vector<Processes::Member> Processes::members() const {
  std::vector<Member> members;
  for (u32 slot = 0; slot < kProcessSlots; ++slot) {
    const LockFile::Process& place = lock_file_->processes[slot];
    const ProcessTag tag = tag_of(slot, place.generation.load());
    Member member{tag, {place.pid.load(), name_of(place.command), place.since_us.load(), tag == self_}};
    if (member.info.id == 0 || !is_alive(tag)) continue;
    members.push_back(std::move(member));
  }
  std::ranges::stable_sort(members, {}, [](const Member& member) { return member.info.since_us; });
  return members;
}

std::string Processes::describe(ProcessTag process) const {
  const u32 slot = slot_of(process);
  if (process == kNobody || slot >= kProcessSlots) return "another process";
  const LockFile::Process& place = lock_file_->processes[slot];
  const u32 pid = place.pid.load();
  if (pid == 0 || tag_of(slot, place.generation.load()) != process) return "another process";
  return text_of(pid, place.command, place.since_us.load());
}

void throw_damaged_lock_file(const std::string& what) {
  throw Error(ErrorCode::corrupt,
              "the lock file is damaged: " + what + "; close the database in all processes, then open it again");
}

u32 holding_process(const u8* lock_file, u64 size) {
  if (size < sizeof(LockFile) || std::memcmp(lock_file, kLockMagic, sizeof kLockMagic) != 0) return 0;
  return load<u32>(lock_file + offsetof(LockFile, processes) + offsetof(LockFile::Process, pid));
}

std::string describe_holder(const u8* lock_file, u64 size) {
  const u32 pid = holding_process(lock_file, size);
  if (pid == 0) return "another process";
  const u8* process = lock_file + offsetof(LockFile, processes);
  return text_of(pid, reinterpret_cast<const char*>(process + offsetof(LockFile::Process, command)),
                 load<i64>(process + offsetof(LockFile::Process, since_us)));
}

}  // namespace sapwood::storage
