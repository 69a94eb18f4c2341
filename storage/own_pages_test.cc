#include "storage/own_pages.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <unordered_map>

namespace sapwood::storage {
namespace {

constexpr u32 kPageSize = 512;

u64 test_seed() {
  const char* text = std::getenv("SAPWOOD_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

struct ModelEntry {
  u32 born;
  u32 pages;
  bool buffer;
};
using Model = std::unordered_map<u64, ModelEntry>;

// Every byte of a page's buffer is made from its number.
u8 stamp_of(u64 page) { return static_cast<u8>(page * 37 + 11); }

void expect_entry(const OwnPages::Entry& entry, u64 page, const ModelEntry& expected) {
  EXPECT_EQ(to_u64(entry.page), page);
  EXPECT_EQ(entry.born, expected.born);
  EXPECT_EQ(entry.pages, expected.pages);
  ASSERT_EQ(entry.bytes != nullptr, expected.buffer);
  if (!expected.buffer) return;
  EXPECT_EQ(entry.bytes[0], stamp_of(page));
  EXPECT_EQ(entry.bytes[kPageSize - 1], stamp_of(page));
}

void expect_same(OwnPages& own, const Model& model) {
  ASSERT_EQ(own.size(), model.size());
  std::size_t visited = 0;
  std::size_t buffers = 0;
  own.for_each([&](OwnPages::Entry& entry) {
    ++visited;
    if (entry.bytes != nullptr) ++buffers;
    const auto it = model.find(to_u64(entry.page));
    ASSERT_NE(it, model.end());
    expect_entry(entry, it->first, it->second);
  });
  EXPECT_EQ(visited, model.size());
  EXPECT_EQ(own.buffers(), buffers);
  for (const auto& [page, expected] : model) {
    const OwnPages::Entry* entry = own.find(PageNo{page});
    ASSERT_NE(entry, nullptr);
    expect_entry(*entry, page, expected);
  }
}

TEST(OwnPages, AgreesWithUnorderedMap) {
  const u64 seed = test_seed();
  SCOPED_TRACE("SAPWOOD_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  BufferPool pool(kPageSize);
  // Small ranges collide and fill; strides that are powers of two are hard on a bad hash.
  for (const u64 stride : {1u, 64u, 4096u, 1u << 20}) {
    for (const u64 range : {8u, 60u, 3000u}) {
      OwnPages own(pool);
      Model model;
      for (int step = 0; step < 20'000; ++step) {
        const u64 page = 1 + random() % range * stride;
        const auto it = model.find(page);
        if (it == model.end()) {
          EXPECT_EQ(own.find(PageNo{page}), nullptr);
          const ModelEntry entry{static_cast<u32>(random()), 1 + static_cast<u32>(random() % 100), random() % 4 != 0};
          OwnPages::Entry& made = own.insert(PageNo{page}, entry.born, entry.pages);
          if (entry.buffer) std::memset(own.add_buffer(made), stamp_of(page), kPageSize);
          model[page] = entry;
        } else if (random() % 3 == 0) {
          OwnPages::Entry& entry = *own.find(PageNo{page});
          if (it->second.buffer) {
            own.drop_bytes(entry);
          } else {
            std::memset(own.add_buffer(entry), stamp_of(page), kPageSize);
          }
          it->second.buffer = !it->second.buffer;
        } else {
          own.erase(PageNo{page});
          model.erase(it);
        }
        if (step % 997 == 0) expect_same(own, model);
      }
      expect_same(own, model);
    }
  }
}

TEST(OwnPages, ClearForgetsAllAndServesAgain) {
  BufferPool pool(kPageSize);
  OwnPages own(pool);
  EXPECT_EQ(own.find(PageNo{5}), nullptr);
  own.clear();
  for (int round = 0; round < 3; ++round) {
    for (u64 page = 1; page <= 2000; ++page) own.add_buffer(own.insert(PageNo{page}, 0, 1));
    EXPECT_EQ(own.size(), 2000u);
    EXPECT_EQ(own.buffers(), 2000u);
    own.clear();
    EXPECT_EQ(own.size(), 0u);
    EXPECT_EQ(own.buffers(), 0u);
    EXPECT_EQ(own.find(PageNo{7}), nullptr);
    own.for_each([](OwnPages::Entry&) { ADD_FAILURE() << "an entry is left"; });
  }
}

TEST(OwnPages, DroppingABufferTwiceIsNoOp) {
  BufferPool pool(kPageSize);
  OwnPages own(pool);
  OwnPages::Entry& entry = own.insert(PageNo{9}, 0, 1);
  own.add_buffer(entry);
  own.drop_bytes(entry);
  own.drop_bytes(entry);
  EXPECT_EQ(own.buffers(), 0u);
  EXPECT_EQ(own.size(), 1u);
}

TEST(OwnPages, MappedBytesAreNoBuffer) {
  BufferPool pool(kPageSize);
  u8 file[kPageSize] = {};
  {
    OwnPages own(pool);
    OwnPages::Entry& entry = own.insert(PageNo{9}, 0, 1);
    EXPECT_EQ(own.add_mapped(entry, file), file);
    EXPECT_EQ(own.buffers(), 0u);
    own.drop_bytes(entry);
    EXPECT_EQ(own.find(PageNo{9})->bytes, nullptr);
    EXPECT_NE(own.add_buffer(entry), file);
    EXPECT_EQ(own.buffers(), 1u);
  }
  EXPECT_NE(pool.take().get(), file);
}

TEST(BufferPool, GivesBackWhatItWasGiven) {
  BufferPool pool(kPageSize);
  std::unique_ptr<u8[]> buffer = pool.take();
  u8* const address = buffer.get();
  pool.give(std::move(buffer));
  EXPECT_EQ(pool.take().get(), address);
}

}  // namespace
}  // namespace sapwood::storage
