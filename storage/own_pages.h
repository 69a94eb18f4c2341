// The pages that the open write transaction made: a hash table from page number to its bytes, which are in a buffer of
// ours or, stored to directly, in the mapped file; and the buffers themselves.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "storage/page.h"

namespace sapwood::storage {

// Page-sized buffers, kept for reuse between transactions.
class BufferPool {
 public:
  explicit BufferPool(u32 page_size) : page_size_(page_size) {}
  std::unique_ptr<u8[]> take();
  void give(std::unique_ptr<u8[]> buffer) noexcept;

  // For metrics; any thread: buffers in use, and kept for reuse.
  u64 lent() const { return lent_.load(std::memory_order_relaxed); }
  u64 kept() const { return kept_count_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kMaxKept = 1024;
  u32 page_size_;
  std::vector<std::unique_ptr<u8[]>> kept_;
  std::atomic<u64> lent_ = 0;  // written by one thread at a time
  std::atomic<u64> kept_count_ = 0;
};

class OwnPages {
 public:
  // A page or run made by this transaction. `bytes` is null for runs and for pages written to the file early.
  struct Entry {
    PageNo page = kNoPage;  // kNoPage: the place is empty
    u8* bytes = nullptr;
    u32 born = 0;  // value of the mark counter when it was made
    u32 pages : 29 = 1;
    u32 run : 1 = 0;     // without page headers
    u32 mapped : 1 = 0;  // the bytes are the file's
    u32 held : 1 = 0;    // dropped, but needed by a mark or the record
  };

  // A committed page or run that the transaction no longer refers to. `birth` is the low 32 bits.
  struct Dropped {
    Extent extent;
    u32 birth;
    bool run = false;  // of a value: the redo log may refer to it
  };

  // A page or run of the transaction's own, dropped while a mark or its redo record needed it: marks in (born, dropped]
  // need it, and its record needs runs of values.
  struct Held {
    Extent extent;
    u32 born;
    u32 dropped;
    bool run;
  };

  explicit OwnPages(BufferPool& pool) : pool_(pool) {}
  ~OwnPages() { clear(); }
  OwnPages(const OwnPages&) = delete;
  OwnPages& operator=(const OwnPages&) = delete;

  // Null if absent. The pointer is valid until the next insert or erase.
  Entry* find(PageNo page) {
    if (count_ == 0) return nullptr;
    for (std::size_t i = place(page);; i = (i + 1) & mask()) {
      if (table_[i].page == page) return &table_[i];
      if (table_[i].page == kNoPage) return nullptr;
    }
  }
  const Entry* find(PageNo page) const { return const_cast<OwnPages*>(this)->find(page); }

  // An entry without bytes. Requires: `page` is absent.
  Entry& insert(PageNo page, u32 born, u32 pages, bool run = false);
  // Gives an entry that has none bytes of unspecified content: a buffer, or where they are mapped.
  u8* add_buffer(Entry& entry);
  u8* add_mapped(Entry& entry, u8* bytes);
  // Forgets the bytes of an entry whose page is in the file.
  void drop_bytes(Entry& entry) noexcept;
  // Removes an entry. Requires: present.
  void erase(PageNo page) noexcept;
  // Forgets all, and keeps a small table for the next transaction.
  void clear() noexcept;

  // Calls `visit(Entry&)` for all entries; it must not insert or erase.
  template <class Visit>
  void for_each(Visit visit) {
    if (count_ == 0) return;
    for (Entry& entry : table_) {
      if (entry.page != kNoPage) visit(entry);
    }
  }

  std::size_t size() const { return count_; }
  std::size_t buffers() const { return buffers_; }

 private:
  static constexpr std::size_t kMaxKept = 1024;  // entries of an empty table that is kept for the next transaction
  std::size_t mask() const { return table_.size() - 1; }
  std::size_t place(PageNo page) const { return (to_u64(page) * 0x9e3779b97f4a7c15u >> 20) & mask(); }
  void grow();

  BufferPool& pool_;
  std::vector<Entry> table_;  // a power of two, at most half full; linear probing
  std::size_t count_ = 0;
  std::size_t buffers_ = 0;
};

}  // namespace sapwood::storage
