// Checkpoints: a version becomes the one that recovery starts from.
//
// Order on the disk: bitmaps, data pages with their checksums and log synced; then the meta twins, synced; then the sealed segment's header
// is overwritten, synced. Only after that may pages be reused that the old checkpoint alone needs.

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

constexpr u64 kMinHeldBytes = u64{64} << 20;  // pages that only the last checkpoint needs call for a new one past this
constexpr i64 kFastSealUs = 2'000'000;

}  // namespace

// Copies what a checkpoint of `target` writes. Changes nothing.
Engine::Impl::CheckpointJob Engine::Impl::make_job(const Descriptor& target, LogAfter log_after) {
  CheckpointJob job;
  job.target = target;
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
}

bool Engine::Impl::wants_checkpoint() {
  if (temporary || refused) return false;
  {
    const std::lock_guard lock(checkpoint_mutex);
    if (running_txn != 0) return false;
  }
  if (log != nullptr && log->nearly_full()) return true;
  const u64 limit = std::max(kMinHeldBytes >> geometry.page_shift, allocator.live_pages());
  return allocator.held_by(meta.txn) > limit;
}

// Fixes what the next checkpoint writes: the tip. Under the writer's place, with no transaction's changes in the
// bitmaps.
std::optional<Engine::Impl::CheckpointJob> Engine::Impl::prepare_checkpoint(CheckpointCause cause) {
  wait_for_checkpoint();
  throw_if_refused();
  if (tip.txn == meta.txn) return std::nullopt;
  CheckpointJob job = make_job(tip, LogAfter::kept);
  job.cause = cause;
  seal_log(job);
  start_checkpoint();
  const std::lock_guard lock(checkpoint_mutex);
  running_txn = tip.txn;
  versions->publish_checkpoints(meta.txn, running_txn);
  return job;
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

// Writes the checkpoint. A failure refuses all further writes: what the disk holds is unknown until recovery looks.
void Engine::Impl::run_checkpoint(CheckpointJob& job) {
  const i64 start_us = env.clock().monotonic_us();
  try {
    for (const CheckpointJob::Bitmap& bitmap : job.bitmaps) {
      pages.file().write(geometry.offset_of(bitmap.page), bitmap.bytes.data(), bitmap.bytes.size());
    }
    for (const PageNo page : job.unsummed) pages.sum(page);
    pages.sync();
    if (log != nullptr) sync_log(0, true);
    write_meta(pages.file(), job.meta);
    pages.sync();
    if (log != nullptr && job.meta.log_expected && !log->has_free_segment()) log->free_sealed();
  } catch (...) {
    refuse_writes();
    abandon_checkpoint();
    refuse_and_rethrow();
  }
  {
    const std::lock_guard lock(sync_mutex);
    if (job.target.lsn > durable) durable = job.target.lsn;
  }
  const std::lock_guard lock(checkpoint_mutex);
  meta = std::move(job.meta);
  running_txn = 0;
  ++checkpoints;
  last_checkpoint = {job.cause, env.clock().now_us(), env.clock().monotonic_us() - start_us};
  versions->publish_checkpoints(meta.txn, 0);
  checkpoint_done.notify_all();
}

// Writes are refused by now: those who wait for the checkpoint shall hear of it.
void Engine::Impl::abandon_checkpoint() noexcept {
  const std::lock_guard lock(checkpoint_mutex);
  running_txn = 0;
  checkpoint_done.notify_all();
}

void Engine::Impl::wait_for_checkpoint() {
  std::unique_lock lock(checkpoint_mutex);
  checkpoint_done.wait(lock, [this] { return running_txn == 0; });
  throw_if_refused();
}

// The last act: checkpoints unless the file is as the meta says, gives back the free tail, removes log and lock file.
void Engine::Impl::close_files() {
  if (read_only || temporary) return;
  wait_for_checkpoint();  // throws if writes are refused: async commits may be lost, and close() promises durability
  reclaim();
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
