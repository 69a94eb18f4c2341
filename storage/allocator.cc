#include "storage/allocator.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"

namespace sapwood::storage {
namespace {

constexpr std::size_t kMaxRecent = 65536;
// Runs of whole multiples of this stand at one: systems cache and map so much at once, so that a run written by one
// call is one piece of the cache and one page fault (64 KiB values: put 1.5 times, first read 1.15 times as fast on
// ext4).
constexpr u64 kAlignedRunBytes = u64{64} << 10;
constexpr u64 kRunScanWords = 4096;  // a search for a run looks at most this far before the file grows instead

// Sets or clears bits [from, from + count); returns how many changed.
u64 set_bits(std::vector<u64>& words, u64 from, u64 count, bool on) {
  u64 changed = 0;
  for (u64 at = from; at < from + count;) {
    const u64 low = at % 64;
    const u64 here = std::min<u64>(64 - low, from + count - at);
    const u64 mask = (here == 64 ? ~u64{0} : (u64{1} << here) - 1) << low;
    u64& word = words[at / 64];
    changed += static_cast<u64>(std::popcount(on ? mask & ~word : mask & word));
    word = on ? word | mask : word & ~mask;
    at += here;
  }
  return changed;
}

}  // namespace

void Allocator::grow(u64 page_count) {
  SAPWOOD_ASSERT(page_count >= page_count_ && page_count <= geometry_.max_pages());
  const u64 groups = geometry_.group_count(page_count);
  const u64 words = groups * geometry_.group_pages / 64;
  live_.resize(words);
  busy_.resize(words);
  young_.resize(words);
  const u64 old_end = page_count_ < geometry_.first_page ? geometry_.first_page : page_count_;
  page_count_ = page_count;
  for (u64 g = 0; g < groups; ++g) {
    for (u32 copy = 0; copy < 2; ++copy) {
      const PageNo page = geometry_.bitmap_page(g, copy);
      if (to_u64(page) >= old_end && to_u64(page) < page_count) set_live(Extent{page, 1});
    }
  }
}

void Allocator::load_group(u64 group, const u8* bits) {
  const u64 words = geometry_.group_pages / 64;
  u64* const live = &live_[group * words];
  const auto count = [words](const u64* from) {
    u64 pages = 0;
    for (u64 i = 0; i < words; ++i) pages += static_cast<u64>(std::popcount(from[i]));
    return pages;
  };
  const u64 before = count(live);
  std::memcpy(live, bits, words * 8);
  std::memcpy(&busy_[group * words], bits, words * 8);
  const u64 after = count(live);
  live_count_ = live_count_ - before + after;
  busy_count_ = busy_count_ - before + after;
}

void Allocator::set_live(Extent extent) {
  const u64 at = index(extent.start);
  busy_count_ += set_bits(busy_, at, extent.pages, true);
  live_count_ += set_bits(live_, at, extent.pages, true);
  set_bits(young_, at, extent.pages, true);
}

std::optional<u64> Allocator::find_free_word() {
  const u64 end = (page_count_ - geometry_.first_page + 63) / 64;
  for (u64 i = 0; i < end; ++i) {
    const u64 word = (scan_word_ + i) % end;
    if (~busy_[word] == 0) continue;
    if (word * 64 + static_cast<u64>(std::countr_one(busy_[word])) >= page_count_ - geometry_.first_page) continue;
    scan_word_ = word;
    return word;
  }
  return std::nullopt;
}

std::optional<PageNo> Allocator::take_page() {
  while (!recent_.empty()) {
    const PageNo page = recent_.back();
    recent_.pop_back();
    if (to_u64(page) >= page_count_ || is_busy(index(page))) continue;
    set_live(Extent{page, 1});
    return page;
  }
  if (free_pages() == 0) return std::nullopt;
  const std::optional<u64> word = find_free_word();
  if (!word) return std::nullopt;
  const PageNo page{geometry_.first_page + *word * 64 + static_cast<u64>(std::countr_one(busy_[*word]))};
  set_live(Extent{page, 1});
  return page;
}

std::optional<Extent> Allocator::find_run(u32 pages, u64 align, u64 from, u64 max_words, Extent& longest) const {
  const u64 end = page_count_ - geometry_.first_page;
  u64 run = 0;
  for (u64 at = from * 64; at < end && at < (from + max_words) * 64;) {
    if (run == 0 && at % 64 == 0 && ~busy_[at / 64] == 0) {
      at += 64;
      continue;
    }
    if (run == 0 && (geometry_.first_page + at) % align != 0) {
      ++at;
      continue;
    }
    run = is_busy(at) ? 0 : run + 1;
    ++at;
    if (run > longest.pages) longest = Extent{PageNo{geometry_.first_page + at - run}, static_cast<u32>(run)};
    if (run == pages) return longest;
  }
  return std::nullopt;
}

// As find_run() from where the last search ended, around the end of the file.
std::optional<Extent> Allocator::find_next_run(u32 pages, u64 align, u64 max_words, Extent& longest) const {
  const std::optional<Extent> found = find_run(pages, align, run_word_, max_words, longest);
  return found || run_word_ == 0 ? found : find_run(pages, align, 0, max_words, longest);
}

std::optional<Extent> Allocator::take_run(u32 pages, bool accept_shorter) {
  SAPWOOD_ASSERT(pages > 0);
  if (free_pages() == 0) return std::nullopt;
  const u64 unit = kAlignedRunBytes >> geometry_.page_shift;
  const u64 align = pages % unit == 0 ? unit : 1;
  const u64 max_words = accept_shorter ? busy_.size() : kRunScanWords;
  Extent longest;
  std::optional<Extent> found = find_next_run(pages, align, max_words, longest);
  if (!found && accept_shorter) {
    if (align > 1) found = find_next_run(pages, 1, max_words, longest);
    if (!found && longest.pages > 0) found = longest;
  }
  if (!found) return std::nullopt;
  set_live(*found);
  run_word_ = index(found->start + found->pages) / 64;
  if (run_word_ >= busy_.size()) run_word_ = 0;
  return found;
}

void Allocator::remember_free(Extent extent) noexcept {
  for (u32 i = extent.pages; i-- > 0 && recent_.size() < kMaxRecent;) {
    try {
      recent_.push_back(extent.start + i);
    } catch (const std::bad_alloc&) {
      return;  // a hint only: the bitmaps know the page is free
    }
  }
}

void Allocator::give_back(Extent extent) noexcept {
  const u64 at = index(extent.start);
  const u64 changed = set_bits(live_, at, extent.pages, false);
  SAPWOOD_ASSERT(changed == extent.pages);
  live_count_ -= changed;
  busy_count_ -= set_bits(busy_, at, extent.pages, false);
  remember_free(extent);
}

void Allocator::reserve_retired(std::size_t count) {
  if (waiting_.capacity() < waiting_.size() + count) waiting_.reserve(2 * (waiting_.size() + count));
}

void Allocator::drop(Extent extent) noexcept {
  live_count_ -= set_bits(live_, index(extent.start), extent.pages, false);
}

void Allocator::undrop(Extent extent) noexcept {
  live_count_ += set_bits(live_, index(extent.start), extent.pages, true);
}

void Allocator::retire(Extent extent, u32 birth, TxnId death, TxnId not_after) noexcept {
  SAPWOOD_ASSERT(waiting_.size() < waiting_.capacity());
  waiting_.push_back(Pending{std::min(full_birth(extent.start, birth, death), not_after), death, extent});
}

TxnId Allocator::full_birth(PageNo page, u32 birth, TxnId death) const {
  if (death >> 32 == 0) return birth < death ? birth : 0;  // never later than its death, whatever a reference says
  const u64 at = index(page);
  if ((young_[at / 64] >> (at % 64) & 1) == 0) return 0;
  const TxnId near = (death & ~u64{0xffffffff}) | birth;
  return near < death ? near : near - (u64{1} << 32);
}

void Allocator::release_pending(Extent extent) noexcept {
  busy_count_ -= set_bits(busy_, index(extent.start), extent.pages, false);
  remember_free(extent);
}

void Allocator::place_pending(const Pending& item, const std::vector<TxnId>& pins) {
  const auto after = std::lower_bound(pins.begin(), pins.end(), item.death);
  if (after == pins.begin() || *(after - 1) < item.birth) {
    release_pending(item.extent);
    return;
  }
  Bucket& bucket = buckets_[*(after - 1)];
  bucket.items.push_back(item);
  bucket.pages += item.extent.pages;
}

void Allocator::reclaim(const std::vector<TxnId>& pins, TxnId head) {
  for (auto it = buckets_.begin(); it != buckets_.end();) {
    if (std::binary_search(pins.begin(), pins.end(), it->first)) {
      ++it;
      continue;
    }
    Bucket& bucket = it->second;
    while (!bucket.items.empty()) {
      const Pending item = bucket.items.back();
      place_pending(item, pins);
      bucket.items.pop_back();
      bucket.pages -= item.extent.pages;
    }
    it = buckets_.erase(it);
  }
  std::size_t placed = 0;
  try {
    for (; placed < waiting_.size() && waiting_[placed].death <= head; ++placed) place_pending(waiting_[placed], pins);
  } catch (...) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(placed));
    throw;
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(placed));
}

