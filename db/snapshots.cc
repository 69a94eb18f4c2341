// Database: named snapshots.
#include "collections/snapshots.h"

#include "collections/environment.h"
#include "sapwood/database.h"

namespace sapwood {

using collections::NamedSnapshot;
using collections::ScopedSnapshot;

void Database::snapshot(std::string_view name) {
  storage::Engine& engine = environment().engine();
  const std::unique_ptr<storage::WriteTransaction> txn = engine.begin_write(engine.options().write_timeout);
  collections::create_snapshot(*txn, name);
  txn->commit_by_checkpoint();
}

bool Database::drop_snapshot(std::string_view name) {
  storage::Engine& engine = environment().engine();
  const std::unique_ptr<storage::WriteTransaction> txn = engine.begin_write(engine.options().write_timeout);
  if (!collections::drop_snapshot(*txn, name)) return false;
  txn->commit_by_checkpoint();
  return true;
}

ReadTxn Database::at(std::string_view name) const {
  environment();
  return ReadTxn(environment_, name);
}

std::vector<SnapshotInfo> Database::snapshots() const {
  const ScopedSnapshot newest(environment().engine());
  const std::vector<NamedSnapshot> all = collections::list_snapshots(newest->pages, newest->descriptor);
  std::vector<SnapshotInfo> infos;
  for (std::size_t i = 0; i < all.size(); ++i) {
    SnapshotInfo& info = infos.emplace_back();
    info.name = all[i].name;
    info.txn = all[i].version.txn;
    info.commit_time_us = all[i].version.commit_time_us;
    collections::for_each_held_alone(newest->pages, newest->descriptor, all, i,
                                     [&](storage::Extent pages, u32) { info.held_pages += pages.pages; });
  }
  return infos;
}

}  // namespace sapwood
