// Chapter "inserting in the middle": a list that is edited anywhere, and a snapshot that does not notice.
#include <random>
#include <vector>

#include "chapters.h"
#include "print.h"

namespace {

constexpr std::uint64_t kInserts = 10'000;

std::string new_record(std::uint64_t number) {
  return "Package: inserted-" + std::to_string(number) + "\nVersion: 1.0\nDescription: put in between";
}

}  // namespace

void insert_in_the_middle(sapwood::Database& db, const PackageIndex& index) {
  const std::uint64_t count = index.records.size();
  const sapwood::ReadTxn snapshot = db.read();
  line("a snapshot is taken: %s records", with_thousands(count).c_str());

  std::mt19937_64 random(11);
  std::vector<std::uint64_t> positions;
  for (std::uint64_t i = 0; i < kInserts; ++i) positions.push_back(random() % (count + i + 1));

  const Stopwatch watch;
  db.write([&](sapwood::WriteTxn& txn) {
    auto packages = txn.list<std::string>(kPackages);
    for (std::uint64_t i = 0; i < kInserts; ++i) packages.insert(positions[i], new_record(i));
  });
  const double seconds = watch.seconds();
  line("%s records inserted at random positions in %s: %s a second; nothing had to move",
       with_thousands(kInserts).c_str(), duration(seconds).c_str(),
       with_thousands(static_cast<std::uint64_t>(kInserts / seconds)).c_str());

  // The same edits on a vector of numbers, which has to move half of itself each time.
  std::vector<std::uint32_t> model(count);
  for (std::uint32_t i = 0; i < count; ++i) model[i] = i;
  for (std::uint32_t i = 0; i < kInserts; ++i) {
    model.insert(model.begin() + static_cast<std::ptrdiff_t>(positions[i]), static_cast<std::uint32_t>(count) + i);
  }
  const auto now = db.read();
  const auto packages = now.list<std::string>(kPackages);
  expect(packages.size() == model.size(), "the list counts what was inserted");
  std::uint64_t at = 0;
  for (const auto& record : packages) {
    const std::uint32_t number = model[at++];
    expect(number < count ? record == index.records[number] : record == new_record(number - count),
           "item " + std::to_string(at - 1) + " is where it belongs");
  }
  line("the list has %s records now, all where a std::vector has them", with_thousands(packages.size()).c_str());

  const auto before = snapshot.list<std::string>(kPackages);
  expect(before.size() == count, "the snapshot counts as before");
  at = 0;
  for (const auto& record : before) expect(record == index.records[at++], "the snapshot is as before");
  line("the snapshot still has its %s records, each as it was", with_thousands(before.size()).c_str());
}
