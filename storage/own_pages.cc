#include "storage/own_pages.h"

#include "base/assert.h"

namespace sapwood::storage {

std::unique_ptr<u8[]> BufferPool::take() {
  if (kept_.empty()) {
    kept_.reserve(kMaxKept);  // so that give() never allocates
    std::unique_ptr<u8[]> buffer(new u8[page_size_]);
    lent_.store(lent() + 1, std::memory_order_relaxed);
    return buffer;
  }
  std::unique_ptr<u8[]> buffer = std::move(kept_.back());
  kept_.pop_back();
  lent_.store(lent() + 1, std::memory_order_relaxed);
  kept_count_.store(kept_.size(), std::memory_order_relaxed);
  return buffer;
}

void BufferPool::give(std::unique_ptr<u8[]> buffer) noexcept {
  if (kept_.size() < kMaxKept && kept_.size() < kept_.capacity()) kept_.push_back(std::move(buffer));
  lent_.store(lent() - 1, std::memory_order_relaxed);
  kept_count_.store(kept_.size(), std::memory_order_relaxed);
}

OwnPages::Entry& OwnPages::insert(PageNo page, u32 born, u32 pages, bool run) {
  if (table_.size() < 2 * (count_ + 1)) grow();
  std::size_t i = place(page);
  for (; table_[i].page != kNoPage; i = (i + 1) & mask()) SAPWOOD_ASSERT(table_[i].page != page);
  Entry& entry = table_[i];
  entry = Entry{.page = page, .born = born, .pages = pages & 0x1fffffff, .run = run};
  ++count_;
  return entry;
}

u8* OwnPages::add_buffer(Entry& entry) {
  SAPWOOD_ASSERT(entry.bytes == nullptr);
  entry.bytes = pool_.take().release();
  ++buffers_;
  return entry.bytes;
}

u8* OwnPages::add_mapped(Entry& entry, u8* bytes) {
  SAPWOOD_ASSERT(entry.bytes == nullptr);
  entry.bytes = bytes;
  entry.mapped = 1;
  return bytes;
}

void OwnPages::drop_bytes(Entry& entry) noexcept {
  if (entry.bytes != nullptr && entry.mapped == 0) {
    pool_.give(std::unique_ptr<u8[]>(entry.bytes));
    --buffers_;
  }
  entry.bytes = nullptr;
  entry.mapped = 0;
}

void OwnPages::erase(PageNo page) noexcept {
  Entry* entry = find(page);
  SAPWOOD_ASSERT(entry != nullptr);
  drop_bytes(*entry);
  entry->page = kNoPage;
  --count_;
  // Close the gap: move back each later entry of the chain whose home is not after the gap.
  std::size_t gap = static_cast<std::size_t>(entry - table_.data());
  for (std::size_t i = (gap + 1) & mask(); table_[i].page != kNoPage; i = (i + 1) & mask()) {
    const std::size_t home = place(table_[i].page);
    if (((i - home) & mask()) < ((i - gap) & mask())) continue;
    table_[gap] = table_[i];
    table_[i].page = kNoPage;
    gap = i;
  }
}

void OwnPages::clear() noexcept {
  for_each([&](Entry& entry) {
    drop_bytes(entry);
    entry.page = kNoPage;
  });
  if (table_.size() > kMaxKept) std::vector<Entry>().swap(table_);  // else every later walk would pay for it
  count_ = 0;
}

void OwnPages::grow() {
  std::vector<Entry> old(table_.empty() ? 32 : table_.size() * 2);
  old.swap(table_);
  for (const Entry& entry : old) {
    if (entry.page == kNoPage) continue;
    std::size_t i = place(entry.page);
    while (table_[i].page != kNoPage) i = (i + 1) & mask();
    table_[i] = entry;
  }
}

}  // namespace sapwood::storage
