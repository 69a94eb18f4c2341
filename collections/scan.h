// The state of a collection at one moment, as ranges and iterators read it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "collections/handle_state.h"
#include "sapwood/detail/cursor.h"
#include "tree/cursor.h"

namespace sapwood::collections {

// Of a read transaction's handle: its snapshot. Of a write transaction's: a mark, held as long as this lives. Of an
// automatic handle: a snapshot of its own, held as long as this lives.
class ScanState {
 public:
  explicit ScanState(HandleState& handle);
  ~ScanState() {
    if (mark_ != nullptr) write_->session_unchecked().release_mark(*mark_);
  }
  ScanState(const ScanState&) = delete;
  ScanState& operator=(const ScanState&) = delete;

  // Throws ended (poisoned) if the tree cannot be read any more.
  void check_live() const;
  CollectionTree tree() const;
  // The tree of a part of the form in the same state, just after this was made; and again after a change.
  tree::TreeReader find_part(u64 id) const;
  tree::TreeReader reread(const tree::TreeReader& part) const;
  u64 size() const { return record_.root.count; }
  // The position of the first entry whose key is >= `key`; new cursors start there.
  u64 start_at(std::string_view key);
  tree::Cursor start() const { return start_ ? *start_ : tree::Cursor(tree()); }
  const std::string& name() const { return record_.name; }
  const CatalogRecord& record() const { return record_; }
  // Of the snapshot; null in a write transaction.
  const std::atomic<u64>* slot() const;
  u64 generation() const { return snapshot_.generation; }
  // Cursors made when this was another number point at memory that may be gone.
  u64 changes() const { return write_ == nullptr ? 0 : write_->session_unchecked().changes(); }

 private:
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<WriteState> write_;  // null: a snapshot
  std::shared_ptr<PlacedMark> mark_;
  std::shared_ptr<HeldSnapshot> held_;
  storage::Snapshot snapshot_;
  CatalogRecord record_;  // with the root in that state
  std::optional<tree::Cursor> start_;
};

// A cursor over a scan that stays where it is when the write transaction changes the collection.
class ScanCursor {
 public:
  explicit ScanCursor(detail::Scan scan, u64 index = 0);
  // To read at and to move; until the next change. Throws as ScanState::check_live.
  tree::Cursor& at();
  const ScanState& scan() const { return *scan_; }
  u64 changes() const { return changes_; }  // when it was last used

 private:
  detail::Scan scan_;
  tree::Cursor cursor_;
  u64 changes_;
};

// Where a cursor stands in the tree, and what it read there.
class Position : public detail::Window {
 public:
  explicit Position(const ScanState& scan);

  // The entry at `index`, and in a snapshot some of those that follow in the direction of the reading: the further it
  // goes in one direction the more. Throws corrupt if the tree has no such entry.
  const Entry& read(const ScanState& scan, u64 index);
  // False after a change of the write transaction: the cursor may point at memory that is gone.
  bool is_usable(const ScanState& scan) const { return changes_ == scan.changes(); }

 private:
  static constexpr u32 kMaxEntries = 64;
  static constexpr u32 kPrefetchAt = 4;      // who reads so many entries at once goes on for long
  static constexpr u32 kMaxKeyBytes = 2048;  // and one key more

  void go_to(const ScanState& scan, u64 index);
  bool read_here(Entry& entry, const ScanState& scan);
  bool read_form(Entry& entry, const ScanState& scan);

  tree::Cursor cursor_;
  u64 changes_;
  u32 ahead_ = 1;  // entries to read together
  std::array<Entry, kMaxEntries> read_;
  std::string keys_;   // those that a page does not hold in one piece; never reallocated while `read_` is used
  std::string value_;  // the first one, if it is not in one piece
  std::string decoded_;
};

}  // namespace sapwood::collections
