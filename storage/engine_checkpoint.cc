// Checkpoints: a version becomes the one that recovery starts from. The work is done in slices, by the commits that
// follow, so that none of them waits for all of it; a checkpoint that is waited for is finished by who waits.
//
// Order on the disk: bitmaps, data pages with their checksums, and the header of the log's active segment synced; then
// the meta twins, synced; then the sealed segment's header is overwritten, synced. Only after that may pages be reused
// that the old checkpoint alone needs.
//
// Each process does the one that it began. If it stops halfway and another needs it done, that one begins its own, of
// the newest version, which supersedes the first (LockFile::job). If it died, so too; but if its meta may have been
// written, the system may put that on the disk at any time: then it is rolled forward, as it stands in the file.

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/fail_point.h"
#include "storage/bitmap_page.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

constexpr u64 kMinHeldBytes = u64{64} << 20;  // pages that only the last checkpoint needs call for a new one past this
constexpr i64 kFastSealUs = 2'000'000;
constexpr i64 kAbandonedUs = 1'000'000;
constexpr u32 kSlicePages = 64;

}  // namespace

// Copies what a checkpoint of `target` writes. Changes nothing. Under the writer's place and the checkpoint lock.
Engine::Impl::CheckpointJob Engine::Impl::make_job(const Descriptor& target, LogAfter log_after) {
  CheckpointJob job;
  job.target = target;
  job.summed_txn = meta.txn;
  job.start_us = env.clock().monotonic_us();
  job.data_doubts = shared().data_doubts;
  job.meta = meta;
  Meta& next = job.meta;
  ++next.sequence;
  next.txn = target.txn;
  next.page_count = target.page_count;
  next.catalog = target.catalog;
  next.commit_time_us = target.commit_time_us;
  next.kept = target.kept;
  next.read_only_compatible = target.kept != 0 ? kKeepsVersions : 0;
  next.log_expected = log != nullptr && log_after == LogAfter::kept;
  next.clean = !next.log_expected;
  next.replay_lsn = target.lsn;
  next.active.resize(geometry.group_count(target.page_count));
  for (u64 group = 0; group < next.active.size(); ++group) {
    const bool is_new = group >= meta.active.size();
    const PageNo before = geometry.bitmap_page(group, next.active[group] ? 1 : 0);
    const u8* const bits = allocator.group_bits(group);
    const u64 size = page_size() - kBitmapHeaderSize;
    const u8* const old_bits = is_new || !bitmap_is_sound(group) ? nullptr : pages.bytes(before) + kBitmapHeaderSize;
    if (old_bits != nullptr && std::memcmp(old_bits, bits, size) == 0) continue;
    if (job.data_doubts != 0) add_new_pages(group, old_bits, job.doubtful);
    next.active[group] = !next.active[group];
    const PageNo page = geometry.bitmap_page(group, next.active[group] ? 1 : 0);
    CheckpointJob::Bitmap& bitmap = job.bitmaps.emplace_back();
    bitmap.page = page;
    bitmap.bytes.resize(page_size());
    build_bitmap_page(bitmap.bytes.data(), geometry, page, target.txn, bits, pages.space()->checksum_seed);
  }
  if (std::exchange(was_summed, false)) pages.forget_summed();
  pages.for_each_unsummed([&](PageNo page) {
    if (allocator.is_live(page)) job.unsummed.push_back(page);
  });
  return job;
}

// The job is certain: what changes from now on is the next one's.
void Engine::Impl::start_checkpoint() noexcept {
  allocator.start_checkpoint();
  pages.start_summing();
  referred_bytes = 0;
}

bool Engine::Impl::wants_checkpoint() {
  if (temporary || refused || processes->state() == SharedState::poisoned) return false;
  if (log != nullptr && (log->nearly_full() || referred_bytes > kMaxReferredBytes)) {
    return true;  // the one in progress is finished first
  }
  if (shared().running_txn != 0) return is_abandoned();
  const u64 limit = std::max(kMinHeldBytes >> geometry.page_shift, allocator.live_pages());
  return allocator.held_by(meta.txn) > limit;
}

