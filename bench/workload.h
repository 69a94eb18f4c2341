// The data of all rows: keys of 16 bytes, values of 100, and orders to visit them in. The same on every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

inline constexpr std::size_t kKeySize = 16;
inline constexpr std::size_t kValueSize = 100;
inline constexpr std::size_t kEntrySize = kKeySize + kValueSize;

// Keys side by side in one block, so that the order in which a row visits them costs no cache misses of its own.
class KeyColumn {
 public:
  KeyColumn() = default;
  explicit KeyColumn(const std::vector<std::string>& keys);
  std::string_view operator[](std::size_t i) const { return std::string_view(bytes_).substr(i * width_, width_); }
  std::size_t size() const { return bytes_.size() / width_; }

 private:
  std::string bytes_;
  std::size_t width_ = 1;
};

// Makes values that say their number. One for each thread.
class Values {
 public:
  explicit Values(std::size_t size = kValueSize) : bytes_(size, 'v') {}
  // Valid until the next call.
  std::string_view operator()(std::uint64_t number);

 private:
  std::string bytes_;
};
// The number that a value was made from.
std::uint64_t number_of(std::string_view value);

// What a row has read, to compare with what it should have: how many values, and the sum of their numbers.
struct Sum {
  std::uint64_t entries = 0;
  std::uint64_t numbers = 0;

  void add(std::string_view value) { add(number_of(value)); }
  void add(std::uint64_t number) {
    ++entries;
    numbers += number;
  }
  void operator+=(const Sum& other) {
    entries += other.entries;
    numbers += other.numbers;
  }
  bool operator==(const Sum&) const = default;
};
// The sum of entries [0, count).
Sum sum_of_first(std::uint64_t count);

struct Workload {
  explicit Workload(std::size_t entries);

  // `length` entries out of [0, count), the popular ones far more often (Zipf with exponent 0.99).
  std::vector<std::uint32_t> popular(std::size_t length, std::uint64_t seed) const;
  double data_bytes() const { return static_cast<double>(count * kEntrySize); }

  std::size_t count;
  KeyColumn keys;                           // random; entry i has value i
  std::vector<std::uint32_t> order;         // a permutation of [0, count)
  KeyColumn queries;                        // keys[order[i]]
  KeyColumn missing;                        // as many that are not among them
  KeyColumn sorted;                         // keys, ascending
  std::vector<std::uint32_t> sorted_order;  // sorted[i] is keys[sorted_order[i]]
};

}  // namespace bench
