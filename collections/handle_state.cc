#include "collections/handle_state.h"

#include "collections/nested_value.h"

namespace sapwood::collections {

HandleState::HandleState(std::shared_ptr<Environment> environment, const CatalogRecord& record,
                         const storage::Snapshot& snapshot, std::shared_ptr<HeldSnapshot> held)
    : mode_(Mode::read),
      environment_(std::move(environment)),
      record_(record),
      snapshot_(snapshot),
      held_(std::move(held)),
      tree_(CollectionTree(snapshot.pages, record_, record.root, environment_->source_in(snapshot_))) {}

HandleState::HandleState(std::shared_ptr<WriteState> write, OpenCollection& collection)
    : mode_(Mode::write),
      environment_(write->environment()),
      record_(collection.record),
      write_(std::move(write)),
      collection_(collection.shared_from_this()) {}

HandleState::HandleState(std::shared_ptr<Environment> environment, const CatalogRecord& record)
    : mode_(Mode::automatic), environment_(std::move(environment)), record_(record) {
  record_.root = {};
}

std::string HandleState::who() const { return record_.who(); }

tree::TreeRoot HandleState::root_in(const storage::Snapshot& snapshot, std::optional<CatalogRecord>& other) {
  const storage::CatalogRoot& catalog = snapshot.descriptor.catalog;
  if (const std::optional<tree::TreeRoot> cached = cache_.find(catalog)) return *cached;
  const CatalogReader reader(snapshot.pages, to_tree_root(catalog));
  std::optional<CatalogRecord> found = reader.find(record_.id);
  if (!found || found->dropped || !reader.is_attached(*found)) throw_dropped();
  note(*found);
  const tree::TreeRoot root = found->root;
  if (has_form_of(*found)) cache_.store(catalog, root);
  else other = std::move(found);
  return root;
}

CatalogRecord HandleState::record_in(const storage::Snapshot& snapshot) {
  std::optional<CatalogRecord> other;
  const tree::TreeRoot root = root_in(snapshot, other);
  CatalogRecord record = other ? *std::move(other) : record_;
  record.root = root;
  return record;
}

bool HandleState::has_form_of(const CatalogRecord& now) const {
  ValueForm form = now.form;
  form.level = record_.form.level;
  return form == record_.form;
}

CatalogRecord HandleState::child_record(const storage::Snapshot& snapshot, u64 id, ErrorCode absent) const {
  const CatalogReader catalog(snapshot.pages, to_tree_root(snapshot.descriptor.catalog));
  std::optional<CatalogRecord> found = catalog.find(id);
  if (!found || found->dropped || found->parent != record_.id) throw_no_child(record_, id, absent);
  return *std::move(found);
}

std::shared_ptr<HandleState> HandleState::in_snapshot(const std::shared_ptr<HeldSnapshot>& held) {
  return std::make_shared<HandleState>(environment_, record_in(**held), **held, held);
}

std::shared_ptr<HandleState> HandleState::in_transaction_of(HandleState& other) {
  if (other.mode_ == Mode::write) {
    OpenCollection* collection = other.write_->session().find(record_.id);
    if (collection == nullptr) throw_dropped();
    return std::make_shared<HandleState>(other.write_, *collection);
  }
  other.check_live();
  return std::make_shared<HandleState>(environment_, record_in(other.snapshot_), other.snapshot_, other.held_);
}

void HandleState::throw_ended() const {
  throw Error(ErrorCode::ended, who() +
                                    ": the read transaction of this handle has ended: get the collection from a "
                                    "new one");
}

void HandleState::throw_dropped() const {
  throw Error(ErrorCode::not_found, who() + " was dropped: get a new handle by name to create it again");
}

void HandleState::throw_read_only() const {
  throw Error(ErrorCode::read_only, who() +
                                        " was got from a read transaction and cannot be changed: use a write "
                                        "transaction, or get it from the Database");
}

void HandleState::throw_no_transaction() const {
  throw Error(ErrorCode::invalid_argument, who() +
                                               ": a view needs a transaction that keeps it alive: get the "
                                               "collection from a ReadTxn or WriteTxn, or read a copy");
}

void HandleState::throw_no_timestamps() const {
  throw Error(ErrorCode::invalid_argument,
              who() + " keeps no timestamps: they are an option when a map or dict is created (CollectionOptions)");
}

void HandleState::throw_no_expiry(const char* needed) const {
  throw Error(ErrorCode::invalid_argument,
              who() + ": this needs a map or dict created with " + needed + " (CollectionOptions)");
}

void HandleState::throw_wrong_kind(const char* needed) const {
  throw Error(ErrorCode::wrong_type, who() + ": this needs " + needed);
}

void HandleState::throw_past_end(u64 index, u64 size) const {
  throw Error(ErrorCode::out_of_range,
              who() + ": position " + std::to_string(index) + " is past the end (size " + std::to_string(size) + ")");
}

AutomaticWrite::AutomaticWrite(HandleState& handle)
    : handle_(handle),
      txn_(handle.environment()->begin_automatic(handle.record().name)),
      session_(*txn_, true, &handle.environment()->dictionaries()) {
  const std::optional<tree::TreeRoot> cached =
      handle.is_constant() ? handle.cache().find(txn_->catalog()) : std::nullopt;
  if (cached) {
    collection_ = &session_.adopt(handle.record());
    collection_->record.root = *cached;
    return;
  }
  collection_ = session_.find(handle.record().id);
  if (collection_ == nullptr) handle.throw_dropped();
  handle.note(collection_->record);
}

void AutomaticWrite::commit() {
  if (!session_.changed()) {
    txn_->rollback();
    return;
  }
  session_.flush();
  const storage::CatalogRoot catalog = txn_->catalog();
  txn_->commit(handle_.environment()->engine_unchecked().options().durability);
  if (handle_.has_form_of(collection_->record)) handle_.cache().store(catalog, collection_->record.root);
}

}  // namespace sapwood::collections
