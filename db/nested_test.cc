// Collections in collections: what users of a database see of them.
#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Words = List<std::string>;
using Numbers = List<std::int64_t>;
using Shelf = Dict<std::string, Nested>;
using Level = SortedMap<std::int64_t, Nested>;
using Column = List<Nested>;
using Notes = Dict<std::string, AnyValue>;

TEST(Nested, IsCreatedReadEditedMovedOutAndDroppedInOneTransaction) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Shelf books = txn.dict<std::string, Nested>("books");
    Words words = books.create<Words>("Moby Dick");
    EXPECT_TRUE(words.empty());
    words.push_back("Call");
    words.push_back("me");
    EXPECT_EQ(books.open<Words>("Moby Dick").at(1), "me");
    EXPECT_EQ(books.open<Words>(books.at("Moby Dick")).at(0), "Call");
    books.create<Words>("Emma").push_back("Emma");
    Words kept = books.create<Words>("Walden");
    kept.push_back("When");
    txn.move(books.place("Walden"), "Walden");
    EXPECT_TRUE(books.erase("Emma"));
    EXPECT_EQ(books.size(), 1u);
    EXPECT_EQ(code_of([&] { books.open<Words>("Emma"); }), ErrorCode::not_found);
    EXPECT_EQ(kept.at(0), "When") << "the handle stays good";
    EXPECT_EQ(txn.list<std::string>("Walden").at(0), "When");
  });
  const ReadTxn txn = db.read();
  EXPECT_EQ((txn.dict<std::string, Nested>("books").open<Words>("Moby Dick").at(0)), "Call");
  EXPECT_EQ(txn.list<std::string>("Walden").size(), 1u);
  EXPECT_EQ(db.info().collections, 2u);
  EXPECT_EQ(db.info().nested_collections, 1u);
  EXPECT_EQ(db.info().dropped_collections, 0u);
  expect_sound(db);
}

TEST(Nested, IsOfAnyKindInAnyKindWithValues) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Column column = txn.list<Nested>("column");
    column.create_back<Words>().push_back("list");
    column.create_back<Dict<std::string, double>>().put("dict", 1);
    column.create_back<SortedMap<std::int64_t, std::string>>().put(5, "map");
    column.create_back<Set<std::string>>().insert("set");
    column.create_back<SortedSet<double>>().insert(0.5);
    column.create_back<Records<double>>().append(Records<double>::Row{{"x", 1}});
    column.create<Column>(0).create_back<Level>().create<Shelf>(3).create<Notes>("notes").put("x", 1);
  });
  ASSERT_EQ(db.list<Nested>("column").size(), 7u);
  const ReadTxn txn = db.read();
  const Column seen = txn.list<Nested>("column");
  EXPECT_EQ(seen.open<Words>(1).at(0), "list");
  EXPECT_EQ((seen.open<Dict<std::string, double>>(2).get("dict")), 1);
  EXPECT_EQ((seen.open<SortedMap<std::int64_t, std::string>>(3).at(5)), "map");
  EXPECT_TRUE(seen.open<Set<std::string>>(4).contains("set"));
  EXPECT_TRUE(seen.open<SortedSet<double>>(5).contains(0.5));
  EXPECT_EQ(seen.open<Records<double>>(6).field(0, "x"), 1);
  EXPECT_EQ(seen.open<Column>(0).open<Level>(0).open<Shelf>(3).open<Notes>("notes").at("x"), AnyValue(1));
  EXPECT_EQ(code_of([&] { seen.open<Numbers>(1); }), ErrorCode::wrong_type);
  EXPECT_EQ(seen.open<AnyCollection>(1).at(0).value, AnyValue("list"));
  EXPECT_EQ(code_of([&] { seen.open<Words>(7); }), ErrorCode::out_of_range);
  expect_sound(db);
}

