// WriteSession on a temporary database: applying redo operations, and what a failure half way does.
#include "collections/session.h"

#include <gtest/gtest.h>

#include "collections/environment.h"
#include "collections/testing.h"
#include "os/sim_disk.h"

namespace sapwood::collections {
namespace {

constexpr CollectionTypes kTexts{CollectionKind::list, ValueType::none, ValueType::string};
constexpr CollectionTypes kMasses{CollectionKind::sorted_map, ValueType::string, ValueType::float64};
constexpr Bytes kOne("\0\0\0\0\0\0\xf0\x3f", 8);

Options small_pages() {
  Options options;
  options.page_size = 512;
  return options;
}

std::string text_of(const tree::ValueView& value) {
  std::string text;
  value.read(text);
  return text;
}

class Apply : public testing::Test {
 protected:
  void apply(const Operation& operation) {
    std::string bytes;
    encode_operation(bytes, operation);
    Bytes rest = bytes;
    session_.apply(decode_operation(rest));
  }
  tree::TreeReader tree(u64 id) { return session_.reader(*session_.find(id)); }

  std::shared_ptr<Environment> environment_ = Environment::open("", small_pages());
  std::unique_ptr<storage::WriteTransaction> txn_ = environment_->engine().begin_write(std::chrono::milliseconds(-1));
  WriteSession session_{*txn_, false};
};

TEST_F(Apply, EveryOperation) {
  apply({.kind = OperationKind::create, .id = 7, .types = kTexts, .name = "texts"});
  apply({.kind = OperationKind::create, .id = 9, .types = kMasses, .name = "masses"});
  for (u64 i = 0; i < 50; ++i) {
    const std::string text = std::to_string(i);
    apply({.kind = OperationKind::list_insert, .id = 7, .value = text, .index = i});
    apply({.kind = OperationKind::put, .id = 9, .key = text, .value = kOne});
  }
  apply({.kind = OperationKind::list_set, .id = 7, .value = "first", .index = 0});
  apply({.kind = OperationKind::list_erase, .id = 7, .index = 1, .count = 48});
  apply({.kind = OperationKind::erase, .id = 9, .key = "0"});
  Operation range{.kind = OperationKind::erase_range, .id = 9};
  range.low = "2";
  apply(range);
  apply({.kind = OperationKind::rename, .id = 9, .name = "renamed"});
  EXPECT_EQ(tree(7).size(), 2u);
  EXPECT_EQ(text_of(tree(7).at(0)), "first");
  EXPECT_EQ(text_of(tree(7).at(1)), "49");
  EXPECT_EQ(tree(9).size(), 11u) << "1, 10..19";
  EXPECT_EQ(session_.find("renamed"), session_.find(9));
  apply({.kind = OperationKind::clear, .id = 9});
  apply({.kind = OperationKind::drop, .id = 7});
  EXPECT_EQ(tree(9).size(), 0u);
  EXPECT_EQ(session_.find(u64{7}), nullptr);
  EXPECT_EQ(session_.create("next", kTexts).record.id, 10u) << "ids go on after those that were replayed";
}

TEST_F(Apply, WhatDoesNotFitIsCorrupt) {
  apply({.kind = OperationKind::create, .id = 7, .types = kTexts, .name = "texts"});
  apply({.kind = OperationKind::create, .id = 9, .types = kMasses, .name = "masses"});
  const std::string long_key(129, 'k');
  const Operation unfit[] = {
      {.kind = OperationKind::create, .id = 7, .types = kTexts, .name = "other"},
      {.kind = OperationKind::create, .id = 11, .types = kTexts, .name = "texts"},
      {.kind = OperationKind::create, .id = u64{1} << 32, .types = kTexts, .name = "zero"},
      {.kind = OperationKind::create, .id = 11, .types = kTexts, .name = ""},
      {.kind = OperationKind::drop, .id = 8},
      {.kind = OperationKind::put, .id = 7, .key = "k", .value = "v"},
      {.kind = OperationKind::put, .id = 9, .key = "k", .value = "not eight bytes"},
      {.kind = OperationKind::put, .id = 9, .key = long_key, .value = kOne},
      {.kind = OperationKind::erase_range, .id = 7},
      {.kind = OperationKind::list_insert, .id = 9, .value = "v", .index = 0},
      {.kind = OperationKind::list_insert, .id = 7, .value = "v", .index = 1},
      {.kind = OperationKind::list_set, .id = 7, .value = "v", .index = 0},
      {.kind = OperationKind::list_erase, .id = 7, .index = 0, .count = 1},
      {.kind = OperationKind::list_erase, .id = 7, .index = 0, .count = ~u64{0}},
      {.kind = OperationKind::rename, .id = 7, .name = "masses"},
      {.kind = OperationKind::rename, .id = 7, .name = "\xff"},
  };
  for (const Operation& operation : unfit) {
    EXPECT_EQ(code_of([&] { apply(operation); }), ErrorCode::corrupt) << static_cast<int>(operation.kind);
  }
  apply({.kind = OperationKind::put, .id = 9, .key = "k", .value = kOne});
  EXPECT_EQ(tree(9).size(), 1u) << "nothing was changed, so the session is not poisoned";
}

TEST_F(Apply, SeveralValuesGoToTheEndOfAListWithFixedLeaves) {
  const CollectionTypes doubles{CollectionKind::list, ValueType::none, ValueType::float64};
  apply({.kind = OperationKind::create, .id = 7, .types = doubles, .name = "doubles"});
  std::string many;
  for (int i = 0; i < 200; ++i) many += kOne;
  apply({.kind = OperationKind::list_insert, .id = 7, .value = many, .index = 0});
  apply({.kind = OperationKind::list_insert, .id = 7, .value = many, .index = 200});
  apply({.kind = OperationKind::list_insert, .id = 7, .value = kOne, .index = 3});
  EXPECT_EQ(tree(7).size(), 401u);
  EXPECT_EQ(text_of(tree(7).at(400)), kOne);
  const Operation unfit[] = {
      {.kind = OperationKind::list_insert, .id = 7, .value = many, .index = 400},
      {.kind = OperationKind::list_insert, .id = 7, .value = Bytes(many).substr(1), .index = 401},
  };
  for (const Operation& operation : unfit) {
    EXPECT_EQ(code_of([&] { apply(operation); }), ErrorCode::corrupt);
  }
}

// Records are stored, with pages kept back for that, inside of changes that may be erases.
TEST_F(Apply, PagesKeptBackAreForTheWholeErase) {
  using Reserve = storage::WriteTransaction::Reserve;
  {
    const ReserveUse erase(*txn_);
    { const ReserveUse store(*txn_); }
    EXPECT_EQ(txn_->reserve(), Reserve::erase);
  }
  EXPECT_EQ(txn_->reserve(), Reserve::none);
}

TEST_F(Apply, CheckTellsOfBytesThatAreNoRow) {
  const CollectionTypes rows{CollectionKind::records, ValueType::none, TypeInfo(ValueType::float64).as_row()};
  apply({.kind = OperationKind::create, .id = 7, .types = rows, .name = "rows"});
  apply({.kind = OperationKind::list_insert, .id = 7, .value = Bytes("\1\0", 2), .index = 0});
  apply({.kind = OperationKind::list_insert, .id = 7, .value = "no row", .index = 1});
  session_.flush();
  txn_->commit(Durability::async);
  const ScopedSnapshot snapshot(environment_->engine());
  std::vector<std::string> findings;
  check_collections(snapshot->pages, snapshot->descriptor, 0, {}, 0, findings);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NE(findings[0].find("records 'rows': entry 1"), std::string::npos) << findings[0];
}

TEST(Session, AFailureAfterTheFirstChangePoisons) {
  os::SimDisk disk;
  const std::unique_ptr<os::SimProcess> process = disk.start_process();
  Options options = small_pages();
  options.env = process.get();
  options.dirty_limit = 0;  // every change writes to the file
  const std::shared_ptr<Environment> environment = Environment::open("/a", options);
  {
    const auto txn = environment->engine().begin_write(std::chrono::milliseconds(-1));
    WriteSession session(*txn, true);
    OpenCollection& list = session.create("list", kTexts);
    session.insert(list, 0, "before");
    disk.set_fault(
        {.call = os::Call::write, .nth = 1, .for_good = true, .kind = os::FaultKind::io, .path_suffix = "/a"});
    EXPECT_EQ(code_of([&] { session.insert(list, 1, "fails"); }), ErrorCode::io);
    disk.clear_fault();
    EXPECT_EQ(code_of([&] { session.insert(list, 1, "x"); }), ErrorCode::poisoned);
    EXPECT_EQ(code_of([&] { session.check_usable(list); }), ErrorCode::poisoned);
    EXPECT_EQ(code_of([&] { session.find("list"); }), ErrorCode::poisoned);
    EXPECT_EQ(code_of([&] { session.save(); }), ErrorCode::poisoned);
    EXPECT_EQ(code_of([&] { session.flush(); }), ErrorCode::poisoned);
  }
  const auto txn = environment->engine().begin_write(std::chrono::milliseconds(-1));
  WriteSession session(*txn, true);
  EXPECT_EQ(session.find("list"), nullptr) << "the next transaction starts from the last commit";
  session.insert(session.create("list", kTexts), 0, "works");
}

}  // namespace
}  // namespace sapwood::collections
