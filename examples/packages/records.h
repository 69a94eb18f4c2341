// The package index: this machine's own, or the sample that comes with the source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

struct PackageIndex {
  std::string origin;  // where it came from, for people
  std::string text;
  std::vector<std::string_view> records;  // parts of `text`, in its order

  PackageIndex() = default;
  PackageIndex(PackageIndex&&) = delete;  // the views would dangle
};

// Fills `index` from `apt-cache dumpavail`, or from the sample if there is no such command, it knows too few packages,
// or `only_sample`. Throws std::runtime_error if neither can be read.
void read_package_index(PackageIndex& index, bool only_sample);

// The value of a field of a record, its first line; "" if there is none.
std::string_view field(std::string_view record, std::string_view name);
