// The chapters of the story, in order. Each prints what it did; each throws if Sapwood did not keep a promise.
#pragma once

#include <sapwood/sapwood.h>

#include <stdexcept>
#include <string>

#include "records.h"

// The collections in the file.
inline constexpr const char* kPackages = "packages";        // list: records in the order of the index
inline constexpr const char* kByName = "by_name";           // sorted map: name -> record
inline constexpr const char* kBySection = "by_section";     // sorted map: section, zero byte, name -> summary
inline constexpr const char* kBySha256 = "by_sha256";       // dict: SHA256 of the package's file -> name
inline constexpr const char* kMaintainers = "maintainers";  // set

inline std::string section_key(std::string_view section, std::string_view name) {
  return std::string(section) + '\0' + std::string(name);
}

// Throws unless `promise` was kept.
inline void expect(bool promise, const std::string& what) {
  if (!promise) throw std::runtime_error("A PROMISE WAS BROKEN: " + what);
}

void store(sapwood::Database& db, const PackageIndex& index);
void look_up(const sapwood::Database& db, const PackageIndex& index);
void insert_in_the_middle(sapwood::Database& db, const PackageIndex& index);

// Starts this program again as a writer (see write_until_killed), kills it, reopens the file and counts.
void kill_a_writer(const std::string& path);
// The writer: never returns by itself. Tells of each commit on standard output.
[[noreturn]] void write_until_killed(const std::string& path);

// Verifies the whole file.
void check(const std::string& path);
