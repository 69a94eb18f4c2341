#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "os/sim_disk_crash.h"

namespace sapwood::os {
namespace {

constexpr u32 kNoAxis = ~u32{0};
constexpr u32 kSectorsPerBlock = kBlockBytes / kSectorBytes;
constexpr SimBlock kZeroBlock{};

// Zeroes what lies past the end of the file.
void clip(SimBlock& block, u32 number, u64 size) {
  const u64 start = u64{number} * kBlockBytes;
  if (start + kBlockBytes <= size) return;
  const u64 kept = size > start ? size - start : 0;
  std::memset(block.data() + kept, 0, kBlockBytes - kept);
}

}  // namespace

CrashRenderer::CrashRenderer(const CrashSnapshot& snapshot, const CrashPlanner& planner,
                             std::shared_ptr<SimDisk::State> target)
    : snapshot_(snapshot), planner_(planner), target_(std::move(target)) {
  for (const CrashNode& node : snapshot.nodes) {
    Target built{target_->make_inode(), {}};
    for (u32 i = 0; i < node.durable_numbers.size(); ++i) {
      const u32 number = node.durable_numbers[i];
      if (number >= built.base_index.size()) built.base_index.resize(number + 1);
      built.base_index[number] = i + 1;
      built.inode->node.put_durable_block(number, node.durable_bytes.data() + std::size_t{i} * kBlockBytes);
    }
    built.inode->node.region()->forget_changes();
    targets_.push_back(std::move(built));
  }
  block_index_ = index_axes(CrashPlan::Kind::blocks);
  sector_index_ = index_axes(CrashPlan::Kind::sectors);
}

CrashRenderer::AxisIndex CrashRenderer::index_axes(CrashPlan::Kind kind) const {
  const std::size_t count = snapshot_.nodes.size();
  AxisIndex index{{}, std::vector<u32>(count, kNoAxis), std::vector<u32>(count, kNoAxis)};
  std::array<u32, kSectorsPerBlock> none;
  none.fill(kNoAxis);
  for (const CrashNode& node : snapshot_.nodes) index.by_block.emplace_back(node.blocks.size(), none);
  const std::vector<CrashAxis>& axes = planner_.axes_of(kind);
  for (u32 i = 0; i < axes.size(); ++i) {
    const CrashAxis& axis = axes[i];
    switch (axis.kind) {
      case CrashAxis::Kind::block: index.by_block[axis.node][axis.block].fill(i); break;
      case CrashAxis::Kind::sector: index.by_block[axis.node][axis.block][axis.sector] = i; break;
      case CrashAxis::Kind::shared: index.by_shared[axis.node] = i; break;
      case CrashAxis::Kind::size: index.by_size[axis.node] = i; break;
    }
  }
  return index;
}

const CrashRenderer::AxisIndex& CrashRenderer::index_of(const CrashPlan& plan) const {
  return plan.kind == CrashPlan::Kind::sectors ? sector_index_ : block_index_;
}

u32 CrashRenderer::choice(const CrashPlan& plan, u32 axis) const { return axis == kNoAxis ? 0 : plan.choice[axis]; }

CrashNames CrashRenderer::names_of(const CrashPlan& plan) const {
  if (plan.kind == CrashPlan::Kind::cache) return snapshot_.names;
  CrashNames names = snapshot_.durable_names;
  for (std::size_t i = 0; i < plan.kept_entries.size(); ++i) {
    if (!plan.kept_entries[i]) continue;
    for (const auto& [path, node] : snapshot_.entry_changes[i].names) {
      if (node) {
        names[path] = *node;
      } else {
        names.erase(path);
      }
    }
  }
  return names;
}

u32 CrashRenderer::size_version_of(const CrashPlan& plan, u32 node) const {
  const std::vector<SimSizeChange>& sizes = snapshot_.nodes[node].sizes;
  if (plan.kind == CrashPlan::Kind::cache) return static_cast<u32>(sizes.size());
  if (plan.kind != CrashPlan::Kind::torn) return choice(plan, index_of(plan).by_size[node]);
  u32 version = 0;
  while (version < sizes.size() &&
         (sizes[version].operation < plan.torn || (plan.torn_size && sizes[version].operation == plan.torn))) {
    ++version;
  }
  return version;
}

void CrashRenderer::render_block(const CrashPlan& plan, u32 node, u32 block, u32 size_version, SimBlock& to) const {
  const CrashBlock& from = snapshot_.nodes[node].blocks[block];
  const bool torn = plan.kind == CrashPlan::Kind::torn;
  if (plan.kind == CrashPlan::Kind::cache || (from.shared && torn)) {
    to = *from.cache;
    return;
  }
  if (from.shared) {
    to = choice(plan, index_of(plan).by_shared[node]) != 0 ? *from.cache : *from.base;
    return;
  }
  to = *from.base;
  for (u32 i = 0; i < from.fragments.size(); ++i) {
    const SimFragment& fragment = from.fragments[i];
    if (fragment.data == nullptr) {
      if (fragment.size_version <= size_version) apply_fragment(fragment, to.data());
    } else if (torn) {
      if (fragment.operation < plan.torn) apply_fragment(fragment, to.data());
      const u64 limit = plan.cut > fragment.position ? std::min<u64>(plan.cut - fragment.position, kBlockBytes) : 0;
      if (fragment.operation == plan.torn) {
        apply_fragment(fragment, to.data(), 0, kBlockBytes, static_cast<u32>(limit));
      }
    } else {
      for (u32 s = 0; s < kSectorsPerBlock; ++s) {
        if (i >= choice(plan, index_of(plan).by_block[node][block][s])) continue;
        apply_fragment(fragment, to.data(), s * kSectorBytes, (s + 1) * kSectorBytes);
      }
    }
  }
}

void CrashRenderer::render_node(const CrashPlan& plan, u32 node) {
  const CrashNode& from = snapshot_.nodes[node];
  const u32 version = size_version_of(plan, node);
  u64 size = version == 0 ? from.durable_size : from.sizes[version - 1].size;
  if (plan.kind == CrashPlan::Kind::cache) size = from.size;
  const Rendered rendered{node, size, blocks_.size()};
  blocks_.resize(blocks_.size() + from.blocks.size());
  for (u32 i = 0; i < from.blocks.size(); ++i) {
    SimBlock& to = blocks_[rendered.first_block + i];
    render_block(plan, node, i, version, to);
    clip(to, from.blocks[i].number, size);
  }
  rendered_.push_back(rendered);
}

u64 CrashRenderer::fingerprint(const CrashNames& names) const {
  u64 hash = hash64(blocks_.data(), blocks_.size() * sizeof(SimBlock), 0);
  for (const Rendered& node : rendered_) hash = hash64(&node.size, sizeof node.size, hash + node.node);
  for (const auto& [path, node] : names) hash = hash64(path.data(), path.size(), hash + node);
  return hash;
}

const u8* CrashRenderer::base_bytes(u32 node, u32 number) const {
  const std::vector<u32>& index = targets_[node].base_index;
  if (number >= index.size() || index[number] == 0) return kZeroBlock.data();
  return snapshot_.nodes[node].durable_bytes.data() + std::size_t{index[number] - 1} * kBlockBytes;
}

// Takes back what the last image and its users changed, then puts in what this image has.
void CrashRenderer::store(const Rendered& rendered) {
  SimInode& inode = *targets_[rendered.node].inode;
  const SimRegion& region = *inode.node.region();
  inode.locks.clear();
  inode.node.forget_pending();
  for (const u32 number : region.changed().members()) {
    std::memcpy(region.block(number), base_bytes(rendered.node, number), kBlockBytes);
  }
  inode.node.region()->forget_changes();
  const std::vector<CrashBlock>& blocks = snapshot_.nodes[rendered.node].blocks;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const SimBlock& block = blocks_[rendered.first_block + i];
    if (std::memcmp(block.data(), base_bytes(rendered.node, blocks[i].number), kBlockBytes) == 0) continue;
    inode.node.put_durable_block(blocks[i].number, block.data());
  }
  inode.node.set_durable_size(rendered.size);
}

bool CrashRenderer::render(const CrashPlan& plan, u64 seed) {
  const CrashNames names = names_of(plan);
  std::set<u32> reachable;
  for (const auto& [path, node] : names) reachable.insert(node);
  rendered_.clear();
  blocks_.clear();
  for (const u32 node : reachable) render_node(plan, node);
  const bool is_new = plan.kind == CrashPlan::Kind::cache || seen_.insert(fingerprint(names)).second;
  if (!is_new) return false;
  for (const Rendered& node : rendered_) store(node);
  const std::lock_guard lock(target_->mutex);
  target_->reset(seed);
  for (const auto& [path, node] : names) target_->names[path] = targets_[node].inode;
  target_->durable_names = target_->names;
  return true;
}

}  // namespace sapwood::os
