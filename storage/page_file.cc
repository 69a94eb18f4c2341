#include "storage/page_file.h"

#include <algorithm>

namespace sapwood::storage {
namespace {

constexpr u64 kMinMapBytes = u64{16} << 30;
constexpr u64 kMaxMapBytes = u64{1} << 40;

}  // namespace

PageFile::PageFile(os::Env& env, std::unique_ptr<os::File> file, const Geometry& geometry)
    : env_(env), file_(std::move(file)), geometry_(geometry) {
  page_count_ = file_->size() >> geometry_.page_shift;
}

void PageFile::open_map(const PageSpace& prototype) { add_map(prototype, page_count_); }

void PageFile::add_map(const PageSpace& prototype, u64 pages) {
  const u64 bytes = pages << geometry_.page_shift;
  const u64 reserve = std::max(std::clamp(8 * bytes, kMinMapBytes, kMaxMapBytes), 2 * bytes);
  auto map = std::make_unique<Map>();
  map->pages = file_->map(reserve);
  const u64 mapped = map->pages->size() >> geometry_.page_shift;  // a simulated disk reserves less
  map->verified = env_.reserve_memory(mapped * sizeof(u32));
  map->space = prototype;
  map->space.base = map->pages->data();
  map->space.verified = reinterpret_cast<std::atomic<u32>*>(map->verified->mutable_data());
  map->space.page_size = geometry_.page_size;
  map->space.page_shift = geometry_.page_shift;
  maps_.push_back(std::move(map));
  mapped_pages_ = mapped;
  reserved_pages_ += mapped;
  space_.store(&maps_.back()->space, std::memory_order_release);
}

void PageFile::grow(u64 page_count) {
  if (page_count <= page_count_) return;
  if (page_count > mapped_pages_) {
    add_map(*space(), page_count);
    if (page_count > mapped_pages_) throw Error(ErrorCode::out_of_memory, file_->path() + " cannot be mapped whole");
  }
  const u64 from = page_count_ << geometry_.page_shift;
  file_->allocate(from, (page_count << geometry_.page_shift) - from);
  page_count_ = page_count;
}

void PageFile::truncate(u64 page_count) {
  if (page_count >= page_count_) return;
  file_->truncate(page_count << geometry_.page_shift);
  page_count_ = page_count;
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
  std::atomic<u32>* verified = space()->verified;
  for (const PageWrite& write : pages) {
    const u32 birth = static_cast<u32>(PageHeader::birth(write.bytes));
    verified[to_u64(write.page)].store(verified_mark(birth), std::memory_order_relaxed);
  }
}

void PageFile::write_run(Extent extent, const void* data, u64 size) {
  file_->write(geometry_.offset_of(extent.start), data, size);
  space()->verified[to_u64(extent.start)].store(0, std::memory_order_relaxed);
}

}  // namespace sapwood::storage