// The checkpoint in progress is another process's, which does not commit any more, or is dead: it would pin its pages,
// and those of the one before, until the log is full.
bool Engine::Impl::is_abandoned() {
  const LockFile& lock = shared();
  return lock.job >> 32 != static_cast<u32>(processes->self()) && coarse_now() - lock.stepped_us > kAbandonedUs;
}

// Fixes what the next checkpoint writes: the tip. Finishes the one before. Under the writer's place, with no
// transaction's changes in the bitmaps. False if there is nothing to write.
bool Engine::Impl::prepare_checkpoint(CheckpointCause cause, const Deadline& deadline) {
  finish_checkpoint(deadline);
  versions->forget_dead_readers();
  note_held_pages();  // for those who come after it, and cannot tell
  const CheckpointPlace place(*this, deadline);
  settle_checkpoint();
  SAPWOOD_FAIL_POINT("checkpoint.settled");
  if (tip.txn == meta.txn) return false;
  CheckpointJob job = make_job(tip, LogAfter::kept);
  job.cause = cause;
  const bool has_room = seal_log(job);
  start_checkpoint();
  job.id = new_job();
  shared().stepped_us = coarse_now();
  shared().running_txn = tip.txn;
  SAPWOOD_FAIL_POINT("checkpoint.pinned");
  shared().job = job.id;
  SAPWOOD_FAIL_POINT("checkpoint.prepared");
  running = std::move(job);
  const bool is_urgent = !has_room && log->nearly_full();  // as it was before
  while (running && is_urgent) step_running();
  return true;
}

// A number that no other job of any process that lives has.
u64 Engine::Impl::new_job() { return u64{static_cast<u32>(processes->self())} << 32 | static_cast<u32>(++jobs); }

// Starts a new log segment: recovery from the job's meta reads only that one. If the one sealed last is still needed,
// since its checkpoint was superseded, recovery starts in the middle of the active one.
// Then false: there is no more room than before.
bool Engine::Impl::seal_log(CheckpointJob& job) {
  if (log == nullptr) return true;
  job.meta.replay_lsn = log->end();
  const bool switches = log->has_free_segment();
  if (switches) {
    const i64 now = env.clock().monotonic_us();
    LockFile& lock = shared();
    segments = ++lock.segments;
    SAPWOOD_FAIL_POINT("checkpoint.sealing");
    switch_segment(now - last_seal_us < kFastSealUs);
    SAPWOOD_FAIL_POINT("checkpoint.sealed");
    for (u32 s = 0; s < 2; ++s) lock.segment_space[s] = log->space(s);
    last_seal_us = now;
    job.meta.replay_lsn = log->active_start();
  }
  job.target.lsn = log->end();
  return switches;
}

// A full disk shows before anything is changed. After another failure the header may be in the file or not, so that
// processes would not agree which segment is active.
void Engine::Impl::switch_segment(bool fast) {
  try {
    log->switch_segment(fast);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::disk_full) throw;
    refuse_and_rethrow();
  }
}

// Ends what another process has in progress: rolls it forward if its meta may be on the disk, else drops it. Under the
// writer's place and the checkpoint lock, so that whose it is does not work on it now.
void Engine::Impl::settle_checkpoint() {
  LockFile& lock = shared();
  if (lock.completing != 0) {
    if (const std::optional<Meta> written = read_meta(pages.file(), geometry, lock.meta_sequence + 1)) {
      roll_forward(*written);
    }
    lock.completing = 0;
  }
  if (lock.job != 0) {
    lock.job = 0;
    lock.running_txn = 0;
  }
  follow_meta();
  if (log != nullptr) follow_log(versions->newest());
}

