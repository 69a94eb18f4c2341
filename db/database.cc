// Database: opening, handles without a transaction, and what concerns the whole file.
#include "sapwood/database.h"

#include "collections/handle_state.h"
#include "collections/recompress.h"
#include "db/listing.h"
#include "db/make_info.h"

namespace sapwood {

using collections::CatalogReader;
using collections::CatalogRecord;
using collections::Environment;
using collections::HandleState;
using collections::OpenCollection;
using collections::ScopedSnapshot;
using collections::WriteState;

namespace {

CatalogReader catalog_of(const storage::Snapshot& snapshot) {
  return CatalogReader(snapshot.pages, collections::to_tree_root(snapshot.descriptor.catalog));
}

std::optional<CatalogRecord> find_record(Environment& environment, std::string_view name) {
  const ScopedSnapshot snapshot(environment.engine());
  return catalog_of(*snapshot).find(name);
}

}  // namespace

Database Database::open(const std::string& path, const Options& options) {
  if (path.empty()) {
    throw Error(ErrorCode::invalid_argument, "the path of a database is empty; Database::temporary needs none");
  }
  return Database(Environment::open(path, options));
}

Database Database::temporary(const Options& options) { return Database(Environment::open({}, options)); }

Environment& Database::environment() const {
  if (environment_ == nullptr) throw Error(ErrorCode::ended, "the Database was closed or moved away");
  environment_->check_open();
  return *environment_;
}

ReadTxn Database::read() const {
  environment();
  return ReadTxn(environment_);
}

WriteTxn Database::begin_write() { return begin_write(environment().engine().options().write_timeout); }

WriteTxn Database::begin_write(std::chrono::milliseconds timeout) {
  storage::Engine& engine = environment().engine();
  return WriteTxn(std::make_shared<WriteState>(environment_, engine.begin_write(timeout)));
}

std::optional<WriteTxn> Database::try_begin_write(std::chrono::milliseconds timeout) {
  try {
    return begin_write(timeout);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::timed_out) throw;
    return std::nullopt;
  }
}

detail::Handle Database::open(std::string_view name, CollectionTypes types, const CollectionOptions& options) {
  std::optional<CatalogRecord> record = find_record(environment(), name);
  if (!record) {
    if (environment_->engine().read_only()) db::throw_no_collection(name);
    const std::unique_ptr<storage::WriteTransaction> txn = environment_->begin_automatic(std::string(name));
    collections::WriteSession session(*txn, true);
    record = session.open(name, types, options).record;
    if (session.changed()) {
      session.flush();
      txn->commit(environment_->engine().options().durability);
    }
  }
  db::check_types(*record, types);
  collections::require_options(record->name, record->form, options);
  return detail::Handle(std::make_shared<HandleState>(environment_, *record));
}

AnyCollection Database::any(std::string_view name) {
  const std::optional<CatalogRecord> record = find_record(environment(), name);
  if (!record) db::throw_no_collection(name);
  return AnyCollection(detail::Handle(std::make_shared<HandleState>(environment_, *record)));
}

AnyCollection Database::any(std::uint64_t id) {
  const ScopedSnapshot snapshot(environment().engine());
  const CatalogRecord record = db::record_with(catalog_of(*snapshot), id);
  return AnyCollection(detail::Handle(std::make_shared<HandleState>(environment_, record)));
}

AnyCollection Database::any(std::string_view name, CollectionTypes types, const CollectionOptions& options) {
  return AnyCollection(open(name, types, options));
}

bool Database::has(std::string_view name) const { return find_record(environment(), name).has_value(); }

std::vector<CollectionInfo> Database::collections() const {
  const ScopedSnapshot snapshot(environment().engine());
  return db::list_collections(catalog_of(*snapshot));
}

bool Database::drop(std::string_view name) {
  const std::unique_ptr<storage::WriteTransaction> txn = environment().begin_automatic(std::string(name));
  collections::WriteSession session(*txn, true);
  OpenCollection* collection = session.find(name);
  if (collection == nullptr) return false;
  session.drop(*collection);
  session.flush();
  txn->commit(environment_->engine().options().durability);
  return true;
}

void Database::rename(std::string_view from, std::string_view to) {
  const std::unique_ptr<storage::WriteTransaction> txn = environment().begin_automatic(std::string(from));
  collections::WriteSession session(*txn, true);
  OpenCollection* collection = session.find(from);
  if (collection == nullptr) db::throw_no_collection(from);
  session.rename(*collection, to);
  if (!session.changed()) return;
  session.flush();
  txn->commit(environment_->engine().options().durability);
}

void Database::recompress(std::string_view name, std::optional<std::uint8_t> level, const Progress& progress) {
  environment();
  collections::recompress(environment_, std::string(name), level, progress);
}

void Database::sync() { environment().engine().sync(); }
void Database::checkpoint() { environment().engine().checkpoint(); }

std::vector<std::string> Database::check(const Progress& progress) {
  storage::Engine& engine = environment().engine();
  std::vector<std::string> findings;
  {
    const storage::EngineInfo info = engine.info();
    const ScopedSnapshot snapshot(engine);
    collections::check_collections(snapshot->pages, snapshot->descriptor, info.checkpoint_txn, progress,
                                   info.live_pages, findings);
  }
  engine.check_space(findings);
  return findings;
}

Info Database::info() const {
  storage::Engine& engine = environment().engine();
  Info info = db::make_info(engine.info(), engine.read_only());
  const ScopedSnapshot snapshot(engine);
  db::count_collections(catalog_of(*snapshot), info);
  return info;
}

void Database::close() {
  if (!environment().close()) environment_.reset();
}

const std::string& Database::path() const {
  if (environment_ == nullptr) throw Error(ErrorCode::ended, "the Database was closed or moved away");
  return environment_->path();
}

}  // namespace sapwood
