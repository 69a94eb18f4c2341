#include "os/sim_disk_memory.h"

#include <cstring>

namespace sapwood::os {
namespace {

constexpr std::size_t kMostFreeRegions = 64;
constexpr std::size_t kMostBlocksToZero = 4096;  // beyond, a new mapping is cheaper

}  // namespace

SimRegion::SimRegion(u64 size_bytes) : memory_(posix_env().reserve_memory(size_bytes)) {}

void SimRegion::make_zero() {
  for (const u32 number : touched_.members()) std::memset(block(number), 0, kBlockBytes);
  touched_.clear();
  changed_.clear();
}

std::shared_ptr<SimRegion> SimRegionPool::take() {
  std::unique_ptr<SimRegion> region;
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      region = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (region == nullptr) region = std::make_unique<SimRegion>(region_bytes_);
  return {region.release(),
          [pool = shared_from_this()](SimRegion* used) { pool->give_back(std::unique_ptr<SimRegion>(used)); }};
}

void SimRegionPool::give_back(std::unique_ptr<SimRegion> region) {
  if (region->touched().members().size() > kMostBlocksToZero) return;
  region->make_zero();
  const std::lock_guard lock(mutex_);
  if (free_.size() < kMostFreeRegions) free_.push_back(std::move(region));
}

}  // namespace sapwood::os
