// What a handle refers to: a collection in a snapshot, in a write transaction, or in whatever is newest.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "collections/entry_reader.h"
#include "collections/environment.h"
#include "collections/root_cache.h"
#include "collections/stored_key.h"
#include "collections/types.h"
#include "collections/write_state.h"
#include "sapwood/detail/handle.h"
#include "tree/cursor.h"

namespace sapwood::collections {

class HandleState {
 public:
  enum class Mode { automatic, read, write };

  // In a snapshot, which its owner ends, or which this holds too.
  HandleState(std::shared_ptr<Environment> environment, const CatalogRecord& record, const storage::Snapshot& snapshot,
              std::shared_ptr<HeldSnapshot> held = nullptr);
  // In a write transaction.
  HandleState(std::shared_ptr<WriteState> write, OpenCollection& collection);
  // Each call its own transaction.
  HandleState(std::shared_ptr<Environment> environment, const CatalogRecord& record);

  Mode mode() const { return mode_; }
  const CatalogRecord& record() const { return record_; }
  const std::shared_ptr<Environment>& environment() const { return environment_; }
  const std::shared_ptr<WriteState>& write_state() const { return write_; }
  OpenCollection* open_collection() const { return collection_.get(); }
  const storage::Snapshot& snapshot() const { return snapshot_; }
  const std::shared_ptr<HeldSnapshot>& held() const { return held_; }
  RootCache& cache() { return cache_; }
  std::string& view_buffer() { return view_buffer_; }

  // Calls `function(const CollectionTree&)` on the collection as this handle sees it. Throws ended, not_found.
  template <class Function>
  auto read(Function&& function);
  // Calls `function(WriteSession&, OpenCollection&)`; an automatic handle commits afterwards. Throws ended, read_only,
  // poisoned, would_deadlock, not_found.
  template <class Function>
  auto write(Function&& function);

  // Throws ended once the snapshot of a read transaction has ended.
  void check_live() const {
    environment_->check_open();
    if (!environment_->engine_unchecked().is_live(snapshot_.slot, snapshot_.generation)) [[unlikely]]
      throw_ended();
  }
  // Throws what a change through a handle of a read transaction throws.
  [[noreturn]] void refuse_change() const {
    check_live();
    throw_read_only();
  }
  // The tree in a version. `other` gets the record if that has another form than record(). Throws not_found if the
  // collection is not there (any more).
  tree::TreeRoot root_in(const storage::Snapshot& snapshot, std::optional<CatalogRecord>& other);
  // The record in a version, with the root there.
  CatalogRecord record_in(const storage::Snapshot& snapshot);
  // Whether a tree of `now` is read as one of record().
  bool has_form_of(const CatalogRecord& now) const;

  // The child of this collection whose id `find_id(tree)` tells, as this handle sees it. Throws `absent` if there is
  // none: corrupt if an entry told the id.
  template <class FindId>
  std::shared_ptr<HandleState> child(FindId&& find_id, ErrorCode absent = ErrorCode::corrupt);

  // A state like this one in the snapshot or transaction of `other`, of the same file, or in the held snapshot.
  std::shared_ptr<HandleState> in_transaction_of(HandleState& other);
  std::shared_ptr<HandleState> in_snapshot(const std::shared_ptr<HeldSnapshot>& held);

  // Throw wrong_type unless the collection has keys, has them in order, is found by position.
  void require_keys() const {
    if (!record_.types.has_keys()) [[unlikely]]
      throw_wrong_kind("a collection with keys");
  }
  void require_order() const {
    if (!record_.types.is_sorted()) [[unlikely]]
      throw_wrong_kind("a sorted collection");
  }
  // Throws invalid_argument without a transaction that keeps a view alive.
  void require_transaction() const {
    if (mode_ == Mode::automatic) [[unlikely]]
      throw_no_transaction();
  }
  void require_list() const {
    if (record_.types.has_keys()) [[unlikely]]
      throw_wrong_kind("a list or records");
  }
  void require_fixed() const {
    if (!record_.shape.fixed) [[unlikely]]
      throw_wrong_kind("a list of items of one size, of at most a quarter of a page");
  }
  void require_records() const {
    if (record_.types.kind != CollectionKind::records) [[unlikely]]
      throw_wrong_kind("records");
  }
  // Throw invalid_argument unless entries have times, those that are told, may expire.
  void require_timestamps() const {
    if (!record_.form.timestamps) [[unlikely]]
      throw_no_timestamps();
  }
  void require_times(const detail::EntryTimes& told) const {
    if (told.time_us) require_timestamps();
    if ((told.expiry_us || told.lives_us) && record_.form.expiry_index == 0) [[unlikely]]
      throw_no_expiry("expiry");
  }
  void require_expiry() const {
    if (!record_.form.may_expire()) [[unlikely]]
      throw_no_expiry("time_to_live or expiry");
  }
  // "list 'frames'".
  std::string who() const;
  [[noreturn]] void throw_past_end(u64 index, u64 size) const;
  [[noreturn]] void throw_dropped() const;

