// Which pages of the data file are in use, and when a dropped page may be overwritten.
//
// A page is   live     the newest version, or the open write transaction, refers to it
//             pending  no longer live, but a pin may still need it
//             free     neither
// A page version lives from its birth b to its death d, the transaction that dropped it. It may be overwritten iff no
// pin s has b <= s < d. Pins are the versions that live readers hold, the last durable checkpoint, a checkpoint in
// progress, and the visible head with everything after it. So a stuck reader holds only the pages that it can see.
//
// Invariants:
//   A1  live pages are a subset of busy ones; busy = live or pending
//   A2  both bitmap pages of each group are live
//   A3  a pending page waits for the open transaction's end, for its death to become visible, or in the bucket of the
//       newest pin before its death
// Not safe for use by several threads: the writer's place protects it.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "storage/geometry.h"

namespace sapwood::storage {

class Allocator {
 public:
  explicit Allocator(const Geometry& geometry) : geometry_(geometry) {}

  // Extends the space that is managed to `page_count` pages; new pages are free, new bitmap pages live.
  void grow(u64 page_count);
  // Marks pages live while a file is opened. Requires: is_free_range().
  void load_live(Extent extent) { set_live(extent); }
  // Takes over the words of one group's bitmap as read from the file (group_pages / 8 bytes). Requires: nothing is
  // pending.
  void load_group(u64 group, const u8* bits);

  // A free page, or a run of exactly `pages` free pages that a bounded search finds; with `accept_shorter` the whole
  // file is searched and the longest run found will do. nullopt if there is none. The pages become live. A run of whole
  // multiples of 64 KiB starts at one if it can.
  std::optional<PageNo> take_page();
  std::optional<Extent> take_run(u32 pages, bool accept_shorter);
  // Another process took that space, which therefore was free for it: so it is no longer pending here. False if it is
  // live, or not inside the file. Cost: a look at all that is pending, if some of it is.
  bool take_over(Extent extent);
  // What is free may be needed by versions before `death`: it is pending from now on. Cost: a look at the bitmap.
  void hold_free(TxnId death);
  // Gives back pages that no version ever referred to.
  void give_back(Extent extent) noexcept;

  // The open transaction drops a committed page or run: it is pending from now on. undrop() takes that back, retire()
  // tells the death when the transaction commits; retire() cannot fail after reserve_retired(). The birth counts as at
  // most `not_after`.
  void drop(Extent extent) noexcept;
  void undrop(Extent extent) noexcept;
  void reserve_retired(std::size_t count);
  void retire(Extent extent, u32 birth, TxnId death, TxnId not_after) noexcept;
  // The birth of a page version from its low 32 bits, before `death`. Past 2^32 transactions it is ambiguous: a page
  // not made since the last checkpoint counts as old as can be, which holds it longer, never shorter.
  TxnId full_birth(PageNo page, u32 birth, TxnId death) const;

  // Frees pending pages that no pin needs. `pins` ascend; `head` is the newest visible version and one of the pins.
  // If it throws (out of memory) nothing is lost: the next call goes on.
  void reclaim(const std::vector<TxnId>& pins, TxnId head);

  // The bits of a group as a checkpoint stores them: live pages, group_pages / 8 bytes.
  const u8* group_bits(u64 group) const;
  bool is_live(PageNo page) const;
  // True if all pages of the extent are inside the file, past the metas, no bitmaps, and live; an extent may say
  // anything.
  bool is_live_range(Extent extent) const;
  bool is_free_range(Extent extent) const;
  // A checkpoint begins; births of pages made before it may count as older than they are.
  void start_checkpoint() noexcept;

  u64 page_count() const { return page_count_; }
  u64 free_pages() const { return page_count_ - geometry_.first_page - busy_count_; }
  u64 live_pages() const { return live_count_; }
  u64 pending_pages() const { return busy_count_ - live_count_; }
  // Pages that only wait for `pin`, usually the last checkpoint.
  u64 held_by(TxnId pin) const;
  // Those of them that no older pin needs: they become free when `pin` goes. `older`: the next older pin, if any.
  // Cost: the runs that wait for it.
  u64 held_only_by(TxnId pin, std::optional<TxnId> older) const;
  struct FreeRuns {
    u64 count = 0;
    u64 longest = 0;  // pages
  };
  // Of neighbouring free pages. Cost: a look at the bitmap of the whole file.
  FreeRuns free_runs() const;
  // The end that live pages can be moved below: at most `most` of them, to free places, with some of these to spare.
  // Cost: a look at the bitmap.
  u64 reachable_end(u64 most) const;
  // Pages and runs are taken from the lowest free ones on from now on.
  void start_low();
  // One past the highest live page, groups at the end that hold nothing but their bitmaps left out; the same for live
  // and pending ones.
  u64 live_end() const { return end_of(live_); }
  u64 busy_end() const { return end_of(busy_); }
  // Gives up the space past `page_count` pages. Requires: it is busy_end() or more, and a page count of the file.
  void shrink(u64 page_count);

 private:
  struct Pending {
    TxnId birth;
    TxnId death;
    Extent extent;
  };
  struct Bucket {
    std::vector<Pending> items;
    u64 pages = 0;
  };

  u64 index(PageNo page) const { return to_u64(page) - geometry_.first_page; }
  bool is_busy(u64 at) const { return (busy_[at / 64] >> (at % 64) & 1) != 0; }
  bool is_inside(Extent extent) const;
  u64 end_of(const std::vector<u64>& bits) const;
  void set_live(Extent extent);
  void release_pending(Extent extent) noexcept;
  void forget_pending(Extent extent);
  template <class Visit>
  void for_each_free_run(Visit visit) const;
  void remember_free(Extent extent) noexcept;
  void place_pending(const Pending& item, const std::vector<TxnId>& pins);
  std::optional<u64> find_free_word();
  // `pages` free pages in the next `max_words` words of the bitmap from word `from` on, the first at a multiple of
  // `align`; `longest` is the longest run seen on the way.
  std::optional<Extent> find_run(u32 pages, u64 align, u64 from, u64 max_words, Extent& longest) const;
  std::optional<Extent> find_next_run(u32 pages, u64 align, u64 max_words, Extent& longest) const;

  Geometry geometry_;
  u64 page_count_ = 0;
  u64 live_count_ = 0;
  u64 busy_count_ = 0;
  std::vector<u64> live_;  // bit i: page first_page + i
  std::vector<u64> busy_;
  std::vector<u64> young_;      // made since the last checkpoint began
  std::vector<PageNo> recent_;  // freed lately, newest last; may hold pages taken since
  u64 scan_word_ = 0;           // take_page() looks from here when recent_ is used up
  u64 run_word_ = 0;
  std::vector<Pending> waiting_;  // death not visible yet; by death
  std::map<TxnId, Bucket> buckets_;
};

}  // namespace sapwood::storage
