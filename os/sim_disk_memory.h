// Private to SimDisk: the memory that holds the cached bytes of simulated files, taken from a pool, because mapping and
// unmapping are what would make thousands of crash images a second impossible.
#pragma once

#include <bit>
#include <memory>
#include <mutex>
#include <vector>

#include "os/file.h"

namespace sapwood::os {

inline constexpr u32 kBlockBytes = 4096;
inline constexpr u32 kSectorBytes = 512;

// A set of block numbers that can be walked and cleared at the cost of its members.
class BlockSet {
 public:
  void insert(u32 block) {
    if (block / 64 >= bits_.size()) bits_.resize(std::bit_ceil(std::size_t{block} / 64 + 1));
    u64& word = bits_[block / 64];
    const u64 bit = u64{1} << (block % 64);
    if ((word & bit) != 0) return;
    word |= bit;
    members_.push_back(block);
  }
  bool contains(u32 block) const { return block / 64 < bits_.size() && (bits_[block / 64] >> (block % 64) & 1) != 0; }
  void clear() {
    for (const u32 block : members_) bits_[block / 64] = 0;
    members_.clear();
  }
  const std::vector<u32>& members() const { return members_; }

 private:
  std::vector<u64> bits_;
  std::vector<u32> members_;
};

// A reserved region of zeroed memory that knows which of its blocks may not be zero.
//   R1  every block outside touched() is zero
class SimRegion {
 public:
  explicit SimRegion(u64 size_bytes);

  u8* data() const { return memory_->mutable_data(); }
  u8* block(u32 number) const { return data() + u64{number} * kBlockBytes; }
  u64 size() const { return memory_->size(); }

  // To be called before a store to the block.
  void about_to_change(u32 block) {
    touched_.insert(block);
    changed_.insert(block);
  }
  const BlockSet& touched() const { return touched_; }
  const BlockSet& changed() const { return changed_; }  // since forget_changes()
  void forget_changes() { changed_.clear(); }
  void make_zero();

 private:
  std::unique_ptr<Mapping> memory_;
  BlockSet touched_;
  BlockSet changed_;
};

// Regions of one size for reuse. Shared by a disk and its crash images.
class SimRegionPool : public std::enable_shared_from_this<SimRegionPool> {
 public:
  explicit SimRegionPool(u64 region_bytes) : region_bytes_(region_bytes) {}

  // A zeroed region; comes back to the pool when the last holder lets go.
  std::shared_ptr<SimRegion> take();
  u64 region_bytes() const { return region_bytes_; }

 private:
  void give_back(std::unique_ptr<SimRegion> region);

  const u64 region_bytes_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SimRegion>> free_;
};

}  // namespace sapwood::os
