// How trees read pages: of a snapshot, or of a write transaction that sees its own pages.
//
// A page number beyond the snapshot's page count, a page whose birth is not the one that the reference says, and (once
// per process and version of a page) a bad checksum or a bad structure throw Error{corrupt} that names the page.
#pragma once

#include <atomic>

#include "storage/page.h"

namespace sapwood::storage {

// Pages of an open write transaction that are not in the file yet.
class PrivatePages {
 public:
  virtual ~PrivatePages() = default;
  // The bytes of `page`, or null if it is not held in memory.
  virtual const u8* find(PageNo page) const = 0;
};

// Verifies everything about a page that later visits take for granted: slots, offsets, order of arrays. Set by the
// tree layer. Throws Error{corrupt}.
using VerifyNode = void (*)(const u8* page, u32 page_size, PageNo number);

// What PageSpace::verified holds for a version that was verified: its birth. Never 0, which is what a page not yet seen
// has, nor kSeen, which is what a page has that was seen and is being stored to.
inline constexpr u32 kSeen = ~u32{0};
constexpr u32 verified_mark(u32 birth) { return birth == 0 ? 1 : birth == kSeen ? kSeen - 1 : birth; }

// What all readers of one open file share. Stays at one address while any reader lives.
struct PageSpace {
  const u8* base = nullptr;              // the mapping of the data file
  std::atomic<u32>* verified = nullptr;  // per page: verified_mark() of the version verified last, 0 or kSeen
  u32 page_size = 0;
  u32 page_shift = 0;
  u64 checksum_seed = 0;
  KeyHash key_hash;
  bool verify_checksums = true;
  VerifyNode verify_node = nullptr;
};

// Bytes of a version of a page.
struct PagePlace {
  u64 birth;   // of the version
  u64 offset;  // in the file
};

// A small value; copy it freely. It does not keep the snapshot alive.
class PageReader {
 public:
  PageReader() = default;
  // Of a version with `page_count` pages. Of its pages, those born up to `summed` have checksums: a checkpoint of the
  // version or an older one gave them, or who made them.
  PageReader(const PageSpace* space, u64 page_count, TxnId summed = kAllSummed)
      : space_(space), page_count_(page_count), summed_(summed_mark(summed)) {}
  PageReader(const PageSpace* space, u64 page_count, u32 own_birth, const PrivatePages* own, TxnId summed = kAllSummed)
      : space_(space), page_count_(page_count), summed_(summed_mark(summed)), own_birth_(own_birth), own_(own) {}

  u32 page_size() const { return space_->page_size; }
  u64 page_count() const { return page_count_; }
  const KeyHash& key_hash() const { return space_->key_hash; }

  // The bytes of the page, valid until the snapshot ends (or the next change of the write transaction).
  const u8* fetch(PageRef ref) const {
    if (own_ != nullptr && ref.birth == own_birth_) {
      if (const u8* page = own_->find(ref.page)) return page;
    }
    if (to_u64(ref.page) >= page_count_) [[unlikely]]
      throw_corrupt_page(ref.page, "reference past the end of the file");
    const u8* page = space_->base + (to_u64(ref.page) << space_->page_shift);
    const u32 verified = space_->verified[to_u64(ref.page)].load(std::memory_order_relaxed);
    if (verified != verified_mark(ref.birth)) [[unlikely]]
      verify(page, ref);
    return page;
  }

  // Computes the checksum of a page that is in the file anew, even if it was verified before, or checksums are not
  // verified. Throws Error{corrupt}. Requires: page < page_count(), and a checkpoint has given it its checksum.
  void verify_checksum(PageNo page) const;

  // Where bytes of a page that fetch() gave stand in the file: for ever of this version alone. Requires: a snapshot's.
  PagePlace place_of(const char* bytes) const {
    const u64 offset = static_cast<u64>(reinterpret_cast<const u8*>(bytes) - space_->base);
    return {PageHeader::birth(space_->base + (offset >> space_->page_shift << space_->page_shift)), offset};
  }

  // Ask the processor for a page that will be fetched soon: all of it, or what a search looks at first. They cost
  // little and promise nothing. Inline, or else g++ takes them for functions without effect and drops the calls.
  [[gnu::always_inline]] void prefetch(PageRef ref) const { prefetch_lines(ref, kPrefetchBytes); }
  [[gnu::always_inline]] void prefetch_search(PageRef ref) const {
    prefetch_lines(ref, kSearchBytes);
    if (to_u64(ref.page) >= page_count_) return;
    __builtin_prefetch(space_->base + ((to_u64(ref.page) + 1) << space_->page_shift) - 64);
    __builtin_prefetch(&space_->verified[to_u64(ref.page)]);
  }

  // The bytes of a run of pages without headers; checked against `checksum` of its first `size` bytes when first read.
  const u8* fetch_run(Extent extent, u32 birth, u64 size, u32 checksum) const;

 private:
  static constexpr TxnId kAllSummed = ~TxnId{0};
  // Low 32 bits, as births have them; 0 stands for all, and what has that a transaction less.
  static constexpr u32 summed_mark(TxnId summed) {
    if (summed == kAllSummed) return 0;
    return static_cast<u32>(summed) == 0 ? ~u32{0} : static_cast<u32>(summed);
  }
  static constexpr u32 kPrefetchBytes = 4096;
  static constexpr u32 kSearchBytes = 256;

  [[gnu::always_inline]] void prefetch_lines(PageRef ref, u32 bytes) const {
    if (to_u64(ref.page) >= page_count_) return;
    const u8* page = space_->base + (to_u64(ref.page) << space_->page_shift);
    for (u32 at = 0; at < space_->page_size && at < bytes; at += 64) __builtin_prefetch(page + at);
  }
  void verify(const u8* page, PageRef ref) const;
  bool is_summed(u32 birth) const;

  const PageSpace* space_ = nullptr;
  u64 page_count_ = 0;
  u32 summed_ = 0;
  u32 own_birth_ = 0;
  const PrivatePages* own_ = nullptr;
};

static_assert(sizeof(PageReader) <= 32, "it is copied on the way of every look-up");

// Checksum of the bytes of a run, as blob references keep it.
inline u32 run_checksum(const void* data, u64 size) { return hash32(data, size, 0); }

}  // namespace sapwood::storage
