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

// Keys side by side in one block, so that the order in which a row visits them costs no cache misses of its own.
class KeyColumn {
 public:
  KeyColumn() = default;
  explicit KeyColumn(const std::vector<std::string>& keys) : width_(keys.empty() ? 1 : keys.front().size()) {
    bytes_.reserve(keys.size() * width_);
    for (const std::string& key : keys) bytes_ += key;
  }
  std::string_view operator[](std::size_t i) const { return std::string_view(bytes_).substr(i * width_, width_); }
  std::size_t size() const { return bytes_.size() / width_; }

 private:
  std::string bytes_;
  std::size_t width_ = 1;
};

// Key of position i in LMDB used as a list.
inline std::string position_key(std::uint64_t i) {
  std::string key(8, '\0');
  for (int byte = 7; byte >= 0; --byte, i >>= 8) key[static_cast<std::size_t>(byte)] = static_cast<char>(i);
  return key;
}

struct Workload {
  explicit Workload(std::size_t entries) : count(entries) {
    std::mt19937_64 random(42);
    std::vector<std::string> all, positions;
    for (std::size_t i = 0; i < count; ++i) {
      std::string key(kKeySize, '\0');
      for (char& c : key) c = static_cast<char>(random());
      all.push_back(std::move(key));
      positions.push_back(position_key(i));
    }
    keys = KeyColumn(all);
    ascending_positions = KeyColumn(positions);
    order.resize(count);
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::string> shuffled, shuffled_positions;
    for (const std::uint32_t i : order) {
      shuffled.push_back(all[i]);
      shuffled_positions.push_back(positions[i]);
    }
    queries = KeyColumn(shuffled);
    position_queries = KeyColumn(shuffled_positions);
    std::sort(all.begin(), all.end());
    sorted = KeyColumn(all);
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
  KeyColumn keys;                    // random
  KeyColumn sorted;                  // the same, ascending
  KeyColumn queries;                 // the same, in another random order
  std::vector<std::uint32_t> order;  // a permutation of [0, count): that other order
  KeyColumn ascending_positions;     // position_key(i)
  KeyColumn position_queries;        // position_key(order[i])
  std::string value;
};

}  // namespace bench
