// Copies of one version of a database: a whole file, or what one version has and an older one has not.
//
// Pages keep their numbers, so a copy needs no parent to be changed: a whole copy is a database file with holes where
// other versions have pages; an increment holds the pages that were born after its base, in pieces. docs/format.md,
// "Increments". Checksums of pages are verified on the way; pages that have none yet get theirs.
#pragma once

#include "sapwood/options.h"
#include "storage/engine.h"
#include "storage/page_set.h"

namespace sapwood::storage {

// The pages of a version, or some of them.
struct BackupPages {
  PageSet nodes;  // with headers
  PageSet runs;   // of large values
  u64 size() const { return nodes.size() + runs.size(); }
};

// What is copied. The caller holds a snapshot in which all pages stay.
struct BackupSource {
  Engine& engine;
  Descriptor version;
  const BackupPages& pages;
  TxnId summed;              // pages of this transaction and older ones have checksums
  const Progress& progress;  // told pages
};

// Writes a whole database, closed, into the empty file `to`, and syncs it. Throws corrupt, disk_full, io, cancelled.
void write_backup(const BackupSource& source, os::File& to);
// Writes what is to be added to a backup of `base`.
void write_increment(const BackupSource& source, const Descriptor& base, os::File& to);

// Makes the closed database in `database` the version that the increment was made of; its bitmaps are no longer valid
// then, so that who opens it next for writing makes them anew. Throws Error{invalid_argument} if it is of another file
// or base, or is no increment; corrupt; what it leaves then is of no use.
void apply_increment(os::File& increment, os::File& database, const Progress& progress);

}  // namespace sapwood::storage
