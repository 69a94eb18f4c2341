#include "collections/atomic_change.h"

namespace sapwood::collections {

AtomicChange::AtomicChange(const detail::Handle& handle) {
  HandleState* state = handle.state().get();
  if (state == nullptr) throw Error(ErrorCode::ended, "the handle belongs to no collection");
  if (state->mode() == HandleState::Mode::automatic) {
    const std::shared_ptr<Environment>& environment = state->environment();
    write_ = std::make_shared<WriteState>(environment, environment->begin_automatic(state->record().name));
    OpenCollection* collection = write_->session().find(state->record().id);
    if (collection == nullptr) state->throw_dropped();
    inside_ = detail::Handle(std::make_shared<HandleState>(write_, *collection));
    changes_ = session().changes();
    return;
  }
  if (state->mode() == HandleState::Mode::read) state->refuse_change();
  inside_ = handle;
  write_ = state->write_state();
  session().check_changeable(collection());
  saved_ = session().save();
  changes_ = session().changes();
}

void AtomicChange::check_live() {
  session().check_usable(collection());
  if (finished_ || (saved_ != nullptr && !saved_->mark->live)) {
    throw Error(ErrorCode::ended,
                inside_.state()->who() + ": the savepoint in which it was being filled was rolled back");
  }
}

void AtomicChange::finish() {
  check_live();
  finished_ = true;
  if (saved_ != nullptr) return session().release_mark(*saved_->mark);
  if (session().changed()) write_->commit(write_->environment()->engine_unchecked().options().durability);
  else write_->rollback();
}

AtomicChange::~AtomicChange() {
  if (finished_ || write_->ended()) return;
  if (saved_ == nullptr) {
    write_->rollback();
    return;
  }
  WriteSession& session = write_->session_unchecked();
  try {
    if (saved_->mark->live && session.changes() != changes_) session.restore(*saved_);
  } catch (...) {
    session.poison();
  }
  session.release_mark(*saved_->mark);
}

}  // namespace sapwood::collections
