// The allocator against an oracle that remembers the lifetime of every page version and every pin.
#include "storage/allocator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>

namespace sapwood::storage {
namespace {

u64 test_seed() {
  const char* text = std::getenv("SAPWOOD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

struct Lifetime {
  TxnId birth = 0;
  TxnId death = 0;  // 0: never used
};

// What a page is, by brute force.
struct PageModel {
  bool live = false;
  bool own = false;      // made by the open transaction
  bool dropped = false;  // by the open transaction
  TxnId birth = 0;       // while live or dropped
  Lifetime last;         // of the version before
};

// Random transactions, readers and checkpoints over an allocator and the oracle. Runs are treated as their pages.
class Oracle {
 public:
  Oracle(u64 seed, TxnId first_txn, u32 page_size)
      : random_(seed),
        geometry_(page_size),
        allocator_(geometry_),
        head_(first_txn),
        tip_(first_txn),
        durable_(first_txn) {
    grow(geometry_.first_page + 2 + 60);
    allocator_.start_checkpoint();
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      between_transactions();
      begin();
      const u64 actions = random_() % 40;
      for (u64 i = 0; i < actions && !testing::Test::HasFatalFailure(); ++i) act();
      if (random_() % 4 == 0) {
        roll_back();
      } else {
        commit();
      }
      if (step % 16 == 0) check_all();
    }
  }

 private:
  // Pins as the engine gathers them.
  std::vector<TxnId> pins() const {
    std::set<TxnId> all(readers_.begin(), readers_.end());
    all.insert({head_, durable_});
    if (running_ != 0) all.insert(running_);
    return {all.begin(), all.end()};
  }

  // The rule of ENGINE: no pin s with birth <= s < death; the head and everything after it are pins.
  bool is_pinned(const Lifetime& life) const {
    if (life.death == 0) return false;
    if (life.death > head_) return true;
    for (const TxnId pin : pins()) {
      if (life.birth <= pin && pin < life.death) return true;
    }
    return false;
  }

  bool may_take(u64 page) const {
    const PageModel& model = pages_[page];
    return page >= geometry_.first_page && !geometry_.is_bitmap(PageNo{page}) && !model.live && !model.dropped &&
           !is_pinned(model.last);
  }

  void grow(u64 page_count) {
    while (!geometry_.is_page_count(page_count)) ++page_count;
    allocator_.grow(page_count);
    for (u64 page = pages_.size(); page < page_count; ++page) {
      pages_.emplace_back();
      if (page >= geometry_.first_page && geometry_.is_bitmap(PageNo{page})) pages_.back().live = true;
    }
  }

  void between_transactions() {
    if (random_() % 3 == 0) readers_.push_back(head_);
    if (!readers_.empty() && random_() % 3 == 0) {
      readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(random_() % readers_.size()));
    }
    if (random_() % 2 == 0) head_ += random_() % (tip_ - head_ + 1);
    if (running_ == 0 && random_() % 8 == 0) {
      running_ = tip_;
      allocator_.start_checkpoint();
    } else if (running_ != 0 && random_() % 3 == 0) {
      durable_ = running_;
      running_ = 0;
    }
    if (random_() % 30 == 0) grow(pages_.size() + random_() % 700);
  }

  void begin() {
    allocator_.reclaim(pins(), head_);
    txn_ = tip_ + 1 + (random_() % 50 == 0 ? random_() % 5 : 0);
    // Everything that may be taken is free, and nothing else: a pin holds only what it can see. Past 2^32 the low half
    // of a birth no longer tells which, and more may be held.
    u64 free = 0;
    for (u64 page = geometry_.first_page; page < pages_.size(); ++page) free += may_take(page) ? 1 : 0;
    if (tip_ >> 32 == 0) {
      ASSERT_EQ(allocator_.free_pages(), free);
    } else {
      ASSERT_LE(allocator_.free_pages(), free);
    }
  }

  void own(u64 page) {
    ASSERT_LT(page, pages_.size());
    ASSERT_TRUE(may_take(page)) << "page " << page << " was handed out while a pin needs [" << pages_[page].last.birth
                                << ", " << pages_[page].last.death << ")";
    pages_[page].live = true;
    pages_[page].own = true;
    pages_[page].birth = txn_;
    own_.push_back(page);
  }

  void act() {
    switch (random_() % 6) {
      case 0:
      case 1: {
        const std::optional<PageNo> page = allocator_.take_page();
        if (page) {
          own(to_u64(*page));
        } else {
          ASSERT_EQ(allocator_.free_pages(), 0u);
          grow(pages_.size() + 40);
        }
        return;
      }
      case 2: return take_run();
      case 3: return give_back();
      default: return drop();
    }
  }

  u64 longest_free_run() const {
    u64 longest = 0;
    u64 run = 0;
    for (u64 page = geometry_.first_page; page < pages_.size(); ++page) {
      run = allocator_.is_free_range(Extent{PageNo{page}, 1}) ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    return longest;
  }

  void take_run() {
    const u32 count = 1 + static_cast<u32>(random_() % 30);
    const bool accept_shorter = random_() % 2 == 0;
    const u64 longest = longest_free_run();
    const std::optional<Extent> run = allocator_.take_run(count, accept_shorter);
    if (!run) {
      const bool aligned = count % ((64u << 10) / geometry_.page_size) == 0;  // so it may not stand anywhere
      ASSERT_EQ(longest == 0 || (!accept_shorter && (aligned || longest < count)), true) << longest << " of " << count;
      return;
    }
    if (accept_shorter) {
      ASSERT_EQ(run->pages, std::min<u64>(count, longest));
    } else {
      ASSERT_EQ(run->pages, count);
    }
    for (u64 i = 0; i < run->pages; ++i) own(to_u64(run->start) + i);
  }

  void give_back() {
    if (own_.empty()) return;
    const std::size_t at = random_() % own_.size();
    const u64 page = own_[at];
    own_.erase(own_.begin() + static_cast<std::ptrdiff_t>(at));
    allocator_.give_back(Extent{PageNo{page}, 1});
    pages_[page].live = pages_[page].own = false;
  }

  void drop() {
    if (committed_.empty()) return;
    const std::size_t at = random_() % committed_.size();
    const u64 page = committed_[at];
    committed_[at] = committed_.back();
    committed_.pop_back();
    ASSERT_TRUE(allocator_.is_live_range(Extent{PageNo{page}, 1}));
    allocator_.drop(Extent{PageNo{page}, 1});
    ASSERT_FALSE(allocator_.is_live_range(Extent{PageNo{page}, 1}));
    pages_[page].live = false;
    pages_[page].dropped = true;
    dropped_.push_back(page);
  }

  void roll_back() {
    for (const u64 page : own_) {
      allocator_.give_back(Extent{PageNo{page}, 1});
      pages_[page].live = pages_[page].own = false;
    }
    for (; !dropped_.empty(); dropped_.pop_back()) {
      const u64 page = dropped_.back();
      allocator_.undrop(Extent{PageNo{page}, 1});
      pages_[page].live = true;
      pages_[page].dropped = false;
      committed_.push_back(page);
    }
    own_.clear();
  }

  void commit() {
    allocator_.reserve_retired(dropped_.size());
    for (const u64 page : dropped_) {
      allocator_.retire(Extent{PageNo{page}, 1}, static_cast<u32>(pages_[page].birth), txn_, txn_);
      pages_[page].dropped = false;
      pages_[page].last = Lifetime{pages_[page].birth, txn_};
    }
    for (const u64 page : own_) {
      pages_[page].own = false;
      committed_.push_back(page);
    }
    dropped_.clear();
    own_.clear();
    tip_ = txn_;
  }

  // Counters, bits, and what a checkpoint would write.
  void check_all() const {
    u64 live = 0;
    u64 end = geometry_.first_page;
    for (u64 page = geometry_.first_page; page < pages_.size(); ++page) {
      const bool is_live = pages_[page].live;
      ASSERT_EQ(allocator_.is_live(PageNo{page}), is_live) << page;
      live += is_live ? 1 : 0;
      if (is_live && (!geometry_.is_bitmap(PageNo{page}) || geometry_.group_of(PageNo{page}) == 0)) end = page + 1;
    }
    ASSERT_EQ(allocator_.live_pages(), live);
    ASSERT_EQ(allocator_.page_count(), pages_.size());
    ASSERT_EQ(allocator_.live_pages() + allocator_.pending_pages() + allocator_.free_pages(),
              pages_.size() - geometry_.first_page);
    ASSERT_EQ(allocator_.live_end(), end);
  }

  mutable std::mt19937_64 random_;
  Geometry geometry_;
  Allocator allocator_;
  std::vector<PageModel> pages_;
  std::vector<u64> committed_, own_, dropped_;
  std::vector<TxnId> readers_;
  TxnId head_, tip_, durable_, running_ = 0, txn_ = 0;
};

TEST(AllocatorModel, NoPageIsHandedOutWhileAPinNeedsIt) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  for (u64 i = 0; i < 6; ++i) {
    Oracle(seed + i, 1, 512).run(300);
    ASSERT_FALSE(HasFatalFailure());
  }
  Oracle(seed, 1, 4096).run(100);
}

// Births are known by their low 32 bits only; transaction numbers pass 2^32 in the middle of these runs.
TEST(AllocatorModel, TransactionNumbersMayPassFourBillion) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  for (u64 i = 0; i < 6; ++i) {
    Oracle(seed + i, (u64{1} << 32) - 200 - 50 * i, 512).run(300);
    ASSERT_FALSE(HasFatalFailure());
  }
}

class AllocatorTest : public testing::Test {
 protected:
  PageNo page(u64 number) const { return PageNo{geometry_.first_page + number}; }
  // One transaction that makes a new version of each page of `pages`.
  void rewrite(std::vector<PageNo>& pages, std::vector<TxnId>& births, const std::vector<std::size_t>& which,
               TxnId txn) {
    std::vector<std::pair<PageNo, TxnId>> dropped;
    for (const std::size_t i : which) {
      std::optional<PageNo> fresh = allocator_.take_page();
      if (!fresh) {
        u64 count = allocator_.page_count() + 500;
        while (!geometry_.is_page_count(count)) ++count;
        allocator_.grow(count);
        fresh = allocator_.take_page();
      }
      allocator_.drop(Extent{pages[i], 1});
      dropped.emplace_back(pages[i], births[i]);
      pages[i] = *fresh;
      births[i] = txn;
    }
    allocator_.reserve_retired(dropped.size());
    for (const auto& [old, birth] : dropped) allocator_.retire(Extent{old, 1}, static_cast<u32>(birth), txn, txn);
  }

