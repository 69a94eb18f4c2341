// Random operations on databases against std::map and std::vector, with page sizes from the smallest to the largest.
#include <gtest/gtest.h>

#include "tests/support/model_run.h"

namespace sapwood::test {
namespace {

// Everything, with collections of some hundreds of entries: pages of 512 bytes make trees of height four of that.
TEST(Model, SmallPages) {
  ModelRun run{.seed = test_seed(), .operations = scaled(60'000)};
  run.scale = {.page_size = 512, .keys = 500, .max_items = 800, .max_value = 3000, .big_commit = 200'000};
  run_model(run);
}

TEST(Model, UsualPages) {
  ModelRun run{.seed = test_seed(), .operations = scaled(40'000)};
  run.scale = {.page_size = 4096, .keys = 3000, .max_items = 3000, .max_value = 20'000, .big_commit = 300'000};
  run_model(run);
}

TEST(Model, LargePages) {
  ModelRun run{.seed = test_seed(), .operations = scaled(20'000)};
  run.scale = {.page_size = 65536, .keys = 2000, .max_items = 2000, .max_value = 200'000, .big_commit = 300'000};
  run_model(run);
}

// Long transactions that write pages before they commit, with many savepoints.
TEST(Model, LongTransactionsSpill) {
  ModelRun run{.seed = test_seed(), .operations = scaled(40'000), .log_size = 8192, .dirty_limit = 16 << 10};
  run.scale = {.page_size = 512, .keys = 2000, .max_items = 2000, .max_value = 2000, .big_commit = 50'000};
  run.mix[OperationKind::commit] = 3;
  run.mix[OperationKind::verify] = 1;
  run.mix[OperationKind::savepoint] = 20;
  run.mix[OperationKind::roll_back_to] = 10;
  run_model(run);
}

// Tall trees of small entries: two collections, many keys.
TEST(Model, TallTrees) {
  ModelRun run{.seed = test_seed(), .operations = scaled(60'000)};
  run.scale = {.page_size = 512, .keys = 20'000, .max_items = 20'000, .max_value = 100, .big_commit = 100'000};
  run.mix.collections = 4;
  run.mix[OperationKind::erase_range] = 1;
  run.mix[OperationKind::drop] = 0;
  run.mix[OperationKind::clear] = 0;
  run.mix[OperationKind::bulk_load] = 0;
  run.mix[OperationKind::erase_if] = 0;
  run.mix[OperationKind::extend] = 60;
  run.mix[OperationKind::commit] = 4;
  run.mix[OperationKind::roll_back] = 0;
  run.mix[OperationKind::savepoint] = 1;
  run.mix[OperationKind::take_snapshot] = 1;
  run.mix[OperationKind::verify] = 0;
  run.mix[OperationKind::reopen] = 0;
  run.mix.automatic_percent = 0;
  run_model(run);
}

// Values of up to 10 MB beside small ones, through log records and through commits by checkpoint.
TEST(Model, BigValues) {
  ModelRun run{.seed = test_seed(), .operations = scaled(600), .log_size = 1 << 20, .disk_bytes = u64{2} << 30};
  run.scale = {.page_size = 4096, .keys = 40, .max_items = 40, .max_value = 10 << 20, .big_commit = 3 << 20};
  run_model(run);
}

// Sixteen different hashes for all keys of dicts and sets.
TEST(Model, EqualHashes) {
  ModelRun run{.seed = test_seed(), .operations = scaled(30'000), .key_hash_bits = 4};
  run.scale = {.page_size = 512, .keys = 1000, .max_items = 1000, .max_value = 1000, .big_commit = 100'000};
  run_model(run);
}

// Commits of durability `none` between the others; a clean close keeps them.
TEST(Model, DurabilityNone) {
  ModelRun run{.seed = test_seed(), .operations = scaled(20'000)};
  run.scale = {.page_size = 1024, .keys = 500, .max_items = 800};
  run.mix.none_percent = 40;
  run.mix[OperationKind::reopen] = 10;
  run_model(run);
}

}  // namespace
}  // namespace sapwood::test
