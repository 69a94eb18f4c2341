// What a set does: the algebra of sets.
#include <sapwood/sapwood.h>
#include <algorithm>
#include <cstdio>

namespace {

// A set has an order of its own, by hash; for people it is sorted.
template <class Range>
void print(const char* what, Range&& range) {
  std::vector<std::string> keys;
  for (const std::string& key : range) keys.push_back(key);
  std::ranges::sort(keys);
  std::printf("%-12s", what);
  for (const std::string& key : keys) std::printf(" %s", key.c_str());
  std::printf("\n");
}

}  // namespace

int main() {
  auto db = sapwood::Database::open("set.sapwood");
  auto metals = db.set<std::string>("metals");
  auto solids = db.set<std::string>("solids");
  metals.insert_all(std::vector<std::string>{"iron", "gold", "mercury"});
  solids.bulk_load(std::vector<std::string>{"iron", "gold", "salt"});
  print("union", metals.union_with(solids));  // read from both, no copy
  print("intersection", metals.intersection_with(solids));
  print("difference", metals.difference_from(solids));
  std::printf("%-12s %s\n", "subset", metals.is_subset_of(solids) ? "yes" : "no");
  std::printf("%-12s %s\n", "disjoint", metals.is_disjoint_from(solids) ? "yes" : "no");
  metals.retain_all(solids);  // in place: only those that both have
  print("retain", metals);
  metals.toggle_all(std::vector<std::string>{"gold", "tin"});
  print("toggle", metals);
  std::printf("%-12s %s\n", "contains", metals.contains("gold") ? "yes" : "no");
  std::printf("%-12s %s\n", "insert", metals.insert("tin") ? "new" : "there");
}
