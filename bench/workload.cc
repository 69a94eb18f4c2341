#include "bench/workload.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

namespace bench {

KeyColumn::KeyColumn(const std::vector<std::string>& keys) : width_(keys.empty() ? 1 : keys.front().size()) {
  bytes_.reserve(keys.size() * width_);
  for (const std::string& key : keys) bytes_ += key;
}

std::string_view Values::operator()(std::uint64_t number) {
  std::memcpy(bytes_.data(), &number, sizeof number);
  return bytes_;
}

std::uint64_t number_of(std::string_view value) {
  std::uint64_t number = 0;
  std::memcpy(&number, value.data(), std::min(sizeof number, value.size()));
  return number;
}

Sum sum_of_first(std::uint64_t count) { return {count, count == 0 ? 0 : count * (count - 1) / 2}; }

namespace {

std::vector<std::string> random_keys(std::size_t count, std::mt19937_64& random) {
  std::vector<std::string> keys(count, std::string(kKeySize, '\0'));
  for (std::string& key : keys) {
    for (char& c : key) c = static_cast<char>(random());
  }
  return keys;
}

KeyColumn in_order(const std::vector<std::string>& keys, const std::vector<std::uint32_t>& order) {
  std::vector<std::string> ordered;
  ordered.reserve(keys.size());
  for (const std::uint32_t i : order) ordered.push_back(keys[i]);
  return KeyColumn(ordered);
}

}  // namespace

Workload::Workload(std::size_t entries) : count(entries), order(entries), sorted_order(entries) {
  std::mt19937_64 random(42);
  const std::vector<std::string> all = random_keys(count, random);
  keys = KeyColumn(all);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::shuffle(order.begin(), order.end(), random);
  queries = in_order(all, order);
  missing = KeyColumn(random_keys(count, random));
  std::iota(sorted_order.begin(), sorted_order.end(), std::uint32_t{0});
  std::sort(sorted_order.begin(), sorted_order.end(),
            [&](std::uint32_t left, std::uint32_t right) { return all[left] < all[right]; });
  sorted = in_order(all, sorted_order);
}

std::vector<std::uint32_t> Workload::popular(std::size_t length, std::uint64_t seed) const {
  constexpr double kExponent = 0.99;
  std::vector<double> up_to(count);
  double sum = 0;
  for (std::size_t rank = 0; rank < count; ++rank) {
    sum += 1 / std::pow(static_cast<double>(rank + 1), kExponent);
    up_to[rank] = sum;
  }
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, sum);
  std::vector<std::uint32_t> picks(length);
  for (std::uint32_t& pick : picks) {
    const auto at = std::lower_bound(up_to.begin(), up_to.end() - 1, uniform(random));
    pick = order[static_cast<std::size_t>(at - up_to.begin())];
  }
  return picks;
}

}  // namespace bench
