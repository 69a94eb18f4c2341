#include "storage/versions.h"

#include <cstddef>
#include <cstring>
#include <ctime>
#include <new>

#include "base/bytes.h"

namespace sapwood::storage {
namespace {

constexpr char kLockMagic[8] = {'S', 'A', 'P', 'W', 'L', 'O', 'C', 'K'};
constexpr u32 kLockVersion = 1;

}  // namespace

Versions::Versions(std::unique_ptr<os::Mapping> memory, const os::ProcessInfo& process, i64 now_us)
    : memory_(std::move(memory)), generations_(kReaderSlots) {
  file_ = new (memory_->mutable_data()) LockFile{};
  std::memcpy(file_->magic, kLockMagic, sizeof kLockMagic);
  file_->version = kLockVersion;
  file_->ring_size = kRingSize;
  file_->reader_slots = kReaderSlots;
  file_->process_slots = kProcessSlots;
  process.boot_id.copy(file_->boot_id, sizeof file_->boot_id - 1);
  LockFile::Process& self = file_->processes[0];
  process.command.copy(self.command, sizeof self.command - 1);
  self.generation.store(1);
  self.since_us.store(now_us);
  self.pid.store(process.pid);
}

void Versions::publish_tip(const Descriptor& version) {
  LockFile::Ring& entry = file_->ring[version.txn % kRingSize];
  entry.txn.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  entry.catalog_page.store(to_u64(version.catalog.root.page), std::memory_order_relaxed);
  entry.catalog_birth_height.store(version.catalog.root.birth | u64{version.catalog.height} << 32,
                                   std::memory_order_relaxed);
  entry.catalog_count.store(version.catalog.count, std::memory_order_relaxed);
  entry.page_count.store(version.page_count, std::memory_order_relaxed);
  entry.lsn.store(version.lsn, std::memory_order_relaxed);
  entry.commit_time_us.store(version.commit_time_us, std::memory_order_relaxed);
  entry.txn.store(version.txn, std::memory_order_release);
  file_->tip.store(version.txn, std::memory_order_release);
}

void Versions::publish_head(TxnId txn) {
  u64 head = file_->head.load(std::memory_order_relaxed);
  while (head < txn && !file_->head.compare_exchange_weak(head, txn, std::memory_order_seq_cst)) {
  }
}

std::optional<Descriptor> Versions::find(TxnId txn) const {
  const LockFile::Ring& entry = file_->ring[txn % kRingSize];
  if (entry.txn.load(std::memory_order_acquire) != txn) return std::nullopt;
  Descriptor version;
  version.txn = txn;
  version.catalog.root.page = PageNo{entry.catalog_page.load(std::memory_order_relaxed)};
  const u64 birth_height = entry.catalog_birth_height.load(std::memory_order_relaxed);
  version.catalog.root.birth = static_cast<u32>(birth_height);
  version.catalog.height = static_cast<u8>(birth_height >> 32);
  version.catalog.count = entry.catalog_count.load(std::memory_order_relaxed);
  version.page_count = entry.page_count.load(std::memory_order_relaxed);
  version.lsn = entry.lsn.load(std::memory_order_relaxed);
  version.commit_time_us = entry.commit_time_us.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (entry.txn.load(std::memory_order_relaxed) != txn) return std::nullopt;
  return version;
}

void Versions::publish_checkpoints(TxnId durable, TxnId running) {
  file_->checkpoint_pins[0].store(durable);
  file_->checkpoint_pins[1].store(running);
}

u32 Versions::claim_slot(TxnId txn) {
  thread_local u32 hint = 0;
  for (u32 i = 0; i < kReaderSlots; ++i) {
    const u32 slot = (hint + i) % kReaderSlots;
    u64 free = 0;
    if (file_->slots[slot].txn.load(std::memory_order_relaxed) != 0) continue;
    if (!file_->slots[slot].txn.compare_exchange_strong(free, txn, std::memory_order_seq_cst)) continue;
    hint = slot;
    u32 used = file_->slots_used.load(std::memory_order_seq_cst);
    while (used <= slot && !file_->slots_used.compare_exchange_weak(used, slot + 1, std::memory_order_seq_cst)) {
    }
    return slot;
  }
  throw Error(ErrorCode::limit, std::to_string(kReaderSlots) + " read transactions are open at once; end some of them");
}

Versions::Reader Versions::begin_read() {
  u64 head = file_->head.load(std::memory_order_seq_cst);
  const u32 slot = claim_slot(head);
  for (;;) {
    const u64 again = file_->head.load(std::memory_order_seq_cst);
    if (again == head) {
      if (const std::optional<Descriptor> version = find(head)) {
        return Reader{*version, slot, generations_[slot].load(std::memory_order_relaxed)};
      }
    }
    head = again;
    file_->slots[slot].txn.store(head, std::memory_order_seq_cst);
  }
}

void Versions::end_read(u32 slot) noexcept {
  generations_[slot].store(generations_[slot].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  file_->slots[slot].since_us.store(0, std::memory_order_relaxed);
  file_->slots[slot].txn.store(0, std::memory_order_release);
}

void Versions::collect(std::vector<TxnId>& pins) const {
  const u32 used = file_->slots_used.load(std::memory_order_seq_cst);
  for (u32 slot = 0; slot < used; ++slot) {
    const u64 txn = file_->slots[slot].txn.load(std::memory_order_seq_cst);
    if (txn != 0) pins.push_back(txn);
  }
}

std::vector<Versions::OpenReader> Versions::readers() const {
  std::vector<OpenReader> open;
  const u32 used = file_->slots_used.load(std::memory_order_seq_cst);
  for (u32 slot = 0; slot < used; ++slot) {
    const u64 txn = file_->slots[slot].txn.load(std::memory_order_seq_cst);
    if (txn != 0) open.push_back({txn, file_->slots[slot].since_us.load(std::memory_order_relaxed)});
  }
  return open;
}

u64 Versions::reader_count() const {
  std::vector<TxnId> pins;
  collect(pins);
  return pins.size();
}

u32 holding_process(const u8* lock_file, u64 size) {
  if (size < sizeof(LockFile) || std::memcmp(lock_file, kLockMagic, sizeof kLockMagic) != 0) return 0;
  return load<u32>(lock_file + offsetof(LockFile, processes) + offsetof(LockFile::Process, pid));
}

std::string describe_holder(const u8* lock_file, u64 size) {
  if (holding_process(lock_file, size) == 0) return "another process";
  const u8* process = lock_file + offsetof(LockFile, processes);
  char command[sizeof LockFile::Process::command + 1] = {};
  std::memcpy(command, process + offsetof(LockFile::Process, command), sizeof LockFile::Process::command);
  for (char& c : command) {
    if (c != 0 && (c < 32 || c > 126)) c = '?';
  }
  const std::time_t since =
      static_cast<std::time_t>(load<i64>(process + offsetof(LockFile::Process, since_us)) / 1'000'000);
  std::tm parts{};
  char time[40] = "?";
  if (gmtime_r(&since, &parts) != nullptr) std::strftime(time, sizeof time, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return "process " + std::to_string(holding_process(lock_file, size)) + " (" + command + ", since " + time + ")";
}

}  // namespace sapwood::storage