  Geometry geometry_{512};
  Allocator allocator_{geometry_};
};

TEST_F(AllocatorTest, AStuckReaderHoldsOnlyWhatItCanSee) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::size_t kPages = 1000;
  allocator_.grow(geometry_.first_page + 2 + kPages);
  std::vector<PageNo> pages;
  for (std::size_t i = 0; i < kPages; ++i) pages.push_back(*allocator_.take_page());
  std::vector<TxnId> births(kPages, 1);
  const TxnId reader = 1;
  for (TxnId txn = 2; txn < 20'000; ++txn) {
    allocator_.reclaim({reader, txn - 1}, txn - 1);
    ASSERT_LE(allocator_.pending_pages(), kPages);
    rewrite(pages, births, {0, 1 + random() % (kPages - 1)}, txn);
  }
  EXPECT_LE(allocator_.page_count(), geometry_.first_page + 2 + 2 * kPages + 600);
  // When it ends, all of that is free again.
  allocator_.reclaim({19'999}, 19'999);
  EXPECT_EQ(allocator_.pending_pages(), 0u);
}

TEST_F(AllocatorTest, HeldByTellsWhatOnlyOnePinNeeds) {
  allocator_.grow(geometry_.first_page + 2 + 100);
  std::vector<PageNo> pages;
  pages.reserve(10);
  for (int i = 0; i < 10; ++i) pages.push_back(*allocator_.take_page());
  std::vector<TxnId> births(10, 1);
  rewrite(pages, births, {0, 1, 2}, 6);
  allocator_.reclaim({5, 6}, 6);
  EXPECT_EQ(allocator_.held_by(5), 3u);
  EXPECT_EQ(allocator_.held_by(6), 0u);
  EXPECT_EQ(allocator_.pending_pages(), 3u);
  allocator_.reclaim({6}, 6);
  EXPECT_EQ(allocator_.held_by(5), 0u);
  EXPECT_EQ(allocator_.pending_pages(), 0u);
}

TEST_F(AllocatorTest, ADeathThatIsNotVisibleHoldsThePage) {
  allocator_.grow(geometry_.first_page + 2 + 10);
  std::vector<PageNo> pages{*allocator_.take_page()};
  std::vector<TxnId> births{4};
  rewrite(pages, births, {0}, 9);
  allocator_.reclaim({8}, 8);
  EXPECT_EQ(allocator_.pending_pages(), 1u);
  allocator_.reclaim({9}, 9);
  EXPECT_EQ(allocator_.pending_pages(), 0u);
  // Nor is a page free whose whole life is still to come for readers.
  rewrite(pages, births, {0}, 10);
  rewrite(pages, births, {0}, 11);
  allocator_.reclaim({9}, 9);
  EXPECT_EQ(allocator_.pending_pages(), 2u);
  allocator_.reclaim({10}, 10);
  EXPECT_EQ(allocator_.pending_pages(), 1u);
}

// The low half of a birth is ambiguous past 2^32: a page that may be old is held as if it were.
TEST_F(AllocatorTest, AnAmbiguousBirthIsHeldLonger) {
  allocator_.grow(geometry_.first_page + 2 + 10);
  constexpr TxnId kWrap = TxnId{1} << 32;
  const PageNo old = *allocator_.take_page();  // born in transaction 5
  allocator_.start_checkpoint();
  const PageNo young = *allocator_.take_page();   // born in transaction kWrap + 5
  const PageNo before = *allocator_.take_page();  // born in transaction kWrap - 3
  allocator_.reserve_retired(3);
  for (const PageNo page : {old, young, before}) allocator_.drop(Extent{page, 1});
  allocator_.retire(Extent{old, 1}, 5, kWrap + 10, kWrap + 10);
  allocator_.retire(Extent{young, 1}, 5, kWrap + 10, kWrap + 10);
  allocator_.retire(Extent{before, 1}, static_cast<u32>(kWrap - 3), kWrap + 10, kWrap + 10);
  allocator_.reclaim({7, kWrap - 2, kWrap + 10}, kWrap + 10);
  EXPECT_FALSE(allocator_.is_free_range(Extent{old, 1}));
  EXPECT_TRUE(allocator_.is_free_range(Extent{young, 1}));
  EXPECT_FALSE(allocator_.is_free_range(Extent{before, 1}));
  allocator_.reclaim({7, kWrap + 10}, kWrap + 10);
  EXPECT_FALSE(allocator_.is_free_range(Extent{old, 1}));
  EXPECT_TRUE(allocator_.is_free_range(Extent{before, 1}));
}

TEST_F(AllocatorTest, ABirthAfterItsDeathIsHeldRatherThanFreed) {
  allocator_.grow(geometry_.first_page + 2 + 10);
  const PageNo page = *allocator_.take_page();
  allocator_.drop(Extent{page, 1});
  allocator_.reserve_retired(1);
  allocator_.retire(Extent{page, 1}, 1'000'000, 9, 9);
  allocator_.reclaim({3, 9}, 9);
  EXPECT_EQ(allocator_.pending_pages(), 1u);
}

TEST_F(AllocatorTest, MostRecentlyFreedPagesComeFirst) {
  allocator_.grow(geometry_.first_page + 2 + 100);
  const PageNo a = *allocator_.take_page();
  const PageNo b = *allocator_.take_page();
  allocator_.give_back(Extent{a, 1});
  allocator_.give_back(Extent{b, 1});
  EXPECT_EQ(*allocator_.take_page(), b);
  EXPECT_EQ(*allocator_.take_page(), a);
}

TEST_F(AllocatorTest, FillsToTheLastPageAcrossGroups) {
  const u64 count = geometry_.first_page + 2 * geometry_.group_pages + 70;
  allocator_.grow(count);
  EXPECT_EQ(allocator_.live_pages(), 6u);
  std::set<u64> taken;
  while (const std::optional<PageNo> page = allocator_.take_page()) {
    EXPECT_FALSE(geometry_.is_bitmap(*page));
    EXPECT_LT(to_u64(*page), count);
    taken.insert(to_u64(*page));
  }
  EXPECT_EQ(taken.size(), count - geometry_.first_page - 6);
  EXPECT_EQ(allocator_.free_pages(), 0u);
  EXPECT_FALSE(allocator_.take_run(1, true).has_value());
}

TEST_F(AllocatorTest, RunsStayInsideAGroup) {
  allocator_.grow(geometry_.first_page + 3 * geometry_.group_pages);
  const u32 whole = static_cast<u32>(geometry_.group_pages) - 2;
  for (int i = 0; i < 3; ++i) {
    const std::optional<Extent> run = allocator_.take_run(whole + 100, true);
    ASSERT_TRUE(run.has_value());
    EXPECT_EQ(run->pages, whole);
    EXPECT_EQ((to_u64(run->start) - geometry_.first_page) % geometry_.group_pages, 2u);
  }
  EXPECT_EQ(allocator_.free_pages(), 0u);
}

TEST_F(AllocatorTest, ExtentsThatSayAnythingAreJudged) {
  const u64 count = geometry_.first_page + 2 * geometry_.group_pages;
  allocator_.grow(count);
  const Extent run = *allocator_.take_run(20, false);
  EXPECT_TRUE(allocator_.is_live_range(run));
  EXPECT_TRUE(allocator_.is_live_range(Extent{run.start + 3, 17}));
  EXPECT_FALSE(allocator_.is_live_range(Extent{run.start + 3, 18}));
  EXPECT_FALSE(allocator_.is_free_range(Extent{run.start + 19, 2}));
  EXPECT_TRUE(allocator_.is_free_range(Extent{run.start + 20, 2}));
  for (const Extent extent : {Extent{kNoPage, 1}, Extent{PageNo{geometry_.first_page - 1}, 1}, Extent{PageNo{count}, 1},
                              Extent{PageNo{count - 1}, 2}, Extent{PageNo{~u64{0}}, 1}, Extent{run.start, ~u32{0}},
                              Extent{PageNo{~u64{0} >> 16}, ~u32{0}}, Extent{run.start, 0},
                              Extent{geometry_.bitmap_page(0, 0), 1}, Extent{geometry_.bitmap_page(1, 1), 1}}) {
    EXPECT_FALSE(allocator_.is_live_range(extent)) << to_u64(extent.start) << " + " << extent.pages;
  }
  for (const Extent extent : {Extent{kNoPage, 1}, Extent{PageNo{count}, 1}, Extent{PageNo{~u64{0}}, 1},
                              Extent{geometry_.bitmap_page(1, 0), 1}}) {
    EXPECT_FALSE(allocator_.is_free_range(extent));
  }
  // Live pages on both sides of a border, with the bitmaps between them.
  allocator_.load_live(Extent{PageNo{geometry_.first_page + geometry_.group_pages - 1}, 1});
  allocator_.load_live(Extent{PageNo{geometry_.first_page + geometry_.group_pages + 2}, 1});
  EXPECT_FALSE(allocator_.is_live_range(Extent{PageNo{geometry_.first_page + geometry_.group_pages - 1}, 4}));
}

TEST_F(AllocatorTest, LoadsWhatACheckpointStored) {
  allocator_.grow(geometry_.first_page + 2 * geometry_.group_pages + 50);
  std::mt19937_64 random(5);
  for (int i = 0; i < 3000; ++i) allocator_.take_page();
  for (int i = 0; i < 40; ++i) allocator_.take_run(9, true);
  Allocator loaded(geometry_);
  loaded.grow(allocator_.page_count());
  for (u64 group = 0; group < 3; ++group) loaded.load_group(group, allocator_.group_bits(group));
  EXPECT_EQ(loaded.live_pages(), allocator_.live_pages());
  EXPECT_EQ(loaded.free_pages(), allocator_.free_pages());
  EXPECT_EQ(loaded.live_end(), allocator_.live_end());
  for (u64 group = 0; group < 3; ++group) {
    EXPECT_EQ(std::memcmp(loaded.group_bits(group), allocator_.group_bits(group), geometry_.group_pages / 8), 0);
  }
}

}  // namespace
}  // namespace sapwood::storage
