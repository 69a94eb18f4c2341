// Records<V> through transactions, and without.
#include "sapwood/records.h"

#include <gtest/gtest.h>

#include "db/testing.h"

namespace sapwood {
namespace {

using Strings = std::vector<std::string>;
using Texts = Records<std::string>;
using Row = Texts::Row;

static_assert(std::ranges::random_access_range<Texts>);
static_assert(std::ranges::input_range<Texts::Column>);

Row wide_row(int fields, const std::string& salt = "") {
  Row row;
  for (int i = 0; i < fields; ++i) row["field " + std::to_string(i)] = "value " + std::to_string(i) + salt;
  return row;
}

TEST(Records, RowsHaveFieldsOfTheirOwn) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  rows.append({{"name", "water"}, {"formula", "H2O"}});
  rows.append({{"name", "argon"}});
  rows.insert(1, {{"smell", "none"}});
  EXPECT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.get(0), (Row{{"formula", "H2O"}, {"name", "water"}}));
  EXPECT_EQ(rows.get(1), (Row{{"smell", "none"}}));
  EXPECT_EQ(rows.get(2), (Row{{"name", "argon"}}));
  EXPECT_EQ(rows.field(0, "formula"), "H2O");
  EXPECT_EQ(rows.field(1, "formula"), std::nullopt);
  EXPECT_EQ(rows.fields(0), (Strings{"formula", "name"}));
  EXPECT_TRUE(rows.contains(2, "name"));
  EXPECT_FALSE(rows.contains(2, "smell"));
  EXPECT_EQ(rows.get(0, {"name", "smell"}), (Row{{"name", "water"}}));
  rows.erase(0);
  rows.set(0, {{"name", "neon"}});
  EXPECT_EQ(items_of(rows), (std::vector<std::optional<Row>>{Row{{"name", "neon"}}, Row{{"name", "argon"}}}));
  expect_sound(db);
}

TEST(Records, APlaceholderIsNotARowWithoutFields) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  rows.append(Row{});
  rows.append(std::nullopt);
  rows.append_placeholders(2);
  EXPECT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows.get(0), Row{});
  EXPECT_FALSE(rows.is_placeholder(0));
  for (std::uint64_t i = 1; i < 4; ++i) {
    EXPECT_EQ(rows.get(i), std::nullopt);
    EXPECT_TRUE(rows.is_placeholder(i));
  }
  EXPECT_EQ(rows.fields(1), Strings{});
  EXPECT_EQ(rows.field(1, "name"), std::nullopt);
  EXPECT_EQ(rows.get(1, {"name"}), Row{});
  rows.update(2, {{"name", "helium"}});
  EXPECT_EQ(rows.get(2), (Row{{"name", "helium"}}));
  rows.update(3, {});
  EXPECT_EQ(rows.get(3), Row{});
  rows.set(0, std::nullopt);
  EXPECT_TRUE(rows.is_placeholder(0));
  EXPECT_FALSE(rows.drop(0, {"name"}));
  EXPECT_TRUE(rows.is_placeholder(0));
  expect_sound(db);
}

TEST(Records, FieldsMayHaveAnyName) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  const std::string longest(kMaxFieldName, 'n');
  const Row row{{"", "empty"}, {"two\nlines", "lines"}, {std::string("\0\xff", 2), "bytes"}, {longest, "long"}};
  rows.append(row);
  EXPECT_EQ(rows.get(0), row);
  for (const auto& [name, value] : row) EXPECT_EQ(rows.field(0, name), value);
  EXPECT_EQ(rows.field(0, "two"), std::nullopt);
  EXPECT_EQ(code_of([&] { rows.append({{longest + "n", "x"}}); }), ErrorCode::too_long);
  EXPECT_EQ(rows.size(), 1u);
  expect_sound(db);
}

TEST(Records, UpdateMergesAndDropRemoves) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  for (int i = 0; i < 50; ++i) rows.append({{"id", std::to_string(i)}, {i % 2 == 0 ? "even" : "odd", "yes"}});
  rows.append_placeholders(1);
  rows.update(7, {{"id", "seven"}, {"note", "lucky"}});
  EXPECT_EQ(rows.get(7), (Row{{"id", "seven"}, {"note", "lucky"}, {"odd", "yes"}}));
  EXPECT_TRUE(rows.drop(7, {"id", "absent"}));
  EXPECT_EQ(rows.get(7), (Row{{"note", "lucky"}, {"odd", "yes"}}));
  EXPECT_EQ(rows.drop({"odd", "note"}), 25u);
  EXPECT_EQ(rows.get(7), Row{});
  EXPECT_EQ(rows.get(8), (Row{{"even", "yes"}, {"id", "8"}}));
  EXPECT_TRUE(rows.is_placeholder(50));
  EXPECT_EQ(rows.drop({"odd"}), 0u);
  expect_sound(db);
}

