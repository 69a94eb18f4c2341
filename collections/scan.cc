#include "collections/scan.h"

#include <algorithm>

namespace sapwood {
namespace collections {

ScanState::ScanState(HandleState& handle) : environment_(handle.environment()), record_(handle.record()) {
  switch (handle.mode()) {
    case HandleState::Mode::read:
      handle.check_live();
      held_ = handle.held();
      snapshot_ = handle.snapshot();
      return;
    case HandleState::Mode::write: {
      WriteSession& session = handle.write_state()->session();
      session.check_usable(*handle.open_collection());
      record_ = handle.open_collection()->record;
      record_.root = session.root_of(*handle.open_collection());
      mark_ = session.place_mark();
      write_ = handle.write_state();
      return;
    }
    case HandleState::Mode::automatic: break;
  }
  held_ = std::make_shared<HeldSnapshot>(environment_);
  snapshot_ = **held_;
  record_ = handle.record_in(snapshot_);
  environment_->engine_unchecked().note_since(snapshot_);
}

void ScanState::check_live() const {
  if (held_ != nullptr) return;
  if (write_ != nullptr) {
    write_->session().check_usable();
    if (mark_->live) return;
    throw Error(ErrorCode::ended, "'" + name() + "': this range was made after the savepoint that was rolled back");
  }
  environment_->check_open();
  if (environment_->engine_unchecked().is_live(snapshot_.slot, snapshot_.generation)) [[likely]]
    return;
  throw Error(ErrorCode::ended, "'" + name() + "': the read transaction of this range or iterator has ended");
}

const std::atomic<u64>* ScanState::slot() const {
  return write_ == nullptr ? &environment_->engine_unchecked().generation_of(snapshot_.slot) : nullptr;
}

CollectionTree ScanState::tree() const {
  if (write_ != nullptr) return write_->session_unchecked().view(record_, record_.root);
  return CollectionTree(snapshot_.pages, record_, record_.root, environment_->source_in(snapshot_));
}

tree::TreeReader ScanState::find_part(u64 id) const {
  std::optional<CatalogRecord> found;
  if (write_ != nullptr) {
    if (const OpenCollection* part = write_->session().find(id)) found = part->record;
  } else {
    found = CatalogReader(snapshot_.pages, to_tree_root(snapshot_.descriptor.catalog)).find(id);
  }
  if (!found) {
    throw Error(ErrorCode::corrupt, "catalog: C7: '" + name() + "' has lost a part of its form; run check on the file");
  }
  return tree::TreeReader(tree().pages(), found->shape, found->root);
}

tree::TreeReader ScanState::reread(const tree::TreeReader& part) const {
  return tree::TreeReader(tree().pages(), part.shape(), part.root());
}

u64 ScanState::start_at(std::string_view key) {
  if (write_ != nullptr) return tree().rank(key);
  start_.emplace(tree());
  start_->seek_key(key);
  return start_->valid() ? start_->index() : size();
}

ScanCursor::ScanCursor(detail::Scan scan, u64 index)
    : scan_(std::move(scan)), cursor_(scan_->tree()), changes_(scan_->changes()) {
  cursor_.seek_index(index);
}

tree::Cursor& ScanCursor::at() {
  scan_->check_live();
  if (changes_ != scan_->changes()) [[unlikely]] {
    const u64 index = cursor_.index();
    changes_ = scan_->changes();
    tree::Cursor there(scan_->tree());
    there.seek_index(index);
    cursor_ = there;
  }
  return cursor_;
}

Position::Position(const ScanState& scan) : cursor_(scan.start()), changes_(scan.changes()) {
  slot = scan.slot();
  generation = scan.generation();
  if (tree::is_keyed(scan.record().shape.order)) keys_.reserve(kMaxKeyBytes + tree::max_key_size(cursor_.page_size()));
}

// By one step if that is enough.
void Position::go_to(const ScanState& scan, u64 index) {
  const bool valid = cursor_.valid();
  if (valid && index == cursor_.index() + 1) {
    cursor_.next();
  } else if (valid && index + 1 == cursor_.index()) {
    cursor_.prev();
  } else if (!valid || index != cursor_.index()) {
    cursor_.seek_index(index);
  }
  if (!cursor_.valid()) [[unlikely]] {
    throw Error(ErrorCode::corrupt, "'" + scan.name() + "' holds fewer entries than it counts: entry " +
                                        std::to_string(index) + " is missing; run check");
  }
}

// False if it cannot be read together with the entries that were read before it.
bool Position::read_here(Entry& entry, const ScanState& scan) {
  if (keys_.size() > kMaxKeyBytes) return false;
  const tree::ValueView value = cursor_.value();
  entry = {};
  if (value.is_inline()) [[likely]] {
    entry.value = value.inline_bytes();
  } else if (count == 0) {
    value.read(value_);
    entry.value = value_;
  } else {
    return false;
  }
  const CatalogRecord& record = scan.record();
  if (tree::is_keyed(record.shape.order)) {
    entry.key = cursor_.key(keys_);
    if (is_long_key(record.shape, cursor_.page_size(), entry.key)) {
      const LongEntry both = split_long_entry(entry.value, record.name);
      entry.key = both.key;
      entry.value = both.value;
    } else {
      entry.key = short_key(record.shape, entry.key, record.name);
    }
  }
  return record.form.is_plain() || read_form(entry, scan);
}

// As read_here: there is place for the value of one compressed entry.
bool Position::read_form(Entry& entry, const ScanState& scan) {
  const CollectionTree tree = scan.tree();
  const FormedValue formed = split_value(tree.form(), entry.value, tree.name());
  if (formed.compressed && count != 0) return false;
  entry.time_us = formed.times.time_us;
  entry.expiry_us = formed.times.expiry_us;
  entry.expired = tree.is_expired(formed.times);
  entry.value = tree.user_value(entry.value, decoded_);
  return true;
}

const detail::Window::Entry& Position::read(const ScanState& scan, u64 index) {
  const bool onwards = index == first + count;
  const bool backwards = index + 1 == first;
  ahead_ = (onwards || backwards) && slot != nullptr ? std::min(2 * ahead_, kMaxEntries) : 1;
  const u64 most = std::min<u64>(ahead_, backwards ? index + 1 : scan.size() - index);
  count = 0;
  keys_.clear();
  go_to(scan, index);
  if (onwards && ahead_ == kPrefetchAt) cursor_.prefetch();
  Entry* const start = backwards ? &read_.back() : &read_.front();
  Entry* entry = start;
  try {
    while (read_here(*entry, scan) && ++count < most) {
      if (backwards) {
        cursor_.prev();
        --entry;
      } else {
        cursor_.next();
        ++entry;
      }
      if (!cursor_.valid()) break;
    }
  } catch (const Error&) {
    if (count == 0) throw;  // else whoever reads on will hear of it
  }
  first = backwards ? index + 1 - count : index;
  entries = backwards ? start + 1 - count : start;
  if (slot == nullptr) count = 0;
  return *start;
}

}  // namespace collections

namespace detail {

using collections::Position;
using collections::ScanState;

Section Handle::all() const {
  Section section{std::make_shared<ScanState>(checked()), 0, 0};
  section.last = section.scan->size();
  section.may_expire = section.scan->record().form.may_expire();
  return section;
}

Section Handle::slice(u64 first, u64 count) const {
  Section section = all();
  const u64 size = section.last;
  if (first > size) checked().throw_past_end(first, size);
  if (count > size - first) checked().throw_past_end(first + count - 1, size);
  section.first = first;
  section.last = first + count;
  return section;
}

Section Handle::view_slice(u64 first, u64 count) const {
  checked().require_transaction();
  return slice(first, count);
}

Section Handle::range(const KeyInterval& interval) const {
  checked().require_order();
  Section section = all();
  if (interval.high) section.last = section.scan->tree().rank(*interval.high);
  if (interval.low) section.first = std::min(section.last, section.scan->start_at(*interval.low));
  return section;
}

const Cursor::Entry& Cursor::read() const {
  if (scan_ == nullptr) [[unlikely]]
    throw Error(ErrorCode::ended, "the iterator belongs to no range");
  scan_->check_live();
  if (index_ >= scan_->size()) [[unlikely]] {
    throw Error(ErrorCode::out_of_range, "'" + scan_->name() + "': the iterator is past the end");
  }
  auto position = std::static_pointer_cast<Position>(window_);
  if (position == nullptr || !position->is_usable(*scan_)) [[unlikely]] {
    window_ = position = std::make_shared<Position>(*scan_);
  }
  return position->read(*scan_, index_);
}

}  // namespace detail
}  // namespace sapwood
