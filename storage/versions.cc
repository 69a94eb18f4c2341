#include "storage/versions.h"

#include "base/fail_point.h"
#include "sapwood/error.h"

namespace sapwood::storage {
namespace {

[[noreturn]] void throw_lost(TxnId txn) { throw_damaged_lock_file("commit " + std::to_string(txn) + " is not in it"); }

}  // namespace

static_assert(kReaderBlocks <= 64, "own_blocks_ has a bit for each");

Versions::Versions(Processes& processes)
    : processes_(processes), file_(&processes.lock_file()), generations_(kReaderSlots) {}

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
  entry.kept.store(version.kept, std::memory_order_relaxed);
  entry.txn.store(version.txn, std::memory_order_release);
  SAPWOOD_FAIL_POINT("tip.described");
  file_->tip.store(version.txn, std::memory_order_release);
  SAPWOOD_FAIL_POINT("tip.published");
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
  version.kept = entry.kept.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  if (entry.txn.load(std::memory_order_relaxed) != txn) return std::nullopt;
  return version;
}

Descriptor Versions::newest() const {
  for (;;) {
    const TxnId txn = tip();
    if (const std::optional<Descriptor> version = find(txn)) return *version;
    if (tip() == txn) throw_lost(txn);
  }
}

bool Versions::try_slot(u32 slot, TxnId txn) {
  u64 free = 0;
  return file_->slots[slot].txn.load(std::memory_order_relaxed) == 0 &&
         file_->slots[slot].txn.compare_exchange_strong(free, txn, std::memory_order_seq_cst);
}

bool Versions::take_block(u32 block, ProcessTag from) {
  u32 owner = static_cast<u32>(from);
  return file_->blocks[block].compare_exchange_strong(owner, static_cast<u32>(processes_.self()));
}

// Only one of those that find the owner dead gets the block.
bool Versions::take_over_block(u32 block) {
  const ProcessTag owner{file_->blocks[block].load(std::memory_order_seq_cst)};
  if (owner == kNobody || processes_.is_alive(owner) || !take_block(block, owner)) return false;
  for (u32 slot = block * kSlotsABlock; slot < (block + 1) * kSlotsABlock; ++slot) {
    file_->slots[slot].since_us.store(0, std::memory_order_relaxed);
    file_->slots[slot].txn.store(0, std::memory_order_seq_cst);
  }
  return true;
}

// One of nobody, or else of a dead process: where nobody writes, nobody else takes those back.
bool Versions::claim_block() {
  for (const bool of_the_dead : {false, true}) {
    for (u32 block = 0; block < kReaderBlocks; ++block) {
      if (!(of_the_dead ? take_over_block(block) : take_block(block, kNobody))) continue;
      own_blocks_.fetch_or(u64{1} << block);
      return true;
    }
  }
  return false;
}

u32 Versions::claim_slot(TxnId txn) {
  thread_local u32 hint = 0;  // the slot that this thread had last
  do {
    const u64 own = own_blocks_.load(std::memory_order_acquire);
    for (u32 i = 0; i < kReaderSlots; ++i) {
      const u32 slot = (hint + i) % kReaderSlots;
      if ((own >> (slot / kSlotsABlock) & 1) == 0) {
        i += kSlotsABlock - 1 - slot % kSlotsABlock;
      } else if (try_slot(slot, txn)) {
        hint = slot;
        return slot;
      }
    }
  } while (claim_block());
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
      if (file_->head.load(std::memory_order_seq_cst) == head) {
        end_read(slot);
        throw_lost(head);
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

// Blocks before slots: a reader that claims a new block after the look sees the new head, and moves on.
template <class Visit>
void Versions::for_each_reader(Visit visit) const {
  for (u32 block = 0; block < kReaderBlocks; ++block) {
    const u32 owner = file_->blocks[block].load(std::memory_order_seq_cst);
    if (owner == 0) continue;
    for (u32 slot = block * kSlotsABlock; slot < (block + 1) * kSlotsABlock; ++slot) {
      const u64 txn = file_->slots[slot].txn.load(std::memory_order_seq_cst);
      if (txn == 0) continue;
      const LockFile::Slot& entry = file_->slots[slot];
      OpenReader reader{txn, entry.since_us.load(std::memory_order_relaxed), ProcessTag{owner}, slot, {}};
      if (entry.held_txn.load(std::memory_order_acquire) == txn) {
        reader.held_pages = entry.held_pages.load(std::memory_order_relaxed);
      }
      visit(reader);
    }
  }
}

void Versions::note_held(u32 slot, TxnId txn, u64 pages) noexcept {
  file_->slots[slot].held_pages.store(pages, std::memory_order_relaxed);
  file_->slots[slot].held_txn.store(txn, std::memory_order_release);
}

void Versions::collect(std::vector<TxnId>& pins) const {
  for_each_reader([&](const OpenReader& reader) { pins.push_back(reader.txn); });
}

std::vector<Versions::OpenReader> Versions::readers() const {
  std::vector<OpenReader> open;
  for_each_reader([&](const OpenReader& reader) { open.push_back(reader); });
  return open;
}

u64 Versions::reader_count() const {
  u64 count = 0;
  for_each_reader([&](const OpenReader&) { ++count; });
  return count;
}

u64 Versions::own_reader_count() const {
  u64 count = 0;
  for_each_reader([&](const OpenReader& reader) { count += reader.process == processes_.self() ? 1 : 0; });
  return count;
}

void Versions::forget_dead_readers() {
  for (u32 block = 0; block < kReaderBlocks; ++block) {
    if (take_over_block(block)) file_->blocks[block].store(0, std::memory_order_seq_cst);
  }
}

void Versions::leave() noexcept {
  const u64 own = own_blocks_.exchange(0);
  for (u32 block = 0; block < kReaderBlocks; ++block) {
    if ((own >> block & 1) != 0) file_->blocks[block].store(0, std::memory_order_seq_cst);
  }
}

}  // namespace sapwood::storage
