// What one committed version of the database is: the root of its catalog and how far its files reach.
#pragma once

#include "storage/page.h"

namespace sapwood::storage {

// Where the catalog's tree stands. The catalog tells the roots of all other trees.
struct CatalogRoot {
  PageRef root;
  u8 height = 0;
  u64 count = 0;
  bool operator==(const CatalogRoot&) const = default;
};

struct Descriptor {
  TxnId txn = 0;
  CatalogRoot catalog;
  u64 page_count = 0;      // pages of the data file that this version may refer to
  Lsn lsn = 0;             // end of its record in the redo log
  i64 commit_time_us = 0;  // since 1970, UTC
  TxnId kept = 0;          // newest version that a named snapshot keeps, 0 if there is none
};

}  // namespace sapwood::storage