TEST(Nested, WorksThroughHandlesWithoutATransaction) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  Words words = shelf.create<Words>("a");
  for (int i = 0; i < 100; ++i) words.push_back(std::to_string(i));
  Level level = shelf.create<Level>("b");
  level.create<Numbers>(7).push_back(8);
  EXPECT_EQ(shelf.open<Words>("a").size(), 100u);
  EXPECT_EQ(shelf.open<Level>("b").open<Numbers>(7).at(0), 8);
  // A move elsewhere does not part a handle from its collection, nor change where it is.
  db.write([](WriteTxn& txn) {
    Shelf inside = txn.dict<std::string, Nested>("shelf");
    txn.move(inside.place("a"), inside.place("c"));
    txn.move(inside.place("c"), inside.open<Level>("b").place(9));
  });
  words.push_back("more");
  EXPECT_EQ(level.open<Words>(9).size(), 101u);
  db.write([](WriteTxn& txn) { txn.move(txn.dict<std::string, Nested>("shelf").open<Level>("b").place(9), "words"); });
  words.push_back("still");
  EXPECT_EQ(db.list<std::string>("words").size(), 102u);
  db.write([](WriteTxn& txn) { txn.move("words", txn.dict<std::string, Nested>("shelf").place("again")); });
  words.push_back("and again");
  EXPECT_EQ(shelf.open<Words>("again").size(), 103u);
  EXPECT_FALSE(db.has("words"));
  EXPECT_TRUE(shelf.erase("again"));
  EXPECT_EQ(code_of([&] { words.push_back("x"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { words.size(); }), ErrorCode::not_found);
  expect_sound(db);
}

TEST(Nested, IsTheCreatorsOnly) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    Column column = txn.list<Nested>("column");
    shelf.create<Words>("a");
    const Nested told = shelf.at("a");
    EXPECT_EQ(code_of([&] { shelf.put("b", told); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { shelf.put("a", told); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { shelf.put_if_absent("b", told); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { shelf.update("b", [&](std::optional<Nested>) { return told; }); }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { column.push_back(told); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { column.extend(std::vector{told}); }), ErrorCode::invalid_argument);
    column.create_back<Words>();
    EXPECT_EQ(code_of([&] { column.set(0, told); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { column.open<Words>(told); }), ErrorCode::not_found) << "it is in the other one";
    Notes notes = txn.dict<std::string, AnyValue>("notes");
    EXPECT_EQ(code_of([&] { notes.put("a", told); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { notes.put("a", AnyList{{told}}); }), ErrorCode::invalid_argument);
    Dict<AnyValue, std::string> by_any = txn.dict<AnyValue, std::string>("by any");
    EXPECT_EQ(code_of([&] { by_any.put(told, "x"); }), ErrorCode::invalid_argument);
    Records<AnyValue> rows = txn.records<AnyValue>("rows");
    EXPECT_EQ(code_of([&] { rows.append(Records<AnyValue>::Row{{"field", told}}); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { txn.records<Nested>("others"); }), ErrorCode::invalid_argument);
    EXPECT_EQ(shelf.size(), 1u);
    EXPECT_EQ(column.size(), 1u);
  });
  expect_sound(db);
}

// A handle of a transaction on one database is of no use for another.
TEST(Nested, PlacesAreOfThisDatabaseAndTransaction) {
  Database db = Database::temporary(quick_options());
  Database other = Database::temporary(quick_options());
  Shelf foreign = other.dict<std::string, Nested>("shelf");
  foreign.create<Words>("a");
  Shelf own = db.dict<std::string, Nested>("shelf");
  own.create<Words>("a");
  WriteTxn txn = db.begin_write();
  EXPECT_EQ(code_of([&] { txn.move(foreign.place("a"), own.place("b")); }), ErrorCode::invalid_argument);
  txn.move(own.place("a"), own.place("b"));
  const Place old = txn.dict<std::string, Nested>("shelf").place("b");
  txn.commit();
  txn = db.begin_write();
  EXPECT_EQ(code_of([&] { txn.move(old, own.place("c")); }), ErrorCode::ended);
  EXPECT_EQ(code_of([&] { txn.move(Place({}, "x"), own.place("c")); }), ErrorCode::ended);
}

TEST(Nested, MovesKeepTheOrderOfListsAndDropWhatIsThere) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Column column = txn.list<Nested>("column");
    for (int i = 0; i < 4; ++i) column.create_back<Numbers>().push_back(i);
    const auto order = [&] {
      std::string text;
      for (const Nested item : column) text += std::to_string(column.open<Numbers>(item).at(0));
      return text;
    };
    txn.move(column.place(0), column.place(3));
    EXPECT_EQ(order(), "1230");
    txn.move(column.place(3), column.place(1));
    EXPECT_EQ(order(), "1023");
    EXPECT_EQ(code_of([&] { txn.move(column.place(0), column.place(4)); }), ErrorCode::out_of_range);
    EXPECT_EQ(code_of([&] { txn.move(column.place(4), column.place(0)); }), ErrorCode::not_found);
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    shelf.create<Shelf>("a").create<Numbers>("b").push_back(9);
    // What is replaced may be what it came from.
    txn.move(shelf.open<Shelf>("a").place("b"), shelf.place("a"));
    EXPECT_EQ(shelf.open<Numbers>("a").at(0), 9);
    txn.move(shelf.place("a"), shelf.place("a"));
    EXPECT_EQ(shelf.open<Numbers>("a").at(0), 9);
    EXPECT_EQ(code_of([&] { txn.move(shelf.place("a"), "column"); }), ErrorCode::exists);
    EXPECT_EQ(code_of([&] { txn.move(shelf.place("a"), ""); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { txn.move("nothing", shelf.place("x")); }), ErrorCode::not_found);
    EXPECT_EQ(code_of([&] { txn.move(shelf.place("a"), Place("column")); }), ErrorCode::exists);
    Numbers plain = txn.list<std::int64_t>("plain");
    EXPECT_EQ(code_of([&] { txn.any("plain").create_at(0, Words::types); }), ErrorCode::wrong_type);
    txn.move("plain", "renamed");
    EXPECT_TRUE(txn.has("renamed"));
  });
  EXPECT_EQ(db.info().dropped_collections, 0u);
  expect_sound(db);
}

// The system that this replaces had no check: a collection could be put into itself.
TEST(Nested, CannotComeToLieInItself) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Shelf top = txn.dict<std::string, Nested>("top");
    Shelf middle = top.create<Shelf>("middle");
    Shelf bottom = middle.create<Shelf>("bottom");
    EXPECT_EQ(code_of([&] { txn.move("top", top.place("x")); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { txn.move("top", bottom.place("x")); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { txn.move(top.place("middle"), bottom.place("x")); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { txn.move(top.place("middle"), middle.place("x")); }), ErrorCode::invalid_argument);
    txn.move(middle.place("bottom"), top.place("x"));  // up is no cycle
    txn.move(top.place("middle"), bottom.place("y"));
    EXPECT_EQ(top.open<Shelf>("x").open<Shelf>("y").size(), 0u);
  });
  expect_sound(db);
}

TEST(Nested, StandsBesideOtherValuesOfAny) {
  Database db = Database::temporary(quick_options());
  Notes notes = db.dict<std::string, AnyValue>("notes");
  notes.put("number", 5);
  Words words = notes.create<Words>("words");  // the flag of the record comes with the first one
  words.push_back("a");
  notes.put("other", 6);
  EXPECT_EQ(notes.at("words"), AnyValue(Nested{std::get<Nested>(notes.at("words")).id}));
  EXPECT_EQ(code_of([&] { notes.open<Words>("number"); }), ErrorCode::wrong_type);
  EXPECT_EQ(notes.open<Words>("words").at(0), "a");
  notes.put("words", "text in its place");
  EXPECT_EQ(db.info().nested_collections, 0u);
  EXPECT_EQ(code_of([&] { words.size(); }), ErrorCode::not_found);
  List<AnyValue> list = db.list<AnyValue>("list");
  list.push_back(1);
  list.create<Words>(0).push_back("b");
  list.set(0, 2);
  EXPECT_EQ(db.info().nested_collections, 0u);
  AnyCollection any = db.any("list");
  any.create_at(1, Numbers::types).push_back(9);
  EXPECT_EQ(any.open_at(1).at(0).value, AnyValue(9));
  EXPECT_EQ(any.open(std::get<Nested>(any.at(1).value)).size(), 1u);
  AnyCollection any_notes = db.any("notes");
  any_notes.create("deep", Shelf::types).create("er", Numbers::types).push_back(1);
  EXPECT_EQ(any_notes.open("deep").open("er").size(), 1u);
  db.write([](WriteTxn& txn) { txn.move(txn.any("notes").place("deep"), txn.any("list").place_at(0)); });
  EXPECT_EQ(any.open_at(0).open("er").size(), 1u);
  expect_sound(db);
}

// Keys of dicts over a quarter page lie in the value.
TEST(Nested, HasKeysOfAnyLength) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  const std::string key(60'000, 'k');
  shelf.create<Words>(key).push_back("a");
  EXPECT_EQ(shelf.open<Words>(key).at(0), "a");
  db.write([&](WriteTxn& txn) { txn.move(shelf.place(key), shelf.place(key + "2")); });
  shelf.create<Words>(key + "2");
  EXPECT_EQ(db.info().nested_collections, 1u);
  EXPECT_EQ(code_of([&] { shelf.create<Words>(key + key); }), ErrorCode::too_long);
  shelf.clear();
  EXPECT_EQ(db.info().nested_collections, 0u);
  expect_sound(db);
}

// User strings could alias its references. Here a reference is a type of its own.
TEST(Nested, NoValueOfAUserIsTakenForOne) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    shelf.create<Words>("a");
    Codec<Nested>::Scratch scratch;
    const std::string bytes(Codec<Nested>::encode_value(shelf.at("a"), scratch));
    std::string any_bytes;
    detail::append_any(any_bytes, shelf.at("a"));
    Dict<std::string, std::string> texts = txn.dict<std::string, std::string>("texts");
    Notes notes = txn.dict<std::string, AnyValue>("notes");
    for (const std::string& text : {bytes, any_bytes, std::string("#2"), std::string("#2 ")}) {
      texts.put(text, text);
      notes.put(text, text);
      EXPECT_EQ(code_of([&] { notes.open<Words>(text); }), ErrorCode::wrong_type);
    }
    texts.clear();
    notes.clear();
    EXPECT_EQ(shelf.open<Words>("a").size(), 0u);
  });
  expect_sound(db);
}

