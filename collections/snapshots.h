// Named snapshots: versions that stay. docs/format.md, "Snapshots".
//
// The catalog's entry 't' tells the root of the table of them, a tree by name with a tree id of its own. It counts only
// in a version that keeps one (Descriptor::kept); others, such as the version of a backup, may have an old entry. The
// table's pages are of the newest version alone: no snapshot has them.
//
//   value of a name: txn u64, commit time i64, page count u64, and of the catalog: entries u64, root page u48,
//                    height u8, 0 u8, root birth u32
//   value of 't':    of the table: root page u48, height u8, 0 u8, root birth u32, names u64
//
// A page belongs to the versions [birth, death). Of a snapshot's pages, those born after the next older snapshot that
// the next newer version does not have are its alone: they become free when it is dropped.
//
// Invariants:
//   P1  the kept version is the newest snapshot's; each snapshot is older than the version that has the table
//   P2  all pages of each snapshot are in use
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/write_transaction.h"
#include "tree/check.h"
#include "tree/tree.h"

namespace sapwood::collections {

struct NamedSnapshot {
  std::string name;
  storage::Descriptor version;  // but lsn and kept
};

inline constexpr Bytes kSnapshotTableKey = "t";  // of the catalog

// The table of a version; of an empty one if it keeps no snapshot.
tree::TreeReader snapshot_table(const storage::PageReader& pages, const storage::Descriptor& version);
// In the order of their versions. Throws Error{corrupt} if P1 is broken.
std::vector<NamedSnapshot> list_snapshots(const storage::PageReader& pages, const storage::Descriptor& version);
std::optional<NamedSnapshot> find_snapshot(const storage::PageReader& pages, const storage::Descriptor& version,
                                           Bytes name);

// Names the version that the transaction began with; the transaction must change nothing else, and then commit by
// checkpoint. Throws Error{exists}, and Error{invalid_argument} for a bad name.
void create_snapshot(storage::WriteTransaction& txn, Bytes name);
// The same for dropping one: false, and nothing is changed, if there is none. Cost: what differs between the snapshot
// and its neighbours.
bool drop_snapshot(storage::WriteTransaction& txn, Bytes name);

// Visits the pages and runs of a version: of the catalog and of all trees in it. What `enter` says no to is left out
// with all below it.
void walk_version(const storage::PageReader& pages, const storage::CatalogRoot& catalog, const tree::EnterPages& enter);

// Verifies the table and the snapshots in it, but for pages that are in `checked` already: those of the newest version.
// A sentence in `findings` for each fault.
void check_snapshots(const storage::PageReader& pages, const storage::Descriptor& version,
                     std::vector<std::string>& findings, const tree::VisitPages& visit, tree::CheckedPages& checked);

// Visits what `snapshots[i]` alone keeps in use; `version` has the table. Cost: what differs between it and its
// neighbours (past 2^32 transactions: all branches). Memory: a bit a page.
void for_each_held_alone(const storage::PageReader& pages, const storage::Descriptor& version,
                         const std::vector<NamedSnapshot>& snapshots, std::size_t i, const tree::VisitPages& visit);

}  // namespace sapwood::collections
