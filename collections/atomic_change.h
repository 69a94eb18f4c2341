// Several changes of one collection, all or none: in a transaction of their own, or from a savepoint in the handle's.
#pragma once

#include <memory>

#include "collections/handle_state.h"

namespace sapwood::collections {

class AtomicChange {
 public:
  // Throws what HandleState::write throws, and invalid_argument while a batch fills the collection.
  explicit AtomicChange(const detail::Handle& handle);
  ~AtomicChange();  // undoes all unless finish() was called
  AtomicChange(const AtomicChange&) = delete;
  AtomicChange& operator=(const AtomicChange&) = delete;

  // The collection in the transaction.
  const detail::Handle& handle() const { return inside_; }
  WriteSession& session() { return write_->session(); }
  // Of a transaction that may have ended.
  WriteSession& session_unchecked() noexcept { return write_->session_unchecked(); }
  OpenCollection& collection() { return *inside_.state()->open_collection(); }
  // Throws ended after finish(), the transaction, or a rollback to an earlier savepoint; poisoned, not_found.
  void check_live();
  // Keeps the changes; commits them if the transaction is their own.
  void finish();

 private:
  detail::Handle inside_;
  std::shared_ptr<WriteState> write_;
  std::shared_ptr<SavedState> saved_;  // null: the transaction is its own
  u64 changes_;                        // of the session at the start
  bool finished_ = false;
};

}  // namespace sapwood::collections
