// What the tests of this layer share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <ranges>
#include <string>

#include <gtest/gtest.h>

#include "collections/test_seed.h"
#include "collections/testing.h"
#include "sapwood/sapwood.h"
#include "storage/testing_page_writes.h"

namespace sapwood {

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

// Everything that a transaction sees, as text.
inline std::map<std::string, std::string> texts_of(const ReadTxn& txn) {
  std::map<std::string, std::string> found;
  for (const CollectionInfo& info : txn.collections()) {
    txn.any(info.name).scan({}, [&](const AnyEntry& entry) {
      found[info.name + " " + format_value(entry.key) + " " + std::to_string(entry.index)] = format_value(entry.value);
      return true;
    });
  }
  return found;
}

// All items of a range, list or map.
template <class R>
auto items_of(R&& range) {
  std::vector<std::ranges::range_value_t<R>> items;
  for (auto&& item : range) items.push_back(item);
  return items;
}

}  // namespace sapwood
