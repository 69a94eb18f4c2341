// What the tests of this layer share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <ranges>
#include <string>

#include <gtest/gtest.h>

#include "collections/test_seed.h"
#include "sapwood/sapwood.h"
#include "storage/testing_page_writes.h"

namespace sapwood {

inline void PrintTo(ErrorCode code, std::ostream* to) { *to << error_code_name(code); }

// The code of the Error that `function` throws; a failure of the test if it throws none.
template <class Function>
ErrorCode code_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.code();
  }
  ADD_FAILURE() << "no Error was thrown";
  return ErrorCode::cancelled;
}

// A folder that is gone, with all in it, when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sapwood-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Small pages make tall trees; commits need not reach the disk.
inline Options quick_options(std::uint32_t page_size = 512) {
  Options options;
  options.page_size = page_size;
  options.page_writes = storage::testing::test_page_writes();
  options.durability = Durability::async;
  return options;
}

inline void expect_sound(Database& db) {
  for (const std::string& finding : db.check()) ADD_FAILURE() << finding;
}

// All items of a range, list or map.
template <class R>
auto items_of(R&& range) {
  std::vector<std::ranges::range_value_t<R>> items;
  for (auto&& item : range) items.push_back(item);
  return items;
}

}  // namespace sapwood
