// The end of a file that has churned: live pages are moved down at close, so that it can be cut off.
//
// Two checkpoints more: one frees what only the older one needs, one makes the moved pages what recovery starts from.
// Everything in between is an ordinary transaction, so a crash loses nothing.

#include "storage/engine_impl.h"
#include "storage/write_transaction.h"

namespace sapwood::storage {
namespace {

constexpr u64 kWorthwhilePages = 64;
constexpr u64 kWorthwhileShare = 8;  // of the file

}  // namespace

// Under the writer's place, while the file is closed: no readers. Moves at most what a transaction keeps in
// memory, four times that if pages are stored to directly.
void Engine::Impl::relocate_tail(Engine& engine) {
  if (checkpoints == 0 && tip.txn == meta.txn) return;  // nothing was written
  if (tip.kept != 0) return;                            // a snapshot needs the pages where they are
  const u64 most = (maps_stores() ? 4 : 1) * options.dirty_limit >> geometry.page_shift;
  const auto is_worthwhile = [&](u64 end) {
    return end + std::max(kWorthwhilePages, allocator.live_end() / kWorthwhileShare) <= allocator.live_end();
  };
  if (!is_worthwhile(allocator.live_pages())) return;
  if (tip.txn != meta.txn) {
    prepare_checkpoint(CheckpointCause::asked, deadline());
    finish_checkpoint(deadline());
    reclaim();
  }
  const u64 end = allocator.reachable_end(most);
  if (!is_worthwhile(end)) return;
  if (move_pages(engine, PageNo{end})) reclaim();
}

// True if a version with moved pages is the newest.
bool Engine::Impl::move_pages(Engine& engine, PageNo end) {
  bool moved = false;
  {
    WriteTransaction txn(engine, tip, tip.txn + 1);
    allocator.start_low();
    try {
      contents.relocate(txn, end);
      moved = txn.has_changes();
    } catch (const Error&) {
      // Damaged, or out of space: the file stays as long as it is.
    }
    if (moved) txn.commit_by_checkpoint();
  }
  writer.lock(std::chrono::milliseconds(-1), coarse_now());  // the end of the transaction gave it back
  return moved;
}

}  // namespace sapwood::storage
