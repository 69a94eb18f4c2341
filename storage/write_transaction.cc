#include "storage/write_transaction.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/fail_point.h"
#include "storage/engine_impl.h"
#include "storage/space_delta.h"

namespace sapwood::storage {
namespace {

constexpr u32 kLeastReferredPages = 4;  // shorter values stand in the record
constexpr u64 kBulkyRecordShare = 16;   // of the record's limit: past it a second sync is the smaller part

}  // namespace

WriteTransaction::WriteTransaction(Engine& engine, const Descriptor& base, TxnId id)
    : engine_(engine),
      base_(base),
      id_(id),
      catalog_(base.catalog),
      kept_(base.kept),
      own_(engine.impl().own),
      page_size_(engine.impl().page_size()),
      summed_(engine.impl().durable_checkpoint()) {
  record_.swap(engine.impl().record_buffer);
  record_.resize(kRecordHeaderSize);
  const Options& options = engine.impl().options;
  record_limit_ = engine.impl().temporary ? 0 : kRecordHeaderSize + RedoLog::max_body(options.log_size);
}

WriteTransaction::~WriteTransaction() { rollback(); }

PageReader WriteTransaction::reader() const {
  Engine::Impl& engine = engine_.impl();
  return PageReader(engine.pages.space(), engine.allocator.page_count(), birth(), this, summed_);
}

const u8* WriteTransaction::find(PageNo page) const {
  const OwnPages::Entry* entry = own_.find(page);
  return entry == nullptr ? nullptr : entry->bytes;
}

// A new page of this transaction's with a buffer of unspecified content, header place set.
u8* WriteTransaction::take_page(PageRef& ref) {
  SAPWOOD_ASSERT(!ended_);
  changed_ = true;
  new_version();
  Engine::Impl& engine = engine_.impl();
  const PageNo page = engine.take_page(kept_back());
  u8* buffer = nullptr;
  try {
    buffer = add_bytes(own_.insert(page, mark_counter_, 1));
  } catch (...) {
    if (own_.find(page) != nullptr) own_.erase(page);
    engine.allocator.give_back(Extent{page, 1});
    throw;
  }
  PageHeader::set_place(buffer, page, id_);
  ref = PageRef{page, birth()};
  return buffer;
}

// Bytes of unspecified content for an own page that has none.
u8* WriteTransaction::add_bytes(OwnPages::Entry& entry) {
  u8* const mapped = engine_.impl().pages.place_for_stores(entry.page);
  return mapped != nullptr ? own_.add_mapped(entry, mapped) : own_.add_buffer(entry);
}

u8* WriteTransaction::edit(PageRef& ref) {
  new_version();
  const PageRef old = ref;
  OwnPages::Entry* entry = old.birth == birth() ? own_.find(old.page) : nullptr;
  if (entry != nullptr && entry->born >= newest_mark()) {
    if (entry->bytes != nullptr) return entry->bytes;
    add_bytes(*entry);
    if (entry->mapped == 0) PageHeader::copy_page(entry->bytes, engine_.impl().pages.bytes(old.page), page_size());
    return entry->bytes;
  }
  const u32 born = entry == nullptr ? 0 : entry->born;
  const bool was_held = entry != nullptr && entry->held != 0;
  const u8* from = reader().fetch(old);
  u8* buffer = take_page(ref);
  PageHeader::copy_page(buffer, from, page_size());
  PageHeader::set_place(buffer, ref.page, id_);
  if (entry == nullptr) {
    drop_committed(Extent{old.page, 1}, old.birth, false);
  } else {
    check_format(!was_held, old.page, "it is referred to twice");
    drop_own(Extent{old.page, 1}, born, false);
  }
  return buffer;
}

u8* WriteTransaction::create(PageRef& ref, PageType type, u8 level, u32 tree_id) {
  u8* buffer = take_page(ref);
  std::memset(buffer + kPageHeaderSize, 0, page_size() - kPageHeaderSize);
  PageHeader::init(buffer, type, level, tree_id, page_size());
  return buffer;
}

bool WriteTransaction::keeps(PageRef ref) const {
  return kept_ != 0 && engine_.impl().allocator.full_birth(ref.page, ref.birth, id_) <= kept_;
}

// Free pages that it may not take where the file cannot grow.
u64 WriteTransaction::kept_back() const {
  if (reserve_ == Reserve::all) return 0;
  return reserve_ == Reserve::erase ? kLastPages : kReservePages;
}

void WriteTransaction::take_low_pages() { engine_.impl().allocator.start_low(); }

void WriteTransaction::free(PageRef ref) { drop(Extent{ref.page, 1}, ref.birth, false); }
void WriteTransaction::free_run(Extent extent, u32 birth) { drop(extent, birth, true); }

Extent WriteTransaction::allocate_run(u32 pages) {
  SAPWOOD_ASSERT(!ended_);
  changed_ = true;
  Engine::Impl& engine = engine_.impl();
  const Extent extent = engine.take_run(pages, kept_back());
  try {
    own_.insert(extent.start, mark_counter_, extent.pages, true);
  } catch (...) {
    engine.allocator.give_back(extent);
    throw;
  }
  return extent;
}

void WriteTransaction::write_run(Extent extent, const void* data, u64 size) {
  SAPWOOD_ASSERT(size <= u64{extent.pages} * page_size() && own_.find(extent.start) != nullptr);
  engine_.impl().pages.write_run(extent, data, size, birth());
}

void WriteTransaction::drop(Extent extent, u32 birth, bool run) {
  changed_ = true;
  new_version();
  OwnPages::Entry* entry = birth == this->birth() ? own_.find(extent.start) : nullptr;
  if (entry == nullptr) {
    drop_committed(extent, birth, run);
    return;
  }
  check_format(entry->pages == extent.pages, extent.start, "a reference to a part of a run of pages");
  check_format(entry->held == 0, extent.start, "it is referred to twice");
  drop_own(extent, entry->born, run);
}

// A reference from the file may say anything: what it names must be in use, and is dropped only once.
void WriteTransaction::drop_committed(Extent extent, u32 birth, bool run) {
  Allocator& allocator = engine_.impl().allocator;
  check_format(allocator.is_live_range(extent), extent.start, "it is referred to twice, or not marked as in use");
  if (keeps(PageRef{extent.start, birth})) return;
  dropped_.push_back({extent, birth, run});
  allocator.drop(extent);
}

void WriteTransaction::undo_drops(std::size_t keep) noexcept {
  while (dropped_.size() > keep) {
    engine_.impl().allocator.undrop(dropped_.back().extent);
    dropped_.pop_back();
  }
}

// The transaction's own page or run is no longer referred to; a mark placed since it was made keeps it, and the record.
void WriteTransaction::drop_own(Extent extent, u32 born, bool run) {
  if (newest_mark() > born || (run && !runs_.empty())) {
    held_.push_back({extent, born, mark_counter_, run});
    own_.find(extent.start)->held = 1;
    return;
  }
  own_.erase(extent.start);
  engine_.impl().allocator.give_back(extent);
}

void WriteTransaction::release_memory() {
  const Engine::Impl& engine = engine_.impl();
  if (own_.buffers() * u64{page_size()} <= engine.options.dirty_limit) return;
  new_version();
  put_in_file();
  // Cursors that a mark protects point into pages made before it: those stay where they are, as mapped ones do anyway.
  own_.for_each([this](OwnPages::Entry& entry) {
    if (entry.mapped != 0 || entry.born >= newest_mark()) own_.drop_bytes(entry);
  });
}

void WriteTransaction::put_in_file() {
  Engine::Impl& engine = engine_.impl();
  const u64 seed = engine.pages.space()->checksum_seed;
  std::vector<PageFile::PageWrite> writes;
  writes.reserve(own_.buffers());
  own_.for_each([&](OwnPages::Entry& entry) {
    if (entry.bytes == nullptr || entry.mapped != 0) return;
    store<u32>(entry.bytes, page_checksum(entry.bytes, page_size(), entry.page, seed));
    writes.push_back({entry.page, entry.bytes});
  });
  engine.pages.write_pages(writes);
  own_.for_each([&](const OwnPages::Entry& entry) {
    if (entry.mapped != 0) engine.pages.stored(entry.page);
  });
}

Mark WriteTransaction::mark() {
  new_version();
  marks_.push_back({mark_counter_ + 1, dropped_.size(), record_.size(), runs_.size(), true});
  return Mark{++mark_counter_};
}

void WriteTransaction::release(Mark mark) noexcept {
  if (ended_) return;
  for (SavedMark& saved : marks_) {
    if (saved.number == static_cast<u32>(mark)) saved.live = false;
  }
  while (!marks_.empty() && !marks_.back().live) marks_.pop_back();
  drop_unneeded();
}

// Frees held pages that nothing needs any more: no mark in (born, dropped], and not the record.
void WriteTransaction::drop_unneeded() noexcept {
  std::erase_if(held_, [this](const OwnPages::Held& held) {
    if (held.run && !runs_.empty()) return false;
    for (const SavedMark& saved : marks_) {
      if (saved.live && saved.number > held.born && saved.number <= held.dropped) return false;
    }
    own_.erase(held.extent.start);
    engine_.impl().allocator.give_back(held.extent);
    return true;
  });
}

void WriteTransaction::rollback_to(Mark mark) {
  new_version();
  const u32 number = static_cast<u32>(mark);
  while (!marks_.empty() && marks_.back().number > number) marks_.pop_back();
  SAPWOOD_ASSERT(!marks_.empty() && marks_.back().number == number && marks_.back().live);
  std::vector<Extent> taken;
  own_.for_each([&](OwnPages::Entry& entry) {
    if (entry.born >= number) taken.push_back(Extent{entry.page, entry.pages});
  });
  // Held pages dropped since the mark are in use again, or among those taken since.
  std::erase_if(held_, [this, number](const OwnPages::Held& held) {
    if (held.dropped < number) return false;
    own_.find(held.extent.start)->held = 0;
    return true;
  });
  for (const Extent& extent : taken) {
    own_.erase(extent.start);
    engine_.impl().allocator.give_back(extent);
  }
  undo_drops(marks_.back().dropped);
  if (!record_too_big_) {
    record_.resize(marks_.back().record_size);
    runs_.resize(marks_.back().runs);
  }
  drop_unneeded();
}

void WriteTransaction::forget_record() noexcept {
  record_too_big_ = true;
  std::string().swap(record_);
  runs_.clear();
}

// Worth a reference: what a sync commit alone would not write faster into the log than it syncs the data file, too.
i64 WriteTransaction::time_us() {
  if (time_us_ == 0) time_us_ = std::max(engine_.impl().env.clock().now_us(), base_.commit_time_us);
  return time_us_;
}

WriteTransaction::ReferredRuns WriteTransaction::refer_to_runs(u64 size) {
  ReferredRuns referred{.first = runs_.size(), .count = value_runs_.size()};
  for (const ValueRun& run : value_runs_) referred.bytes += run.bytes;
  const bool of_this_value = referred.bytes <= size && size - referred.bytes <= page_size_ / 4;
  const bool large = referred.bytes >= u64{kLeastReferredPages} * page_size_;
  const bool bulky = engine_.impl().options.durability != Durability::sync ||
                     record_.size() + referred.bytes > record_limit_ / kBulkyRecordShare;
  if (record_too_big_ || !of_this_value || !large || !bulky) {
    value_runs_.clear();
    return {};
  }
  runs_.insert(runs_.end(), value_runs_.begin(), value_runs_.end());
  value_runs_.clear();
  referred_bytes_ += referred.bytes;
  if (referred_bytes_ > kMaxReferredBytes) forget_record();
  return referred;
}

// Runs that the record refers to, but no longer the transaction's state: they die with its commit.
void WriteTransaction::drop_recorded_runs() {
  dropped_.reserve(dropped_.size() + held_.size());
  for (const OwnPages::Held& held : held_) {
    dropped_.push_back({held.extent, birth(), true});
    engine_.impl().allocator.drop(held.extent);
  }
  held_.clear();
}

void WriteTransaction::commit(Durability durability) {
  SAPWOOD_ASSERT(!ended_);
  Engine::Impl& engine = engine_.impl();
  if (!changed_) {
    rollback();
    return;
  }
  Engine::Impl::Commit commit{.version = base_, .durability = durability, .dropped = &dropped_, .record = &record_};
  try {
    engine.throw_if_refused();
    marks_.clear();
    drop_unneeded();
    drop_recorded_runs();
    put_in_file();
    SAPWOOD_FAIL_POINT("commit.pages_written");
    commit.version.txn = id_;
    commit.version.catalog = catalog_;
    commit.version.kept = kept_;
    if (record_too_big_) {
      commit.record = nullptr;
    } else {
      commit.delta_size = append_space_delta();
      append_value_runs(record_, runs_);
      commit.runs_size = static_cast<u32>(runs_.size() * kValueRunBytes);
      commit.run_bytes = referred_bytes_;
    }
    engine.publish(commit);
  } catch (...) {
    rollback();
    throw;
  }
  own_.clear();
  ended_ = true;
  give_record_back();
  engine.finish_commit(commit);
}

// What the record tells other processes of the space that changed; its bytes are the result.
u32 WriteTransaction::append_space_delta() {
  const std::size_t before = record_.size();
  SpaceDeltaWriter delta(record_, id_);
  own_.for_each([&delta](const OwnPages::Entry& entry) {
    delta.add({.extent = Extent{entry.page, entry.pages}, .run = entry.run != 0});
  });
  for (const OwnPages::Dropped& dropped : dropped_) {
    delta.add({.extent = dropped.extent, .dropped = true, .run = dropped.run, .birth = dropped.birth});
  }
  return static_cast<u32>(record_.size() - before);
}

void WriteTransaction::give_record_back() noexcept {
  record_.clear();
  record_.swap(engine_.impl().record_buffer);
}

void WriteTransaction::commit_by_checkpoint() {
  changed_ = true;
  record_too_big_ = true;
  commit(Durability::sync);
}

void WriteTransaction::rollback() noexcept {
  if (ended_) return;
  ended_ = true;
  Engine::Impl& engine = engine_.impl();
  // First the drops: in a damaged file one may be of a page that seemed free and became this transaction's own.
  undo_drops(0);
  own_.for_each([&](OwnPages::Entry& entry) { engine.allocator.give_back(Extent{entry.page, entry.pages}); });
  own_.clear();
  marks_.clear();
  held_.clear();
  give_record_back();
  engine.end_write();
}

}  // namespace sapwood::storage
