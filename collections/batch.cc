// detail::Batch: many entries, all or none.
#include <optional>

#include "collections/handle_state.h"
#include "tree/bulk.h"

namespace sapwood {
namespace collections {

class BatchState {
 public:
  BatchState(const detail::Handle& handle, detail::Batch::Mode mode, u64 at);
  ~BatchState();
  BatchState(const BatchState&) = delete;
  BatchState& operator=(const BatchState&) = delete;

  void add(Bytes key, Bytes value);
  void finish();

 private:
  WriteSession& session() { return own_ ? own_->session() : write_->session(); }
  OpenCollection& collection() { return own_ ? own_->collection() : *handle_->open_collection(); }
  void start_bulk();
  void add_bulk(Bytes key, Bytes value);
  void check_live();

  std::shared_ptr<HandleState> handle_;
  detail::Batch::Mode mode_;
  u64 at_;
  std::optional<AutomaticWrite> own_;  // of an automatic handle
  std::shared_ptr<WriteState> write_;  // of a write transaction's handle
  std::shared_ptr<SavedState> saved_;  // what to go back to in it
  std::optional<tree::BulkLoader> loader_;
  std::string last_key_;
  bool finished_ = false;
};

BatchState::BatchState(const detail::Handle& handle, detail::Batch::Mode mode, u64 at)
    : handle_(handle.state()), mode_(mode), at_(at) {
  if (handle_ == nullptr) throw Error(ErrorCode::ended, "the handle belongs to no collection");
  if (mode == detail::Batch::Mode::put) handle_->require_keys();
  if (mode == detail::Batch::Mode::insert) handle_->require_list();
  switch (handle_->mode()) {
    case HandleState::Mode::automatic: own_.emplace(*handle_); break;
    case HandleState::Mode::write: write_ = handle_->write_state(); break;
    case HandleState::Mode::read: handle_->write([](WriteSession&, OpenCollection&) { return true; });  // throws
  }
  session().check_changeable(collection());
  const u64 size = collection().record.root.count;
  if (mode_ == detail::Batch::Mode::insert) {
    if (at_ == ~u64{0}) at_ = size;
    if (at_ > size) handle_->throw_past_end(at_, size);
    if (size == 0) mode_ = detail::Batch::Mode::bulk;
  } else if (mode_ == detail::Batch::Mode::bulk && handle_->record().types.is_hashed()) {
    throw Error(ErrorCode::wrong_type, handle_->who() + ": bulk_load needs a list or a sorted collection");
  } else if (mode_ == detail::Batch::Mode::bulk && size != 0) {
    throw Error(ErrorCode::invalid_argument,
                handle_->who() + " holds " + std::to_string(size) + " items: bulk_load needs an empty collection");
  }
  if (write_ != nullptr) saved_ = session().save();
  if (mode_ == detail::Batch::Mode::bulk) start_bulk();
}

void BatchState::start_bulk() {
  at_ = 0;
  OpenCollection& target = collection();
  session().change(target, [&] { loader_.emplace(session().txn(), target.record.shape, target.record.root); });
  target.busy = true;
}

// After a rollback of the transaction, or to an earlier savepoint, there is nothing left to add to.
void BatchState::check_live() {
  session().check_usable(collection());
  if (finished_ || (saved_ != nullptr && !saved_->mark->live)) {
    throw Error(ErrorCode::ended, handle_->who() + ": the savepoint in which it was being filled was rolled back");
  }
}

void BatchState::add(Bytes key, Bytes value) {
  check_live();
  switch (mode_) {
    case detail::Batch::Mode::bulk: return add_bulk(key, value);
    case detail::Batch::Mode::put: session().put(collection(), key, value); return;
    case detail::Batch::Mode::insert: return session().insert(collection(), at_++, value);
  }
}

void BatchState::add_bulk(Bytes key, Bytes value) {
  OpenCollection& target = collection();
  session().check_entry(target, key, value);
  const bool keyed = tree::is_keyed(target.record.shape.order);
  if (keyed) {
    if (at_ != 0 && key <= last_key_) {
      throw Error(ErrorCode::invalid_argument, handle_->who() + ": entry " + std::to_string(at_) +
                                                   " does not come after the one before it: bulk_load needs strictly "
                                                   "ascending keys");
    }
    last_key_.assign(key);
  }
  session().change(target, [&] {
    loader_->add(key, value);
    if (keyed) {
      session().record({.kind = OperationKind::put, .id = target.record.id, .key = key, .value = value});
    } else {
      session().record({.kind = OperationKind::list_insert, .id = target.record.id, .value = value, .index = at_});
    }
  });
  ++at_;
}

void BatchState::finish() {
  check_live();
  if (loader_) {
    session().change(collection(), [&] { loader_->finish(); });
    loader_.reset();
    collection().busy = false;
  }
  finished_ = true;
  if (own_) own_->commit();
  if (saved_ != nullptr) session().release_mark(*saved_->mark);
}

BatchState::~BatchState() {
  if (loader_) collection().busy = false;
  loader_.reset();
  if (finished_ || saved_ == nullptr || write_->ended()) return;
  WriteSession& session = write_->session_unchecked();
  try {
    if (saved_->mark->live) session.restore(*saved_);
  } catch (...) {
    session.poison();
  }
  session.release_mark(*saved_->mark);
}

}  // namespace collections

namespace detail {

using collections::BatchState;

Batch::Batch(const Handle& handle, Mode mode, u64 at) : state_(std::make_shared<BatchState>(handle, mode, at)) {}

Batch Batch::appending(const Handle& handle) { return Batch(handle, Mode::insert, ~u64{0}); }

void Batch::add(std::string_view key, std::string_view value) { state_->add(key, value); }
void Batch::finish() { state_->finish(); }

}  // namespace detail
}  // namespace sapwood