TEST(Records, DropInsideATransactionIsUndoneWithIt) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto rows = txn.records<std::string>("rows");
  for (int i = 0; i < 300; ++i) rows.append(wide_row(20, std::to_string(i)));
  Savepoint point = txn.savepoint();
  EXPECT_EQ(rows.drop({"field 3"}), 300u);
  EXPECT_EQ(rows.fields(299).size(), 19u);
  point.rollback();
  EXPECT_EQ(rows.fields(299).size(), 20u);
  txn.commit();
  expect_sound(db);
}

TEST(Records, ColumnsAreStreams) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<double>("rows");
  for (int i = 0; i < 500; ++i) {
    if (i % 5 == 0) rows.append(std::nullopt);
    else rows.append({{"even half", i * 0.5}, {"other", 0.0}});
  }
  std::uint64_t next = 0;
  for (const auto& [index, value] : rows.column("even half")) {
    EXPECT_EQ(index, next);
    EXPECT_EQ(value, index % 5 == 0 ? std::nullopt : std::optional(static_cast<double>(index) * 0.5));
    ++next;
  }
  EXPECT_EQ(next, 500u);
  double sum = 0;
  for (const auto& [index, value] : rows.column("even half", 10, 4)) sum += value.value_or(0);
  EXPECT_EQ(sum, 5.5 + 6 + 6.5);
  for (const auto& [index, value] : rows.column("absent")) EXPECT_EQ(value, std::nullopt);
  EXPECT_EQ(code_of([&] { rows.column("other", 499, 2); }), ErrorCode::out_of_range);
}

TEST(Records, AColumnOfAWriteTransactionStaysAsItWas) {
  Database db = Database::temporary(quick_options());
  WriteTxn txn = db.begin_write();
  auto rows = txn.records<std::int64_t>("rows");
  for (int i = 0; i < 200; ++i) rows.append({{"n", i}});
  std::int64_t next = 0;
  for (const auto& [index, value] : rows.column("n")) {
    ASSERT_EQ(value, next++);
    rows.update(index, {{"n", -1}});
  }
  EXPECT_EQ(next, 200);
  EXPECT_EQ(rows.field(0, "n"), -1);
}

TEST(Records, ManyRowsAreReadInOneState) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  for (int i = 0; i < 100; ++i) rows.append(wide_row(3, " of " + std::to_string(i)));
  rows.append(std::nullopt);
  std::vector<std::uint64_t> wanted;
  for (std::uint64_t i = 0; i < 60; ++i) wanted.push_back((i * 37) % 101);
  const auto whole = rows.get_many(wanted);
  const auto parts = rows.get_many(wanted, {"field 2", "absent"});
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(whole[i], rows.get(wanted[i]));
    EXPECT_EQ(parts[i], rows.get(wanted[i], {"field 2"}));
  }
  EXPECT_EQ(code_of([&] { rows.get_many(std::vector<std::uint64_t>{0, 101}, {"a"}); }), ErrorCode::out_of_range);
  EXPECT_EQ(rows.sample(200, 1).size(), 101u);
}

TEST(Records, WideAndLargeRowsAreReadByTheField) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  Row row = wide_row(1000);
  row["large"] = std::string(5 << 20, 'x');  // in runs of their own
  row["tail"] = "after it";
  rows.append(row);
  rows.append(wide_row(1000, "!"));
  EXPECT_EQ(rows.get(0), row);
  for (int i = 0; i < 1000; i += 37) {
    EXPECT_EQ(rows.field(0, "field " + std::to_string(i)), "value " + std::to_string(i));
    EXPECT_EQ(rows.field(1, "field " + std::to_string(i)), "value " + std::to_string(i) + "!");
  }
  EXPECT_EQ(rows.field(0, "tail"), "after it");
  EXPECT_EQ(rows.field(0, "large"), row["large"]);
  EXPECT_EQ(rows.field(0, "field 1000"), std::nullopt);
  expect_sound(db);
}

TEST(Records, ADirectoryLargerThanARunIsSearchedInParts) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::int32_t>("rows");
  Records<std::int32_t>::Row row;
  for (int i = 0; i < 150000; ++i) row["f" + std::to_string(i)] = i;
  rows.append(row);
  for (int i = 0; i < 150000; i += 4999) EXPECT_EQ(rows.field(0, "f" + std::to_string(i)), i);
  EXPECT_EQ(rows.fields(0).size(), row.size());
  EXPECT_EQ(rows.get(0), row);
  expect_sound(db);
}

