#include "tests/support/temp_folder.h"

#include <cstdlib>
#include <stdexcept>

namespace sapwood::test {

TempFolder::TempFolder(bool memory) {
  const std::filesystem::path shared = "/dev/shm";
  const bool there = memory && std::filesystem::is_directory(shared);
  std::string name = ((there ? shared : std::filesystem::temp_directory_path()) / "sapwood-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace sapwood::test