  // True once the collection was seen with another name or form than record() has.
  bool changed() const { return changed_.load(std::memory_order_relaxed); }
  // Whether all of record() but its root holds for ever, if that did not change: it cannot be moved without
  // that, nor come to own collections.
  bool is_constant() const { return !changed() && !record_.is_nested() && record_.types.value != ValueType::any; }
  void note(const CatalogRecord& now) {
    if (now.name != record_.name || now.form != record_.form) changed_.store(true, std::memory_order_relaxed);
  }

 private:
  CatalogRecord child_record(const storage::Snapshot& snapshot, u64 id, ErrorCode absent) const;
  [[noreturn]] void throw_ended() const;
  [[noreturn]] void throw_read_only() const;
  [[noreturn]] void throw_no_transaction() const;
  [[noreturn]] void throw_no_timestamps() const;
  [[noreturn]] void throw_no_expiry(const char* needed) const;
  [[noreturn]] void throw_wrong_kind(const char* needed) const;

  Mode mode_;
  std::shared_ptr<Environment> environment_;
  CatalogRecord record_;                        // as it was when the handle was made, without a root that can be
                                                // read; of a snapshot: as it is
  storage::Snapshot snapshot_;                  // read
  std::shared_ptr<HeldSnapshot> held_;          // read, of no transaction's
  std::optional<CollectionTree> tree_;          // read
  std::shared_ptr<WriteState> write_;           // write
  std::shared_ptr<OpenCollection> collection_;  // write
  RootCache cache_;                             // automatic
  std::atomic<bool> changed_{false};            // automatic
  std::string view_buffer_;
};

// A write transaction of an automatic handle's own. Rolls back unless committed.
class AutomaticWrite {
 public:
  explicit AutomaticWrite(HandleState& handle);
  WriteSession& session() { return session_; }
  OpenCollection& collection() { return *collection_; }
  // Commits if anything was changed.
  void commit();

 private:
  HandleState& handle_;
  std::unique_ptr<storage::WriteTransaction> txn_;
  WriteSession session_;
  OpenCollection* collection_;
};

template <class Function>
auto HandleState::read(Function&& function) {
  switch (mode_) {
    case Mode::read: check_live(); return function(*tree_);
    case Mode::write: {
      WriteSession& session = write_->session();
      session.check_usable(*collection_);
      return function(session.view(*collection_));
    }
    case Mode::automatic: break;
  }
  const ScopedSnapshot snapshot(environment_->engine());
  std::optional<CatalogRecord> other;
  const tree::TreeRoot root = root_in(*snapshot, other);
  return function(CollectionTree(snapshot->pages, other ? *other : record_, root, environment_->source_in(*snapshot)));
}

template <class Function>
auto HandleState::write(Function&& function) {
  if (mode_ == Mode::read) refuse_change();
  if (mode_ == Mode::write) return function(write_->session(), *collection_);
  AutomaticWrite own(*this);
  const auto result = function(own.session(), own.collection());
  own.commit();
  return result;
}

template <class FindId>
std::shared_ptr<HandleState> HandleState::child(FindId&& find_id, ErrorCode absent) {
  switch (mode_) {
    case Mode::read: {
      check_live();
      const CatalogRecord record = child_record(snapshot_, find_id(*tree_), absent);
      return std::make_shared<HandleState>(environment_, record, snapshot_, held_);
    }
    case Mode::write: {
      WriteSession& session = write_->session();
      session.check_usable(*collection_);
      OpenCollection& found = session.child(*collection_, find_id(session.view(*collection_)), absent);
      return std::make_shared<HandleState>(write_, found);
    }
    case Mode::automatic: break;
  }
  const ScopedSnapshot snapshot(environment_->engine());
  const CatalogRecord record = record_in(*snapshot);
  const u64 id = find_id(CollectionTree(snapshot->pages, record, record.root, environment_->source_in(*snapshot)));
  return std::make_shared<HandleState>(environment_, child_record(*snapshot, id, absent));
}

}  // namespace sapwood::collections
