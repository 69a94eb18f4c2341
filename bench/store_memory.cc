// A list in memory, which promises nothing: what a list without a disk can do. Items stand in blocks; a Fenwick tree
// over the blocks' sizes finds the block of a position.
#include <algorithm>
#include <bit>

#include "bench/store.h"

namespace bench {
namespace {

class MemoryList : public ListStore {
 public:
  MemoryList() { rebuild(); }

  void append(std::string_view value) override { insert_one(size_, value); }
  std::string_view at(std::uint64_t index) override {
    const auto [block, within] = find(index);
    return blocks_[block][within];
  }
  void insert_one(std::uint64_t index, std::string_view value) override {
    auto [block, within] = index == size_ ? std::pair(blocks_.size() - 1, blocks_.back().size()) : find(index);
    if (blocks_[block].size() == kBlock) {
      split(block, index == size_ ? kBlock : kBlock / 2);
      if (within >= blocks_[block].size()) within -= blocks_[block++].size();
    }
    blocks_[block].insert(blocks_[block].begin() + static_cast<std::ptrdiff_t>(within), std::string(value));
    add(block, 1);
    ++size_;
  }
  void erase_front_one() override {
    const std::size_t block = find(0).first;
    blocks_[block].erase(blocks_[block].begin());
    add(block, ~std::size_t{0});
    --size_;
  }

 private:
  static constexpr std::size_t kBlock = 256;

  // Moves what is behind `keep` to a new block. O(blocks).
  void split(std::size_t block, std::size_t keep) {
    auto& full = blocks_[block];
    const auto from = full.begin() + static_cast<std::ptrdiff_t>(keep);
    std::vector<std::string> rest(std::make_move_iterator(from), std::make_move_iterator(full.end()));
    full.erase(from, full.end());
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(block) + 1, std::move(rest));
    rebuild();
  }
  void rebuild() {
    tree_.assign(blocks_.size() + 1, 0);
    for (std::size_t i = 0; i < blocks_.size(); ++i) add(i, blocks_[i].size());
  }
  void add(std::size_t block, std::size_t items) {
    for (std::size_t i = block + 1; i < tree_.size(); i += i & (~i + 1)) tree_[i] += items;
  }
  // Block and place in it of item `index` < size_.
  std::pair<std::size_t, std::size_t> find(std::uint64_t index) const {
    std::size_t block = 0;
    for (std::size_t step = std::bit_floor(blocks_.size()); step > 0; step /= 2) {
      if (block + step < tree_.size() && tree_[block + step] <= index) index -= tree_[block += step];
    }
    return {block, index};
  }

  std::vector<std::vector<std::string>> blocks_{1};
  std::vector<std::size_t> tree_;  // 1-based: entry i sums the blocks (i - lowest bit of i, i]
  std::size_t size_ = 0;
};

}  // namespace

void add_memory(Peers& peers) {
  peers.lists.push_back({.name = "memory",
                         .title = "in memory, blocks of 256",
                         .settings = "nothing is stored",
                         .open = [](const Setup&) { return std::make_unique<MemoryList>(); }});
}

}  // namespace bench
