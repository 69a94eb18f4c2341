// Where to cut a sequence of entries or children in two pages.
#pragma once

#include <optional>
#include <vector>

#include "base/types.h"

namespace sapwood::tree {

// `ends[i]` is the size of items 0..i, in bytes. Returns the cut k (items [0, k) and [k, n)), 1 <= k < n, for which
// fits(k) holds: the one of least cost(k) whose halves differ from the middle by at most `window` bytes, nearest to the
// middle among equals; failing that the nearest to the middle that fits; nullopt if none does.
template <class Fits, class Cost>
std::optional<u32> choose_cut(const std::vector<u32>& ends, u32 window, Fits fits, Cost cost) {
  const u32 n = static_cast<u32>(ends.size());
  if (n < 2) return std::nullopt;
  const i64 half = ends[n - 1] / 2;
  const auto distance = [&](u32 k) {
    const i64 d = i64{ends[k - 1]} - half;
    return d < 0 ? -d : d;
  };
  u32 middle = 1;
  for (u32 low = 1, high = n - 1; low <= high;) {  // the first k with ends[k - 1] >= half, or the last
    middle = low + (high - low) / 2;
    if (ends[middle - 1] < half) low = middle + 1;
    else high = middle - 1;
    if (low > high) middle = low < n ? low : n - 1;
  }
  if (middle > 1 && distance(middle - 1) < distance(middle)) --middle;
  u32 best = middle;
  u32 best_cost = cost(middle);
  for (u32 step = 1; step < n; ++step) {
    const bool below = step < middle && distance(middle - step) <= window;
    const bool above = middle + step < n && distance(middle + step) <= window;
    if (!below && !above) break;
    if (below && cost(middle - step) < best_cost) best_cost = cost(best = middle - step);
    if (above && cost(middle + step) < best_cost) best_cost = cost(best = middle + step);
  }
  if (fits(best)) return best;
  for (u32 step = 0; step < n; ++step) {
    if (step < middle && fits(middle - step)) return middle - step;
    if (step != 0 && middle + step < n && fits(middle + step)) return middle + step;
  }
  return std::nullopt;
}

}  // namespace sapwood::tree
