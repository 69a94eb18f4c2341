// Marks of a write transaction against a model that keeps a copy of everything for each mark.
#include "storage/testing_engine.h"

namespace sapwood::storage::testing {
namespace {

class MarksTest : public EngineTest {
 protected:
  struct Placed {
    Mark mark;
    State state;
    CatalogRoot catalog;
  };

  // One transaction of random changes and marks; the model is what it ends with.
  void run_transaction(Engine& engine, std::mt19937_64& random, State& model) {
    const std::unique_ptr<WriteTransaction> txn = engine.begin_write(std::chrono::milliseconds(-1));
    Editor editor(*txn);
    const State before = model;
    std::vector<Placed> marks;
    for (u64 step = random() % 150; step > 0; --step) {
      const u64 kind = random() % 16;
      if (kind < 9) {
        random_change(random, editor, model, 200, 1500);
      } else if (kind < 12) {
        marks.push_back({txn->mark(), model, txn->catalog()});
      } else if (kind == 12 && !marks.empty()) {
        const std::size_t at = random() % marks.size();
        txn->release(marks[at].mark);
        marks.erase(marks.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (kind == 13 && !marks.empty()) {
        const std::size_t at = random() % marks.size();
        txn->rollback_to(marks[at].mark);
        marks.resize(at + 1);
        txn->catalog() = marks[at].catalog;
        model = marks[at].state;
      } else if (kind == 14) {
        txn->release_memory();
      } else {
        // Trees read through roots taken at a mark stay as they were.
        for (const Placed& placed : marks) ASSERT_EQ(read_state(txn->reader(), placed.catalog), placed.state);
        ASSERT_EQ(editor.read(), model);
      }
    }
    if (random() % 4 == 0) {
      txn->rollback();
      model = before;
      return;
    }
    txn->commit(random() % 2 == 0 ? Durability::sync : Durability::async);
  }
};

TEST_F(MarksTest, AgreeWithAModel) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const u64 dirty_limit : {u64{1}, u64{64} << 20}) {
    disk_.set_contents(kPath, "");
    disk_.files().remove(kPath);
    options_.dirty_limit = dirty_limit;
    options_.log_size = options_.log_size_max = 1 << 20;  // records stay records, and recovery replays them
    State model;
    std::shared_ptr<Engine> engine = open();
    for (int i = 0; i < 150; ++i) {
      run_transaction(*engine, random, model);
      ASSERT_FALSE(HasFatalFailure());
      ASSERT_EQ(read_newest(*engine), model);
      ASSERT_EQ(findings(*engine), std::vector<std::string>());
      if (i % 5 != 4) continue;
      // The record holds what was committed, and nothing that was rolled back.
      crash(engine);
      engine = open();
      ASSERT_EQ(read_newest(*engine), model);
    }
    engine->close();
  }
}

TEST_F(MarksTest, ARollbackGivesAllPagesBack) {
  const std::shared_ptr<Engine> engine = open();
  std::mt19937_64 random(6);
  State model;
  commit(*engine, Durability::async, [&](Editor& editor) {
    for (int i = 0; i < 50; ++i) random_change(random, editor, model, 200, 1500);
  });
  const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
  Editor editor(*txn);
  editor.put(3, 4);
  const CatalogRoot catalog = txn->catalog();
  const Mark mark = txn->mark();
  const auto most = [&] {  // the highest page that a change takes tells whether others were given back
    u64 highest = 0;
    PageRef ref;
    for (int i = 0; i < 30; ++i) {
      txn->create(ref, PageType::leaf, 0, 1);
      highest = std::max(highest, to_u64(ref.page));
    }
    return highest;
  };
  const u64 first = most();
  for (int round = 0; round < 50; ++round) {
    txn->rollback_to(mark);
    txn->catalog() = catalog;
    State ignored;
    for (int i = 0; i < 10; ++i) random_change(random, editor, ignored, 200, 1500);
    txn->rollback_to(mark);
    txn->catalog() = catalog;
    EXPECT_LE(most(), first + 80);
  }
  txn->rollback_to(mark);
  txn->catalog() = catalog;
  txn->commit(Durability::sync);
  model.values[3] = 4;
  EXPECT_EQ(read_newest(*engine), model);
  expect_sound(*engine);
}

TEST_F(MarksTest, APageMadeAfterTheNewestMarkIsEditedInPlace) {
  const std::shared_ptr<Engine> engine = open();
  const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
  PageRef ref;
  u8* page = txn->create(ref, PageType::leaf, 0, 1);
  PageRef same = ref;
  EXPECT_EQ(txn->edit(same), page);
  EXPECT_EQ(same, ref);
  const Mark outer = txn->mark();
  PageRef copy = ref;
  EXPECT_NE(txn->edit(copy), page);
  EXPECT_NE(copy.page, ref.page);
  PageRef again = copy;
  txn->edit(again);
  EXPECT_EQ(again, copy);
  const Mark inner = txn->mark();
  txn->release(outer);  // in any order
  PageRef third = copy;
  txn->edit(third);
  EXPECT_NE(third.page, copy.page);
  txn->release(inner);
  PageRef fourth = third;
  txn->edit(fourth);
  EXPECT_EQ(fourth, third);
}

TEST_F(MarksTest, PagesReferredToTwiceAreReported) {
  const std::shared_ptr<Engine> engine = open();
  commit(*engine, Durability::async, [](Editor& editor) { editor.put(1, 1); });
  const std::unique_ptr<WriteTransaction> txn = engine->begin_write(std::chrono::milliseconds(-1));
  const PageRef root = txn->catalog().root;
  txn->free(root);
  EXPECT_EQ(code_of([&] { txn->free(root); }), ErrorCode::corrupt);
  PageRef copy = root;
  EXPECT_EQ(code_of([&] { txn->edit(copy); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { txn->free(PageRef{PageNo{5}, 1}); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { txn->free(PageRef{PageNo{~u64{0} >> 16}, 1}); }), ErrorCode::corrupt);
  // The same with a page of its own that a mark holds.
  PageRef own;
  txn->create(own, PageType::leaf, 0, 1);
  txn->mark();
  txn->free(own);
  EXPECT_EQ(code_of([&] { txn->free(own); }), ErrorCode::corrupt);
  EXPECT_EQ(code_of([&] { txn->edit(own); }), ErrorCode::corrupt);
  const Extent run = txn->allocate_run(3);
  EXPECT_EQ(code_of([&] { txn->free_run(Extent{run.start, 2}, txn->birth()); }), ErrorCode::corrupt);
  txn->rollback();
  expect_sound(*engine);
}

}  // namespace
}  // namespace sapwood::storage::testing
