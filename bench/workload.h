// The data of all rows: keys of 16 bytes, values of 100, and orders to visit them in. The same on every run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t kKeySize = 16;
inline constexpr std::size_t kValueSize = 100;

struct Workload {
  explicit Workload(std::size_t entries) : count(entries) {
    std::mt19937_64 random(42);
    keys.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::string key(kKeySize, '\0');
      for (char& c : key) c = static_cast<char>(random());
      keys.push_back(std::move(key));
    }
    sorted = keys;
    std::sort(sorted.begin(), sorted.end());
    order.resize(count);
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::shuffle(order.begin(), order.end(), random);
    value.assign(kValueSize, 'v');
  }
  // The value of entry i: differs in its first bytes.
  std::string_view value_of(std::size_t i) {
    const std::uint64_t number = i;
    std::copy_n(reinterpret_cast<const char*>(&number), sizeof number, value.begin());
    return value;
  }
  double data_bytes() const { return static_cast<double>(count * (kKeySize + kValueSize)); }

  std::size_t count;
  std::vector<std::string> keys;    // in random order
  std::vector<std::string> sorted;  // the same, ascending
  std::vector<std::uint32_t> order; // a permutation of [0, count)
  std::string value;
};

// Key of position i in LMDB used as a list.
inline std::string position_key(std::uint64_t i) {
  std::string key(8, '\0');
  for (int byte = 7; byte >= 0; --byte, i >>= 8) key[static_cast<std::size_t>(byte)] = static_cast<char>(i);
  return key;
}

}  // namespace bench
