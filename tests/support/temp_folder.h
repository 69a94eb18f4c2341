// A folder of the test's own, gone at its end.
#pragma once

#include <filesystem>
#include <string>

namespace sapwood::test {

class TempFolder {
 public:
  // `memory`: where syncs cost nothing, if the system has such a place.
  explicit TempFolder(bool memory = false);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace sapwood::test
