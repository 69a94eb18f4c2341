// No write touches a page that a pin can reach. The pins are read from the lock file as other processes would see them:
// the readers' slots, the checkpoints, the visible head and all after it. Reachability is walked on the file's bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "collections/contents.h"
#include "os/sim_disk.h"
#include "storage/geometry.h"
#include "storage/page_reader.h"
#include "storage/versions.h"
#include "tests/support/executor.h"
#include "tests/support/sim.h"

namespace sapwood::test {
namespace {

class Oracle {
 public:
  Oracle(os::SimDisk& disk, std::string path, u32 page_size)
      : disk_(disk), path_(std::move(path)), geometry_(page_size), verified_(kMaxPages) {}

  // Notes what the newest version reaches. Call after every commit and open.
  void note_version() {
    file_ = disk_.files().open(path_, {.write = false});
    map_ = file_->map(u64{kMaxPages} << geometry_.page_shift);
    const std::string bytes = disk_.contents(path_ + "-lock");
    const auto* lock = reinterpret_cast<const storage::LockFile*>(bytes.data());
    const TxnId tip = lock->tip.load();
    const storage::LockFile::Ring& entry = lock->ring[tip % storage::kRingSize];
    ASSERT_EQ(entry.txn.load(), tip);
    std::set<u64>& pages = reachable_[tip];
    pages.clear();
    const u64 birth_height = entry.catalog_birth_height.load();
    storage::Descriptor version;
    version.catalog = {{PageNo{entry.catalog_page.load()}, static_cast<u32>(birth_height)},
                       static_cast<u8>(birth_height >> 32),
                       entry.catalog_count.load()};
    version.kept = entry.kept.load();
    version.txn = tip;
    std::fill(verified_.begin(), verified_.end(), 0);
    space_.base = map_->data();
    space_.verified = verified_.data();
    space_.page_size = geometry_.page_size;
    space_.page_shift = geometry_.page_shift;
    space_.verify_checksums = false;
    space_.verify_node = contents_.verify_node();
    contents_.walk(storage::PageReader(&space_, entry.page_count.load()), version, [&](storage::Extent extent, u32) {
      for (u64 i = 0; i < extent.pages; ++i)
        EXPECT_TRUE(pages.insert(to_u64(extent.start) + i).second) << "reached twice";
    });
    ++versions_;
  }

  // What is wrong with the operation; empty if nothing. The disk calls it before each.
  std::string judge(const os::Operation& operation) {
    if (operation.kind != os::OperationKind::write || operation.path != path_) return "";
    ++writes_;
    const std::set<TxnId> pins = find_pins();
    const bool checksum = operation.size == sizeof(u32) && operation.offset % geometry_.page_size == 0;
    for (const TxnId pin : pins) {
      if (checksum && pin != *pins.begin()) continue;  // completed for the checkpoint in progress
      const auto version = reachable_.find(pin);
      if (version == reachable_.end()) continue;
      const u64 first = operation.offset >> geometry_.page_shift;
      const u64 last = (operation.offset + operation.size - 1) >> geometry_.page_shift;
      const auto hit = version->second.lower_bound(first);
      if (hit == version->second.end() || *hit > last) continue;
      return describe(operation) + " hits page " + std::to_string(*hit) + ", which version " + std::to_string(pin) +
             " needs";
    }
    judged_ += pins.size();
    if (pins.empty()) return "";  // closed: the next opener goes on from the last version
    std::erase_if(reachable_, [&](const auto& entry) { return !pins.contains(entry.first); });
    return "";
  }

  u64 writes() const { return writes_; }
  u64 judged() const { return judged_; }
  u64 versions() const { return versions_; }

 private:
  static constexpr u64 kMaxPages = 1 << 16;

  std::set<TxnId> find_pins() const {
    std::set<TxnId> pins;
    const std::vector<std::string> paths = disk_.paths();
    if (std::find(paths.begin(), paths.end(), path_ + "-lock") == paths.end()) return pins;
    const std::string bytes = disk_.contents(path_ + "-lock");
    if (bytes.size() < sizeof(storage::LockFile)) return pins;
    const auto* lock = reinterpret_cast<const storage::LockFile*>(bytes.data());
    for (TxnId txn = lock->head.load(); txn <= lock->tip.load(); ++txn) pins.insert(txn);
    for (const u64 pin : {lock->checkpoint_txn.load(), lock->running_txn.load()}) pins.insert(pin);
    for (const storage::LockFile::Slot& slot : lock->slots) pins.insert(slot.txn.load());
    pins.erase(0);
    return pins;
  }

  os::SimDisk& disk_;
  const std::string path_;
  const storage::Geometry geometry_;
  std::unique_ptr<os::File> file_;
  std::unique_ptr<os::Mapping> map_;
  collections::CollectionContents contents_;
  std::vector<std::atomic<u32>> verified_;
  storage::PageSpace space_;
  std::map<TxnId, std::set<u64>> reachable_;
  u64 writes_ = 0;
  u64 judged_ = 0;
  u64 versions_ = 0;
};

void run(u64 seed, u32 page_size, u64 log_size, u64 count) {
  os::SimDisk disk(seed);
  Oracle oracle(disk, "/test.sapwood", page_size);
  Executor::Settings settings;
  settings.options = sim_options(disk, page_size, log_size);
  settings.options.exclusive = seed % 2 == 0;
  settings.options.dirty_limit = 8 * u64{page_size};  // writes pages before the commit too
  settings.scale = {.page_size = page_size,
                    .keys = 200,
                    .max_items = 200,
                    .max_value = 3 * u64{page_size},
                    .big_commit = 2 * log_size};
  settings.max_snapshots = 12;
  settings.after_commit = [&] { oracle.note_version(); };
  Mix mix = usual_mix();
  mix[OperationKind::commit] = 150;
  mix[OperationKind::take_snapshot] = 12;
  mix[OperationKind::savepoint] = 20;
  mix[OperationKind::roll_back_to] = 15;
  mix[OperationKind::checkpoint] = 8;
  mix.none_percent = 10;
  std::string wrong;
  disk.set_observer([&](const os::Operation& operation) {
    if (wrong.empty()) wrong = oracle.judge(operation);
  });
  Rng random(seed);
  Executor executor(settings);
  executor.open();
  for (u64 i = 0; i < count && wrong.empty(); ++i) {
    const Operation operation = random_operation(random, mix);
    executor.execute(operation);
    ASSERT_EQ(wrong, "") << "in " << describe(operation) << ", operation " << i << ", seed " << seed;
    ASSERT_FALSE(testing::Test::HasFailure()) << "after " << describe(operation) << ", operation " << i;
  }
  executor.close();
  EXPECT_EQ(wrong, "");
  EXPECT_GT(oracle.versions(), count / 20);
  EXPECT_GT(oracle.judged(), oracle.writes());
}

TEST(Oracle, NoWriteToPinnedPagesSmall) { run(test_seed(), 512, 4096, scaled(20'000)); }
TEST(Oracle, NoWriteToPinnedPagesUsual) { run(test_seed(), 4096, 16384, scaled(20'000)); }

}  // namespace
}  // namespace sapwood::test
