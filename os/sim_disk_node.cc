#include "os/sim_disk_node.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace sapwood::os {
namespace {

constexpr u32 block_of(u64 offset) { return static_cast<u32>(offset / kBlockBytes); }
constexpr u32 blocks_for(u64 size) { return static_cast<u32>((size + kBlockBytes - 1) / kBlockBytes); }

// Calls visit(block, first byte within it, bytes, position from `offset`) for each block of a range.
template <class Visit>
void for_each_block(u64 offset, u64 size, Visit visit) {
  for (u64 done = 0; done < size;) {
    const u64 at = offset + done;
    const u32 inside = static_cast<u32>(at % kBlockBytes);
    const u32 count = static_cast<u32>(std::min<u64>(kBlockBytes - inside, size - done));
    visit(block_of(at), inside, count, done);
    done += count;
  }
}

}  // namespace

void apply_fragment(const SimFragment& fragment, u8* block, u32 from, u32 to, u32 limit) {
  const u32 first = std::max(from, fragment.at);
  const u32 last = std::min(to, fragment.at + std::min(fragment.size, limit));
  if (first >= last) return;
  if (fragment.data == nullptr) {
    std::memset(block + first, 0, last - first);
  } else {
    std::memcpy(block + first, fragment.data.get() + fragment.position + (first - fragment.at), last - first);
  }
}

bool SimPendingBlock::has_open(u32 at) const {
  return std::any_of(fragments.begin(), fragments.end(), [at](const SimFragment& fragment) {
    return fragment.open && fragment.at <= at && at < fragment.at + fragment.size;
  });
}

void SimPendingBlock::close(u32 at, u32 size) {
  for (SimFragment& fragment : fragments) {
    if (fragment.at < at + size && at < fragment.at + fragment.size) fragment.open = false;
  }
}

void SimPendingBlock::forget_open(u32 at, u32 size) {
  std::erase_if(fragments, [&](const SimFragment& fragment) {
    return fragment.open && fragment.at >= at && fragment.at + fragment.size <= at + size;
  });
  close(at, size);
}

void SimPendingBlock::settle_truncations() {
  for (const SimFragment& fragment : fragments) {
    if (fragment.data == nullptr) apply_fragment(fragment, base->data());
  }
  std::erase_if(fragments, [](const SimFragment& fragment) { return fragment.data == nullptr; });
}

SimPendingBlock& SimNode::make_pending(u32 block) {
  region_->about_to_change(block);
  SimPendingBlock& pending = pending_[block];
  if (pending.base == nullptr) {
    pending.base = std::make_unique<SimBlock>();
    std::memcpy(pending.base->data(), region_->block(block), kBlockBytes);
  }
  return pending;
}

void SimNode::add_fragments(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& data, u64 size,
                            bool misdirected) {
  for_each_block(offset, size, [&](u32 block, u32 inside, u32 count, u64 position) {
    if (block >= region_->size() / kBlockBytes) return;  // misdirected past all that can be read
    SimPendingBlock& pending = make_pending(block);
    pending.failed = false;
    pending.diverged |= misdirected;
    if (!misdirected) pending.close(inside, count);
    pending.fragments.push_back(SimFragment{operation, inside, count, position, data});
  });
}

void SimNode::write(u64 operation, u64 offset, std::shared_ptr<const u8[]> data, u64 size, i64 shift) {
  send(operation, offset, data, size, shift);
  std::memcpy(region_->data() + offset, data.get(), size);
  if (offset + size > size_) change_size(operation, offset + size);
}

// Puts the bytes on their way to the disk.
void SimNode::send(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& data, u64 size, i64 shift) {
  if (shift == 0) {
    add_fragments(operation, offset, data, size, false);
    return;
  }
  const u64 target = shift < 0 && static_cast<u64>(-shift) > offset ? 0 : offset + static_cast<u64>(shift);
  for_each_block(offset, size, [&](u32 block, u32, u32, u64) { make_pending(block).diverged = true; });
  add_fragments(operation, target, data, size, true);
}

void SimNode::about_to_store(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& junk, u64 size) {
  add_fragments(operation, offset, junk, size, false);
  for_each_block(offset, size, [&](u32 block, u32, u32, u64) { pending_[block].fragments.back().open = true; });
}

void SimNode::stored(u64 operation, u64 offset, const std::shared_ptr<const u8[]>& data, u64 size, i64 shift) {
  for_each_block(offset, size, [&](u32 block, u32 inside, u32 count, u64) {
    const auto found = pending_.find(block);
    SAPWOOD_ASSERT(found != pending_.end() && found->second.has_open(inside));  // else nobody announced it
    if (shift != 0) found->second.forget_open(inside, count);                   // all went to the wrong place
  });
  send(operation, offset, data, size, shift);
}

void SimNode::change_size(u64 operation, u64 size) {
  if (size == size_) return;
  size_changes_.push_back(SimSizeChange{operation, size});
  if (size < size_) cut_to(operation, size);
  size_ = size;
}

