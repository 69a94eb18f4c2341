// Records like those of a package index in a dict, compressed and not: bytes, and reads by key.
#include <sapwood/sapwood.h>

#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

constexpr std::size_t kReads = 200'000;  // of a million entries

// As records of Debian's index are: names that recur, words in some order, and digests that nothing shortens.
std::string make_record(std::size_t number) {
  static constexpr std::array kWords{"library", "for",    "the",     "development", "files",  "common", "tools",
                                     "of",      "Python", "runtime", "headers",     "plugin", "data",   "and",
                                     "support", "static", "shared",  "command",     "line",   "client"};
  static constexpr std::array kSections{"libdevel", "libs", "python", "science", "utils", "web", "doc"};
  std::mt19937_64 random(number);
  const auto word = [&] { return std::string(kWords[random() % kWords.size()]); };
  const std::string name = "lib" + word() + std::to_string(number % 5000) + "-dev";
  std::string text =
      "Package: " + name + "\nVersion: " + std::to_string(random() % 30) + "." + std::to_string(random() % 20) + "-" +
      std::to_string(random() % 5) + "\nInstalled-Size: " + std::to_string(random() % 20'000) +
      "\nMaintainer: Debian QA Group <packages@qa.debian.org>\nArchitecture: amd64\nDepends: libc6 (>= 2." +
      std::to_string(random() % 36) + "), lib" + word() + std::to_string(random() % 9) + "\nDescription:";
  for (int i = 0; i < 12; ++i) text += " " + word();
  text += "\nHomepage: https://www." + word() + word() + ".org/" + name + "\nSection: ";
  text += kSections[random() % kSections.size()];
  text += "\nPriority: optional\nFilename: pool/main/l/" + name + "/" + name +
          "_amd64.deb\nSize: " + std::to_string(random() % 9'000'000) + "\nSHA256: ";
  for (int i = 0; i < 64; ++i) text += "0123456789abcdef"[random() % 16];
  return text + "\n";
}

class Records {
 public:
  explicit Records(std::size_t count) : count_(count) {
    for (std::size_t i = 0; i < count; ++i) record_bytes_ += make_record(i).size();
  }

  // Bytes of the values over those of the records; a million reads a second by key, copied.
  Figures measure(const std::string& way) {
    const sapwood::Database& db = database(way);
    const sapwood::ReadTxn txn = db.read();
    const auto dict = txn.dict<std::uint64_t, std::string>("records");
    std::mt19937_64 random(1);
    std::size_t bytes = 0;
    const double seconds = seconds_of([&] {
      for (std::size_t i = 0; i < kReads; ++i) bytes += dict.get(random() % count_)->size();
    });
    const std::size_t probe = random() % count_;
    require(bytes != 0 && dict.get(probe) == make_record(probe), way + ": a record is wrong");
    const auto stored = static_cast<double>(db.metrics("records").tree.value_bytes);
    return {stored / static_cast<double>(record_bytes_), kReads / 1e6 / seconds};
  }

 private:
  const sapwood::Database& database(const std::string& way) {
    const auto found = databases_.find(way);
    if (found != databases_.end()) return found->second;
    sapwood::Options options;
    options.durability = sapwood::Durability::async;
    auto db = sapwood::Database::open(folder_.file(way), options);
    const sapwood::CollectionOptions form{.compression = static_cast<std::uint8_t>(way == "compressed" ? 3 : 0)};
    db.write([&](sapwood::WriteTxn& txn) {
      auto dict = txn.dict<std::uint64_t, std::string>("records", form);
      for (std::size_t i = 0; i < count_; ++i) dict.put(i, make_record(i));
    });
    return databases_.emplace(way, std::move(db)).first->second;
  }

  std::size_t count_;
  std::size_t record_bytes_ = 0;
  WorkFolder folder_;
  std::map<std::string, sapwood::Database> databases_;
};

}  // namespace

void run_compression(Runner& runner) {
  constexpr const char* kSize = "record-size";
  constexpr const char* kGet = "record-get";
  const bool has_sapwood =
      !names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty();
  if (!has_sapwood || (!runner.wanted(kSize) && !runner.wanted(kGet))) return;
  Records records(runner.scaled(60'000));
  runner.run({{.name = kSize,
               .group = "compression",
               .title = "values of a dict of package records",
               .unit = "x their bytes",
               .goals = {{"compressed", "", 0.35}},
               .less_is_better = true},
              {.name = kGet,
               .group = "compression",
               .title = "package records read by key, in random order",
               .unit = "million/s",
               .goals = {{"compressed", "sapwood", 0.5}}}},
             {"sapwood", "compressed"}, Runner::WarmUp::yes,
             [&](const std::string& way) { return records.measure(way); });
}

}  // namespace bench
