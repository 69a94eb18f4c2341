// Random transactions against std::vector and std::map: commits, rollbacks, savepoints, handles without transactions,
// snapshots held meanwhile, and the recovery of a copy of the files taken while they are open.
#include <filesystem>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Strings = std::vector<std::string>;

struct Model {
  Strings texts;
  std::vector<std::int64_t> numbers;
  std::map<std::string, std::string> words;
  std::map<std::int64_t, double> masses;
  bool operator==(const Model&) const = default;
};

class Driver {
 public:
  Driver(Database& db, std::uint64_t seed) : db_(db), random_(seed) {}

  const Model& model() const { return model_; }

  void write_transaction() {
    WriteTxn txn = db_.begin_write();
    const Model before = model_;
    edits(txn, below(30));
    for (std::uint64_t depth = below(3); depth > 0; --depth) nested(txn, 2);
    if (below(5) == 0) {
      txn.rollback();
      model_ = before;
    } else {
      txn.commit();
    }
  }

  void automatic_calls() {
    for (std::uint64_t i = below(10); i > 0; --i) edit(db_);
  }

  // What a snapshot, a transaction or the database shows is the model.
  template <class Source>
  static void expect_equal(Source& source, const Model& model) {
    EXPECT_EQ(items_of(source.template list<std::string>("texts").range()), model.texts);
    EXPECT_EQ(items_of(source.template list<std::int64_t>("numbers").range()), model.numbers);
    const auto words = items_of(source.template sorted_map<std::string, std::string>("words").range());
    EXPECT_TRUE(std::equal(words.begin(), words.end(), model.words.begin(), model.words.end(),
                           [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
    const auto masses = items_of(source.template sorted_map<std::int64_t, double>("masses").range().reversed());
    EXPECT_TRUE(std::equal(masses.begin(), masses.end(), model.masses.rbegin(), model.masses.rend(),
                           [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void nested(WriteTxn& txn, int depth) {
    const Model before = model_;
    Savepoint savepoint = txn.savepoint();
    edits(txn, below(20));
    if (depth > 0 && below(2) == 0) nested(txn, depth - 1);
    if (below(2) == 0) {
      savepoint.rollback();
      model_ = before;
    } else {
      savepoint.release();
    }
  }

  void edits(WriteTxn& txn, std::uint64_t count) {
    for (; count > 0; --count) edit(txn);
  }

  template <class Source>
  void edit(Source& source) {
    switch (below(4)) {
      case 0: return edit_list(source.template list<std::string>("texts"), model_.texts, text());
      case 1: return edit_list(source.template list<std::int64_t>("numbers"), model_.numbers, std::int64_t(random_()));
      case 2: return edit_words(source.template sorted_map<std::string, std::string>("words"));
      default: return edit_masses(source.template sorted_map<std::int64_t, double>("masses"));
    }
  }

  std::string text() {
    const std::uint64_t size = below(40) == 0 ? below(3000) : below(30);
    return std::string(size, static_cast<char>('a' + below(26)));
  }
  std::string word() { return std::string(below(3), 'p') + std::to_string(below(400)); }

  template <class T>
  void edit_list(List<T> list, std::vector<T>& model, const T& item) {
    ASSERT_EQ(list.size(), model.size());
    const std::uint64_t size = model.size();
    const std::uint64_t at = below(size + 1);
    const auto place = model.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        list.insert(at, item);
        model.insert(place, item);
        return;
      case 3:
        list.push_back(item);
        model.push_back(item);
        return;
      case 4: {
        const std::uint64_t count = below(std::min<std::uint64_t>(size - at, 60) + 1);
        list.erase(at, count);
        model.erase(place, place + static_cast<std::ptrdiff_t>(count));
        return;
      }
      case 5: {
        const std::vector<T> items(below(40), item);
        list.insert_range(at, items);
        model.insert(place, items.begin(), items.end());
        return;
      }
      case 6:
        if (at == size) return;
        EXPECT_EQ(list.at(at), *place);
        list.set(at, item);
        *place = item;
        return;
      default:
        if (below(20) != 0) return;
        list.clear();
        model.clear();
    }
  }

  void edit_words(SortedMap<std::string, std::string> map) {
    std::map<std::string, std::string>& model = model_.words;
    ASSERT_EQ(map.size(), model.size());
    const std::string key = word();
    switch (below(6)) {
      case 0:
      case 1:
      case 2: {
        const std::string value = text();
        EXPECT_EQ(map.put(key, value), model.insert_or_assign(key, value).second);
        return;
      }
      case 3: EXPECT_EQ(map.erase(key), model.erase(key) != 0); return;
      case 4: {
        const auto found = model.find(key);
        EXPECT_EQ(map.get(key), found == model.end() ? std::nullopt : std::optional(found->second));
        const auto next = model.lower_bound(key);
        EXPECT_EQ(map.rank(key), static_cast<std::uint64_t>(std::distance(model.begin(), next)));
        const auto ceiling = map.ceiling(key);
        EXPECT_EQ(ceiling.has_value(), next != model.end());
        if (ceiling && next != model.end()) {
          EXPECT_EQ(ceiling->first, next->first);
        }
        return;
      }
      default: {
        const std::string high = word();
        if (high < key || below(4) != 0) return;
        const auto first = model.lower_bound(key);
        const auto last = model.lower_bound(high);
        EXPECT_EQ(map.erase(key, high), static_cast<std::uint64_t>(std::distance(first, last)));
        model.erase(first, last);
      }
    }
  }

  void edit_masses(SortedMap<std::int64_t, double> map) {
    std::map<std::int64_t, double>& model = model_.masses;
    ASSERT_EQ(map.size(), model.size());
    const std::int64_t key = static_cast<std::int64_t>(below(2000)) - 1000;
    if (below(3) == 0) {
      EXPECT_EQ(map.erase(key), model.erase(key) != 0);
    } else {
      const double mass = static_cast<double>(random_() >> 12) / 8;
      EXPECT_EQ(map.put(key, mass), model.insert_or_assign(key, mass).second);
    }
  }

  Database& db_;
  std::mt19937_64 random_;
  Model model_;
};

void create_all(Database& db) {
  db.write([](WriteTxn& txn) {
    txn.list<std::string>("texts");
    txn.list<std::int64_t>("numbers");
    txn.sorted_map<std::string, std::string>("words");
    txn.sorted_map<std::int64_t, double>("masses");
  });
}

void run(std::uint32_t page_size, int rounds) {
  const std::uint64_t seed = test_seed(page_size);
  const TemporaryFolder folder;
  const Options options = quick_options(page_size);
  Database db = Database::open(folder.file("a"), options);
  create_all(db);
  Driver driver(db, seed);
  std::optional<std::pair<ReadTxn, Model>> held;
  for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    driver.write_transaction();
    driver.automatic_calls();
    if (round % 17 == 0) held.emplace(db.read(), driver.model());
    if (round % 17 == 16) Driver::expect_equal(held->first, held->second);
    if (round % 97 != 96) continue;
    Driver::expect_equal(db, driver.model());
    expect_sound(db);
    const std::string copy = folder.file("copy" + std::to_string(round));
    std::filesystem::copy_file(folder.file("a"), copy);
    std::filesystem::copy_file(folder.file("a-log"), copy + "-log");
    Database recovered = Database::open(copy, options);
    EXPECT_TRUE(recovered.info().recovery.recovered);
    Driver::expect_equal(recovered, driver.model());
    expect_sound(recovered);
  }
  held.reset();
  db.close();
  Database reopened = Database::open(folder.file("a"), options);
  Driver::expect_equal(reopened, driver.model());
  expect_sound(reopened);
}

TEST(Model, AgreesWithPagesOf512Bytes) { run(512, 400); }
TEST(Model, AgreesWithPagesOf4096Bytes) { run(4096, 400); }
TEST(Model, AgreesWithPagesOf65536Bytes) { run(65536, 200); }

}  // namespace
}  // namespace sapwood
