#include "collections/scan.h"

#include <algorithm>

namespace sapwood {
namespace collections {

ScanState::ScanState(HandleState& handle)
    : environment_(handle.environment()), shape_(handle.record().shape), name_(handle.record().name) {
  switch (handle.mode()) {
    case HandleState::Mode::read:
      handle.check_live();
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
  snapshot_ = environment_->engine().begin_read();
  try {
    root_ = handle.root_in(snapshot_);
  } catch (...) {
    environment_->engine_unchecked().end_read(snapshot_);
    throw;
  }
  owns_snapshot_ = true;
}

ScanState::~ScanState() {
  if (owns_snapshot_) environment_->engine_unchecked().end_read(snapshot_);
  if (mark_ != nullptr) write_->session_unchecked().release_mark(*mark_);
}

void ScanState::check_live() const {
  if (owns_snapshot_) return;
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

tree::TreeReader ScanState::tree() const {
  if (write_ == nullptr) return tree::TreeReader(snapshot_.pages, shape_, root_);
  return tree::TreeReader(write_->session_unchecked().txn().reader(), shape_, root_);
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

Section Handle::range(const KeyInterval& interval) const {
  checked().require(CollectionKind::sorted_map);
  Section section = all();
  const tree::TreeReader tree = section.scan->tree();
  if (interval.high) section.last = tree.rank(*interval.high);
  if (interval.low) section.first = std::min(section.last, tree.rank(*interval.low));
  return section;
}

// At the entry of index_, by one step if that is enough.
Position& Cursor::here() const {
  if (scan_ == nullptr) [[unlikely]]
    throw Error(ErrorCode::ended, "the iterator belongs to no range");
  scan_->check_live();
  if (index_ >= scan_->size()) [[unlikely]] {
    throw Error(ErrorCode::out_of_range, "'" + scan_->name() + "': the iterator is past the end");
  }
  if (position_ == nullptr || position_->changes != scan_->changes()) [[unlikely]] {
    position_ = std::make_shared<Position>(*scan_);
  }
  tree::Cursor& cursor = position_->cursor;
  if (!cursor.valid()) {
    cursor.seek_index(index_);
  } else if (index_ != cursor.index()) {
    if (index_ == cursor.index() + 1) {
      cursor.next();
    } else if (index_ + 1 == cursor.index()) {
      cursor.prev();
    } else {
      cursor.seek_index(index_);
    }
    if (!cursor.valid()) [[unlikely]] {
      throw Error(ErrorCode::corrupt, "'" + scan_->name() + "' holds fewer entries than it counts: entry " +
                                          std::to_string(index_) + " is missing; run check");
    }
  }
  return *position_;
}

std::string_view Cursor::key() const { return here().cursor.key(); }

namespace {

std::string_view value_at(Position& position) {
  const tree::ValueView value = position.cursor.value();
  if (value.is_inline()) [[likely]]
    return value.inline_bytes();
  value.read(position.buffer);
  return position.buffer;
}

}  // namespace

std::string_view Cursor::value() const { return value_at(here()); }

Cursor::Entry Cursor::entry() const {
  Position& position = here();
  return {position.cursor.key(), value_at(position)};
}

}  // namespace detail
}  // namespace sapwood
