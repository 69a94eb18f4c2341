// What a sorted set does: times of events, in order.
#include <sapwood/sapwood.h>
#include <cstdio>
#include <ranges>

namespace {

template <class Range>
void print(const char* what, Range&& range) {
  std::printf("%-8s", what);
  for (const std::int64_t time : range) std::printf(" %lld", static_cast<long long>(time));
  std::printf("\n");
}

}  // namespace

int main() {
  auto db = sapwood::Database::open("sorted_set.sapwood");
  auto times = db.sorted_set<std::int64_t>("times");
  times.bulk_load(std::views::iota(0, 10) | std::views::transform([](int i) { return i * i; }));
  print("all", times);
  print("range", times.range(10, 50));
  print("from", times.from(49));
  print("back", times.reversed() | std::views::take(3));
  std::printf("count    %llu\n", static_cast<unsigned long long>(times.count(0, 20)));
  std::printf("nearest  %lld\n", static_cast<long long>(times.ceiling(40).value()));
  std::printf("next     %lld\n", static_cast<long long>(times.pop_first().value()));  // a queue by time
  times.erase_if([](std::int64_t time) { return time % 2 == 1; });
  print("even", times);
  auto other = db.sorted_set<std::int64_t>("other");
  other.insert_all(std::vector<std::int64_t>{4, 5, 64});
  print("both", times.intersection_with(other));  // in order too
  print("either", times.union_with(other));
  times.insert_all(other);
  std::printf("superset %s\n", times.is_superset_of(other) ? "yes" : "no");
}
