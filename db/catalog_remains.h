// What is left of the catalog of a damaged file.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "collections/catalog.h"
#include "storage/damaged_file.h"
#include "tree/orphans.h"

namespace sapwood::db {

class CatalogRemains {
 public:
  // Pages that were reached go into `seen`. `told` is called for each page of a scan.
  CatalogRemains(const storage::DamagedFile& file, storage::PageSet& seen, const std::function<void()>& told);

  // Records that can be read, by id.
  const std::map<u64, collections::CatalogRecord>& records() const { return records_; }
  // Pages of the catalog that cannot be read.
  const std::vector<tree::Gap>& gaps() const { return gaps_; }
  // Ids whose records are there but cannot be understood, and why.
  const std::map<u64, std::string>& unreadable() const { return unreadable_; }
  // Whether a collection with that id may have had its record in what cannot be read.
  bool may_have_lost(u64 id) const;

  std::string why_lost(u64 id) const;

  // By id, from entries of names that can be read.
  const std::map<u64, std::string>& names() const { return names_; }

 private:
  void take(Bytes key, Bytes value);

  u32 page_size_;
  std::map<u64, collections::CatalogRecord> records_;
  std::map<u64, std::string> unreadable_;
  std::map<u64, std::string> names_;
  std::vector<tree::Gap> gaps_;
};

// The newest record of a collection with that tree id in any page of the catalog that is whole, of whatever version:
// its name and types are right, as they rarely or never change; its root is not to be trusted.
using OldRecords = std::map<u32, collections::CatalogRecord>;
OldRecords read_old_records(const storage::DamagedFile& file);

}  // namespace sapwood::db
