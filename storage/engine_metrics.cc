// Metrics: what only the engine knows of itself.

#include <algorithm>

#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};

// The writer's place, if it is free soon. A thread that has it already may look too.
class BorrowedPlace {
 public:
  explicit BorrowedPlace(Engine::Impl& engine) : lock_(engine.writer), was_held_(lock_.held_here()) {
    if (was_held_) return;
    try {
      engine.take_writer(kPatience);
      taken_ = true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::timed_out) throw;
    }
  }
  ~BorrowedPlace() {
    if (taken_) lock_.unlock();
  }
  BorrowedPlace(const BorrowedPlace&) = delete;
  BorrowedPlace& operator=(const BorrowedPlace&) = delete;

  bool is_ours() const { return taken_ || was_held_; }
  bool no_transaction() const { return taken_; }

 private:
  WriterLock& lock_;
  bool was_held_;
  bool taken_ = false;
};

std::vector<ReaderMetrics> describe(const std::vector<Versions::OpenReader>& open, i64 now_us) {
  std::vector<ReaderMetrics> readers;
  for (const Versions::OpenReader& reader : open) {
    ReaderMetrics& to = readers.emplace_back();
    to.txn = reader.txn;
    if (reader.since_us != 0) to.open_us = std::max<i64>(0, now_us - reader.since_us);
  }
  std::ranges::stable_sort(readers, {}, &ReaderMetrics::txn);
  return readers;
}

}  // namespace

void Engine::note_since(const Snapshot& snapshot) noexcept {
  impl_->versions->note_since(snapshot.slot, impl_->env.clock().coarse_monotonic_us());
}

// `pins` are those of the last reclaim().
void Engine::Impl::add_held_pages(std::vector<ReaderMetrics>& readers) const {
  for (ReaderMetrics& reader : readers) {
    const auto pin = std::ranges::lower_bound(pins, reader.txn);
    const bool is_pin = pin != pins.end() && *pin == reader.txn;
    const bool is_checkpoint = reader.txn == durable_checkpoint() || reader.txn == shared().running_txn;
    if (!is_pin || is_checkpoint || reader.txn == versions->head()) continue;
    reader.held_pages =
        allocator.held_only_by(reader.txn, pin == pins.begin() ? std::nullopt : std::optional(*(pin - 1)));
  }
}

SpaceMetrics Engine::Impl::space_metrics() const {
  SpaceMetrics space;
  space.tail_pages = allocator.page_count() - std::min(allocator.page_count(), allocator.live_end());
  const Allocator::FreeRuns runs = allocator.free_runs();
  space.free_runs = runs.count;
  space.longest_free_run = runs.longest;
  const TxnId checkpoint = durable_checkpoint();
  const auto pin = std::ranges::lower_bound(pins, checkpoint);
  const std::vector<Versions::OpenReader> readers = versions->readers();
  const bool is_shared = std::ranges::find(readers, checkpoint, &Versions::OpenReader::txn) != readers.end();
  if (pin != pins.end() && *pin == checkpoint && !is_shared) {
    space.checkpoint_held_pages =
        allocator.held_only_by(checkpoint, pin == pins.begin() ? std::nullopt : std::optional(*(pin - 1)));
  }
  return space;
}

Engine::Moment Engine::measure(Metrics& metrics) {
  impl_->throw_if_closed();
  const BorrowedPlace place(*impl_);
  impl_->throw_if_closed();
  if (place.no_transaction()) {
    impl_->reclaim();  // what a write transaction that began now would find
    impl_->note_space();
  }
  Moment moment{.info = info(), .snapshot = {}};
  metrics.readers = describe(impl_->versions->readers(), impl_->env.clock().monotonic_us());
  const u32 page_size = impl_->page_size();
  metrics.meta_pages = impl_->geometry.first_page;
  metrics.bitmap_pages = 2 * impl_->geometry.group_count(moment.info.page_count);
  metrics.memory.map_bytes = impl_->pages.reserved_pages() * page_size;
  metrics.memory.mark_bytes = moment.info.page_count * sizeof(u32);
  metrics.memory.bitmap_bytes = 3 * ((moment.info.page_count + 7) / 8);
  metrics.memory.buffer_bytes = impl_->buffers.kept() * page_size;
  metrics.memory.private_bytes = impl_->buffers.lent() * page_size;
  metrics.activity.log_records = impl_->log_records;
  metrics.activity.log_bytes = impl_->log_record_bytes;
  metrics.activity.log_syncs = impl_->has_log ? impl_->log->syncs() : 0;
  metrics.activity.data_syncs = impl_->pages.syncs();
  {
    const std::lock_guard lock(impl_->checkpoint_mutex);
    metrics.activity.last_checkpoint = impl_->last_checkpoint;
    if (place.is_ours()) {
      metrics.space = impl_->space_metrics();
      impl_->add_held_pages(metrics.readers);
    }
  }
  moment.snapshot = begin_read();
  moment.info.txn = moment.snapshot.descriptor.txn;
  return moment;
}

}  // namespace sapwood::storage
