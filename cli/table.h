// Lines with columns that stand under each other.
#pragma once

#include <string>
#include <vector>

namespace sapwood::cli {

class Table {
 public:
  // One letter a column: 'l' to the left, 'r' to the right.
  explicit Table(std::string alignment) : alignment_(std::move(alignment)) {}

  // Requires: as many cells as columns.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void print() const;

 private:
  std::string alignment_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sapwood::cli
