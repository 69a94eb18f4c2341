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

OwnPages::Entry& OwnPages::insert(PageNo page, u32 born, u32 pages, bool with_buffer) {
  if (table_.size() < 2 * (count_ + 1)) grow();
  std::unique_ptr<u8[]> buffer = with_buffer ? pool_.take() : nullptr;
  std::size_t i = place(page);
  for (; table_[i].page != kNoPage; i = (i + 1) & mask()) SAPWOOD_ASSERT(table_[i].page != page);
  Entry& entry = table_[i];
  entry.page = page;
  entry.buffer = std::move(buffer);
  entry.born = born;
  entry.pages = pages & 0x7fffffff;
  entry.held = 0;
  ++count_;
  if (with_buffer) ++buffers_;
  return entry;
}

u8* OwnPages::add_buffer(Entry& entry) {
  SAPWOOD_ASSERT(entry.buffer == nullptr);
  entry.buffer = pool_.take();
  ++buffers_;
  return entry.buffer.get();
}

void OwnPages::drop_buffer(Entry& entry) noexcept {
  if (entry.buffer == nullptr) return;
  pool_.give(std::move(entry.buffer));
  --buffers_;
}

void OwnPages::erase(PageNo page) noexcept {
  Entry* entry = find(page);
  SAPWOOD_ASSERT(entry != nullptr);
  drop_buffer(*entry);
  entry->page = kNoPage;
  --count_;
  // Close the gap: move back each later entry of the chain whose home is not after the gap.
  std::size_t gap = static_cast<std::size_t>(entry - table_.data());
  for (std::size_t i = (gap + 1) & mask(); table_[i].page != kNoPage; i = (i + 1) & mask()) {
    const std::size_t home = place(table_[i].page);
    if (((i - home) & mask()) < ((i - gap) & mask())) continue;
    table_[gap] = std::move(table_[i]);
    table_[i].page = kNoPage;
    gap = i;
  }
}

void OwnPages::clear() noexcept {
  for_each([&](Entry& entry) { drop_buffer(entry); });
  table_.clear();
  count_ = 0;
}

void OwnPages::grow() {
  std::vector<Entry> old(table_.empty() ? 32 : table_.size() * 2);
  old.swap(table_);
  for (Entry& entry : old) {
    if (entry.page == kNoPage) continue;
    std::size_t i = place(entry.page);
    while (table_[i].page != kNoPage) i = (i + 1) & mask();
    table_[i] = std::move(entry);
  }
}

}  // namespace sapwood::storage
