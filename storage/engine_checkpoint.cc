// Checkpoints: a version becomes the one that recovery starts from. The work is done in slices, by the commits that
// follow, so that none of them waits for all of it; a checkpoint that is waited for is finished by who waits.
//
// Order on the disk: bitmaps, data pages with their checksums, and the header of the log's new segment synced; then the
// meta twins, synced; then the sealed segment's header is overwritten, synced. Only after that may pages be reused that
// the old checkpoint alone needs.

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

constexpr u64 kMinHeldBytes = u64{64} << 20;  // pages that only the last checkpoint needs call for a new one past this
constexpr i64 kFastSealUs = 2'000'000;
constexpr u32 kSlicePages = 64;

}  // namespace

// Copies what a checkpoint of `target` writes. Changes nothing.
Engine::Impl::CheckpointJob Engine::Impl::make_job(const Descriptor& target, LogAfter log_after) {
  CheckpointJob job;
  job.target = target;
  job.start_us = env.clock().monotonic_us();
  job.meta = meta;
  Meta& next = job.meta;
  ++next.sequence;
  next.txn = target.txn;
  next.page_count = target.page_count;
  next.catalog = target.catalog;
  next.commit_time_us = target.commit_time_us;
  next.log_expected = log != nullptr && log_after == LogAfter::kept;
  next.clean = !next.log_expected;
  next.replay_lsn = target.lsn;
  next.active.resize(geometry.group_count(target.page_count));
  for (const u64 group : allocator.changed_groups()) {
    if (group >= next.active.size()) continue;
    next.active[group] = !next.active[group];
    const PageNo page = geometry.bitmap_page(group, next.active[group] ? 1 : 0);
    CheckpointJob::Bitmap& bitmap = job.bitmaps.emplace_back();
    bitmap.page = page;
    bitmap.bytes.resize(page_size());
    u8* p = bitmap.bytes.data();
    PageHeader::init(p, PageType::bitmap, 0, 0, page_size());
    PageHeader::set_place(p, page, target.txn);
    store<u64>(p + kPageHeaderSize, group);
    std::memcpy(p + kBitmapHeaderSize, allocator.group_bits(group), page_size() - kBitmapHeaderSize);
    store<u32>(p, page_checksum(p, page_size(), page, pages.space()->checksum_seed));
  }
  pages.for_each_unsummed([&](PageNo page) {
    if (allocator.is_live(page)) job.unsummed.push_back(page);
  });
  return job;
}

// The job is certain: what changes from now on is the next one's.
void Engine::Impl::start_checkpoint() noexcept {
  allocator.start_checkpoint();
  pages.forget_unsummed();
  referred_bytes = 0;
}

bool Engine::Impl::wants_checkpoint() {
  if (temporary || refused) return false;
  if (log != nullptr && (log->nearly_full() || referred_bytes > kMaxReferredBytes)) {
    return true;  // the one in progress is finished first
  }
  {
    const std::lock_guard lock(checkpoint_mutex);
    if (running_txn != 0) return false;
  }
  const u64 limit = std::max(kMinHeldBytes >> geometry.page_shift, allocator.live_pages());
  return allocator.held_by(meta.txn) > limit;
}

// Fixes what the next checkpoint writes: the tip. Finishes the one before. Under the writer's place, with no
// transaction's changes in the bitmaps. False if there is nothing to write.
bool Engine::Impl::prepare_checkpoint(CheckpointCause cause) {
  finish_checkpoint();
  if (tip.txn == meta.txn) return false;
  const std::lock_guard work(checkpoint_work);
  CheckpointJob job = make_job(tip, LogAfter::kept);
  job.cause = cause;
  seal_log(job);
  start_checkpoint();
  running = std::move(job);
  const std::lock_guard lock(checkpoint_mutex);
  running_txn = tip.txn;
  versions->publish_checkpoints(meta.txn, running_txn);
  return true;
}

// Starts a new log segment: recovery from the job's meta reads only that one.
void Engine::Impl::seal_log(CheckpointJob& job) {
  if (log == nullptr) return;
  const i64 now = env.clock().monotonic_us();
  log->switch_segment(now - last_seal_us < kFastSealUs);
  last_seal_us = now;
  job.meta.replay_lsn = log->active_start();
  job.target.lsn = log->end();
}

