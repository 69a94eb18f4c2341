// The free end of a file that is open goes back to the system, if this process has it alone and nobody reads there.

#include <mutex>

#include "storage/engine_impl.h"
#include "storage/write_transaction.h"

namespace sapwood::storage {
namespace {

constexpr u64 kWorthwhilePages = 64;

// Keeps other processes from opening the file. is_ours() is false if some have it open, or are about to.
class SoleUse {
 public:
  explicit SoleUse(Engine::Impl& engine)
      : file_(engine.pages.file()), shares_(engine.lock_file != nullptr && !engine.exclusive) {
    is_ours_ = !shares_ || (file_.try_lock(kOpenLock, os::LockKind::exclusive) &&
                            file_.try_lock(kUseLock, os::LockKind::exclusive));
  }
  ~SoleUse() {
    if (!shares_) return;
    try {
      file_.try_lock(kUseLock, os::LockKind::shared);
      file_.unlock(kOpenLock);
    } catch (...) {
      // The locks go with the descriptor, at the latest.
    }
  }
  SoleUse(const SoleUse&) = delete;
  SoleUse& operator=(const SoleUse&) = delete;
  bool is_ours() const { return is_ours_; }

 private:
  os::File& file_;
  bool shares_;
  bool is_ours_ = false;
};

}  // namespace

SpaceInUse Engine::space_in_use() {
  impl_->take_writer(impl_->options.write_timeout);
  const std::lock_guard place(impl_->writer, std::adopt_lock);
  return {impl_->geometry.first_page + impl_->allocator.live_pages(), impl_->allocator.live_end()};
}

// The version that refers to fewer pages is on the disk before the file is cut off; if the process dies in between, the
// next opener finds free space behind it.
bool Engine::give_back_tail() {
  Impl& engine = *impl_;
  if (engine.temporary) return false;
  engine.take_writer(engine.options.write_timeout);
  std::unique_lock place(engine.writer, std::adopt_lock);
  engine.finish_checkpoint(engine.deadline());
  engine.versions->forget_dead_readers();
  engine.reclaim();
  const u64 end = engine.allocator.busy_end();
  if (end + kWorthwhilePages > engine.allocator.page_count() || !engine.geometry.is_page_count(end)) return false;
  const SoleUse sole(engine);
  if (!sole.is_ours()) return false;
  // What was stored there is in no version that a checkpoint could be of.
  engine.pages.forget_unsummed({PageNo{end}, static_cast<u32>(engine.allocator.page_count() - end)});
  engine.allocator.shrink(end);
  {
    WriteTransaction txn(*this, engine.tip, engine.tip.txn + 1);
    place.release();  // the transaction's end gives it back
    txn.commit_by_checkpoint();
  }
  engine.writer.lock(std::chrono::milliseconds(-1), engine.coarse_now());
  const std::lock_guard again(engine.writer, std::adopt_lock);
  if (engine.allocator.page_count() == end) engine.pages.truncate(end);
  return true;
}

}  // namespace sapwood::storage
