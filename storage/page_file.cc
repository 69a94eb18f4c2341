#include "storage/page_file.h"

#include <algorithm>
#include <utility>

namespace sapwood::storage {
namespace {

constexpr u64 kMaxMapBytes = u64{1} << 40;

}  // namespace

PageFile::PageFile(os::Env& env, std::unique_ptr<os::File> file, const Geometry& geometry, u64 min_map_bytes)
    : env_(env), file_(std::move(file)), geometry_(geometry), min_map_bytes_(min_map_bytes) {
  page_count_ = file_->size() >> geometry_.page_shift;
}

void PageFile::open_map(const PageSpace& prototype, bool stores) {
  add_map(prototype, stores, page_count_);
  readable_ = std::min(mapped_, page_count_);
  summing_.resize(page_count_ / 64 + 1);
  unsummed_.resize(summing_.size());
}

void PageFile::add_map(const PageSpace& prototype, bool stores, u64 pages) {
  const u64 bytes = pages << geometry_.page_shift;
  const u64 reserve = std::max(std::clamp(8 * bytes, min_map_bytes_, kMaxMapBytes), 2 * bytes);
  auto map = std::make_unique<Map>();
  map->pages = file_->map(reserve);
  const u64 mapped = map->pages->size() >> geometry_.page_shift;  // a simulated disk reserves less
  map->verified = env_.reserve_memory(mapped * sizeof(u32));
  if (stores) map->stores = file_->map_for_stores(reserve);
  map->space = prototype;
  map->space.base = map->pages->data();
  map->space.verified = reinterpret_cast<std::atomic<u32>*>(map->verified->mutable_data());
  map->space.page_size = geometry_.page_size;
  map->space.page_shift = geometry_.page_shift;
  stores_ = stores ? map->stores->mutable_data() : nullptr;
  maps_.push_back(std::move(map));
  reserved_pages_ += mapped;
  space_.store(&maps_.back()->space, std::memory_order_release);
  mapped_ = mapped;
}

// Under map_mutex_.
void PageFile::map_over(u64 page_count) {
  if (page_count <= mapped_) return;
  add_map(*space(), stores_ != nullptr, page_count);
  if (page_count > mapped_) throw Error(ErrorCode::out_of_memory, file_->path() + " cannot be mapped whole");
}

// Of a version that another process made, or what the lock file says is one.
void PageFile::reach(u64 page_count) {
  const std::lock_guard lock(map_mutex_);
  const u64 in_file = file_->size() >> geometry_.page_shift;
  if (page_count > in_file) {
    throw Error(ErrorCode::corrupt, file_->path() + " has " + std::to_string(in_file) + " pages of " +
                                        std::to_string(page_count) +
                                        ": it was cut off, or its lock file is damaged; close it in all processes, " +
                                        "then open it again");
  }
  map_over(page_count);
  readable_.store(std::min(mapped_, in_file), std::memory_order_release);
}

void PageFile::grow(u64 page_count) {
  const std::lock_guard lock(map_mutex_);
  map_over(page_count);  // the file may be longer already, by another process
  if (page_count <= page_count_) return;
  const u64 from = page_count_ << geometry_.page_shift;
  file_->allocate(from, (page_count << geometry_.page_shift) - from);
  page_count_ = page_count;
  readable_.store(page_count, std::memory_order_release);
}

void PageFile::truncate(u64 page_count) {
  if (page_count >= page_count_) return;
  file_->truncate(page_count << geometry_.page_shift);
  for (u64 page = page_count; page < page_count_; ++page) space()->verified[page].store(0, std::memory_order_relaxed);
  page_count_ = page_count;
  readable_ = std::min<u64>(readable_, page_count);
}

u8* PageFile::place_for_stores(PageNo page) {
  u8* const stores = stores_.load(std::memory_order_relaxed);
  if (stores == nullptr) return nullptr;
  std::atomic<u32>& verified = space()->verified[to_u64(page)];
  if (verified.load(std::memory_order_relaxed) == 0) return nullptr;
  verified.store(kSeen, std::memory_order_relaxed);
  const u64 offset = geometry_.offset_of(page);
  file_->about_to_store(offset, geometry_.page_size);
  return stores + offset;
}

void PageFile::stored(PageNo page) {
  const u64 offset = geometry_.offset_of(page);
  file_->stored(offset, geometry_.page_size);
  mark_verified(page, stores_.load(std::memory_order_relaxed) + offset);
  note_unsummed(page);
}

void PageFile::note_unsummed(PageNo page) {
  const u64 word = to_u64(page) / 64;
  if (word >= unsummed_.size()) {
    summing_.resize(word + 1);  // first: if memory runs out in between, it may be the longer one
    unsummed_.resize(word + 1);
  }
  unsummed_[word] |= u64{1} << (to_u64(page) % 64);
}

void PageFile::start_summing() noexcept {
  for (std::size_t word = 0; word < unsummed_.size(); ++word) summing_[word] |= std::exchange(unsummed_[word], 0);
}

void PageFile::forget_all_unsummed() noexcept {
  std::fill(unsummed_.begin(), unsummed_.end(), 0);
  std::fill(summing_.begin(), summing_.end(), 0);
}

void PageFile::sum(PageNo page) {
  const u64 offset = geometry_.offset_of(page);
  u8* const stores = stores_.load(std::memory_order_acquire);
  const u32 checksum = page_checksum(bytes(page), geometry_.page_size, page, space()->checksum_seed);
  if (stores == nullptr) {
    u8 encoded[sizeof checksum];
    store<u32>(encoded, checksum);
    file_->write(offset, encoded, sizeof encoded);
    return;
  }
  file_->about_to_store(offset, sizeof checksum);
  store<u32>(stores + offset, checksum);
  file_->stored(offset, sizeof checksum);
}

void PageFile::forget_unsummed(Extent extent) noexcept {
  const u64 end = std::min<u64>(to_u64(extent.start) + extent.pages, 64 * unsummed_.size());
  for (u64 page = to_u64(extent.start); page < end; ++page) {
    const u64 others = ~(u64{1} << (page % 64));
    unsummed_[page / 64] &= others;
    summing_[page / 64] &= others;
  }
}

void PageFile::mark_verified(PageNo page, const u8* bytes) {
  const u32 birth = static_cast<u32>(PageHeader::birth(bytes));
  space()->verified[to_u64(page)].store(verified_mark(birth), std::memory_order_relaxed);
}

void PageFile::write_pages(std::vector<PageWrite>& pages) {
  std::sort(pages.begin(), pages.end(), [](const PageWrite& a, const PageWrite& b) { return a.page < b.page; });
  constexpr std::size_t kMaxParts = 256;
  os::WritePart parts[kMaxParts];
  for (std::size_t i = 0; i < pages.size();) {
    std::size_t count = 0;
    while (count < kMaxParts && i + count < pages.size() && pages[i + count].page == pages[i].page + count) {
      parts[count] = os::WritePart{pages[i + count].bytes, geometry_.page_size};
      ++count;
    }
    file_->write(geometry_.offset_of(pages[i].page), std::span(parts, count));
    i += count;
  }
  for (const PageWrite& write : pages) {
    mark_verified(write.page, write.bytes);
    forget_unsummed(Extent{write.page, 1});
  }
}

void PageFile::write_run(Extent extent, const void* data, u64 size, u32 birth) {
  file_->write(geometry_.offset_of(extent.start), data, size);
  space()->verified[to_u64(extent.start)].store(verified_mark(birth), std::memory_order_relaxed);
  forget_unsummed(extent);
}

}  // namespace sapwood::storage
