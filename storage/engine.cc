#include "storage/engine.h"

#include <algorithm>

#include "base/assert.h"
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

void Engine::close() {
  if (impl_->closed) return;
  if (!impl_->writer.try_lock()) {
    throw Error(ErrorCode::in_use, impl_->path + " has an open write transaction; end it before closing");
  }
  if (impl_->versions->reader_count() != 0) {
    impl_->writer.unlock();
    throw Error(ErrorCode::in_use, impl_->path + " has open read transactions; end them before closing");
  }
  if (impl_->committing != 0) {
    impl_->writer.unlock();
    throw Error(ErrorCode::in_use, impl_->path + " has commits under way; let them return before closing");
  }
  impl_->closed = true;
  try {
    impl_->close_files(*this);
  } catch (...) {
    impl_->release_files();
    impl_->writer.unlock();
    throw;
  }
  impl_->release_files();
  impl_->writer.unlock();
}

// Gives up the locks, whether the close went well or not.
void Engine::Impl::release_files() noexcept {
  try {
    log.reset();
    if (lock_file != nullptr) {
      // Left behind after a failed write, it tells the next opener not to trust what the system has cached.
      if (!refused) env.files().remove(lock_path());
      lock_file.reset();
    }
  } catch (...) {
    // A lock file without its lock means nothing to the next opener.
  }
  try {
    pages.file().unlock();
  } catch (...) {
    // The lock goes with the descriptor.
  }
}

Snapshot Engine::begin_read() {
  impl_->throw_if_closed();
  const Versions::Reader reader = impl_->versions->begin_read();
  return Snapshot{reader.version, PageReader(impl_->pages.space(), reader.version.page_count), reader.slot,
                  reader.generation};
}

void Engine::end_read(const Snapshot& snapshot) noexcept { impl_->versions->end_read(snapshot.slot); }

bool Engine::is_live(u32 slot, u64 generation) const noexcept { return impl_->versions->is_live(slot, generation); }

const std::atomic<u64>& Engine::generation_of(u32 slot) const noexcept { return impl_->versions->generation_of(slot); }

std::unique_ptr<WriteTransaction> Engine::begin_write(std::chrono::milliseconds timeout) {
  if (impl_->read_only)
    throw Error(ErrorCode::read_only, impl_->path + " is open for reading only; open it in another mode to write");
  impl_->writer.lock(timeout);
  try {
    impl_->throw_if_closed();
    impl_->throw_if_refused();
    impl_->reclaim();
    impl_->free_held_pages();
    return std::make_unique<WriteTransaction>(*this, impl_->tip, impl_->tip.txn + 1);
  } catch (...) {
    impl_->writer.unlock();
    throw;
  }
}

bool Engine::is_writing_here() const noexcept { return impl_->writer.held_here(); }

void Engine::sync() {
  impl_->throw_if_closed();
  if (impl_->read_only || impl_->temporary) return;
  impl_->throw_if_refused();
  if (impl_->unlogged_txn > impl_->durable_checkpoint()) {
    checkpoint();
  } else if (impl_->has_log) {
    std::optional<Descriptor> tip;
    while (!tip) tip = impl_->versions->find(impl_->versions->tip());
    impl_->sync_log(tip->lsn);
  }
}

void Engine::checkpoint() {
  impl_->throw_if_closed();
  if (impl_->temporary) return;
  if (impl_->read_only) throw Error(ErrorCode::read_only, impl_->path + " is open for reading only");
  impl_->writer.lock(std::chrono::milliseconds(-1));
  try {
    impl_->throw_if_closed();
    impl_->prepare_checkpoint(CheckpointCause::asked);
  } catch (...) {
    impl_->writer.unlock();
    throw;
  }
  impl_->writer.unlock();
  impl_->finish_checkpoint();
}

EngineInfo Engine::info() {
  EngineInfo info;
  info.path = impl_->path;
  info.page_size = impl_->page_size();
  info.page_count = impl_->noted_pages;
  info.file_bytes = impl_->closed ? 0 : impl_->pages.file().size();
  info.live_pages = impl_->noted_live;
  info.pending_pages = impl_->noted_pending;
  info.free_pages = impl_->noted_free;
  info.txn = impl_->versions->head();
  if (impl_->has_log && !impl_->closed) {
    info.log_bytes = impl_->noted_log_used;
    info.log_segment_bytes = impl_->noted_log_size;
  }
  std::vector<TxnId> readers;
  impl_->versions->collect(readers);
  info.readers = readers.size();
  if (!readers.empty()) info.oldest_reader = *std::min_element(readers.begin(), readers.end());
  const std::lock_guard lock(impl_->checkpoint_mutex);
  info.checkpoint_txn = impl_->meta.txn;
  info.checkpoints = impl_->checkpoints;
  info.created_us = impl_->meta.created_us;
  info.uuid = uuid_text(impl_->meta.uuid);
  info.recovery = impl_->recovery;
  return info;
}

const Options& Engine::options() const { return impl_->options; }
os::Env& Engine::env() const { return impl_->env; }
bool Engine::read_only() const { return impl_->read_only; }

}  // namespace sapwood::storage
