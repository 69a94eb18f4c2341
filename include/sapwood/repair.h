// Repair: saves what can be read of a damaged database into a new file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sapwood/options.h"
#include "sapwood/types.h"

namespace sapwood {

// Something that is not in the new file as it was in the old one.
struct RepairLoss {
  // Which entries, where they can be told: keys, or positions in the old list; or what else was lost, such as the order
  // of some items.
  std::string what;
  std::optional<std::uint64_t> entries{};  // how many are missing; nullopt: not known
  std::string why;                         // the page that is damaged, and how
};

struct RepairedCollection {
  std::string name;
  CollectionTypes types;
  std::uint64_t saved = 0;         // entries in the new file
  std::uint64_t lost = 0;          // entries known to be missing; those whose number is not known not counted
  std::vector<RepairLoss> losses;  // the first 1,000
  std::uint64_t more_losses = 0;   // left off `losses`
};

struct RepairReport {
  std::vector<RepairedCollection> collections;  // in the order of their creation
  std::vector<RepairLoss> losses;               // of the file as a whole: commits, collections
  std::uint64_t replayed_commits = 0;           // that were in the log only
  bool nothing_lost() const;
};

struct RepairOptions {
  Progress progress{};     // told pages; Error{cancelled} if it returns false
  os::Env* env = nullptr;  // as in Options
};

// Saves all entries of the database at `from` that can be read into a new one at `to`. The old file and its log are
// only read, and are held against writers meanwhile. The new file gets its name when it is whole, synced and has passed
// check(); if anything fails there is none.
//
// Commits that are in the log are applied where the log and the pages that they change can be read, in a copy beside
// `to`. Items of a list close up where some are lost. Collections whose names are lost are called `lost-` and their id;
// those whose types are lost have bytes. docs/guarantees.md tells what a repair cannot know.
//
// Time: reads every page up to five times. Memory: about 10 bytes for each page of the file, 32 for each page whose
// parent is damaged (of lists 100), Options::dirty_limit, and the largest value. Disk: the new file; and copies of the
// old one and its log while commits are applied. Throws exists if `to` is there; not_found, in_use, not_a_database,
// newer_format, disk_full, io, cancelled.
RepairReport repair(const std::string& from, const std::string& to, const RepairOptions& options = {});

}  // namespace sapwood
