// How trees change pages: the seam between trees and a write transaction (or a test's store in memory).
#pragma once

#include "storage/page.h"
#include "storage/page_reader.h"
#include "storage/value_runs.h"

namespace sapwood::storage {

// Pointers from edit() and create() stay valid until release_memory(), the page's free(), or the end of the
// transaction. Everything may throw disk_full, io, out_of_memory, corrupt; the transaction is then poisoned and only
// rollback is left, so trees need not undo.
class PageStore {
 public:
  virtual ~PageStore() = default;

  // Reads the transaction's own state. A new one after each change of the file's size: do not keep it across changes.
  virtual PageReader reader() const = 0;
  virtual u32 page_size() const = 0;

  // Makes the page at `ref` writable. If it was made by this transaction after the newest mark, that very page; else a
  // copy under another number, `ref` is updated, and the old page is dropped. The caller stores `ref` in the parent.
  virtual u8* edit(PageRef& ref) = 0;

  // A new page with a header for this type and level, count 0; `ref` is set.
  virtual u8* create(PageRef& ref, PageType type, u8 level, u32 tree_id) = 0;

  // Drops a page that the transaction's state no longer refers to. Readers of older versions still see it.
  virtual void free(PageRef ref) = 0;

  // Whether the page would stay in use if it were dropped, since a named snapshot has it.
  virtual bool keeps(PageRef) const { return false; }

  // A run of at least 1 and at most `pages` pages, as long as free space allows. `birth()` is its birth.
  virtual Extent allocate_run(u32 pages) = 0;
  // Writes `size` bytes to the start of a run that this transaction allocated. At most the run's bytes.
  virtual void write_run(Extent extent, const void* data, u64 size) = 0;
  virtual void free_run(Extent extent, u32 birth) = 0;
  // A value is in these runs now, all of it but a tail that its reference holds: redo may refer to them.
  virtual void value_written(std::span<const ValueRun> runs) = 0;

  // Low 32 bits of the birth of pages made now.
  virtual u32 birth() const = 0;

  // Another after each edit(), create(), free(), and whatever else ends the life of a page pointer or the right to
  // write through it. Never 0.
  u64 version() const { return version_; }

  // Called between operations, when no page pointer is held: may write pages to the file early to bound memory.
  virtual void release_memory() = 0;

 protected:
  void new_version() { ++version_; }

 private:
  u64 version_ = 1;
};

}  // namespace sapwood::storage
