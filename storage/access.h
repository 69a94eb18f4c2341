// How a process gets at a database file: opened, and locked against those who cannot share it.
//
// Byte locks of the file (storage/lock_file.h): the open lock is held while a process opens or closes; the use lock for
// as long as it has the file open, shared or alone; the read lock by those who read without a lock file.
#pragma once

#include <memory>
#include <string>

#include "os/file.h"
#include "sapwood/options.h"

namespace sapwood::storage {

struct Access {
  std::unique_ptr<os::File> file;
  std::unique_ptr<os::File> lock_file;  // null: it reads alone, and nobody may write
  std::unique_ptr<os::Mapping> lock_bytes;
  bool found_lock_file = false;  // it was there already
  bool is_alone = false;         // no other process uses the lock file
  bool exclusive = false;        // and none can
};

// Opens the file at `path`, made first if the mode says so, with the open lock held, which finish_opening() gives back.
// Throws not_found, exists, in_use (names who has it), invalid_argument (on a network file system, not exclusive),
// disk_full, io.
Access open_access(os::Env& env, const std::string& path, const Options& options);
void finish_opening(os::File& file) noexcept;

// Lets go of the lock file, where nothing came of the opening; removes it if this process made it and has it alone.
void abandon(os::Env& env, const std::string& path, Access& access) noexcept;

// Takes the open lock again, to close. False if others did not give it back for long.
bool start_closing(os::File& file);

}  // namespace sapwood::storage