TEST(Nested, GoesBackWithSavepointsAndRollbacks) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Shelf shelf = txn.dict<std::string, Nested>("shelf");
    shelf.create<Words>("a").push_back("a");
    shelf.create<Level>("level").create<Words>(1).push_back("deep");
  });
  WriteTxn txn = db.begin_write();
  Shelf shelf = txn.dict<std::string, Nested>("shelf");
  Savepoint point = txn.savepoint();
  Words kept = shelf.open<Words>("a");
  Words made = shelf.create<Words>("b");
  shelf.erase("level");
  txn.move(shelf.place("a"), "a");
  point.rollback();
  EXPECT_EQ(code_of([&] { made.size(); }), ErrorCode::not_found);
  EXPECT_EQ(kept.size(), 1u);
  EXPECT_EQ(shelf.open<Level>("level").open<Words>(1).at(0), "deep");
  EXPECT_FALSE(txn.has("a"));
  EXPECT_EQ(shelf.size(), 2u);
  shelf.erase("a");
  txn.commit();
  EXPECT_EQ(db.info().nested_collections, 2u);
  expect_sound(db);
}

// However much lies below, at any depth; by a handle of a transaction and by one without.
TEST(Nested, IsGoneWithWhatItLiesIn) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  Level level = shelf.create<Level>("level");
  Words words = level.create<Shelf>(1).create<Words>("words");
  words.push_back("a");
  {
    WriteTxn txn = db.begin_write();
    Shelf inside = txn.dict<std::string, Nested>("shelf");
    Shelf below = inside.open<Level>("level").open<Shelf>(1);
    Words kept = below.open<Words>("words");
    Savepoint point = txn.savepoint();
    inside.erase("level");
    EXPECT_EQ(code_of([&] { kept.size(); }), ErrorCode::not_found);
    EXPECT_EQ(code_of([&] { kept.push_back("x"); }), ErrorCode::not_found);
    EXPECT_EQ(code_of([&] { below.create<Words>("x"); }), ErrorCode::not_found);
    EXPECT_EQ(code_of([&] { txn.move(below.place("words"), "saved"); }), ErrorCode::not_found);
    point.rollback();
    EXPECT_EQ(kept.size(), 1u);
    kept.push_back("b");
    inside.erase("level");
    txn.commit();
  }
  EXPECT_EQ(code_of([&] { words.size(); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { words.push_back("x"); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { level.open<Shelf>(1); }), ErrorCode::not_found);
  expect_sound(db);
}

// By its id a collection is found wherever it is now.
TEST(Nested, IsFoundByIdAfterMovesAndRenames) {
  Database db = Database::temporary(quick_options());
  Shelf shelf = db.dict<std::string, Nested>("shelf");
  shelf.create<Words>("words").push_back("a");
  db.list<std::int64_t>("numbers").push_back(1);
  const std::uint64_t words = shelf.at("words").id, numbers = db.collections()[0].id;
  EXPECT_EQ(db.any(words).at(0).value, AnyValue("a"));
  const ReadTxn before = db.read();
  db.rename("numbers", "old");
  db.write([&](WriteTxn& txn) {
    Shelf other = txn.dict<std::string, Nested>("other");
    txn.move(txn.dict<std::string, Nested>("shelf").place("words"), other.place("there"));
    txn.drop("shelf");
    txn.any(words).push_back("b");
    EXPECT_EQ(txn.any(numbers).name(), "old");
  });
  EXPECT_EQ(db.any(words).size(), 2u);
  EXPECT_EQ(db.any(numbers).name(), "old");
  EXPECT_EQ(before.any(words).size(), 1u) << "as it was";
  EXPECT_EQ(before.any(numbers).name(), "numbers");
  db.write([&](WriteTxn& txn) {
    txn.drop("other");
    EXPECT_EQ(code_of([&] { txn.any(words); }), ErrorCode::not_found);
  });
  EXPECT_EQ(code_of([&] { db.any(words); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { db.read().any(words); }), ErrorCode::not_found);
  EXPECT_EQ(code_of([&] { db.any(std::uint64_t{12345}); }), ErrorCode::not_found);
  expect_sound(db);
}

// What a transaction remembers of collections is bounded by the handles that live.
TEST(Nested, ManyAreMadeAndReadInOneTransaction) {
  Database db = Database::temporary(quick_options());
  db.write([](WriteTxn& txn) {
    Level level = txn.sorted_map<std::int64_t, Nested>("level");
    const Numbers first = level.create<Numbers>(0);
    for (int i = 1; i < 5000; ++i) level.create<Numbers>(i).extend(std::vector<std::int64_t>{i, i + 1});
    Savepoint point = txn.savepoint();
    for (int i = 1; i < 5000; ++i) ASSERT_EQ(level.open<Numbers>(i).at(1), i + 1);
    for (int i = 0; i < 5000; ++i) level.open<Numbers>(i).push_back(7);
    EXPECT_EQ(first.size(), 1u);
    point.rollback();
    EXPECT_EQ(first.size(), 0u);
    EXPECT_EQ(level.open<Numbers>(4999).size(), 2u);
  });
  EXPECT_EQ(db.info().nested_collections, 5000u);
  expect_sound(db);
}

TEST(Nested, StaysWhereTheLastItemTakesAnothersPlace) {
  Database db = Database::temporary(quick_options());
  List<AnyValue> list = db.list<AnyValue>("list");
  for (int i = 0; i < 4; ++i) list.create_back<Numbers>().push_back(i);
  list.push_back("text");
  list.swap_erase(0);
  EXPECT_EQ(list.at(0), AnyValue("text"));
  list.swap_erase(1);
  EXPECT_EQ(list.open<Numbers>(1).at(0), 3);
  EXPECT_EQ(list.open<Numbers>(2).at(0), 2);
  list.swap_erase(2);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(db.info().nested_collections, 1u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
