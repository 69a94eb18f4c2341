// Database::backup and restore.
#include "storage/backup.h"

#include "collections/environment.h"
#include "collections/snapshots.h"
#include "db/scratch.h"
#include "sapwood/database.h"
#include "storage/meta.h"

namespace sapwood {
namespace {

using collections::NamedSnapshot;
using collections::ScopedSnapshot;
using storage::Descriptor;

Descriptor version_named(const storage::Snapshot& newest, const std::string& name) {
  const std::optional<NamedSnapshot> found = collections::find_snapshot(newest.pages, newest.descriptor, name);
  if (!found) throw Error(ErrorCode::not_found, "there is no snapshot '" + name + "'");
  return found->version;
}

// The pages of `version`; with `base`, those that were born after it.
storage::BackupPages pages_of(const storage::Snapshot& newest, const Descriptor& version, const Descriptor* base) {
  const u64 count = newest.pages.page_count();
  storage::BackupPages pages{storage::PageSet(count), storage::PageSet(count)};
  const bool births_tell = newest.descriptor.txn >> 32 == 0;
  collections::walk_version(newest.pages, version.catalog, [&](storage::Extent extent, u32 birth, tree::PageUse use) {
    if (base != nullptr && births_tell && birth <= base->txn) return false;
    (use == tree::PageUse::node ? pages.nodes : pages.runs).add(extent);
    return true;
  });
  return pages;
}

}  // namespace

BackupReport Database::backup(const std::string& given, const BackupOptions& options) const {
  storage::Engine& engine = environment().engine();
  os::Env& env = engine.env();
  const std::string to = env.files().resolve(given);
  db::require_absent(env, to);
  const TxnId summed = engine.info().checkpoint_txn;  // before the snapshot, whose checkpoint is no older
  const ScopedSnapshot newest(engine);
  const Descriptor version = options.snapshot.empty() ? newest->descriptor : version_named(*newest, options.snapshot);
  std::optional<Descriptor> base;
  if (!options.since.empty()) base = version_named(*newest, options.since);
  if (base && base->txn > version.txn) {
    throw Error(ErrorCode::invalid_argument,
                "snapshot '" + options.since + "' is newer than the version that is to be copied: it must be older");
  }
  const storage::BackupPages pages = pages_of(*newest, version, base ? &*base : nullptr);
  const storage::BackupSource source{engine, version, pages, summed, options.progress};
  db::Scratch scratch(env, to, "backup");
  {
    const std::unique_ptr<os::File> file = env.files().open(
        scratch.building(), {.write = true, .create = true, .exclusive = true, .like = environment_->path()});
    if (base) storage::write_increment(source, *base, *file);
    else storage::write_backup(source, *file);
  }
  scratch.finish();
  return {version.txn, version.commit_time_us, pages.size()};
}

void restore(const std::string& backup, const std::vector<std::string>& increments, const std::string& given,
             const RestoreOptions& options) {
  os::Env& env = options.env != nullptr ? *options.env : os::posix_env();
  const std::string to = env.files().resolve(given);
  db::require_absent(env, to);
  db::Scratch scratch(env, to, "restore");
  db::copy_file(env, backup, scratch.building());
  {
    const std::unique_ptr<os::File> file = env.files().open(scratch.building(), {.write = true});
    if (storage::read_metas(*file).newest->log_expected) {
      throw Error(ErrorCode::invalid_argument,
                  backup + " is a database that is open, or was not closed cleanly, and no backup; use backup on it");
    }
    for (const std::string& path : increments) {
      const std::unique_ptr<os::File> increment = env.files().open(path, {.write = false});
      storage::apply_increment(*increment, *file, options.progress);
    }
  }
  Options opening;
  opening.mode = OpenMode::write;
  opening.exclusive = true;
  opening.env = options.env;
  Database::open(scratch.building(), opening).close();  // makes its bitmaps
  Database made = Database::open(scratch.building(), opening);
  const std::vector<std::string> findings = made.check(options.progress);
  if (!findings.empty()) {
    throw Error(ErrorCode::corrupt, "what was restored did not pass its check and was removed: " + findings.front() +
                                        "; make the backup again");
  }
  made.close();
  scratch.finish();
}

}  // namespace sapwood
