#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output.h"

namespace sapwood::cli {
namespace {

// Letters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void Table::print() const {
  std::vector<std::size_t> widths(alignment_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string space(widths[i] - width_of(row[i]), ' ');
      if (i != 0) line += "  ";
      line += alignment_[i] == 'l' ? row[i] + space : space + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    cli::print(line + "\n");
  }
}

}  // namespace sapwood::cli