TxnId Engine::Impl::durable_checkpoint() {
  const std::lock_guard lock(checkpoint_mutex);
  return meta.txn;
}

// Does a slice of the work; true when all is done.
bool Engine::Impl::step(CheckpointJob& job) {
  throw_if_refused();
  if (!job.has_bitmaps) {
    for (const CheckpointJob::Bitmap& bitmap : job.bitmaps) {
      pages.file().write(geometry.offset_of(bitmap.page), bitmap.bytes.data(), bitmap.bytes.size());
    }
    job.has_bitmaps = true;
  } else if (job.summed < job.unsummed.size()) {
    const std::size_t end = std::min(job.summed + kSlicePages, job.unsummed.size());
    while (job.summed < end) pages.sum(job.unsummed[job.summed++]);
  } else if (to_u64(job.write_back_from) < job.target.page_count) {
    pages.file().start_write_back(geometry.offset_of(job.write_back_from), kSlicePages << geometry.page_shift);
    job.write_back_from = job.write_back_from + kSlicePages;
  } else {
    complete(job);
    return true;
  }
  return false;
}

// Makes it durable, and what recovery starts from.
void Engine::Impl::complete(CheckpointJob& job) {
  pages.sync();
  if (log != nullptr && job.meta.log_expected) log->keep_active_start();
  write_meta(pages.file(), job.meta);
  pages.sync();
  if (log != nullptr && job.meta.log_expected && !log->has_free_segment()) log->free_sealed();
  {
    const std::lock_guard lock(sync_mutex);
    durable = std::max(durable, job.target.lsn);
    synced_runs = std::max(synced_runs, job.target.lsn);
  }
  const std::lock_guard lock(checkpoint_mutex);
  meta = std::move(job.meta);
  running_txn = 0;
  ++checkpoints;
  last_checkpoint = {job.cause, env.clock().now_us(), env.clock().monotonic_us() - job.start_us};
  versions->publish_checkpoints(meta.txn, 0);
}

// Writes a checkpoint that others wait for anyway. A failure refuses all further writes: what the disk holds is unknown
// until recovery looks.
void Engine::Impl::run_checkpoint(CheckpointJob& job) {
  try {
    while (!step(job)) {
    }
  } catch (...) {
    refuse_and_rethrow();
  }
}

// A slice of the one in progress. Under checkpoint_work. A failure ends it, and refuses all further writes.
void Engine::Impl::step_running() {
  try {
    if (step(*running)) running.reset();
  } catch (...) {
    refuse_writes();
    running.reset();
    const std::lock_guard lock(checkpoint_mutex);
    running_txn = 0;
    refuse_and_rethrow();
  }
}

// A commit's share of the checkpoint in progress, if there is one and nobody else is at it.
void Engine::Impl::advance_checkpoint(u64 slices) noexcept {
  const std::unique_lock work(checkpoint_work, std::try_to_lock);
  try {
    for (; work && running && slices > 0; --slices) step_running();
  } catch (...) {
    // The commit is in the log; writes are refused from now on, which will tell why.
  }
}

void Engine::Impl::finish_checkpoint() {
  const std::lock_guard work(checkpoint_work);
  while (running) step_running();
  throw_if_refused();
}

// The last act: moves pages off a long tail, checkpoints unless the file is as the meta says, gives back the free tail,
// removes log and lock file.
void Engine::Impl::close_files(Engine& engine) {
  if (read_only || temporary) return;
  finish_checkpoint();  // throws if writes are refused: async commits may be lost, and close() promises durability
  reclaim();
  relocate_tail(engine);
  const u64 end = allocator.live_end();
  if (tip.txn != meta.txn || meta.log_expected || end != meta.page_count) {
    tip.page_count = end;
    CheckpointJob job = make_job(tip, LogAfter::removed);
    start_checkpoint();
    run_checkpoint(job);
  }
  pages.truncate(end);
  if (log != nullptr) {
    log.reset();
    env.files().remove(log_path());
  }
}

}  // namespace sapwood::storage
