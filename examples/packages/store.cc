// Chapters "storing" and "looking up".
#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "chapters.h"
#include "print.h"

namespace {

using Entry = std::pair<std::string, std::string_view>;
using Map = sapwood::SortedMap<std::string, std::string>;

// Sorted, one entry a key: what bulk_load wants, which fills pages one after the other.
std::vector<Entry> sorted(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.first < b.first; });
  const auto same = [](const Entry& a, const Entry& b) { return a.first == b.first; };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
  return entries;
}

std::string_view summary(std::string_view record) {
  const std::string_view text = field(record, "Description");
  return text.empty() ? field(record, "Description-en") : text;
}

std::string name_of(std::string_view record) { return std::string(field(record, "Package")); }

// A package that most machines know.
std::string well_known(const Map& by_name) {
  for (const char* name : {"bash", "coreutils", "libc6"}) {
    if (by_name.contains(name)) return name;
  }
  return by_name.select(by_name.size() / 2).first;
}

void look_up_by_name(const Map& by_name, const std::string& name) {
  const Stopwatch watch;
  const std::optional<std::string> record = by_name.get(name);
  const std::string time = watch.text();
  expect(record.has_value(), "a stored record is found by its name");
  line("by name      %s is %s, \"%s\" (%s)", name.c_str(), std::string(field(*record, "Version")).c_str(),
       quoted(std::string(summary(*record)), 44).c_str(), time.c_str());
}

void look_up_by_position(const sapwood::List<std::string>& packages) {
  const std::uint64_t middle = packages.size() / 2;
  const Stopwatch watch;
  const std::string record = packages.at(middle);
  const std::string time = watch.text();
  line("by position  packages[%s] is %s (%s)", with_thousands(middle).c_str(), name_of(record).c_str(), time.c_str());
}

void look_up_by_prefix(const Map& by_name, const std::string& prefix) {
  const Stopwatch watch;
  std::uint64_t count = 0;
  std::string first, last;
  for (const auto& [name, record] : by_name.prefix(prefix)) {
    if (count++ == 0) first = name;
    last = name;
  }
  line("by prefix    %s names start with \"%s\": %s to %s (%s)", with_thousands(count).c_str(), prefix.c_str(),
       first.c_str(), last.c_str(), watch.text().c_str());
}

void look_up_by_rank(const Map& by_name, const std::string& name) {
  const Stopwatch watch;
  const std::uint64_t rank = by_name.rank(name);
  const auto [selected, record] = by_name.select(rank);
  expect(selected == name, "select(rank(name)) is name");
  line("by rank      %s names come before %s in the alphabet; select(%s) gives it back (%s)",
       with_thousands(rank).c_str(), name.c_str(), with_thousands(rank).c_str(), watch.text().c_str());
}

void look_up_by_range(const Map& by_section) {
  const std::string some = by_section.select(by_section.size() / 2).first;
  std::string section = "editors";
  const auto end_of = [](const std::string& name) { return name + '\1'; };  // keys go on with a zero byte
  if (by_section.count(section_key(section, ""), end_of(section)) == 0) section = some.substr(0, some.find('\0'));
  const Stopwatch watch;
  const std::uint64_t count = by_section.count(section_key(section, ""), end_of(section));
  line("by range     the section \"%s\" has %s packages, counted without reading them (%s); the first:",
       section.c_str(), with_thousands(count).c_str(), watch.text().c_str());
  int shown = 0;
  for (const auto& [key, text] : by_section.range(section_key(section, ""), end_of(section))) {
    line("               %-16s %s", key.substr(section.size() + 1).c_str(), quoted(text, 60).c_str());
    if (++shown == 3) break;
  }
}

void look_up_many(const Map& by_name, const PackageIndex& index) {
  constexpr std::uint64_t kLookups = 200'000;
  std::vector<std::string> names;
  names.reserve(index.records.size());
  for (const std::string_view record : index.records) names.push_back(name_of(record));
  std::mt19937_64 random(7);
  std::shuffle(names.begin(), names.end(), random);
  const Stopwatch watch;
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < kLookups; ++i) {
    const std::optional<std::string_view> record = by_name.get_view(names[i % names.size()]);
    found += record && !record->empty() ? 1 : 0;
  }
  const double seconds = watch.seconds();
  expect(found == kLookups, "every name is found");
  line("and again    %s look-ups of random names: %s a second", with_thousands(kLookups).c_str(),
       with_thousands(static_cast<std::uint64_t>(kLookups / seconds)).c_str());
}

}  // namespace

void store(sapwood::Database& db, const PackageIndex& index) {
  const Stopwatch watch;
  std::vector<Entry> by_name, by_section;
  for (const std::string_view record : index.records) {
    const std::string name = name_of(record);
    by_section.emplace_back(section_key(field(record, "Section"), name), summary(record));
    by_name.emplace_back(name, record);
  }
  by_name = sorted(std::move(by_name));
  by_section = sorted(std::move(by_section));

  const Stopwatch transaction;
  db.write([&](sapwood::WriteTxn& txn) {
    txn.list<std::string>(kPackages).extend(index.records);
    txn.sorted_map<std::string, std::string>(kByName).bulk_load(by_name);
    txn.sorted_map<std::string, std::string>(kBySection).bulk_load(by_section);
  });
  line("one transaction, %s, on the disk when it returns:", transaction.text().c_str());
  line("  packages    a list of the records, in the order of the index   %7s",
       with_thousands(index.records.size()).c_str());
  line("  by_name     a sorted map: name -> record                       %7s", with_thousands(by_name.size()).c_str());
  line("  by_section  a sorted map: (section, name) -> summary           %7s",
       with_thousands(by_section.size()).c_str());
  line("the file has %s now; sorting and storing took %s", megabytes(db.info().file_bytes).c_str(),
       watch.text().c_str());
}

void look_up(const sapwood::Database& db, const PackageIndex& index) {
  const sapwood::ReadTxn snapshot = db.read();
  const Map by_name = snapshot.sorted_map<std::string, std::string>(kByName);
  const std::string name = well_known(by_name);
  look_up_by_name(by_name, name);
  look_up_by_position(snapshot.list<std::string>(kPackages));
  look_up_by_prefix(by_name, by_name.prefix("libboost").empty() ? name.substr(0, 2) : "libboost");
  look_up_by_rank(by_name, name);
  look_up_by_range(snapshot.sorted_map<std::string, std::string>(kBySection));
  look_up_many(by_name, index);
}
