// Copies all that can be read of a damaged file into a new, empty database.
//
// In two walks over the trees. The first one, survey(), finds out which pages have parents; if some parents are
// damaged, a scan of the file finds the others, and collections that the catalog has lost. The second one, copy_to(),
// copies.
#pragma once

#include <set>

#include "collections/environment.h"
#include "db/catalog_remains.h"
#include "db/collection_salvage.h"
#include "sapwood/repair.h"

namespace sapwood::db {

class Salvage {
 public:
  // All outlive this. Progress is told pages.
  Salvage(const storage::DamagedFile& file, const Progress& progress)
      : file_(file), pages_(file.pages()), progress_(progress), seen_(file.page_count()) {}

  void survey();
  // Adds to `report`. Each collection is a transaction of its own.
  void copy_to(const std::shared_ptr<collections::Environment>& to, RepairReport& report);

 private:
  void find_lost_collections(const CatalogRemains& catalog);
  void add_lost_collection(u64 id, const CatalogRemains& catalog, const OldRecords& old_records);
  bool find_root(collections::CatalogRecord& record, std::span<const tree::Orphan> orphans) const;
  const collections::CatalogRecord* record_of(u64 id) const;
  collections::ValueForm new_form(const collections::ValueForm& form) const;
  bool is_copied(const collections::CatalogRecord& record) const;
  std::string free_name(const collections::CatalogRecord& record);
  void survey_dropped(const collections::CatalogRecord& record);
  void leave_dropped();
  void keep_ids();
  void find_parents();
  void name_orphans(const std::shared_ptr<collections::Environment>& to, RepairReport& report);
  void tell(u64 done, u64 total);

  const storage::DamagedFile& file_;
  storage::PageReader pages_;
  const Progress& progress_;
  u64 calls_ = 0;  // of tell()
  storage::PageSet seen_;
  std::vector<RepairLoss> losses_;
  std::vector<Survivor> survivors_;
  std::vector<tree::Orphan> orphans_;
  std::set<std::string> names_;  // used in the new file
  NestedSurvivors nested_;
  std::set<u64> dropped_;  // collections that wait to be reclaimed, or lie in such
};

}  // namespace sapwood::db
