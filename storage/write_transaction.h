// The one open write transaction: its private pages, what it took and dropped, its marks and its redo record.
//
// Pages that it makes live in memory until commit (or until memory is released early), under numbers that no reader can
// see. States:   open --commit()--> ended      open --rollback(), destructor--> ended      (fail() -> only rollback
// left)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sapwood/options.h"
#include "storage/descriptor.h"
#include "storage/own_pages.h"
#include "storage/page_store.h"

namespace sapwood::storage {

class Engine;

// Protects the transaction's state at one moment; see WriteTransaction::mark().
enum class Mark : u32 {};

class WriteTransaction final : public PageStore, private PrivatePages {
 public:
  WriteTransaction(Engine& engine, const Descriptor& base, TxnId id);
  ~WriteTransaction() override;  // rolls back if still open
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  TxnId id() const { return id_; }
  const Descriptor& base() const { return base_; }
  // Its moment: what the clock says when it is first asked, and never before the commit that it builds on.
  i64 time_us();

  // The catalog's root as this transaction has it; the layer above stores it here before commit().
  CatalogRoot& catalog() { return catalog_; }

  // The version of a named snapshot, or 0 for none: pages born up to it stay in use when this transaction drops them
  // from now on, or one that follows. A transaction that changes it must commit by checkpoint.
  void keep(TxnId version) { kept_ = version; }

  // From now on the lowest free pages are taken first. Cost: a look at the bitmap, as far as it is full.
  void take_low_pages();

  // PageStore.
  PageReader reader() const override;
  u32 page_size() const override { return page_size_; }
  u8* edit(PageRef& ref) override;
  u8* create(PageRef& ref, PageType type, u8 level, u32 tree_id) override;
  void free(PageRef ref) override;
  bool keeps(PageRef ref) const override;
  Extent allocate_run(u32 pages) override;
  void write_run(Extent extent, const void* data, u64 size) override;
  void free_run(Extent extent, u32 birth) override;
  void value_written(std::span<const ValueRun> runs) override { value_runs_.assign(runs.begin(), runs.end()); }
  u32 birth() const override { return static_cast<u32>(id_); }
  void release_memory() override;

  // Pages as they are now stay unchanged and unused until the mark is released or rolled back, so that trees read
  // through roots taken now stay readable. Marks may be released in any order.
  Mark mark();
  void release(Mark mark) noexcept;
  // Forgets all pages made, drops undone and operations recorded since `mark`; marks placed later are released, `mark`
  // itself stays. The caller restores catalog() and the roots it keeps.
  void rollback_to(Mark mark);

  // Adds one operation to the transaction's redo record: `encode(std::string&)` appends its bytes. When the record
  // outgrows what the log takes, the operations are forgotten and the commit becomes a checkpoint.
  template <class Encode>
  void record(Encode&& encode) {
    changed_ = true;
    if (record_too_big_) return;
    encode(record_);
    if (record_.size() > record_limit_) forget_record();
  }
  // Whether the redo record is to refer to the runs of the value written last, of `size` bytes, instead of holding its
  // bytes; then they are runs [first, first + count) of the record, with `bytes` of the value. To be asked before
  // record(), for an operation that stored a value.
  struct ReferredRuns {
    u64 first = 0;
    u64 count = 0;  // 0: it is to hold the bytes
    u64 bytes = 0;
  };
  ReferredRuns refer_to_value(u64 size) { return value_runs_.empty() ? ReferredRuns{} : refer_to_runs(size); }
  // True if anything was changed or recorded.
  bool has_changes() const { return changed_; }

  // How many of the pages kept back for deletes and for commit itself allocations may use. `erase`: set around erasing
  // operations. `all`: for what gives back what a named snapshot holds.
  enum class Reserve : u8 { none, erase, all };
  void use_reserve(Reserve use) { reserve_ = use; }
  Reserve reserve() const { return reserve_; }

  // Makes the transaction's state the newest version, and returns when `durability` is met and the version is visible.
  // A throw of writes_refused or io from the log means: outcome unknown until the file is reopened; any other throw
  // means: nothing happened. The transaction has ended either way.
  void commit(Durability durability);
  // The same, but always as a checkpoint, even of no change: on the disk when it returns. For recovery.
  void commit_by_checkpoint();
  void rollback() noexcept;
  bool ended() const { return ended_; }

 private:
  const u8* find(PageNo page) const override;
  u8* take_page(PageRef& ref);
  u64 kept_back() const;
  u8* add_bytes(OwnPages::Entry& entry);
  ReferredRuns refer_to_runs(u64 size);
  void drop(Extent extent, u32 birth, bool run);
  void drop_own(Extent extent, u32 born, bool run);
  void drop_committed(Extent extent, u32 birth, bool run);
  void drop_recorded_runs();
  void undo_drops(std::size_t keep) noexcept;
  void drop_unneeded() noexcept;
  void put_in_file();
  u32 append_space_delta();
  void forget_record() noexcept;
  void give_record_back() noexcept;

  struct SavedMark {
    u32 number;
    std::size_t dropped;  // sizes of dropped_, record_ and runs_ when it was placed
    std::size_t record_size;
    std::size_t runs;
    bool live;
  };
  u32 newest_mark() const { return marks_.empty() ? 0 : marks_.back().number; }

  Engine& engine_;
  Descriptor base_;
  TxnId id_;
  i64 time_us_ = 0;  // 0: not asked yet
  CatalogRoot catalog_;
  TxnId kept_;
  OwnPages& own_;  // the engine's, for its one transaction at a time
  u32 page_size_;
  Reserve reserve_ = Reserve::none;
  TxnId summed_;                            // pages born up to it have checksums
  std::vector<OwnPages::Dropped> dropped_;  // committed pages that this transaction no longer refers to, in order
  std::vector<OwnPages::Held> held_;        // own pages dropped, but needed by a mark or the record
  std::vector<SavedMark> marks_;            // ascending; the last one is live
  u32 mark_counter_ = 0;
  std::string record_;  // with room for its header in front
  u64 record_limit_;
  std::vector<ValueRun> runs_;        // that the record refers to
  std::vector<ValueRun> value_runs_;  // of the value written last
  u64 referred_bytes_ = 0;
  bool record_too_big_ = false;
  bool changed_ = false;
  bool ended_ = false;
};

}  // namespace sapwood::storage