const u8* Allocator::group_bits(u64 group) const {
  return reinterpret_cast<const u8*>(&live_[group * (geometry_.group_pages / 64)]);
}

bool Allocator::is_live(PageNo page) const {
  const u64 at = index(page);
  return (live_[at / 64] >> (at % 64) & 1) != 0;
}

bool Allocator::is_inside(Extent extent) const {
  const u64 start = to_u64(extent.start);
  return start >= geometry_.first_page && start < page_count_ && extent.pages <= page_count_ - start;
}

bool Allocator::is_live_range(Extent extent) const {
  if (!is_inside(extent)) return false;
  if (extent.pages > geometry_.group_pages || extent.pages == 0) return false;
  if (geometry_.is_bitmap(extent.start) ||
      geometry_.group_of(extent.start) != geometry_.group_of(extent.start + (extent.pages - 1))) {
    return false;
  }
  for (u64 i = 0; i < extent.pages; ++i) {
    if (!is_live(extent.start + i)) return false;
  }
  return true;
}

bool Allocator::is_free_range(Extent extent) const {
  if (!is_inside(extent)) return false;
  for (u64 i = 0; i < extent.pages; ++i) {
    if (is_busy(index(extent.start + i))) return false;
  }
  return true;
}

void Allocator::start_checkpoint() noexcept { std::fill(young_.begin(), young_.end(), 0); }

