#include "sapwood/detail/sample.h"

#include <algorithm>
#include <unordered_map>

#include "base/types.h"

namespace sapwood::detail {

u64 SeededBits::operator()() {
  state_ += 0x9e3779b97f4a7c15u;
  u64 mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

namespace {

// A number below `bound`, all as likely: draws that would favour small ones are drawn again.
u64 draw_below(u64 bound, RandomSource random) {
  const u64 uneven = (0 - bound) % bound;  // 2^64 modulo bound
  for (;;) {
    const u64 drawn = random.draw(random.self);
    if (drawn >= uneven) return drawn % bound;
  }
}

}  // namespace

// A shuffle of all positions, of which only the first `count` steps are taken, and only what has moved is kept.
std::vector<u64> sample_positions(u64 size, u64 count, RandomSource random) {
  std::vector<u64> positions(std::min(size, count));
  std::unordered_map<u64, u64> moved;
  const auto at = [&](u64 place) {
    const auto found = moved.find(place);
    return found != moved.end() ? found->second : place;
  };
  for (u64 i = 0; i < positions.size(); ++i) {
    const u64 place = i + draw_below(size - i, random);
    positions[i] = at(place);
    moved[place] = at(i);
  }
  return positions;
}

}  // namespace sapwood::detail
