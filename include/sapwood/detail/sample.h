// Entries at many positions, and random samples: distinct positions in random order.
#pragma once

#include <bit>
#include <concepts>
#include <type_traits>
#include <vector>

#include "sapwood/detail/handle.h"

namespace sapwood::detail {

// As std::uniform_random_bit_generator, which would need all of <random>.
template <class G>
concept RandomBits = requires(G& random) {
  { random() } -> std::unsigned_integral;
  { G::min() } -> std::same_as<std::invoke_result_t<G&>>;
  { G::max() } -> std::same_as<std::invoke_result_t<G&>>;
};

// Gives 64 random bits a call.
struct RandomSource {
  void* self = nullptr;
  std::uint64_t (*draw)(void* self) = nullptr;
};

// As many whole bits a call of `random` as it has, until there are 64.
template <RandomBits G>
std::uint64_t draw_64_bits(G& random) {
  constexpr std::uint64_t kSpan = std::uint64_t{G::max()} - G::min();
  if constexpr (kSpan == ~std::uint64_t{0}) {
    return random() - G::min();
  } else {
    constexpr int kBits = std::bit_width(kSpan + 1) - 1;
    std::uint64_t drawn = 0;
    for (int have = 0; have < 64;) {
      const std::uint64_t bits = std::uint64_t{random()} - G::min();
      if (bits >> kBits != 0) continue;
      drawn = drawn << kBits | bits;
      have += kBits;
    }
    return drawn;
  }
}
template <RandomBits G>
RandomSource source_of(G& random) {
  return {&random, [](void* self) { return draw_64_bits(*static_cast<G*>(self)); }};
}

// A generator for those who have a seed only: SplitMix64.
class SeededBits {
 public:
  explicit SeededBits(std::uint64_t seed) : state_(seed) {}
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return ~std::uint64_t{0}; }
  std::uint64_t operator()();

 private:
  std::uint64_t state_;
};

// min(count, size) distinct positions below `size`, every choice and order as likely. O(count) time and memory. The
// same for the same random bits, on every machine.
std::vector<std::uint64_t> sample_positions(std::uint64_t size, std::uint64_t count, RandomSource random);

// The entries at these positions, in one state. `Entry` has `value_type` and its decode(key, value).
template <class Entry>
std::vector<typename Entry::value_type> entries_at(const Handle& handle, std::span<const std::uint64_t> positions) {
  using Entries = std::vector<typename Entry::value_type>;
  Entries entries(positions.size());
  handle.at_many(positions, {&entries, [](void* to, std::size_t i, std::string_view key, std::string_view value) {
                               (*static_cast<Entries*>(to))[i] = Entry::decode(key, value);
                             }});
  return entries;
}

template <class Entry>
std::vector<typename Entry::value_type> sample_of(const Handle& handle, std::uint64_t count, RandomSource random) {
  const Handle pinned = handle.pinned();
  return entries_at<Entry>(pinned, sample_positions(pinned.size(), count, random));
}

}  // namespace sapwood::detail
