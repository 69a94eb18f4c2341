// Info and metrics: what only the engine knows of itself.

#include <algorithm>
#include <map>

#include "storage/engine_impl.h"

namespace sapwood::storage {
namespace {

constexpr std::chrono::milliseconds kMetricsPatience{1000};
constexpr std::chrono::milliseconds kInfoPatience{50};

// The writer's place, if it is free soon. A thread that has it already may look too.
class BorrowedPlace {
 public:
  BorrowedPlace(Engine::Impl& engine, std::chrono::milliseconds patience)
      : lock_(engine.writer), was_held_(lock_.held_here()) {
    if (was_held_) return;
    try {
      engine.take_writer(patience);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::timed_out) throw;
      return;
    }
    taken_ = true;
  }
  ~BorrowedPlace() {
    if (taken_) lock_.unlock();
  }
  BorrowedPlace(const BorrowedPlace&) = delete;
  BorrowedPlace& operator=(const BorrowedPlace&) = delete;

  bool is_ours() const { return taken_ || was_held_; }
  bool is_borrowed() const { return taken_; }

 private:
  WriterLock& lock_;
  bool was_held_;
  bool taken_ = false;
};

ProcessInfo find(const std::vector<Processes::Member>& members, ProcessTag tag) {
  const auto found = std::ranges::find(members, tag, &Processes::Member::tag);
  return found == members.end() ? ProcessInfo{} : found->info;
}

std::optional<i64> since(i64 began_us, i64 now_us) {
  if (began_us == 0) return std::nullopt;
  return std::max<i64>(0, now_us - began_us);
}

}  // namespace

void Engine::note_since(const Snapshot& snapshot) noexcept {
  impl_->versions->note_since(snapshot.slot, impl_->env.clock().coarse_monotonic_us());
}

// What is free is what a write transaction that began now would find.
void Engine::Impl::settle_space() {
  versions->forget_dead_readers();
  reclaim();
  note_space();
}

// By the pins of the last reclaim(). Under the writer's place.
std::optional<u64> Engine::Impl::held_by_reader(TxnId txn) const {
  if (txn < unknown_before) return std::nullopt;
  const auto pin = std::ranges::lower_bound(pins, txn);
  const bool is_pin = pin != pins.end() && *pin == txn;
  const bool is_checkpoint = txn == durable_checkpoint() || txn == shared().running_txn;
  if (!is_pin || is_checkpoint || txn == versions->head()) return 0;
  return allocator.held_only_by(txn, pin == pins.begin() ? std::nullopt : std::optional(*(pin - 1)));
}

void Engine::Impl::note_held_pages() {
  std::map<TxnId, std::optional<u64>> held;
  for (const Versions::OpenReader& reader : versions->readers()) {
    const auto [known, is_new] = held.try_emplace(reader.txn);
    if (is_new) known->second = held_by_reader(reader.txn);
    if (known->second) versions->note_held(reader.slot, reader.txn, *known->second);
  }
}

// `is_looking`: this call has the writer's place, and nobody writes.
void Engine::Impl::describe_users(EngineInfo& info, bool is_looking) const {
  const ProcessTag owner = is_looking ? kNobody : writer.owner();
  const i64 writing_since = shared().writing_since_us.load(std::memory_order_relaxed);
  const std::vector<Processes::Member> members = processes->members();
  const i64 now = env.clock().monotonic_us();
  for (const Processes::Member& member : members) {
    info.processes.push_back(member.info);
    if (member.tag == owner) info.writer = WriterInfo{member.info, since(writing_since, now)};
  }
  for (const Versions::OpenReader& reader : versions->readers()) {
    const ProcessInfo process = find(members, reader.process);
    if (process.id != 0)  // else it has died, and holds nothing for long
      info.readers.push_back({reader.txn, process, since(reader.since_us, now), reader.held_pages});
  }
  std::ranges::stable_sort(info.readers, {}, &ReaderInfo::txn);
}

EngineInfo Engine::Impl::describe(bool is_looking) {
  EngineInfo info;
  info.path = path;
  info.page_size = page_size();
  const std::optional<Descriptor> newest = versions->find(versions->head());
  info.page_count = noted_pages != 0 || !newest ? noted_pages.load() : newest->page_count;
  info.file_bytes = closed ? 0 : pages.file().size();
  info.space_txn = noted_txn;
  info.live_pages = noted_live;
  info.pending_pages = noted_pending;
  info.free_pages = noted_free;
  info.txn = versions->head();
  if (has_log && !closed) {
    info.log_bytes = noted_log_used;
    info.log_segment_bytes = noted_log_size;
  }
  describe_users(info, is_looking);
  info.checkpoint_txn = durable_checkpoint();
  const std::lock_guard lock(checkpoint_mutex);
  info.checkpoints = checkpoints;
  info.created_us = meta.created_us;
  info.uuid = uuid_text(meta.uuid);
  info.recovery = recovery;
  return info;
}

EngineInfo Engine::info() {
  const bool is_stale = impl_->noted_txn != impl_->versions->tip() || impl_->versions->reader_count() != 0;
  if (!is_stale || impl_->closed) return impl_->describe(false);
  const BorrowedPlace place(*impl_, kInfoPatience);
  if (place.is_borrowed()) impl_->settle_space();
  if (place.is_ours()) impl_->note_held_pages();
  return impl_->describe(place.is_borrowed());
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
  const BorrowedPlace place(*impl_, kMetricsPatience);
  impl_->throw_if_closed();
  if (place.is_borrowed()) impl_->settle_space();
  if (place.is_ours()) impl_->note_held_pages();
  Moment moment{.info = impl_->describe(place.is_borrowed()), .snapshot = {}};
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
    if (place.is_ours()) metrics.space = impl_->space_metrics();
  }
  moment.snapshot = begin_read();
  moment.info.txn = moment.snapshot.descriptor.txn;
  return moment;
}

}  // namespace sapwood::storage
