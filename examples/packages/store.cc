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
using Dict = sapwood::Dict<std::string, std::string>;

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

void look_up_by_hash(const Dict& by_sha256, const std::string& record, const std::string& name) {
  const std::string sha256(field(record, "SHA256"));
  if (sha256.empty()) return;  // dpkg does not remember it of what is installed
  const Stopwatch watch;
  const std::optional<std::string> found = by_sha256.get(sha256);
  const std::string time = watch.text();
  expect(found.has_value(), "a stored hash is found");
  line("by hash      the file with SHA256 %s... is that of %s (%s)", sha256.substr(0, 12).c_str(), found->c_str(),
       time.c_str());
  expect(*found == name, "the hash leads to the package that has it");
}

void look_up_in_set(const sapwood::Set<std::string>& maintainers, const std::string& record) {
  const std::string maintainer(field(record, "Maintainer"));
  if (maintainer.empty()) return;
  const Stopwatch watch;
  const bool found = maintainers.contains(maintainer);
  const std::string time = watch.text();
  expect(found && !maintainers.contains("nobody"), "a set has what was put in, and nothing else");
  line("in a set     %s is one of %s maintainers (%s)", maintainer.c_str(), with_thousands(maintainers.size()).c_str(),
       time.c_str());
}

// The fields with that name of all records.
std::vector<std::string> all_of(const PackageIndex& index, std::string_view name) {
  std::vector<std::string> values;
  for (const std::string_view record : index.records) {
    const std::string_view value = field(record, name);
    if (!value.empty()) values.emplace_back(value);
  }
  return values;
}

// Look-ups in random order, a second.
template <class Collection>
std::uint64_t look_ups_a_second(const Collection& collection, std::vector<std::string> keys, std::uint64_t count) {
  std::mt19937_64 random(7);
  std::shuffle(keys.begin(), keys.end(), random);
  const Stopwatch watch;
  std::uint64_t found = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::optional<std::string_view> value = collection.get_view(keys[i % keys.size()]);
    found += value && !value->empty() ? 1 : 0;
  }
  const double seconds = watch.seconds();
  expect(found == count, "every stored key is found");
  return static_cast<std::uint64_t>(static_cast<double>(count) / seconds);
}

void look_up_many(const Map& by_name, const Dict& by_sha256, const PackageIndex& index) {
  constexpr std::uint64_t kLookups = 200'000;
  const std::uint64_t in_map = look_ups_a_second(by_name, all_of(index, "Package"), kLookups);
  line("and again    %s random look-ups in the sorted map: %s a second", with_thousands(kLookups).c_str(),
       with_thousands(in_map).c_str());
  if (by_sha256.empty()) return;
  const std::uint64_t in_dict = look_ups_a_second(by_sha256, all_of(index, "SHA256"), kLookups);
  line("             %s in the dict: %s a second", with_thousands(kLookups).c_str(), with_thousands(in_dict).c_str());
}

}  // namespace

void store(sapwood::Database& db, const PackageIndex& index) {
  const Stopwatch watch;
  std::vector<Entry> by_name, by_section, by_sha256;
  for (const std::string_view record : index.records) {
    const std::string name = name_of(record);
    by_section.emplace_back(section_key(field(record, "Section"), name), summary(record));
    by_name.emplace_back(name, record);
    const std::string_view sha256 = field(record, "SHA256");
    if (!sha256.empty()) by_sha256.emplace_back(sha256, field(record, "Package"));
  }
  by_name = sorted(std::move(by_name));
  by_section = sorted(std::move(by_section));

  const Stopwatch transaction;
  std::uint64_t hashes = 0, maintainers = 0;
  db.write([&](sapwood::WriteTxn& txn) {
    txn.list<std::string>(kPackages).extend(index.records);
    txn.sorted_map<std::string, std::string>(kByName).bulk_load(by_name);
    txn.sorted_map<std::string, std::string>(kBySection).bulk_load(by_section);
    auto dict = txn.dict<std::string, std::string>(kBySha256);
    auto set = txn.set<std::string>(kMaintainers);
    dict.put_all(by_sha256);
    set.insert_all(all_of(index, "Maintainer"));
    hashes = dict.size();
    maintainers = set.size();
  });
  line("one transaction, %s, on the disk when it returns:", transaction.text().c_str());
  line("  packages    a list of the records, in the order of the index   %7s",
       with_thousands(index.records.size()).c_str());
  line("  by_name     a sorted map: name -> record                       %7s", with_thousands(by_name.size()).c_str());
  line("  by_section  a sorted map: (section, name) -> summary           %7s",
       with_thousands(by_section.size()).c_str());
  line("  by_sha256   a dict: SHA256 of the package's file -> name       %7s", with_thousands(hashes).c_str());
  line("  maintainers a set                                              %7s", with_thousands(maintainers).c_str());
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
  const Dict by_sha256 = snapshot.dict<std::string, std::string>(kBySha256);
  const std::string record = by_name.get(name).value();
  look_up_by_hash(by_sha256, record, name);
  look_up_in_set(snapshot.set<std::string>(kMaintainers), record);
  look_up_many(by_name, by_sha256, index);
}
