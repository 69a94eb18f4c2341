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
  check_usable();
  store_records();
  auto saved = std::make_shared<SavedState>();
  saved->catalog = catalog_;
  saved->mark = place_mark();
  return saved;
}

void WriteSession::restore(const SavedState& saved) {
  check_usable();
  ++changes_;
  ++drops_;
  try {
    txn_.rollback_to(saved.mark->mark);
    std::erase_if(marks_, [&](PlacedMark* mark) {
      if (mark->serial <= saved.mark->serial) return false;
      mark->live = false;
      return true;
    });
    own_dictionaries_.reset();
    catalog_ = saved.catalog;
    for (const auto& [id, collection] : open_) {
      std::optional<CatalogRecord> record = catalog_reader().find(id);
      collection->exists = record.has_value() && !record->dropped;
      collection->dirty = false;
      if (!collection->exists) continue;
      collection->record = std::move(*record);
      note_leaf(*collection);
    }
  } catch (...) {
    poisoned_ = true;
    throw;
  }
}

}  // namespace sapwood::collections
