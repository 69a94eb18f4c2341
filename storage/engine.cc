#include "storage/engine.h"

#include <mutex>

#include "base/assert.h"
#include "base/fail_point.h"
#include "storage/engine_impl.h"

namespace sapwood::storage {

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  try {
    close();
  } catch (...) {
    // The next open recovers.
  }
}

Snapshot Engine::begin_read() {
  impl_->throw_if_closed();
  const TxnId summed = impl_->durable_checkpoint();  // before the head, which is never older
  const Versions::Reader reader = impl_->versions->begin_read();
  const u64 pages = reader.version.page_count;
  try {
    impl_->throw_if_closed();  // close() looks at the readers after it has said so
    impl_->pages.cover(pages);
  } catch (...) {
    impl_->versions->end_read(reader.slot);
    throw;
  }
  return Snapshot{reader.version, PageReader(impl_->pages.space(), pages, summed), reader.slot, reader.generation};
}

void Engine::end_read(const Snapshot& snapshot) noexcept {
  if (!impl_->is_inherited()) impl_->versions->end_read(snapshot.slot);
}

bool Engine::is_live(u32 slot, u64 generation) const noexcept { return impl_->versions->is_live(slot, generation); }

const std::atomic<u64>& Engine::generation_of(u32 slot) const noexcept { return impl_->versions->generation_of(slot); }

std::unique_ptr<WriteTransaction> Engine::begin_write(std::chrono::milliseconds timeout) {
  if (impl_->read_only)
    throw Error(ErrorCode::read_only, impl_->path + " is open for reading only; open it in another mode to write");
  const Deadline deadline(timeout);
  impl_->take_writer(timeout);
  try {
    impl_->throw_if_refused();
    impl_->reclaim();
    impl_->free_held_pages(deadline);
    return std::make_unique<WriteTransaction>(*this, impl_->tip, impl_->tip.txn + 1);
  } catch (...) {
    impl_->end_write();
    throw;
  }
}

bool Engine::is_writing_here() const noexcept { return impl_->writer.held_here(); }

void Engine::sync() {
  const CallUnderWay under_way(impl_->calls);
  impl_->throw_if_closed();
  if (impl_->read_only || impl_->temporary) return;
  impl_->throw_if_refused();
  if (impl_->unlogged_txn > impl_->durable_checkpoint()) {
    checkpoint();
    return;
  }
  const Descriptor tip = impl_->versions->newest();
  if (tip.lsn <= impl_->shared().durable_lsn) return;
  if (!impl_->has_log) {  // others wrote it
    impl_->take_writer(impl_->options.write_timeout);
    impl_->end_write();
  }
  impl_->sync_log(tip.lsn);
}

void Engine::checkpoint() {
  const CallUnderWay under_way(impl_->calls);
  impl_->throw_if_closed();
  if (impl_->temporary) return;
  if (impl_->read_only) throw Error(ErrorCode::read_only, impl_->path + " is open for reading only");
  const Deadline deadline = impl_->deadline();
  std::optional<TxnId> asked;
  do {  // until one holds what had been committed: another process's may supersede ours
    impl_->take_writer(std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()));
    {
      const std::lock_guard place(impl_->writer, std::adopt_lock);
      if (!asked) asked = impl_->tip.txn;
      impl_->prepare_checkpoint(CheckpointCause::asked, deadline);
    }
    SAPWOOD_FAIL_POINT("checkpoint.waited_for");
    impl_->finish_checkpoint(deadline);
  } while (impl_->durable_checkpoint() < *asked);
}

const Options& Engine::options() const { return impl_->options; }
os::Env& Engine::env() const { return impl_->env; }
bool Engine::read_only() const { return impl_->read_only; }
bool Engine::is_at_path() const { return !impl_->is_inherited() && impl_->pages.file().is_at_path(); }

}  // namespace sapwood::storage
