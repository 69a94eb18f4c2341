// What the fuzz targets do with a file that may hold anything: open it, read it, check it, write to it.
#pragma once

#include <memory>
#include <string>

#include "os/sim_disk.h"
#include "sapwood/sapwood.h"

namespace sapwood::fuzz {

inline constexpr const char* kPath = "/fuzz.sapwood";

Options fuzz_options(os::Env& disk);

// Errors are fine, crashes are not. Bounded: a damaged count may claim any number of entries, so few of each are read.
void use_database(os::SimDisk& disk);

// Repairs the file: the new one must be sound, or there is an error for a file that is none of ours.
void repair_database(os::SimDisk& disk);

// Commits in the log of sample_database(false).
extern const std::uint64_t kSampleLogRecords;
// A small database with all types, blobs and empty collections; closed, or as a killed process leaves it, with a log
// that creates and fills collections of all types.
std::unique_ptr<os::SimDisk> sample_database(bool closed);

}  // namespace sapwood::fuzz