TEST(Records, ViewsNeedATransaction) {
  Database db = Database::temporary(quick_options());
  db.records<std::string>("rows").append({{"name", "xenon"}});
  const ReadTxn txn = db.read();
  const auto rows = txn.records<std::string>("rows");
  EXPECT_EQ(rows.field_view(0, "name"), "xenon");
  EXPECT_EQ(rows.field_view(0, "mass"), std::nullopt);
  EXPECT_EQ(code_of([&] { db.records<std::string>("rows").field_view(0, "name"); }), ErrorCode::invalid_argument);
}

TEST(Records, PositionsPastTheEndAreRefused) {
  Database db = Database::temporary();
  auto rows = db.records<std::string>("rows");
  rows.append({{"a", "1"}});
  EXPECT_EQ(code_of([&] { rows.get(1); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { rows.field(1, "a"); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { rows.fields(1); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { rows.is_placeholder(1); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { rows.update(1, {}); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { rows.drop(1, {"a"}); }), ErrorCode::out_of_range);
  EXPECT_EQ(code_of([&] { rows.set(1, Row{}); }), ErrorCode::out_of_range);
  EXPECT_EQ(rows.get(0), (Row{{"a", "1"}}));
}

TEST(Records, AreFilledInOneTransaction) {
  Database db = Database::temporary(quick_options());
  auto rows = db.records<std::string>("rows");
  const std::vector<Row> three{{{"n", "0"}}, {{"n", "1"}}, {{"n", "2"}}};
  rows.bulk_load(three);
  rows.extend(three);
  rows.insert_range(1, std::vector<std::optional<Row>>{std::nullopt});
  rows.assign(0, 1, std::vector<Row>{Row{}});
  EXPECT_EQ(rows.size(), 7u);
  EXPECT_EQ(rows.get(0), Row{});
  EXPECT_EQ(rows.get(1), std::nullopt);
  EXPECT_EQ(rows.field(6, "n"), "2");
  EXPECT_EQ(rows.erase_if([](const std::optional<Row>& row) { return row && row->contains("n"); }), 5u);
  EXPECT_EQ(rows.size(), 2u);
  expect_sound(db);
}

TEST(Records, KeepTheTypeOfTheirFields) {
  TemporaryFolder folder;
  {
    Database db = Database::open(folder.file("lab.sapwood"), quick_options());
    auto rows = db.records<AnyValue>("rows");
    rows.append({{"energy", -1.5}, {"atoms", AnyList{{"H", "O"}}}, {"steps", 3}});
    db.list<std::string>("list").push_back("a");
    db.close();
  }
  Database db = Database::open(folder.file("lab.sapwood"), quick_options());
  auto rows = db.records<AnyValue>("rows");
  EXPECT_EQ(rows.field(0, "steps"), AnyValue(3));
  EXPECT_EQ(rows.get(0)->at("atoms"), AnyValue(AnyList{{"H", "O"}}));
  EXPECT_EQ(code_of([&] { db.records<std::string>("rows"); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.list<AnyValue>("rows"); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { db.records<std::string>("list"); }), ErrorCode::wrong_type);
  EXPECT_EQ(db.any("rows").types(), Records<AnyValue>::types);
}

TEST(Records, AreMapsToThoseWhoDoNotKnowTheType) {
  Database db = Database::temporary(quick_options());
  AnyCollection any = db.any("rows", Records<double>::types);
  any.push_back(AnyMap{{{"x", 1.5}, {"a", 2}}});
  any.push_back({});
  any.insert(0, AnyMap{});
  EXPECT_EQ(any.at(1).value, AnyValue(AnyMap{{{"a", 2.0}, {"x", 1.5}}}));
  EXPECT_EQ(any.at(2).value, AnyValue());
  const auto rows = db.records<double>("rows");
  EXPECT_EQ(rows.get(0), Records<double>::Row{});
  EXPECT_EQ(rows.field(1, "a"), 2);
  EXPECT_EQ(code_of([&] { any.push_back(AnyMap{{{"x", "text"}}}); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { any.push_back(AnyMap{{{1, 1.5}}}); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { any.push_back(1.5); }), ErrorCode::wrong_type);
  EXPECT_EQ(code_of([&] { any.push_back(AnyMap{{{"x", 1.5}, {"x", 2.5}}}); }), ErrorCode::invalid_argument);
  EXPECT_EQ(any.size(), 3u);
  expect_sound(db);
}

}  // namespace
}  // namespace sapwood
