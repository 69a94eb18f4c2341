// Free space: when pages become free again, when the file grows, what a full disk leaves.

#include <algorithm>

#include "base/fail_point.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

constexpr u64 kMinGrowth = 64 << 10;
constexpr u64 kGrowthAtLeastDoubleTo = 1 << 20;
constexpr u64 kMaxGrowth = 256 << 20;

// The file cannot grow: what is free in it is all there is.
bool is_full(const Error& error) { return error.code() == ErrorCode::disk_full || error.code() == ErrorCode::limit; }

}  // namespace

void Engine::Impl::reclaim() {
  pins.clear();
  const TxnId head = versions->head();
  SAPWOOD_FAIL_POINT("pins.head_read");
  versions->collect(pins);
  pins.push_back(head);
  if (const TxnId running_checkpoint = shared().running_txn) pins.push_back(running_checkpoint);
  pins.push_back(durable_checkpoint());  // after the one in progress, which becomes it
  std::sort(pins.begin(), pins.end());
  pins.erase(std::unique(pins.begin(), pins.end()), pins.end());
  SAPWOOD_FAIL_POINT("pins.collected");
  allocator.reclaim(pins, head);
}

// Adds at least `more_pages` free pages and the reserve; a larger step if the disk has room for it.
void Engine::Impl::grow(u64 more_pages) {
  const u64 size = allocator.page_count() << geometry.page_shift;
  const u64 step = std::clamp(std::max(size / 16, std::min<u64>(size, kGrowthAtLeastDoubleTo)), kMinGrowth, kMaxGrowth);
  const auto target = [&](u64 extra) {
    u64 count = allocator.page_count() + extra;
    if (!geometry.is_page_count(count)) ++count;
    return count;
  };
  const u64 needed = more_pages + kReservePages + 2;
  if (target(needed) > geometry.max_pages()) {
    throw Error(
        ErrorCode::limit,
        path + " has reached the largest size that its page size allows; export it into a file with larger pages");
  }
  const u64 wanted = std::min(target(std::max(needed, step >> geometry.page_shift)), geometry.max_pages());
  try {
    pages.grow(wanted);
    allocator.grow(wanted);
  } catch (const Error& error) {
    if (!is_full(error)) throw;
    disk_was_full = true;
    if (target(needed) >= wanted) throw;
    pages.grow(target(needed));
    allocator.grow(target(needed));
  }
}

// Where the file cannot grow, a checkpoint gives back the pages that only the last one needs: without it each erase
// would take from the reserve, and none would give anything back. Under the writer's place, before a transaction
// begins.
void Engine::Impl::free_held_pages(const Deadline& deadline) {
  if (!disk_was_full) return;
  disk_was_full = false;  // the next page that is not to be had says it again
  if (allocator.held_by(durable_checkpoint()) == 0) return;
  try {
    prepare_checkpoint(CheckpointCause::pages_held, deadline);
    finish_checkpoint(deadline);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::timed_out && error.code() != ErrorCode::disk_full) throw;
    disk_was_full = true;  // the next one tries again
  }
  reclaim();
}

PageNo Engine::Impl::take_page(u64 keep) {
  if (allocator.free_pages() <= kReservePages) {
    try {
      grow(1);
    } catch (const Error& error) {
      if (allocator.free_pages() <= keep || !is_full(error)) throw;
    }
  }
  if (const std::optional<PageNo> page = allocator.take_page()) return *page;
  throw Error(ErrorCode::disk_full, "no space is left for " + path + "; free some on its disk");
}

Extent Engine::Impl::take_run(u32 count, u64 keep) {
  if (allocator.free_pages() > count + kReservePages) {
    if (const std::optional<Extent> run = allocator.take_run(count, false)) return *run;
  }
  try {
    grow(count);
  } catch (const Error& error) {
    if (!is_full(error)) throw;
    const u64 most = allocator.free_pages() > keep ? allocator.free_pages() - keep : 0;
    if (most == 0) throw;
    if (const std::optional<Extent> run = allocator.take_run(static_cast<u32>(std::min<u64>(count, most)), true))
      return *run;
    throw;
  }
  return allocator.take_run(count, true).value();
}

void Engine::Impl::note_space() noexcept {
  noted_txn = tip.txn;
  noted_live = allocator.live_pages();
  noted_pending = allocator.pending_pages();
  noted_free = allocator.free_pages();
  noted_pages = allocator.page_count();
  noted_log_used = log == nullptr ? 0 : log->active_used();
  noted_log_size = log == nullptr ? 0 : log->active_size();
}

}  // namespace sapwood::storage