void SimNode::cut_to(u64 operation, u64 size) {
  const u32 version = static_cast<u32>(size_changes_.size());
  for_each_block(size, size_ - size, [&](u32 block, u32 inside, u32 count, u64) {
    if (!region_->touched().contains(block)) return;  // zero in the cache and on the disk
    SimPendingBlock& pending = make_pending(block);
    pending.failed = false;
    pending.close(inside, count);
    pending.fragments.push_back(SimFragment{operation, inside, count, 0, nullptr, version});
    std::memset(region_->block(block) + inside, 0, count);
  });
}

void SimNode::share(u64 size) {
  shared_blocks_ = std::max(shared_blocks_, blocks_for(size));
  for (u32 block = 0; block < shared_blocks_; ++block) make_pending(block);
}

// Brings the base up to date; true if the block is no longer pending.
bool SimNode::settle(u32 block, SimPendingBlock& pending) {
  if (block < shared_blocks_) {  // stays pending: stores into it are not seen
    std::memcpy(pending.base->data(), region_->block(block), kBlockBytes);
    pending.fragments.clear();
    return false;
  }
  if (pending.failed) {  // its truncations became durable with the size, its data did not
    pending.settle_truncations();
    return false;
  }
  if (!pending.diverged) {
    const auto is_open = [](const SimFragment& fragment) { return fragment.open; };
    if (std::none_of(pending.fragments.begin(), pending.fragments.end(), is_open)) return true;
    for (const SimFragment& fragment : pending.fragments) {  // the cache is being stored to
      if (!fragment.open) apply_fragment(fragment, pending.base->data());
    }
    std::erase_if(pending.fragments, [&](const SimFragment& fragment) { return !is_open(fragment); });
    return false;
  }
  for (const SimFragment& fragment : pending.fragments) apply_fragment(fragment, pending.base->data());
  pending.fragments.clear();
  return std::memcmp(pending.base->data(), region_->block(block), kBlockBytes) == 0;
}

void SimNode::sync() {
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    entry = settle(entry->first, entry->second) ? pending_.erase(entry) : std::next(entry);
  }
  size_changes_.clear();
  durable_size_ = size_;
}

void SimNode::sync_range(u64 offset, u64 size) {
  for_each_block(offset, size, [&](u32 block, u32, u32, u64) {
    const auto found = pending_.find(block);
    if (found != pending_.end() && settle(block, found->second)) pending_.erase(found);
  });
  if (offset + size <= durable_size_) return;
  for (auto& [block, pending] : pending_) pending.settle_truncations();
  size_changes_.clear();
  durable_size_ = size_;
}

void SimNode::fail_sync() {
  for (auto& [block, pending] : pending_) pending.failed = true;
}

void SimNode::drop_cache() {
  std::erase_if(pending_, [this](const auto& entry) {
    const auto& [block, pending] = entry;
    const bool clean = pending.failed || (pending.diverged && pending.fragments.empty());
    if (!clean || block < shared_blocks_) return false;
    std::memcpy(region_->block(block), pending.base->data(), kBlockBytes);
    const u64 start = u64{block} * kBlockBytes;
    if (start + kBlockBytes > size_) {
      const u64 kept = size_ > start ? size_ - start : 0;
      std::memset(region_->block(block) + kept, 0, kBlockBytes - kept);
    }
    return true;
  });
}

std::vector<u8> SimNode::durable_bytes() const {
  std::vector<u8> bytes(durable_size_);
  if (bytes.empty()) return bytes;
  std::memcpy(bytes.data(), region_->data(), std::min(size_, durable_size_));
  for (const auto& [block, pending] : pending_) {
    const u64 start = u64{block} * kBlockBytes;
    if (start >= bytes.size()) continue;
    std::memcpy(bytes.data() + start, pending.base->data(), std::min<u64>(kBlockBytes, bytes.size() - start));
  }
  return bytes;
}

void SimNode::set_durable(const void* data, u64 size) {
  forget_pending();
  for (const u32 block : region_->touched().members()) {
    region_->about_to_change(block);
    std::memset(region_->block(block), 0, kBlockBytes);
  }
  for (u32 block = 0; block < blocks_for(size); ++block) region_->about_to_change(block);
  if (size > 0) std::memcpy(region_->data(), data, size);
  set_durable_size(size);
}

void SimNode::flip_bit(u64 offset, u8 mask) {
  region_->about_to_change(block_of(offset));
  region_->data()[offset] ^= mask;
  const auto found = pending_.find(block_of(offset));
  if (found != pending_.end()) (*found->second.base)[offset % kBlockBytes] ^= mask;
}

void SimNode::put_durable_block(u32 block, const u8* bytes) {
  region_->about_to_change(block);
  std::memcpy(region_->block(block), bytes, kBlockBytes);
}

void SimNode::forget_pending() {
  pending_.clear();
  size_changes_.clear();
  shared_blocks_ = 0;
}

}  // namespace sapwood::os
