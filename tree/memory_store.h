// A PageStore in memory for tests: no files, but the rules of a write transaction, watched.
//
// It throws std::logic_error when a tree edits or frees a page that is not the transaction's, frees one twice, or
// writes outside a run; and at commit() when a page of an older commit has changed. Pages of the transaction live in
// buffers of their own, which release_memory() writes to the arena and drops, so that a pointer held across it is found
// by AddressSanitizer; what it writes must pass verify_node when it is read again. Free pages, and one page after each
// used one, are poisoned for AddressSanitizer, except for what tells that a page is not the one that was meant.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/page_store.h"
#include "tree/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace sapwood::tree {

class MemoryStore final : public storage::PageStore, private storage::PrivatePages {
 public:
  struct Settings {
    u32 page_size = 4096;
    u64 max_pages = 1 << 16;
    u32 spill_every = 7;  // release_memory() drops the buffers each so many calls; 0 never
    bool verify_checksums = true;
    bool poison = true;
    u64 seed = 1;
  };

  explicit MemoryStore(const Settings& settings)
      : settings_(settings),
        size_(settings.max_pages * settings.page_size),
        base_(static_cast<u8*>(
            ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))),
        verified_(new std::atomic<u32>[settings.max_pages]()),
        state_(settings.max_pages),
        random_(settings.seed) {
    require(base_ != MAP_FAILED, "mmap");
    space_.base = base_;
    space_.verified = verified_.get();
    space_.page_size = settings.page_size;
    space_.page_shift = static_cast<u32>(std::countr_zero(settings.page_size));
    space_.checksum_seed = settings.seed;
    space_.verify_checksums = settings.verify_checksums;
    space_.verify_node = verify_node;
    for (u64 i = 0; i < settings.max_pages; ++i) set_poisoned(i, true);
  }
  ~MemoryStore() override {
    for (u64 i = 0; i < settings_.max_pages; ++i) set_poisoned(i, false);
    ::munmap(base_, size_);
  }
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  storage::PageReader reader() const override { return storage::PageReader(&space_, page_count_, birth_, this); }
  // Without the transaction's own pages: what a reader of the last commit sees.
  storage::PageReader snapshot() const { return storage::PageReader(&space_, page_count_); }
  u32 page_size() const override { return settings_.page_size; }
  u32 birth() const override { return birth_; }

  u8* edit(storage::PageRef& ref) override {
    new_version();
    const u8* old = reader().fetch(ref);
    const State& state = owned(ref.page, ref.birth, false);
    if (state.birth == birth_ && state.mark == mark_) return load(ref.page);
    const storage::PageRef old_ref = ref;
    u8* page = add_page(ref);
    std::memcpy(page, old, settings_.page_size);
    storage::PageHeader::set_place(page, ref.page, birth_);
    free(old_ref);
    return page;
  }

  u8* create(storage::PageRef& ref, storage::PageType type, u8 level, u32 tree_id) override {
    new_version();
    u8* page = add_page(ref);
    std::memset(page, 0, settings_.page_size);
    storage::PageHeader::init(page, type, level, tree_id, settings_.page_size);
    storage::PageHeader::set_place(page, ref.page, birth_);
    return page;
  }

  void free(storage::PageRef ref) override {
    new_version();
    State& state = owned(ref.page, ref.birth, false);
    if (state.mark == mark_) buffers_.erase(to_u64(ref.page));
    drop(ref.page, state);
  }

  storage::Extent allocate_run(u32 pages) override {
    if (pages > 1 && random_() % 4 == 0) pages = 1 + static_cast<u32>(random_() % pages);
    const storage::Extent run{take(pages), pages};
    for (u32 i = 0; i < pages; ++i) state_[to_u64(run.start) + i].run = true;
    return run;
  }

  void write_run(storage::Extent extent, const void* data, u64 size) override {
    require(size <= u64{extent.pages} * settings_.page_size, "write_run past the run");
    for (u32 i = 0; i < extent.pages; ++i) owned(extent.start + i, birth_, true);
    std::memcpy(at(extent.start), data, size);
    std::memset(at(extent.start) + size, 0, u64{extent.pages} * settings_.page_size - size);
  }

  void free_run(storage::Extent extent, u32 birth) override {
    for (u32 i = 0; i < extent.pages; ++i) drop(extent.start + i, owned(extent.start + i, birth, true));
  }

  void value_written(std::span<const storage::ValueRun>) override {}

  void release_memory() override {
    if (settings_.spill_every != 0 && ++releases_ % settings_.spill_every == 0) spill();
  }

  // Pages made so far are not edited in place any more.
  void mark() {
    new_version();
    ++mark_;
  }

  // All pages go to the arena; what was freed can be used again, unless `keep_old`, when old versions stay readable.
  void commit(bool keep_old = false) {
    spill();
    for (u64 i = 0; i < page_count_; ++i) {
      State& state = state_[i];
      const bool old = state.kind != Kind::free && state.birth != birth_;
      require(!old || state.sum == sum(i), "a page of an older commit has changed");
      if (state.kind == Kind::used && !old) state.sum = sum(i);
      if (state.kind == Kind::dropped && !keep_old) clear(i);
    }
    ++birth_;
    ++mark_;
  }

  // Pages in use, runs counted page by page.
  u64 used() const { return used_; }
  bool is_used(storage::Extent pages, u32 birth) const {
    for (u32 i = 0; i < pages.pages; ++i) {
      const State& state = state_.at(to_u64(pages.start) + i);
      if (state.kind != Kind::used || state.birth != birth) return false;
    }
    return true;
  }

  // For tests that damage pages. Requires: nothing is in buffers (after commit()).
  u8* raw(PageNo page) { return at(page); }
  u64 page_count() const { return page_count_; }
  void forget_verified() {
    for (u64 i = 0; i < settings_.max_pages; ++i) verified_[i] = 0;
  }

 private:
  enum class Kind : u8 { free, used, dropped };
  struct State {
    Kind kind = Kind::free;
    bool run = false;
    u32 birth = 0;
    u32 mark = 0;
    u64 sum = 0;
  };

  static void require(bool ok, const char* what) {
    if (!ok) throw std::logic_error(std::string("page store: ") + what);
  }

  const u8* find(PageNo page) const override {
    const auto found = buffers_.find(to_u64(page));
    return found == buffers_.end() ? nullptr : found->second.get();
  }
  u8* at(PageNo page) { return base_ + to_u64(page) * settings_.page_size; }
  u64 sum(u64 page) const { return hash64(base_ + page * settings_.page_size, settings_.page_size, 0); }

  State& owned(PageNo page, u32 birth, bool run) {
    require(to_u64(page) < page_count_, "page past the end");
    State& state = state_[to_u64(page)];
    require(state.kind == Kind::used, "page is not in use");
    require(state.birth == birth && state.run == run, "page is another than the reference says");
    return state;
  }

  // Makes a page a fault to touch, or not, under AddressSanitizer; but for its number and birth.
  void set_poisoned([[maybe_unused]] u64 page, [[maybe_unused]] bool poisoned) {
#ifdef ASAN_POISON_MEMORY_REGION
    u8* at = base_ + page * settings_.page_size;
    ASAN_UNPOISON_MEMORY_REGION(at, settings_.page_size);
    if (!poisoned || !settings_.poison) return;
    ASAN_POISON_MEMORY_REGION(at, 8);
    ASAN_POISON_MEMORY_REGION(at + 24, settings_.page_size - 24);
#endif
  }

  // `count` neighbouring free pages.
  PageNo take(u32 count) {
    u64 start = next_;
    for (u64 tries = 0, length = 0; length < count; ++tries) {
      require(tries < 3 * settings_.max_pages, "full");
      if (start + length >= settings_.max_pages) {
        start = 4;
        length = 0;
      } else if (state_[start + length].kind == Kind::free) {
        ++length;
      } else {
        start += length + 1;
        length = 0;
      }
    }
    for (u64 i = start; i < start + count; ++i) state_[i] = State{Kind::used, false, birth_, mark_, 0};
    for (u64 i = start; i < start + count; ++i) set_poisoned(i, false);
    next_ = start + count + (count == 1 ? 1 : 0);  // a gap, to be poisoned
    used_ += count;
    page_count_ = std::max(page_count_, start + count);
    return PageNo{start};
  }

  u8* add_page(storage::PageRef& ref) {
    ref = {take(1), birth_};
    return (buffers_[to_u64(ref.page)] = std::unique_ptr<u8[]>(new u8[settings_.page_size])).get();
  }

  u8* load(PageNo page) {
    std::unique_ptr<u8[]>& buffer = buffers_[to_u64(page)];
    if (buffer == nullptr) {
      buffer.reset(new u8[settings_.page_size]);
      std::memcpy(buffer.get(), at(page), settings_.page_size);
    }
    return buffer.get();
  }

  void drop(PageNo page, State& state) {
    --used_;
    if (state.birth == birth_ && state.mark == mark_) clear(to_u64(page));
    else state.kind = Kind::dropped;
  }

  void clear(u64 page) {
    state_[page] = State{};
    std::memset(base_ + page * settings_.page_size, 0xdd, settings_.page_size);
    set_poisoned(page, true);
    next_ = std::min(next_, page);
  }

  void spill() {
    new_version();
    for (auto& [number, buffer] : buffers_) {
      u8* page = buffer.get();
      store<u32>(page, storage::page_checksum(page, settings_.page_size, PageNo{number}, settings_.seed));
      std::memcpy(at(PageNo{number}), page, settings_.page_size);
      verified_[number] = 0;
    }
    buffers_.clear();
  }

  Settings settings_;
  u64 size_;
  u8* base_;
  std::unique_ptr<std::atomic<u32>[]> verified_;
  std::vector<State> state_;
  std::mt19937_64 random_;
  storage::PageSpace space_;
  std::unordered_map<u64, std::unique_ptr<u8[]>> buffers_;
  u64 page_count_ = 4;
  u64 next_ = 4;
  u64 used_ = 0;
  u32 birth_ = 1;
  u32 mark_ = 1;
  u64 releases_ = 0;
};

// The seed of a randomised test: SAPWOOD_SEED, or `fallback`. Print it with the failure.
inline u64 test_seed(u64 fallback) {
  const char* seed = std::getenv("SAPWOOD_SEED");
  return seed == nullptr ? fallback : std::strtoull(seed, nullptr, 10);
}

}  // namespace sapwood::tree
