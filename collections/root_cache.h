// Where one collection's tree stood under one root of the catalog, so that calls without a transaction need not look
// it up in the catalog again. Shared by threads without a lock: a reader that meets a writer misses.
//
// Even sequence: the words are whole. A writer makes it odd, stores the words, makes it even again; a second writer
// gives up. A reader that finds the same even sequence before and after has read whole words.
#pragma once

#include <array>
#include <atomic>
#include <optional>

#include "storage/descriptor.h"
#include "tree/shape.h"

namespace sapwood::collections {

class RootCache {
 public:
  // A root of the catalog (page and birth) names one state of it for ever, as births are never used again.
  std::optional<tree::TreeRoot> find(const storage::CatalogRoot& catalog) const {
    const u64 before = sequence_.load(std::memory_order_acquire);
    Words words;
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = words_[i].load(std::memory_order_acquire);
    const u64 after = sequence_.load(std::memory_order_relaxed);
    if (before != after || (before & 1) != 0 || before == 0) return std::nullopt;
    if (words[0] != to_u64(catalog.root.page) || static_cast<u32>(words[1]) != catalog.root.birth) return std::nullopt;
    tree::TreeRoot root;
    root.root = {PageNo{words[2]}, static_cast<u32>(words[1] >> 32)};
    root.height = static_cast<u8>(words[3]);
    root.owns_runs = (words[3] >> 8) != 0;
    root.count = words[4];
    return root;
  }

  // An inline leaf is not kept: it lies in the catalog, whose pages must be looked at.
  void store(const storage::CatalogRoot& catalog, const tree::TreeRoot& root) {
    if (root.is_inline()) return;
    u64 sequence = sequence_.load(std::memory_order_relaxed);
    if ((sequence & 1) != 0 || !sequence_.compare_exchange_strong(sequence, sequence + 1, std::memory_order_acquire)) {
      return;
    }
    const Words words{to_u64(catalog.root.page), catalog.root.birth | u64{root.root.birth} << 32,
                      to_u64(root.root.page), root.height | u64{root.owns_runs} << 8, root.count};
    for (std::size_t i = 0; i < words.size(); ++i) words_[i].store(words[i], std::memory_order_release);
    sequence_.store(sequence + 2, std::memory_order_release);
  }

 private:
  using Words = std::array<u64, 5>;
  std::atomic<u64> sequence_{0};
  std::array<std::atomic<u64>, 5> words_{};
};

}  // namespace sapwood::collections
