// What a sorted map does: masses of elements by symbol.
#include <sapwood/sapwood.h>
#include <cstdio>

namespace {

using Masses = sapwood::SortedMap<std::string, double>;

void print(const char* what, const Masses::Range& range) {
  std::printf("%-8s", what);
  for (const auto& [symbol, mass] : range) std::printf(" %s=%g", symbol.c_str(), mass);
  std::printf("\n");
}

void print(const char* what, const std::optional<Masses::value_type>& entry) {
  std::printf("%-8s %s\n", what, entry ? entry->first.c_str() : "none");
}

}  // namespace

int main() {
  auto db = sapwood::Database::open("sorted_map.sapwood");
  auto masses = db.sorted_map<std::string, double>("masses");
  masses.put_all(std::vector<std::pair<std::string, double>>{
      {"H", 1.008}, {"He", 4.003}, {"C", 12.011}, {"N", 14.007}, {"O", 15.999}, {"Ne", 20.18}});
  print("all", masses.range());
  print("range", masses.range("D", "Ne"));  // "D" <= symbol < "Ne"
  print("prefix", masses.prefix("N"));
  print("back", masses.reversed());
  print("floor", masses.floor("M"));
  print("higher", masses.higher("O"));
  std::printf("rank     %llu of \"N\"\n", static_cast<unsigned long long>(masses.rank("N")));
  std::printf("select   %s at 2\n", masses.select(2).first.c_str());
  masses.update("C", [](std::optional<double> mass) { return mass.value_or(0) + 1; });
  print("pop", masses.pop_last());
  masses.erase("H", "I");  // a range at once
  print("left", masses.range());

  auto snapshot = db.read();  // views read without a copy, while a transaction lives
  for (const auto& [symbol, mass] : snapshot.sorted_map<std::string, double>("masses").range().views())
    std::printf("view     %.*s\n", static_cast<int>(symbol.size()), symbol.data());
}
