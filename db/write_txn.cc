// WriteTxn and Savepoint: faces of collections::WriteState.
#include "collections/handle_state.h"
#include "db/listing.h"
#include "sapwood/transaction.h"

namespace sapwood {
namespace {

using collections::HandleState;
using collections::OpenCollection;
using collections::WriteSession;
using collections::WriteState;

WriteSession& session_of(const std::shared_ptr<WriteState>& state) {
  if (state == nullptr) throw Error(ErrorCode::ended, "the write transaction was moved away");
  return state->session();
}

OpenCollection& existing(WriteSession& session, std::string_view name) {
  OpenCollection* collection = session.find(name);
  if (collection == nullptr) db::throw_no_collection(name);
  return *collection;
}

// Where that is, in this transaction. The result borrows from `place`.
collections::Location location_of(const std::shared_ptr<WriteState>& state, const Place& place) {
  using collections::Location;
  if (place.in() == Place::In::database) return {.kind = Location::Kind::name, .key = place.key()};
  const HandleState* parent = place.parent().state().get();
  if (parent == nullptr) throw Error(ErrorCode::ended, "the place is in no collection");
  if (parent->environment() != state->environment()) {
    throw Error(ErrorCode::invalid_argument, parent->who() + " is in another database");
  }
  if (parent->mode() == HandleState::Mode::write)
    parent->write_state()->session().check_usable(*parent->open_collection());
  const bool in_list = place.in() == Place::In::list;
  return {.kind = in_list ? Location::Kind::position : Location::Kind::key,
          .parent = parent->record().id,
          .key = place.key(),
          .index = place.index()};
}

}  // namespace

WriteTxn& WriteTxn::operator=(WriteTxn&& other) noexcept {
  if (this == &other) return *this;
  rollback();
  state_ = std::move(other.state_);
  return *this;
}

WriteTxn::~WriteTxn() { rollback(); }

detail::Handle WriteTxn::open(std::string_view name, CollectionTypes types, const CollectionOptions& options) {
  OpenCollection& collection = session_of(state_).open(name, types, options);
  return detail::Handle(std::make_shared<HandleState>(state_, collection));
}

AnyCollection WriteTxn::any(std::string_view name) {
  OpenCollection& collection = existing(session_of(state_), name);
  return AnyCollection(detail::Handle(std::make_shared<HandleState>(state_, collection)));
}

AnyCollection WriteTxn::any(std::uint64_t id) {
  WriteSession& session = session_of(state_);
  OpenCollection* collection = session.find(id);
  if (collection == nullptr || collection->record.part_of_form) db::throw_no_collection(id);
  session.check_usable(*collection);
  return AnyCollection(detail::Handle(std::make_shared<HandleState>(state_, *collection)));
}

AnyCollection WriteTxn::any(std::string_view name, CollectionTypes types, const CollectionOptions& options) {
  return AnyCollection(open(name, types, options));
}

bool WriteTxn::has(std::string_view name) const { return session_of(state_).find(name) != nullptr; }

std::vector<CollectionInfo> WriteTxn::collections() const { return db::list_collections(session_of(state_).records()); }

bool WriteTxn::drop(std::string_view name) {
  WriteSession& session = session_of(state_);
  OpenCollection* collection = session.find(name);
  if (collection == nullptr) return false;
  session.drop(*collection);
  return true;
}

void WriteTxn::rename(std::string_view from, std::string_view to) {
  WriteSession& session = session_of(state_);
  session.rename(existing(session, from), to);
}

void WriteTxn::move(const Place& from, const Place& to) {
  WriteSession& session = session_of(state_);
  if (from.in() == Place::In::database && to.in() == Place::In::database) return rename(from.key(), to.key());
  session.move(location_of(state_, from), location_of(state_, to));
}

Savepoint WriteTxn::savepoint() {
  session_of(state_).check_usable();
  return Savepoint(state_);
}

void WriteTxn::commit() {
  session_of(state_);
  commit(state_->environment()->engine().options().durability);
}

void WriteTxn::commit(Durability durability) {
  session_of(state_);
  state_->commit(durability);
}

void WriteTxn::rollback() noexcept {
  if (state_ != nullptr) state_->rollback();
}

bool WriteTxn::is_open() const noexcept { return state_ != nullptr && !state_->ended(); }

Savepoint::Savepoint(std::shared_ptr<WriteState> state) : state_(std::move(state)), saved_(state_->session().save()) {}

Savepoint::Savepoint(Savepoint&&) noexcept = default;

Savepoint& Savepoint::operator=(Savepoint&& other) noexcept {
  if (this == &other) return *this;
  Savepoint old(std::move(*this));  // rolls back
  state_ = std::move(other.state_);
  saved_ = std::move(other.saved_);
  return *this;
}

Savepoint::~Savepoint() {
  if (saved_ == nullptr || state_->ended()) return;
  WriteSession& session = state_->session_unchecked();
  try {
    if (saved_->mark->live) session.restore(*saved_);
  } catch (...) {
    session.poison();
  }
  session.release_mark(*saved_->mark);
}

void Savepoint::rollback() {
  if (saved_ == nullptr) throw Error(ErrorCode::ended, "the savepoint was rolled back or released before");
  WriteSession& session = state_->session();
  if (!saved_->mark->live) throw Error(ErrorCode::ended, "an outer savepoint was rolled back, and this one with it");
  session.restore(*saved_);
  session.release_mark(*saved_->mark);
  saved_.reset();
}

void Savepoint::release() {
  if (saved_ == nullptr) throw Error(ErrorCode::ended, "the savepoint was rolled back or released before");
  WriteSession& session = state_->session();
  if (!saved_->mark->live) throw Error(ErrorCode::ended, "an outer savepoint was rolled back, and this one with it");
  session.release_mark(*saved_->mark);
  saved_.reset();
}

}  // namespace sapwood
