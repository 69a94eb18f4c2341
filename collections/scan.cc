#include "collections/scan.h"

#include <algorithm>

namespace sapwood {
namespace collections {

ScanState::ScanState(HandleState& handle)
    : environment_(handle.environment()), shape_(handle.record().shape), name_(handle.record().name) {
  switch (handle.mode()) {
    case HandleState::Mode::read:
      handle.check_live();
      held_ = handle.held();
      snapshot_ = handle.snapshot();
      root_ = handle.record().root;
      return;
    case HandleState::Mode::write: {
      WriteSession& session = handle.write_state()->session();
      session.check_usable(*handle.open_collection());
      root_ = handle.open_collection()->record.root;
      mark_ = session.place_mark();
      write_ = handle.write_state();
      return;
    }
    case HandleState::Mode::automatic: break;
  }
  held_ = std::make_shared<HeldSnapshot>(environment_);
  snapshot_ = **held_;
  root_ = handle.root_in(snapshot_);
  environment_->engine_unchecked().note_since(snapshot_);
}

void ScanState::check_live() const {
  if (held_ != nullptr) return;
  if (write_ != nullptr) {
    write_->session().check_usable();
    if (mark_->live) return;
    throw Error(ErrorCode::ended, "'" + name_ + "': this range was made after the savepoint that was rolled back");
  }
  environment_->check_open();
  if (environment_->engine_unchecked().is_live(snapshot_.slot, snapshot_.generation)) [[likely]]
    return;
  throw Error(ErrorCode::ended, "'" + name_ + "': the read transaction of this range or iterator has ended");
}

const std::atomic<u64>* ScanState::slot() const {
  return write_ == nullptr ? &environment_->engine_unchecked().generation_of(snapshot_.slot) : nullptr;
}

tree::TreeReader ScanState::tree() const {
  if (write_ == nullptr) return tree::TreeReader(snapshot_.pages, shape_, root_);
  return tree::TreeReader(write_->session_unchecked().txn().reader(), shape_, root_);
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

Position::Position(const ScanState& scan) : cursor_(scan.start()), changes_(scan.changes()), shape_(scan.shape()) {
  slot = scan.slot();
  generation = scan.generation();
  if (tree::is_keyed(shape_.order)) keys_.reserve(kMaxKeyBytes + tree::max_key_size(cursor_.page_size()));
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
bool Position::read_here(Entry& entry, const std::string& collection) {
  if (keys_.size() > kMaxKeyBytes) return false;
  const tree::ValueView value = cursor_.value();
  if (value.is_inline()) [[likely]] {
    entry.value = value.inline_bytes();
  } else if (count == 0) {
    value.read(value_);
    entry.value = value_;
  } else {
    return false;
  }
  if (!tree::is_keyed(shape_.order)) return true;
  entry.key = cursor_.key(keys_);
  if (is_long_key(shape_, cursor_.page_size(), entry.key)) {
    const LongEntry both = split_long_entry(entry.value, collection);
    entry = {both.key, both.value};
  } else {
    entry.key = short_key(shape_, entry.key, collection);
  }
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
    while (read_here(*entry, scan.name()) && ++count < most) {
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