u64 Allocator::held_by(TxnId pin) const {
  const auto it = buckets_.find(pin);
  return it == buckets_.end() ? 0 : it->second.pages;
}

u64 Allocator::held_only_by(TxnId pin, std::optional<TxnId> older) const {
  const auto it = buckets_.find(pin);
  if (it == buckets_.end()) return 0;
  u64 pages = 0;
  for (const Pending& item : it->second.items) {
    if (!older || item.birth > *older) pages += item.extent.pages;
  }
  return pages;
}

// Calls `visit(PageNo first, u64 pages)`.
template <class Visit>
void Allocator::for_each_free_run(Visit visit) const {
  const u64 end = page_count_ - geometry_.first_page;
  u64 run = 0;
  for (u64 at = 0; at <= end;) {
    const bool whole_word = at % 64 == 0 && at + 64 <= end;
    if (whole_word && busy_[at / 64] == 0) {
      run += 64;
      at += 64;
      continue;
    }
    if (at < end && !is_busy(at)) {
      ++run;
      ++at;
      continue;
    }
    if (run > 0) visit(PageNo{geometry_.first_page + at - run}, run);
    run = 0;
    at += whole_word && ~busy_[at / 64] == 0 ? 64 : 1;
  }
}

Allocator::FreeRuns Allocator::free_runs() const {
  FreeRuns runs;
  for_each_free_run([&](PageNo, u64 pages) {
    ++runs.count;
    runs.longest = std::max(runs.longest, pages);
  });
  return runs;
}

