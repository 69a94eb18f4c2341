// ReadTxn: a snapshot held by value.
#include <new>

#include "collections/handle_state.h"
#include "collections/snapshots.h"
#include "db/listing.h"
#include "sapwood/transaction.h"

namespace sapwood {
namespace {

using collections::CatalogReader;
using collections::CatalogRecord;
using collections::HandleState;
using storage::Snapshot;

using SnapshotBytes = std::array<std::byte, 128>;
static_assert(sizeof(Snapshot) <= sizeof(SnapshotBytes) && alignof(Snapshot) <= 8);
static_assert(std::is_trivially_copyable_v<Snapshot> && std::is_trivially_destructible_v<Snapshot>);

const Snapshot& as_snapshot(const SnapshotBytes& bytes) {
  return *std::launder(reinterpret_cast<const Snapshot*>(bytes.data()));
}

// Throws Error{ended}.
void check_open(const std::shared_ptr<collections::Environment>& environment) {
  if (environment == nullptr) throw Error(ErrorCode::ended, "the read transaction has ended: begin a new one");
}

CatalogReader catalog_of(const Snapshot& snapshot) {
  return CatalogReader(snapshot.pages, collections::to_tree_root(snapshot.descriptor.catalog));
}

}  // namespace

ReadTxn::ReadTxn(std::shared_ptr<collections::Environment> environment) : environment_(std::move(environment)) {
  new (snapshot_.data()) Snapshot(environment_->engine().begin_read());
  environment_->engine_unchecked().note_since(as_snapshot(snapshot_));
}

// A reader of the newest version, which has the table: while it lives nothing that the snapshot refers to is reused,
// even if that is dropped.
ReadTxn::ReadTxn(std::shared_ptr<collections::Environment> environment, std::string_view name)
    : ReadTxn(std::move(environment)) {
  Snapshot& snapshot = *std::launder(reinterpret_cast<Snapshot*>(snapshot_.data()));
  try {
    const auto found = collections::find_snapshot(snapshot.pages, snapshot.descriptor, name);
    if (!found) throw Error(ErrorCode::not_found, "there is no snapshot '" + std::string(name) + "'");
    snapshot.descriptor = found->version;
  } catch (...) {
    end();
    throw;
  }
}

ReadTxn::ReadTxn(ReadTxn&& other) noexcept : environment_(std::move(other.environment_)), snapshot_(other.snapshot_) {}

ReadTxn& ReadTxn::operator=(ReadTxn&& other) noexcept {
  if (this == &other) return *this;
  end();
  environment_ = std::move(other.environment_);
  snapshot_ = other.snapshot_;
  return *this;
}

void ReadTxn::end() noexcept {
  if (environment_ == nullptr) return;
  environment_->engine_unchecked().end_read(as_snapshot(snapshot_));
  environment_.reset();
}

detail::Handle ReadTxn::open(std::string_view name, CollectionTypes types) const {
  check_open(environment_);
  const Snapshot& snapshot = as_snapshot(snapshot_);
  const std::optional<CatalogRecord> record = catalog_of(snapshot).find(name);
  if (!record) db::throw_no_collection(name);
  db::check_types(*record, types);
  return detail::Handle(std::make_shared<HandleState>(environment_, *record, snapshot));
}

AnyCollection ReadTxn::any(std::string_view name) const {
  check_open(environment_);
  const Snapshot& snapshot = as_snapshot(snapshot_);
  const std::optional<CatalogRecord> record = catalog_of(snapshot).find(name);
  if (!record) db::throw_no_collection(name);
  return AnyCollection(detail::Handle(std::make_shared<HandleState>(environment_, *record, snapshot)));
}

AnyCollection ReadTxn::any(std::uint64_t id) const {
  check_open(environment_);
  const Snapshot& snapshot = as_snapshot(snapshot_);
  const CatalogRecord record = db::record_with(catalog_of(snapshot), id);
  return AnyCollection(detail::Handle(std::make_shared<HandleState>(environment_, record, snapshot)));
}

bool ReadTxn::has(std::string_view name) const {
  check_open(environment_);
  return catalog_of(as_snapshot(snapshot_)).find_id(name).has_value();
}

std::vector<CollectionInfo> ReadTxn::collections() const {
  check_open(environment_);
  return db::list_collections(catalog_of(as_snapshot(snapshot_)));
}

std::uint64_t ReadTxn::txn() const {
  check_open(environment_);
  return as_snapshot(snapshot_).descriptor.txn;
}

std::int64_t ReadTxn::commit_time_us() const {
  check_open(environment_);
  return as_snapshot(snapshot_).descriptor.commit_time_us;
}

}  // namespace sapwood
