#include "tests/support/golden_nested.h"

#include <ranges>

#include "os/sim_disk.h"
#include "tests/support/face.h"

namespace sapwood::test {
namespace {

using Column = List<Nested>;
using Shelf = Dict<std::string, Nested>;
using Level = SortedMap<std::int64_t, Nested>;
using Notes = SortedMap<std::string, AnyValue>;
using Numbers = List<std::int64_t>;

constexpr const char* kPath = "/golden";
constexpr int kDepth = 40;

const std::string& long_key() {
  static const std::string kKey(2000, 'k');
  return kKey;
}

void require(bool ok, const std::string& what) {
  if (!ok) throw Disagreement("golden nested collections: " + what);
}

auto numbers(std::int64_t count) { return std::views::iota(std::int64_t{0}, count); }

void fill(WriteTxn& txn) {
  Column column = txn.list<Nested>("column");
  column.create_back<Numbers>().extend(numbers(500));
  column.create_back<Dict<std::string, std::string>>().put("large", std::string(5000, 'x'));
  column.create_back<SortedSet<double>>().insert(0.5);
  column.create_back<Set<std::string>>();
  column.create_back<Level>().create<Numbers>(-7).push_back(7);
  column.create_back<Records<std::string>>().append({{"name", "value"}});
  Shelf shelf = txn.dict<std::string, Nested>("shelf");
  shelf.create<Shelf>(long_key()).create<Numbers>("below").extend(numbers(3));
  Notes notes = txn.sorted_map<std::string, AnyValue>("notes");
  notes.put("text", "beside");
  notes.create<List<AnyValue>>("list").create_back<Numbers>().push_back(1);
  Column deep = txn.list<Nested>("deep");
  for (int i = 1; i < kDepth; ++i) deep = deep.create_back<Column>();
  Level dropped = txn.sorted_map<std::int64_t, Nested>("dropped");
  for (int i = 0; i < 1000; ++i) dropped.create<Numbers>(i).push_back(i);
}

}  // namespace

void require_golden_nested(const ReadTxn& snapshot) {
  const Column column = snapshot.list<Nested>("column");
  require(column.size() == 6, "the list");
  require(std::ranges::equal(column.open<Numbers>(1), numbers(500)), "numbers");
  require(column.open<Dict<std::string, std::string>>(2).get("large") == std::string(5000, 'x'), "a large value");
  require(column.open<SortedSet<double>>(3).contains(0.5), "a sorted set");
  require(column.open<Set<std::string>>(4).empty(), "an empty set");
  require(column.open<Level>(5).open<Numbers>(-7).at(0) == 7, "a list in a map");
  require(column.open<Shelf>(0).open<Numbers>("below").size() == 3, "what was moved");
  require(snapshot.records<std::string>("rows").field(0, "name") == "value", "what was moved out");
  const Shelf shelf = snapshot.dict<std::string, Nested>("shelf");
  require(shelf.size() == 1 && shelf.open<Numbers>("late").at(0) == 5, "what was made last");
  const Notes notes = snapshot.sorted_map<std::string, AnyValue>("notes");
  require(notes.at("text") == AnyValue("beside"), "a text");
  require(notes.open<List<AnyValue>>("list").open<Numbers>(0).at(0) == 1, "in values of any");
  Column deep = snapshot.list<Nested>("deep");
  for (int i = 1; i < kDepth; ++i) deep = deep.open<Column>(0);
  require(deep.empty(), "the deepest");
  require(!snapshot.has("dropped"), "what was dropped");
}

GoldenImages make_golden_nested() {
  os::SimDisk disk({.seed = 3, .reservation_bytes = u64{64} << 20});
  Options options;
  options.env = &disk;
  options.page_size = 512;
  options.log_size = options.log_size_max = u64{64} << 10;
  Database database = Database::open(kPath, options);
  database.write(fill);
  database.checkpoint();
  database.write([](WriteTxn& txn) {
    Column column = txn.list<Nested>("column");
    txn.move(txn.dict<std::string, Nested>("shelf").place(long_key()), column.place(0));
    txn.move(column.place(6), "rows");
  });
  database.write([](WriteTxn& txn) { txn.drop("dropped"); });
  database.write([](WriteTxn& txn) {
    txn.dict<std::string, Nested>("shelf").create<Numbers>("late").push_back(5);
    txn.sorted_map<std::string, AnyValue>("notes").put("more", 1);
  });
  database.write([](WriteTxn& txn) { txn.sorted_map<std::string, AnyValue>("notes").erase("more"); });
  if (database.info().dropped_collections == 0) throw std::logic_error("nothing waits to be reclaimed");
  GoldenImages images{disk.contents(kPath), disk.contents(std::string(kPath) + "-log"), ""};
  database.close();
  images.closed = disk.contents(kPath);
  return images;
}

}  // namespace sapwood::test
