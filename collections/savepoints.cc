// Marks and savepoints of WriteSession.
#include <algorithm>

#include "collections/session.h"

namespace sapwood::collections {

std::shared_ptr<PlacedMark> WriteSession::place_mark() {
  check_usable();
  marks_.reserve(marks_.size() + 1);
  auto placed = std::make_shared<PlacedMark>();
  placed->mark = txn_.mark();
  placed->serial = next_serial_++;
  marks_.push_back(placed.get());
  return placed;
}

void WriteSession::release_mark(PlacedMark& mark) noexcept {
  if (!mark.live) return;
  mark.live = false;
  std::erase(marks_, &mark);
  if (!txn_.ended()) txn_.release(mark.mark);
}

std::shared_ptr<SavedState> WriteSession::save() {
  auto saved = std::make_shared<SavedState>();
  saved->catalog = catalog_;
  saved->entries.reserve(open_.size());
  for (const std::unique_ptr<OpenCollection>& collection : open_) {
    saved->entries.push_back({collection.get(), collection->record, collection->dirty, collection->exists});
  }
  saved->mark = place_mark();
  return saved;
}

void WriteSession::restore(const SavedState& saved) {
  check_usable();
  ++changes_;
  try {
    txn_.rollback_to(saved.mark->mark);
    std::erase_if(marks_, [&](PlacedMark* mark) {
      if (mark->serial <= saved.mark->serial) return false;
      mark->live = false;
      return true;
    });
    own_dictionaries_.reset();
    catalog_ = saved.catalog;
    for (const SavedState::Entry& entry : saved.entries) {
      entry.collection->record = entry.record;
      entry.collection->dirty = entry.dirty;
      entry.collection->exists = entry.exists;
    }
    // Those opened since had not been changed at the savepoint, so the catalog tells their state then.
    for (std::size_t i = saved.entries.size(); i < open_.size(); ++i) {
      OpenCollection& collection = *open_[i];
      std::optional<CatalogRecord> record = catalog_reader().find(collection.record.id);
      collection.exists = record.has_value();
      collection.dirty = false;
      if (record) collection.record = std::move(*record);
    }
  } catch (...) {
    poisoned_ = true;
    throw;
  }
}

}  // namespace sapwood::collections
