// Compacting a file that others go on to read and write: in steps, each a short transaction of its own.
//
//   what was dropped is reclaimed --> pass
//   pass: for each collection, a stretch of leaves a step --> checkpoint --> another pass, while pages lie past the
//         end that the file should have and passes bring that nearer --> the free end goes back to the system
//
// A step moves entries together and pages down (tree/repack.h), and large values with them; it changes nothing that a
// reader could tell. What is moved becomes free with the next checkpoint: there is one for each 32 MiB, so
// the file grows by no more than that and what commits write meanwhile. Pages that named snapshots have stay where they
// are.
#pragma once

#include <vector>

#include "collections/catalog.h"
#include "storage/engine.h"

namespace sapwood::collections {

class Compaction {
 public:
  explicit Compaction(storage::Engine& engine) : engine_(engine) {}

  // Goes on with the work; false when all is done. One write transaction, or a checkpoint.
  bool step();
  u64 pages_written() const { return written_; }
  // Entries that were looked at, and how many there are to look at in this pass.
  u64 done() const { return done_; }
  u64 total() const { return total_; }

 private:
  bool reclaim_some();
  void begin_pass();
  bool end_pass();
  void compact_some();
  void compact_catalog();
  u64 move_large(storage::WriteTransaction& txn, CatalogRecord& record, const std::vector<u64>& positions);
  void note_written(u64 pages);
  void commit(storage::WriteTransaction& txn);

  storage::Engine& engine_;
  bool in_pass_ = false;
  u32 passes_ = 0;
  u64 written_ = 0;           // pages, in all
  u64 since_checkpoint_ = 0;  // pages
  u64 end_ = 0;               // pages past it are to move down
  u64 last_end_ = ~u64{0};    // how far pages reached before this pass
  std::vector<u64> ids_;      // collections still to go through, the first one last
  u64 next_ = 0;              // position in that one
  u64 done_ = 0;
  u64 total_ = 0;
};

}  // namespace sapwood::collections
