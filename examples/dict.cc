// What a dict does: counts words, and changes what it counted.
#include <sapwood/sapwood.h>
#include <algorithm>
#include <cstdio>

namespace {

// A dict has an order of its own, by hash; for people it is sorted.
void print(const char* what, const sapwood::Dict<std::string, std::int64_t>& dict) {
  std::vector<std::pair<std::string, std::int64_t>> entries;
  for (const auto& entry : dict) entries.push_back(entry);
  std::ranges::sort(entries);
  std::printf("%-9s", what);
  for (const auto& [word, count] : entries) std::printf(" %s=%lld", word.c_str(), static_cast<long long>(count));
  std::printf("\n");
}

}  // namespace

int main() {
  auto db = sapwood::Database::open("dict.sapwood");
  db.write([](sapwood::WriteTxn& txn) {  // all words, or none
    auto counts = txn.dict<std::string, std::int64_t>("counts");
    for (const char* word : {"the", "leaf", "and", "the", "branch", "and", "the", "root"}) counts.add(word, 1);
  });
  auto counts = db.dict<std::string, std::int64_t>("counts");
  print("add", counts);
  counts.put("tree", 7);
  counts.put_if_absent("tree", 8);
  counts.update("and", [](std::optional<std::int64_t> count) { return count.value_or(0) * 100; });
  print("update", counts);
  counts.update("the", [](auto) { return std::optional<std::int64_t>(); });  // nothing: the key goes
  counts.erase_if([](const auto& entry) { return entry.second == 1; });
  print("erase", counts);
  for (const auto& count : counts.get_many(std::vector<std::string>{"tree", "bush"}))
    std::printf("get_many  %s\n", count ? std::to_string(*count).c_str() : "none");
  std::printf("sample    %zu of %llu\n", counts.sample(1, 42).size(), static_cast<unsigned long long>(counts.size()));

  auto squares = db.dict<std::int64_t, std::int64_t>("squares");
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (std::int64_t i = 0; i < 1000; ++i) pairs.emplace_back(i, i * i);
  squares.bulk_load(pairs);  // in any order; full pages
  std::printf("bulk_load %lld\n", static_cast<long long>(squares.at(999)));
}
