// A folder for files that nobody keeps.
#pragma once

#include <csignal>
#include <string>

namespace sapwood::cli {

// Signals that end the process wait while this lives: for files whose names are not known to the one who cleans up.
class SignalsWait {
 public:
  SignalsWait();
  ~SignalsWait();
  SignalsWait(const SignalsWait&) = delete;
  SignalsWait& operator=(const SignalsWait&) = delete;

 private:
  sigset_t before_;
};

// Made in `parent`, and gone with its files when this ends, also by an exception or by Ctrl-C, SIGTERM or SIGHUP.
// One at a time.
class ScratchFolder {
 public:
  // Throws std::runtime_error that names `parent`.
  explicit ScratchFolder(const std::string& parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // Names of files for the one who made the folder; others are not removed by a signal.
  std::string database() const;
  std::string plain_file() const;
};

}  // namespace sapwood::cli
