// Collections of every type of keys and values.
#include <gtest/gtest.h>

#include "db/testing.h"
#include "os/sim_disk.h"

namespace sapwood {
namespace {

struct Celsius {
  double degrees = 0;
  bool operator==(const Celsius&) const = default;
};
struct Fahrenheit {
  double degrees = 0;
};
struct Atom {  // no padding, no floating point: can be a key
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::uint64_t element = 0;
  bool operator==(const Atom&) const = default;
};
struct Wide {
  std::array<double, 1000> values{};
  bool operator==(const Wide&) const = default;
};
// Stored as they are under the name of another type.
template <int kType>
struct Raw {};

class Version {
 public:
  Version() = default;
  explicit Version(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using Section = std::tuple<std::string, std::int64_t>;
using Point = std::tuple<std::int32_t, std::int32_t>;

}  // namespace

template <>
struct Codec<Raw<1>> : Codec<std::string> {
  static constexpr TypeInfo type = ValueType::any;
};
template <>
struct Codec<Raw<2>> : Codec<std::string> {
  static constexpr TypeInfo type = ValueType::json;
};
template <>
struct Codec<Raw<3>> : Codec<std::string> {
  static constexpr TypeInfo type = TypeInfo::tuple({ValueType::string, ValueType::boolean});
};
template <>
struct Codec<Celsius> : UserCodec<Celsius, double, 7> {
  static double to_stored(const Celsius& value) { return value.degrees; }
  static Celsius from_stored(double stored) { return {stored}; }
};
template <>
struct Codec<Fahrenheit> : UserCodec<Fahrenheit, double, 8> {
  static double to_stored(const Fahrenheit& value) { return value.degrees; }
  static Fahrenheit from_stored(double stored) { return {stored}; }
};
template <>
struct Codec<Version> : UserCodec<Version, std::tuple<std::string, bool>, 9> {
  static std::tuple<std::string, bool> to_stored(const Version& value) { return {value.text(), true}; }
  static Version from_stored(std::tuple<std::string, bool> stored) { return Version(std::get<0>(stored)); }
};

namespace {

static_assert(SortedKey<Celsius> && SortedKey<Section> && SortedKey<AnyValue> && SortedKey<Uuid> && SortedKey<Int128>);
static_assert(HashedKey<Atom> && !SortedKey<Atom>, "a structure has no order");
static_assert(Storable<Wide> && !HashedKey<Wide>, "0.0 and -0.0 are equal, their bytes are not");
static_assert(Storable<Json> && !HashedKey<Json>);
static_assert(!Storable<std::string_view> && !Storable<float*> && !Storable<std::tuple<>> &&
              !Storable<std::tuple<Json>>);

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::wrong_type);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Typed, ScalarsAreKeysAndValues) {
  Database db = Database::temporary();
  auto times = db.sorted_map<DateTime, Uuid>("times");
  times.put(DateTime{5}, Uuid{{1}});
  times.put(DateTime{-5}, Uuid{{2}});
  EXPECT_EQ(times.first()->second, Uuid{{2}});
  EXPECT_EQ(times.get(DateTime{5}), Uuid{{1}});
  auto big = db.sorted_set<Int128>("big");
  big.insert(-(Int128{1} << 100));
  big.insert(3);
  EXPECT_TRUE(big.first() == -(Int128{1} << 100));
  auto uuids = db.dict<Uuid, Int128>("uuids");
  uuids.put(Uuid{{9}}, Int128{1} << 99);
  EXPECT_TRUE(uuids.get(Uuid{{9}}) == Int128{1} << 99);
  expect_sound(db);
}

TEST(Typed, JsonIsCheckedWhenItIsStored) {
  Database db = Database::temporary();
  auto documents = db.list<Json>("documents");
  documents.push_back(R"({"a": 1})");
  EXPECT_EQ(documents.at(0).text, R"({"a": 1})");
  EXPECT_EQ(code_of([&] { documents.push_back("{"); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db.any("documents").push_back(Json{"{"}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { db.any("documents").push_back("[]"); }), ErrorCode::wrong_type);
  EXPECT_EQ(documents.size(), 1u);
}

TEST(Typed, TuplesAreFoundByTheirFirstParts) {
  Database db = Database::temporary();
  auto map = db.sorted_map<Section, std::string>("map");
  for (const char* section : {"b", "a", "ab", ""}) {
    for (const std::int64_t line : {2, -1, 1}) map.put(Section{section, line}, section);
  }
  std::vector<Section> keys;
  for (const auto& [key, value] : map.prefix(std::tuple("a"))) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<Section>{{"a", -1}, {"a", 1}, {"a", 2}}));
  EXPECT_EQ(map.prefix(std::tuple()).size(), 12u);
  EXPECT_EQ(map.prefix(Section{"b", 2}).size(), 1u);
  EXPECT_EQ(map.prefix(std::tuple("c")).size(), 0u);
  EXPECT_EQ(map.get({"ab", 1}), "ab");
  EXPECT_TRUE(map.erase({"ab", 1}));
  EXPECT_EQ(map.rank({"ab", 0}), 7u);
  EXPECT_EQ(map.range({"a", 0}, {"ab", 0}).size(), 3u);
  EXPECT_EQ(map.get_many(std::vector<Section>{{"a", 1}, {"ab", 1}}).at(1), std::nullopt);
  expect_sound(db);
}

TEST(Typed, TuplesOfFixedPartsToo) {
  Database db = Database::temporary();
  auto grid = db.sorted_map<Point, double>("grid");  // fixed leaves
  for (std::int32_t x = -3; x < 3; ++x) {
    for (std::int32_t y = -3; y < 3; ++y) grid.put({x, y}, x + y * 0.5);
  }
  EXPECT_EQ(grid.prefix(std::tuple(-1)).size(), 6u);
  EXPECT_EQ(grid.prefix(std::tuple(std::int32_t{2})).begin()->first, (Point{2, -3}));
  auto all = db.sorted_set<std::tuple<std::uint64_t, std::uint64_t>>("all");
  all.insert({~std::uint64_t{0}, 1});
  EXPECT_EQ(all.prefix(std::tuple(~std::uint64_t{0})).size(), 1u) << "nothing comes after the prefix";
  EXPECT_EQ(db.any("grid").count({.prefix = AnyTuple{{-1}}}), 6u);
  EXPECT_EQ(db.any("grid").erase_range({.prefix = AnyTuple{{-1}}}), 6u);
  EXPECT_EQ(grid.size(), 30u);
  expect_sound(db);
}

TEST(Typed, StructuresAreStoredByteForByte) {
  Database db = Database::temporary();
  auto atoms = db.dict<Atom, Wide>("atoms");
  Wide wide;
  wide.values[999] = 1.5;
  atoms.put(Atom{1, -2, 8}, wide);
  EXPECT_EQ(atoms.get(Atom{1, -2, 8}), wide);
  EXPECT_FALSE(atoms.contains(Atom{1, 2, 8}));
  auto list = db.list<Atom>("list");
  list.extend(std::vector<Atom>(1000, Atom{1, 2, 3}));
  EXPECT_EQ(list.at(999), (Atom{1, 2, 3}));
  EXPECT_EQ(db.any("list").at(0).value.index(), AnyValue(std::vector<std::byte>()).index()) << "bytes, at run time";
  EXPECT_EQ(code_of([&] { db.any("list").push_back(std::vector<std::byte>(15)); }), ErrorCode::invalid_argument);
  expect_sound(db);
}

TEST(Typed, AnyHoldsEverything) {
  Database db = Database::temporary();
  auto map = db.sorted_map<AnyValue, AnyValue>("map");
  map.put("text", 1);
  map.put(1, AnyList{{1, "two", 3.0}});
  map.put(AnyTuple{{"a", 1}}, AnyMap{{{"k", Uuid{}}}});
  map.put(AnyTuple{{"b", 1}}, std::monostate());
  EXPECT_EQ(map.get(1), AnyValue(AnyList{{1, "two", 3.0}}));
  EXPECT_EQ(map.first()->first, AnyValue(1));
  EXPECT_EQ(map.prefix(AnyTuple{{"a"}}).size(), 1u);
  EXPECT_EQ(map.prefix("te").size(), 1u);
  EXPECT_EQ(db.any("map").count({.prefix = AnyTuple{}}), 2u);
  EXPECT_EQ(db.any("map").get(AnyTuple{{"a", 1}}), AnyValue(AnyMap{{{"k", Uuid{}}}}));
  db.any("map").put(2, "x");
  EXPECT_EQ(map.get(2), AnyValue("x"));
  {
    const ReadTxn snapshot = db.read();
    EXPECT_EQ((snapshot.sorted_map<AnyValue, AnyValue>("map").get_view("text")), AnyValue(1));
  }
  expect_sound(db);
}

TEST(Typed, CodecsOfUsersKeepTheirIdAndAreReadableWithoutThem) {
  Database db = Database::temporary();
  auto map = db.sorted_map<Celsius, Version>("map");
  map.put(Celsius{36.6}, Version("1.2"));
  map.put(Celsius{-5}, Version("1.0"));
  EXPECT_EQ(map.first()->first, Celsius{-5});
  EXPECT_EQ(map.get(Celsius{36.6})->text(), "1.2");
  EXPECT_EQ(db.any("map").at(0).key, AnyValue(-5.0));
  EXPECT_EQ(db.any("map").get(36.6), AnyValue(AnyTuple{{"1.2", true}}));
  EXPECT_EQ(type_name(db.any("map").types().value), "tuple(string, bool) with codec 9");
  expect_sound(db);
}

TEST(Typed, OtherTypesAreRefusedWithBothInWords) {
  Database db = Database::temporary();
  db.list<Celsius>("heat");
  db.sorted_map<Section, std::string>("sections");
  db.list<Atom>("atoms");
  EXPECT_EQ(message_of([&] { db.list<Fahrenheit>("heat"); }),
            "'heat' is a list of double with codec 7, not a list of double with codec 8");
  EXPECT_EQ(message_of([&] { db.list<double>("heat"); }),
            "'heat' is a list of double with codec 7, not a list of double");
  EXPECT_EQ(message_of([&] { db.sorted_map<Point, std::string>("sections"); }),
            "'sections' is a sorted_map of tuple(string, int64) to string, not a sorted_map of tuple(int32, int32) to "
            "string");
  EXPECT_EQ(message_of([&] { db.begin_write().list<Wide>("atoms"); }),
            "'atoms' is a list of structure(16), not a list of structure(8000)");
  EXPECT_EQ(code_of([&] {
              db.any("new", {CollectionKind::dict, ValueType::json, ValueType::json});
            }),
            ErrorCode::invalid_argument);
  EXPECT_FALSE(db.has("new"));
}

TEST(Typed, CheckFindsBytesThatAreNotOfTheType) {
  Database db = Database::temporary();
  db.list<Raw<1>>("any").push_back("\x20");
  db.list<Raw<2>>("json").push_back("[]");
  db.set<Raw<3>>("keys").insert(std::string("\0\0\1", 3));
  expect_sound(db);
  EXPECT_EQ(db.list<AnyValue>("any").at(0), AnyValue(0));
  db.list<Raw<1>>("any").push_back("\x21");
  db.list<Raw<2>>("json").push_back("[");
  db.set<Raw<3>>("keys").insert("a");
  EXPECT_EQ(code_of([&] { db.list<AnyValue>("any").at(1); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { db.any("any").at(1); }), ErrorCode::corrupt);
  const std::vector<std::string> findings = db.check();
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_TRUE(findings[0].starts_with("list 'any': entry 1: ")) << findings[0];
}

TEST(Typed, TypesComeBackFromCheckpointsAndFromTheLog) {
  for (const bool clean : {false, true}) {
    os::SimDisk disk(1);
    Options options = quick_options();
    options.env = &disk;
    options.log_size = options.log_size_max = 16384;
    {
      Database db = Database::open("/db", options);
      db.sorted_map<Section, Celsius>("map").put({"a", 1}, Celsius{5});
      db.dict<Atom, Json>("dict").put(Atom{1, 2, 3}, "[]");
      if (clean) db.close();
      else db.sync();
    }
    const std::unique_ptr<os::SimDisk> copy = disk.clone();
    options.env = copy.get();
    Database db = Database::open("/db", options);
    EXPECT_EQ((db.sorted_map<Section, Celsius>("map").get({"a", 1})), Celsius{5});
    EXPECT_EQ((db.dict<Atom, Json>("dict").get(Atom{1, 2, 3})), Json{"[]"});
    expect_sound(db);
  }
}

}  // namespace
}  // namespace sapwood