void Allocator::hold_free(TxnId death) {
  constexpr u64 kMost = ~u32{0};
  std::vector<Extent> runs;
  for_each_free_run([&](PageNo first, u64 pages) {
    for (u64 done = 0; done < pages; done += kMost) {
      runs.push_back(Extent{first + done, static_cast<u32>(std::min(pages - done, kMost))});
    }
  });
  reserve_retired(runs.size());
  for (const Extent& run : runs) {
    busy_count_ += set_bits(busy_, index(run.start), run.pages, true);
    waiting_.push_back(Pending{0, death, run});
  }
}

bool Allocator::take_over(Extent extent) {
  if (!is_inside(extent)) return false;
  bool was_busy = false;
  for (u64 i = 0; i < extent.pages; ++i) {
    if (is_live(extent.start + i)) return false;
    was_busy |= is_busy(index(extent.start + i));
  }
  if (was_busy) forget_pending(extent);
  set_live(extent);
  return true;
}

// Cuts the extent out of all that is pending.
void Allocator::forget_pending(Extent extent) {
  const u64 first = to_u64(extent.start);
  const u64 end = first + extent.pages;
  const auto cut = [&](std::vector<Pending>& items) {
    u64 pages = 0;
    for (std::size_t i = 0; i < items.size();) {
      const Pending item = items[i];
      const u64 item_first = to_u64(item.extent.start);
      const u64 item_end = item_first + item.extent.pages;
      if (item_end <= first || item_first >= end) {
        ++i;
        continue;
      }
      pages += std::min(item_end, end) - std::max(item_first, first);
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
      const auto keep = [&](u64 from, u64 to) {
        if (from >= to) return;
        const Extent rest{PageNo{from}, static_cast<u32>(to - from)};
        items.insert(items.begin() + static_cast<std::ptrdiff_t>(i), Pending{item.birth, item.death, rest});
        ++i;
      };
      keep(item_first, first);
      keep(end, item_end);
    }
    return pages;
  };
  cut(waiting_);
  for (auto& [pin, bucket] : buckets_) bucket.pages -= cut(bucket.items);
  busy_count_ -= set_bits(busy_, index(extent.start), extent.pages, false);
}

u64 Allocator::reachable_end(u64 most) const {
  u64 moved = 0;
  u64 free_below = free_pages();
  u64 word = live_.size();
  while (word > 0) {
    const u64 to_move = moved + static_cast<u64>(std::popcount(live_[word - 1]));
    const u64 first = (word - 1) * 64;
    const u64 managed = std::min<u64>(64, std::max(page_count_ - geometry_.first_page, first) - first);
    const u64 free_here = managed - static_cast<u64>(std::popcount(busy_[word - 1]));
    if (to_move > most || free_below - free_here < to_move + to_move / 16 + 64) break;  // branches are copied too
    moved = to_move;
    free_below -= free_here;
    --word;
  }
  return geometry_.first_page + word * 64;
}

void Allocator::start_low() {
  recent_.clear();
  scan_word_ = 0;
  run_word_ = 0;
}

void Allocator::shrink(u64 page_count) {
  SAPWOOD_ASSERT(page_count >= busy_end() && page_count <= page_count_);
  const u64 words = geometry_.group_count(page_count) * geometry_.group_pages / 64;
  for (u64 word = words; word < live_.size(); ++word) {  // bitmaps of whole groups
    live_count_ -= static_cast<u64>(std::popcount(live_[word]));
    busy_count_ -= static_cast<u64>(std::popcount(busy_[word]));
  }
  live_.resize(words);
  busy_.resize(words);
  young_.resize(words);
  page_count_ = page_count;
  start_low();
}

u64 Allocator::end_of(const std::vector<u64>& bits) const {
  for (u64 word = bits.size(); word-- > 0;) {
    if (bits[word] == 0) continue;
    const u64 end = word * 64 + 64 - static_cast<u64>(std::countl_zero(bits[word]));
    const u64 group = (end - 1) / geometry_.group_pages;
    if (group == 0 || end - group * geometry_.group_pages > 2) return geometry_.first_page + end;
    word = group * geometry_.group_pages / 64;  // the group's first word, which holds its bitmaps only
  }
  return geometry_.first_page;
}

}  // namespace sapwood::storage