// Whoever wrote that meta had everything else on the disk before. It may have been the commit of a version by
// checkpoint, which then counts. Both twins are written at once: if both are torn, the meta before them counts, with
// its log, which is gone only if they were on the disk already; and then these are the same bytes.
void Engine::Impl::roll_forward(const Meta& written) {
  try {
    SAPWOOD_FAIL_POINT("roll_forward.begun");
    write_meta(pages.file(), written);
    SAPWOOD_FAIL_POINT("roll_forward.meta_written");
    sync_pages();
    SAPWOOD_FAIL_POINT("roll_forward.synced");
    LockFile& lock = shared();
    Lsn end = written.replay_lsn;
    if (written.log_expected) {
      const std::unique_ptr<RedoLog> its_log = log_as_it_is(written, versions->newest().lsn);
      if (!its_log->has_free_segment()) its_log->free_sealed();
      SAPWOOD_FAIL_POINT("roll_forward.sealed_freed");
      ++lock.segments;
      end = its_log->end();
    }
    if (written.txn > lock.tip) {
      Descriptor version = descriptor_of(written);
      version.lsn = end;
      versions->publish_tip(version);
    }
    SAPWOOD_FAIL_POINT("roll_forward.counted");
    publish_meta(written);
  } catch (...) {
    refuse_and_rethrow();
  }
}

// A log object of its own, up to date: for who has not the writer's place, or does not know that log yet.
std::unique_ptr<RedoLog> Engine::Impl::log_as_it_is(const Meta& of, Lsn end) {
  const LogIdentity identity{of.uuid, of.log_epoch, of.log_stride};
  std::unique_ptr<RedoLog> found =
      RedoLog::open(env, log_path(), identity, {options.log_size, of.log_stride}, true, false);
  found->refresh(std::max(end, of.replay_lsn), {shared().segment_space[0], shared().segment_space[1]});
  return found;
}

// That meta is on the disk, and the newest: all processes go by it.
void Engine::Impl::publish_meta(Meta written) {
  LockFile& lock = shared();
  known_sequence = written.sequence;
  versions->publish_head(written.txn);
  raise(lock.durable_lsn, written.replay_lsn);
  raise(lock.synced_runs, written.replay_lsn);
  SAPWOOD_FAIL_POINT("meta.shown");
  {
    const std::lock_guard guard(checkpoint_mutex);
    meta = std::move(written);
    lock.checkpoint_txn = meta.txn;
    lock.running_txn = 0;
    lock.meta_sequence = meta.sequence;
  }
  SAPWOOD_FAIL_POINT("meta.published");
  lock.job = 0;
  SAPWOOD_FAIL_POINT("meta.job_ended");
  lock.completing = 0;
}

// Does a slice of the work; true when all is done.
bool Engine::Impl::step(CheckpointJob& job) {
  throw_if_refused();
  if (!job.has_bitmaps) {
    for (const CheckpointJob::Bitmap& bitmap : job.bitmaps) {
      pages.file().write(geometry.offset_of(bitmap.page), bitmap.bytes.data(), bitmap.bytes.size());
    }
    job.has_bitmaps = true;
    SAPWOOD_FAIL_POINT("checkpoint.bitmaps_written");
  } else if (job.summed < job.unsummed.size()) {
    const std::size_t end = std::min(job.summed + kSlicePages, job.unsummed.size());
    for (; job.summed < end; ++job.summed) {
      const PageNo page = job.unsummed[job.summed];
      if (PageHeader::birth(pages.bytes(page)) > job.summed_txn) pages.sum(page);
    }
    SAPWOOD_FAIL_POINT("checkpoint.summed");
  } else if (job.rewritten < job.doubtful.size()) {
    const std::size_t end = std::min(job.rewritten + kSlicePages, job.doubtful.size());
    for (; job.rewritten < end; ++job.rewritten) {
      const PageNo page = job.doubtful[job.rewritten];
      pages.file().write(geometry.offset_of(page), pages.bytes(page), page_size());
    }
    SAPWOOD_FAIL_POINT("checkpoint.rewritten");
  } else if (to_u64(job.write_back_from) < job.target.page_count) {
    pages.file().start_write_back(geometry.offset_of(job.write_back_from), kSlicePages << geometry.page_shift);
    job.write_back_from = job.write_back_from + kSlicePages;
    SAPWOOD_FAIL_POINT("checkpoint.written_back");
  } else {
    complete(job);
    return true;
  }
  return false;
}

// Another process may have got the error that was meant for this sync: its pages count as clean then. If this process
// dies over it there is a doubt more, until a checkpoint has written all pages again since the last one. Under the
// checkpoint lock.
void Engine::Impl::sync_pages() {
  ++shared().data_doubts;
  pages.sync();
  SAPWOOD_FAIL_POINT("checkpoint.synced");
  throw_if_refused();
  --shared().data_doubts;
}

