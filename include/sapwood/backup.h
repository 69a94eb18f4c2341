// Backups: copies of one version, made while writers go on, whole or incremental; and restoring them.
//
//   db.snapshot("monday");
//   db.backup("x.backup", {.snapshot = "monday"});
//   ...
//   db.snapshot("tuesday");
//   db.backup("x.tuesday", {.snapshot = "tuesday", .since = "monday"});
//   restore("x.backup", {"x.tuesday"}, "restored");
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sapwood/options.h"

namespace sapwood {

struct BackupOptions {
  std::string snapshot{};  // name of the version that is copied; empty: the newest commit
  std::string since{};     // name of an older one: only what was written after it is copied
  Progress progress{};     // told pages; Error{cancelled} if it returns false
};

struct BackupReport {
  std::uint64_t txn = 0;            // the commit that was copied
  std::int64_t commit_time_us = 0;  // since 1970, UTC
  std::uint64_t pages = 0;          // written
};

struct RestoreOptions {
  Progress progress{};     // told pages of the increments, then of the check; Error{cancelled} if it returns false
  os::Env* env = nullptr;  // as in Options
};

// Makes a new database at `to` of a whole backup, which is a closed database itself, and the increments that follow it,
// in their order. It gets its name when it is whole, synced and has passed check(); if anything fails there is none,
// and the backups are only read. Throws exists if `to` is there; invalid_argument if an increment does not follow what
// is before it; not_found, not_a_database, newer_format, corrupt, disk_full, io, cancelled.
void restore(const std::string& backup, const std::vector<std::string>& increments, const std::string& to,
             const RestoreOptions& options = {});

}  // namespace sapwood
