#include "collections/compaction.h"

#include <algorithm>

#include "collections/catalog.h"
#include "collections/environment.h"
#include "collections/session.h"
#include "tree/relocate.h"
#include "tree/repack.h"

namespace sapwood::collections {
namespace {

using storage::WriteTransaction;

constexpr u64 kBytesACheckpoint = u64{32} << 20;  // moved
constexpr u64 kLargeBytesAStep = u64{4} << 20;
constexpr u32 kMaxPasses = 8;

}  // namespace

bool Compaction::step() {
  if (passes_ == 0 && reclaim_some()) return true;
  if (!in_pass_) {
    begin_pass();
    return true;
  }
  if (!ids_.empty()) {
    compact_some();
    return true;
  }
  return end_pass();
}

// Frees some of what was dropped; false if nothing waits for that.
bool Compaction::reclaim_some() {
  const std::unique_ptr<WriteTransaction> txn = engine_.begin_write(engine_.options().write_timeout);
  WriteSession session(*txn, true);
  if (!session.reclaim() && !session.changed()) return false;
  session.flush();
  commit(*txn);
  return true;
}

// After a checkpoint all that is dead and that nobody reads is free: live pages are what the file needs.
void Compaction::begin_pass() {
  engine_.checkpoint();
  since_checkpoint_ = 0;
  end_ = engine_.space_in_use().wanted_end();
  const ScopedSnapshot snapshot(engine_);
  const CatalogReader catalog(snapshot->pages, to_tree_root(snapshot->descriptor.catalog));
  done_ = 0;
  total_ = 0;
  catalog.for_each([this](CatalogRecord&& record) {
    if (record.root.height == 0) return;
    ids_.push_back(record.id);
    total_ += record.root.count;
  });
  std::ranges::reverse(ids_);
  next_ = 0;
  in_pass_ = true;
  ++passes_;
}

void Compaction::compact_some() {
  const std::unique_ptr<WriteTransaction> txn = engine_.begin_write(engine_.options().write_timeout);
  tree::TreeRoot root = to_tree_root(txn->catalog());
  std::optional<CatalogRecord> record = CatalogReader(txn->reader(), root).find(ids_.back());
  if (!record || record->root.is_inline() || next_ >= record->root.count) {  // dropped meanwhile, or shorter
    ids_.pop_back();
    next_ = 0;
    return;
  }
  txn->take_low_pages();
  const tree::RepackLimits limits{.end = PageNo{end_}, .joins = passes_ == 1};
  const tree::RepackStep step = tree::repack(*txn, record->shape, record->root, next_, limits);
  note_written(step.pages);
  const u64 next = move_large(*txn, *record, step.large);
  done_ += std::min(next, step.next) - next_;
  next_ = std::min(next, step.next);
  if (!txn->has_changes()) return;
  std::string buffer;
  CatalogWriter(*txn, root).store(*record, buffer);
  txn->catalog() = to_catalog_root(root);
  commit(*txn);
}

// Puts the values at these positions anew, which moves their runs: some of them; the position behind the last is the
// result, or ~0 if all are done. One too large to be held in memory stays where it is.
u64 Compaction::move_large(WriteTransaction& txn, CatalogRecord& record, const std::vector<u64>& positions) {
  u64 bytes = 0;
  std::string value;
  for (const u64 position : positions) {
    if (bytes > kLargeBytesAStep) return position;
    const tree::ValueView view = tree::TreeReader(txn.reader(), record.shape, record.root).at(position);
    if (view.size() > engine_.options().dirty_limit) continue;
    view.read(value);
    tree::TreeWriter(txn, record.shape, record.root).set(position, value);
    bytes += value.size();
    note_written(value.size() / txn.page_size() + 1);
  }
  return ~u64{0};
}

void Compaction::note_written(u64 pages) {
  since_checkpoint_ += pages;
  written_ += pages;
}

void Compaction::compact_catalog() {
  const std::unique_ptr<WriteTransaction> txn = engine_.begin_write(engine_.options().write_timeout);
  txn->take_low_pages();
  tree::TreeRoot root = to_tree_root(txn->catalog());
  for (u64 at = 0; at < root.count;) {
    const tree::RepackStep step =
        tree::repack(*txn, catalog_shape(), root, at, {.end = PageNo{end_}, .joins = passes_ == 1});
    note_written(step.pages);
    at = step.next;
  }
  txn->catalog() = to_catalog_root(root);
  if (txn->has_changes()) commit(*txn);
}

void Compaction::commit(WriteTransaction& txn) {
  const Durability usual = engine_.options().durability;
  txn.commit(usual == Durability::none ? usual : Durability::async);
  if (since_checkpoint_ * txn.page_size() < kBytesACheckpoint) return;
  engine_.checkpoint();
  since_checkpoint_ = 0;
}

bool Compaction::end_pass() {
  compact_catalog();
  engine_.checkpoint();
  in_pass_ = false;
  const storage::SpaceInUse space = engine_.space_in_use();
  const bool goes_on = space.end > space.wanted_end() && space.end < last_end_ && passes_ < kMaxPasses;
  last_end_ = space.end;
  if (goes_on) return true;
  engine_.give_back_tail();
  return false;
}

}  // namespace sapwood::collections