// Pages of the group that are in use now, and not in its bitmap of the last checkpoint, which is on the disk with them.
// `before` null: there is none.
void Engine::Impl::add_new_pages(u64 group, const u8* before, std::vector<PageNo>& to) const {
  const u8* const bits = allocator.group_bits(group);
  const auto is_set = [](const u8* bitmap, u64 i) { return (bitmap[i / 8] >> (i % 8) & 1) != 0; };
  for (u64 i = 2; i < geometry.group_pages; ++i) {  // the first two are bitmaps
    if (!is_set(bits, i) || (before != nullptr && is_set(before, i))) continue;
    to.push_back(geometry.bitmap_page(group, 0) + i);
  }
}

// Makes it durable, and what recovery starts from.
void Engine::Impl::complete(CheckpointJob& job) {
  LockFile& lock = shared();
  sync_pages();
  SAPWOOD_FAIL_POINT("checkpoint.pages_synced");
  const bool keeps_log = log != nullptr && job.meta.log_expected;
  if (keeps_log) log->keep_active_start();
  SAPWOOD_FAIL_POINT("checkpoint.start_kept");
  lock.completing = job.target.txn > lock.tip ? kCompletingCommit : kCompleting;
  SAPWOOD_FAIL_POINT("checkpoint.completing");
  write_meta(pages.file(), job.meta);
  SAPWOOD_FAIL_POINT("checkpoint.meta_written");
  sync_pages();
  SAPWOOD_FAIL_POINT("checkpoint.meta_synced");
  if (keeps_log && !log->has_free_segment()) log->free_sealed();
  SAPWOOD_FAIL_POINT("checkpoint.sealed_freed");
  if (job.target.txn > lock.tip) versions->publish_tip(job.target);  // a commit by checkpoint
  was_summed = true;
  publish_meta(std::move(job.meta));
  lock.data_doubts = 0;
  raise(lock.durable_lsn, job.target.lsn);
  const std::lock_guard guard(checkpoint_mutex);
  ++checkpoints;
  last_checkpoint = {job.cause, env.clock().now_us(), env.clock().monotonic_us() - job.start_us};
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

// A slice of the one in progress. Under checkpoint_lock. A failure ends it, and refuses all further writes.
void Engine::Impl::step_running() {
  LockFile& lock = shared();
  if (lock.job == running->id && lock.data_doubts != running->data_doubts) lock.job = lock.running_txn = 0;
  if (lock.job != running->id) {
    running.reset();  // another process's checkpoint superseded it, or it would rely on a sync that may have failed
    return;
  }
  try {
    if (step(*running)) running.reset();
    shared().stepped_us = coarse_now();
  } catch (...) {
    refuse_writes();
    running.reset();
    refuse_and_rethrow();
  }
}

// A commit's share of the checkpoint in progress, if there is one and nobody else is at it.
void Engine::Impl::advance_checkpoint(u64 slices) noexcept {
  try {
    if (!checkpoint_lock.try_lock()) return;
    const std::lock_guard held(checkpoint_lock, std::adopt_lock);
    SAPWOOD_FAIL_POINT("checkpoint.advancing");
    for (; running && slices > 0; --slices) step_running();
  } catch (...) {
    // The commit is in the log; writes are refused from now on, which will tell why.
  }
}

void Engine::Impl::lock_checkpoint(const Deadline& deadline) {
  if (checkpoint_lock.lock(deadline.left())) return;
  const ProcessTag owner = checkpoint_lock.owner();
  throw Error(ErrorCode::timed_out,
              (owner == processes->self() ? "another thread of this process" : processes->describe(owner)) +
                  " is at a checkpoint of " + path + " and did not end it in " +
                  std::to_string(deadline.timeout().count()) + " ms; try again later, or end that process");
}

// This process's own, if it has one in progress.
void Engine::Impl::finish_checkpoint(const Deadline& deadline) {
  const CheckpointPlace place(*this, deadline);
  while (running) step_running();
  throw_if_refused();
}

}  // namespace sapwood::storage
