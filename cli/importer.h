// Stores what an ImportReader gives, in transactions of many records each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/import_reader.h"
#include "cli/progress.h"
#include "sapwood/database.h"

namespace sapwood::cli {

class Importer {
 public:
  struct Settings {
    std::uint64_t batch = 10'000;  // records a transaction
    bool skip_bad = false;
    bool replace = false;             // empties each collection first
    std::optional<std::string> into;  // in place of the name that an export announces; its items go in at once
  };
  struct Tally {
    std::string collection;
    CollectionTypes types;
    std::uint64_t added = 0;
    std::uint64_t replaced = 0;  // keys that were there
    std::uint64_t size = 0;      // of the collection now
  };

  Importer(Database& database, LineSource& source, Settings settings);

  // Reads to the end. `first` is where records go until the reader announces another collection. If it throws,
  // stored() records are in and no part of the batch that failed.
  void run(ImportReader& reader, std::optional<ImportTarget> first);

  const std::vector<Tally>& tallies() const { return tallies_; }
  std::uint64_t stored() const;
  std::uint64_t skipped() const { return skipped_; }
  double seconds() const { return progress_.seconds(); }

 private:
  void store_batch(ImportReader& reader);
  std::uint64_t store_entries(ImportReader& reader, AnyCollection& collection);
  std::uint64_t store_nested(ImportReader& reader, const AnyCollection& collection);
  std::optional<ImportItem> next_of_batch(ImportReader& reader);
  std::optional<ImportItem> next_item(ImportReader& reader);
  void start(ImportTarget target);

  Database& database_;
  LineSource& source_;
  Settings settings_;
  ProgressLine progress_{"import", "bytes"};
  std::optional<ImportTarget> target_;  // of the records to come
  std::optional<ImportTarget> announced_;
  bool at_end_ = false;
  bool empty_first_ = false;       // the next batch empties the collection
  bool is_renamed_ = false;        // announced under another name than `into`: there may be no second one
  std::uint64_t in_batch_ = 0;     // records of it so far
  std::uint64_t batch_start_ = 0;  // bytes read before it
  std::vector<Nested> way_;        // of the last record: down from the collection to that which it went to
  std::vector<Tally> tallies_;
  std::uint64_t skipped_ = 0;
};

}  // namespace sapwood::cli
