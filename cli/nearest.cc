#include "cli/nearest.h"

#include <algorithm>
#include <numeric>

namespace sapwood::cli {
namespace {

// Letters to insert, delete, replace or swap with their neighbour to make `b` of `a`.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  std::iota(table[0].begin(), table[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    table[i][0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string nearest(const std::string& typed, const std::vector<std::string>& names) {
  std::string best;
  std::size_t fewest = std::max<std::size_t>(2, typed.size() / 3) + 1;
  for (const std::string& name : names) {
    const bool begins = typed.size() >= 2 && name.starts_with(typed);
    const std::size_t changes = begins ? 0 : distance(typed, name);
    if (changes < fewest && changes < std::max(typed.size(), name.size())) {
      best = name;
      fewest = changes;
    }
  }
  return best;
}

}  // namespace sapwood::cli
