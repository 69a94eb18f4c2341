// Copies what can be read of one collection of a damaged file into a new database.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collections/catalog.h"
#include "collections/dictionary.h"
#include "collections/write_state.h"
#include "sapwood/detail/batch.h"
#include "sapwood/repair.h"
#include "storage/damaged_file.h"
#include "tree/orphans.h"

namespace sapwood::db {

// A collection of the old file.
struct Survivor {
  collections::CatalogRecord record;
  u64 new_id = 0;        // in the new file
  bool has_root = true;  // false: its record is lost, all that is left are orphans
  u64 deep_gaps = 0;     // damaged branches: pages below them may be orphans
  std::optional<RepairLoss> lost_of_record{};
};

// The nested collections that survive, with their parents; an entry takes its collection out.
using NestedSurvivors = std::map<u64, u64>;

// Looks at all pages of the tree, puts them into `seen`, and counts its deep gaps. `told` is called after each leaf.
void survey_collection(const storage::PageReader& pages, Survivor& survivor, storage::PageSet& seen,
                       const std::function<void()>& told);

// A dictionary of the old file, of the collection with that id. Throws Error{corrupt} if it cannot be read.
using FindDictionary = std::function<const collections::Dictionary&(u64 id, u32 number)>;

class CollectionSalvage {
 public:
  // `told` is called after each leaf. Everything outlives this.
  CollectionSalvage(const storage::PageReader& pages, const Survivor& survivor, std::span<const tree::Orphan> orphans,
                    storage::PageSet& given, NestedSurvivors& nested, const FindDictionary& find_dictionary,
                    const std::function<void()>& told)
      : pages_(pages),
        survivor_(survivor),
        orphans_(orphans),
        given_(given),
        nested_(nested),
        find_dictionary_(find_dictionary),
        told_(told) {}

  // Fills the new collection, which is empty. Throws what writing it throws; damage is put into the result.
  RepairedCollection copy_to(const detail::Handle& to);

 private:
  void copy_keyed(const detail::Handle& to);
  void copy_list(const detail::Handle& to);
  void find_tops();
  tree::SalvageVisitor visitor(detail::Batch& batch, const std::function<void(const tree::Gap&)>& gap);
  void copy_entry(detail::Batch& batch, const tree::LeafNode& leaf, u32 i, u64 position);
  void copy_orphan_entries(const detail::Handle& to, std::vector<tree::Gap>& gaps);
  void copy_orphan_items(detail::Batch& batch, const tree::Gap& gap);
  Bytes read_value(const tree::StoredValue& value);
  Bytes take_form(Bytes stored, detail::EntryTimes& times);
  void check_entry(Bytes key, Bytes value) const;
  void claim_child(Bytes value);
  void lose(std::string what, std::optional<u64> entries, std::string_view why);

  const collections::CatalogRecord& record() const { return survivor_.record; }
  const CollectionTypes& types() const { return survivor_.record.types; }

  const storage::PageReader& pages_;
  const Survivor& survivor_;
  std::span<const tree::Orphan> orphans_;
  storage::PageSet& given_;
  NestedSurvivors& nested_;
  const FindDictionary& find_dictionary_;
  const std::function<void()>& told_;
  RepairedCollection result_;
  u64 gaps_left_ = 0;               // of a list: deep gaps not yet come to
  std::vector<tree::Orphan> tops_;  // of a list: orphans not yet used, the newest first
  u64 copied_ = 0;                  // entries given to the batch
  bool ascends_ = false;            // keys must ascend, from last_key_ on
  std::string last_key_;
  std::string key_;
  std::string value_;
  std::string decompressed_;
};

}  // namespace sapwood::db
