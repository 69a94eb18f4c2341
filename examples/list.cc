// What a list does. Prints what it holds after each step.
#include <sapwood/sapwood.h>
#include <cstdio>
#include <ranges>

namespace {

void print(const char* what, const sapwood::List<std::int64_t>& list) {
  std::printf("%-8s", what);
  for (const std::int64_t number : list) std::printf(" %lld", static_cast<long long>(number));
  std::printf("\n");
}

}  // namespace

int main() {
  auto db = sapwood::Database::open("list.sapwood");
  auto list = db.list<std::int64_t>("numbers");  // each call is its own transaction
  list.extend(std::views::iota(1, 9));
  print("extend", list);
  list.insert(0, 100);
  list.erase(3, 2);
  print("edit", list);
  list.assign(1, 2, std::vector<std::int64_t>{-1, -2, -3});  // three items in the place of two
  print("assign", list);
  list.add(0, 11);
  list.update(1, [](std::int64_t number) { return number * 10; });
  print("update", list);
  list.erase_if([](std::int64_t number) { return number > 6; });
  print("erase_if", list);
  std::printf("find     5 at %llu\n", static_cast<unsigned long long>(list.find(5).value()));

  auto positions = std::vector<int>{3, 0};
  for (const std::int64_t number : list.get_many(positions))
    std::printf("get      %lld\n", static_cast<long long>(number));
  for (const std::int64_t number : list.slice(1, 4) | std::views::transform([](auto n) { return n * n; }))
    std::printf("square   %lld\n", static_cast<long long>(number));

  auto snapshot = db.read();  // blocks of memory live as long as a transaction
  std::int64_t sum = 0;
  for (const auto block : snapshot.list<std::int64_t>("numbers").blocks(0, list.size())) {
    for (const std::int64_t number : block) sum += number;
  }
  std::printf("sum      %lld\n", static_cast<long long>(sum));
}
