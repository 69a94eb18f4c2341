// Files that a long call builds beside the one that it makes: the new file gets its name only when it is whole.
#pragma once

#include <string>

#include "os/file.h"

namespace sapwood::db {

// Names for them, after the new file and what the call is; the files are gone at its end.
class Scratch {
 public:
  Scratch(os::Env& env, const std::string& to, const char* purpose);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& building() const { return building_; }
  const std::string& copy() const { return copy_; }
  // Gives what was built its name, durably. Throws Error{exists}.
  void finish();

 private:
  void remove(const std::string& path) noexcept;

  os::Env& env_;
  std::string to_;
  std::string building_;
  std::string copy_;
};

// Throws Error{exists} if there is a file with that name.
void require_absent(os::Env& env, const std::string& path);

// Writes the bytes and permissions of one file to another, which is made or replaced.
void copy_file(os::Env& env, const std::string& from, const std::string& to);

}  // namespace sapwood::db
