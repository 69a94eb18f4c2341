// Rows of records read by the field: what a field costs must not depend on how many others its row has.
#include <sapwood/sapwood.h>

#include <random>
#include <string>
#include <vector>

#include "bench/harness.h"
#include "bench/runner.h"

namespace bench {
namespace {

using Records = sapwood::Records<double>;

std::string field_name(std::size_t number) { return "field " + std::to_string(number); }

// Rows of so many fields; the value of a field is its number.
sapwood::Database make_rows(const std::string& path, std::size_t rows, std::size_t fields) {
  sapwood::Options options;
  options.durability = sapwood::Durability::async;
  auto db = sapwood::Database::open(path, options);
  Records::Row row;
  for (std::size_t i = 0; i < fields; ++i) row[field_name(i)] = static_cast<double>(i);
  db.records<double>("r").bulk_load(std::vector<Records::Row>(rows, row));
  return db;
}

// Microseconds for one field of a random row.
double read_fields(const sapwood::Database& db, std::size_t fields, std::size_t times) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < fields; ++i) names.push_back(field_name(i));
  std::mt19937_64 random(1);
  const sapwood::ReadTxn txn = db.read();
  const auto records = txn.records<double>("r");
  bool right = true;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < times; ++i) {
      const std::size_t wanted = random() % fields;
      right = right && records.field(random() % records.size(), names[wanted]) == static_cast<double>(wanted);
    }
  });
  require(right, "a field is wrong");
  return seconds * 1e6 / static_cast<double>(times);
}

}  // namespace

void run_records(Runner& runner) {
  if (!runner.wanted("record-field") ||
      names_of(runner.peers(), [](const StoreKind& kind) { return kind.name == "sapwood"; }).empty())
    return;
  constexpr std::size_t kFew = 4;
  constexpr std::size_t kMany = 1000;
  const WorkFolder folder;
  const sapwood::Database narrow = make_rows(folder.file("narrow"), runner.scaled(200'000), kFew);
  const sapwood::Database wide = make_rows(folder.file("wide"), runner.scaled(10'000), kMany);
  const std::size_t times = runner.scaled(1'000'000);
  runner.run({{.name = "record-field-of-4",
               .group = "records",
               .title = "one field of a random row of 4",
               .unit = "us",
               .less_is_better = true},
              {.name = "record-field-of-1000",
               .group = "records",
               .title = "one field of a random row of 1,000",
               .unit = "us",
               .goals = {{"sapwood", "", 1}},
               .less_is_better = true}},
             {"sapwood"}, Runner::WarmUp::yes, [&](const std::string&) {
               return Figures{read_fields(narrow, kFew, times), read_fields(wide, kMany, times)};
             });
}

}  // namespace bench
