// The state of a collection at one moment, as ranges and iterators read it.
#pragma once

#include <memory>
#include <string>

#include "collections/handle_state.h"
#include "tree/cursor.h"

namespace sapwood::collections {

// Of a read transaction's handle: its snapshot. Of a write transaction's: a mark, held as long as this lives. Of an
// automatic handle: a snapshot of its own, held as long as this lives.
class ScanState {
 public:
  explicit ScanState(HandleState& handle);
  ~ScanState();
  ScanState(const ScanState&) = delete;
  ScanState& operator=(const ScanState&) = delete;

  // Throws ended (poisoned) if the tree cannot be read any more.
  void check_live() const;
  tree::TreeReader tree() const;
  u64 size() const { return root_.count; }
  const std::string& name() const { return name_; }
  // Cursors made when this was another number point at memory that may be gone.
  u64 changes() const { return write_ == nullptr ? 0 : write_->session_unchecked().changes(); }

 private:
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<WriteState> write_;  // null: a snapshot
  std::shared_ptr<PlacedMark> mark_;
  storage::Snapshot snapshot_;
  bool owns_snapshot_ = false;
  tree::TreeShape shape_;
  tree::TreeRoot root_;
  std::string name_;
};

// Where a cursor stands in the tree.
struct Position {
  explicit Position(const ScanState& scan) : cursor(scan.tree()), changes(scan.changes()) {}
  tree::Cursor cursor;
  u64 changes;
  std::string buffer;  // a value that is not in one piece
};

}  // namespace sapwood::collections
