#include <algorithm>
#include <cstring>

#include "os/sim_disk_crash.h"

namespace sapwood::os {
namespace {

constexpr u32 kSectorsPerBlock = kBlockBytes / kSectorBytes;
constexpr std::size_t kAllEntrySubsets = 4;  // all subsets of so many pending entry changes, else prefixes and random
constexpr std::size_t kRandomEntrySubsets = 16;
constexpr std::size_t kMostBoundaries = 16;
constexpr std::size_t kMostDescribed = 16;

// Versions of [from, to) of a block that differ from the one before. Truncations belong to the size, not to a version.
std::vector<u32> versions_of(const CrashBlock& block, u32 from, u32 to) {
  std::vector<u32> versions{0};
  SimBlock now = *block.base;
  SimBlock last = now;
  for (u32 i = 0; i < block.fragments.size(); ++i) {
    apply_fragment(block.fragments[i], now.data(), from, to);
    if (std::memcmp(now.data() + from, last.data() + from, to - from) == 0) continue;
    if (block.fragments[i].data != nullptr) versions.push_back(i + 1);
    last = now;
  }
  return versions;
}

std::vector<u32> size_versions_of(const CrashNode& node) {
  std::vector<u32> versions{0};
  u64 last = node.durable_size;
  for (u32 i = 0; i < node.sizes.size(); ++i) {
    if (node.sizes[i].size != last) versions.push_back(i + 1);
    last = node.sizes[i].size;
  }
  return versions;
}

bool shared_blocks_differ(const CrashNode& node) {
  return std::any_of(node.blocks.begin(), node.blocks.end(),
                     [](const CrashBlock& block) { return block.shared && *block.base != *block.cache; });
}

}  // namespace

CrashPlanner::CrashPlanner(const CrashSnapshot& snapshot, const CrashOptions& options)
    : snapshot_(snapshot), options_(options), random_(options.seed) {
  find_axes();
  add_whole_plans();
  if (options.power_cut) {
    add_entry_plans();
    add_file_plans();
    add_size_plans();
  }
  if (options.blocks) add_subsets(CrashPlan::Kind::blocks);
  if (options.sectors) add_subsets(CrashPlan::Kind::sectors);
  if (options.torn) add_torn_plans();
}

void CrashPlanner::find_axes() {
  const auto add = [](std::vector<CrashAxis>& axes, CrashAxis axis) {
    if (axis.versions.size() > 1) axes.push_back(std::move(axis));
  };
  for (u32 n = 0; n < snapshot_.nodes.size(); ++n) {
    const CrashNode& node = snapshot_.nodes[n];
    for (u32 b = 0; b < node.blocks.size(); ++b) {
      const CrashBlock& block = node.blocks[b];
      if (block.shared || block.fragments.empty()) continue;
      add(block_axes_, CrashAxis{CrashAxis::Kind::block, n, b, 0, versions_of(block, 0, kBlockBytes)});
      for (u32 s = 0; s < kSectorsPerBlock; ++s) {
        const u32 from = s * kSectorBytes;
        add(sector_axes_, CrashAxis{CrashAxis::Kind::sector, n, b, s, versions_of(block, from, from + kSectorBytes)});
      }
    }
    for (auto* const axes : {&block_axes_, &sector_axes_}) {
      add(*axes, CrashAxis{CrashAxis::Kind::size, n, 0, 0, size_versions_of(node)});
      if (shared_blocks_differ(node)) add(*axes, CrashAxis{CrashAxis::Kind::shared, n, 0, 0, {0, 1}});
    }
  }
}

CrashPlan CrashPlanner::plan_of(const char* name, Keep data, Entries entries) const {
  CrashPlan plan{.kind = CrashPlan::Kind::blocks, .kept_entries = std::move(entries), .name = name};
  plan.choice.reserve(block_axes_.size());
  for (const CrashAxis& axis : block_axes_) plan.choice.push_back(data == Keep::all ? axis.versions.back() : 0);
  return plan;
}

void CrashPlanner::add_whole_plans() {
  if (options_.process_kill) plans_.push_back(CrashPlan{.kind = CrashPlan::Kind::cache, .name = "process killed"});
  if (!options_.power_cut) return;
  plans_.push_back(plan_of("only synced", Keep::none, entries(Keep::none)));
  plans_.push_back(plan_of("everything", Keep::all, entries(Keep::all)));
}

void CrashPlanner::add_entry_plans() {
  const std::size_t count = snapshot_.entry_changes.size();
  if (count == 0) return;
  std::vector<Entries> subsets;
  if (count <= kAllEntrySubsets) {
    for (u32 mask = 0; mask < 1u << count; ++mask) {
      Entries kept(count);
      for (std::size_t i = 0; i < count; ++i) kept[i] = (mask >> i & 1) != 0;
      subsets.push_back(std::move(kept));
    }
  } else {
    for (std::size_t prefix = 0; prefix <= count; ++prefix) {
      Entries kept(count);
      std::fill_n(kept.begin(), prefix, true);
      subsets.push_back(std::move(kept));
    }
    for (std::size_t i = 0; i < kRandomEntrySubsets; ++i) subsets.push_back(random_entries());
  }
  for (const Entries& kept : subsets) {
    plans_.push_back(plan_of("names apart, data synced", Keep::none, kept));
    plans_.push_back(plan_of("names apart, all data", Keep::all, kept));
  }
}

void CrashPlanner::add_file_plans() {
  for (u32 n = 0; n < snapshot_.nodes.size(); ++n) {
    if (snapshot_.nodes[n].blocks.empty() && snapshot_.nodes[n].sizes.empty()) continue;
    for (const Keep own : {Keep::none, Keep::all}) {
      CrashPlan plan = plan_of(own == Keep::all ? "only one file's data" : "all but one file's data",
                               own == Keep::all ? Keep::none : Keep::all, entries(Keep::all));
      for (std::size_t i = 0; i < block_axes_.size(); ++i) {
        if (block_axes_[i].node == n) plan.choice[i] = own == Keep::all ? block_axes_[i].versions.back() : 0;
      }
      plans_.push_back(std::move(plan));
    }
  }
}

void CrashPlanner::add_size_plans() {
  for (const Keep size : {Keep::none, Keep::all}) {
    CrashPlan plan = plan_of(size == Keep::all ? "sizes without data" : "data without sizes",
                             size == Keep::all ? Keep::none : Keep::all, entries(Keep::all));
    for (std::size_t i = 0; i < block_axes_.size(); ++i) {
      const CrashAxis& axis = block_axes_[i];
      if (axis.kind == CrashAxis::Kind::size) plan.choice[i] = size == Keep::all ? axis.versions.back() : 0;
    }
    plans_.push_back(std::move(plan));
  }
}

CrashPlanner::Entries CrashPlanner::random_entries() {
  if (random_() % 2 == 0) return entries(Keep::all);
  Entries kept(snapshot_.entry_changes.size());
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = random_() % 2 == 0;
  return kept;
}

// Mostly nothing or all, for the versions between are the rarer case.
u32 CrashPlanner::random_version(const CrashAxis& axis) {
  switch (random_() % 5) {
    case 0:
    case 1: return 0;
    case 2:
    case 3: return axis.versions.back();
    default: return axis.versions[random_() % axis.versions.size()];
  }
}

void CrashPlanner::add_subsets(CrashPlan::Kind kind) {
  const std::vector<CrashAxis>& axes = axes_of(kind);
  if (axes.empty()) return;
  const u64 limit = u64{1} << options_.exhaustive_units;
  u64 combinations = 1;
  for (const CrashAxis& axis : axes) combinations = std::min(combinations * axis.versions.size(), limit + 1);
  const bool exhaustive = combinations <= limit;
  const u64 count = exhaustive ? combinations : options_.random_subsets;
  for (u64 i = 0; i < count; ++i) {
    CrashPlan plan{.kind = kind, .name = kind == CrashPlan::Kind::blocks ? "blocks" : "sectors"};
    u64 rest = i;
    for (const CrashAxis& axis : axes) {
      plan.choice.push_back(exhaustive ? axis.versions[rest % axis.versions.size()] : random_version(axis));
      rest /= axis.versions.size();
    }
    plan.kept_entries = exhaustive ? entries(Keep::all) : random_entries();
    plans_.push_back(std::move(plan));
  }
}

void CrashPlanner::add_torn_plans() {
  struct Range {
    u64 first = ~u64{0};
    u64 end = 0;
  };
  std::map<u64, Range> writes;  // by operation: where its pending bytes are in the file
  for (const CrashNode& node : snapshot_.nodes) {
    for (const CrashBlock& block : node.blocks) {
      for (const SimFragment& fragment : block.fragments) {
        if (fragment.data == nullptr || block.shared) continue;
        const u64 at = u64{block.number} * kBlockBytes + fragment.at - fragment.position;
        Range& range = writes[fragment.operation];
        range.first = std::min(range.first, at);
        range.end = std::max(range.end, at + fragment.position + fragment.size);
      }
    }
  }
  u32 left = options_.torn_writes;
  for (auto write = writes.rbegin(); write != writes.rend() && left > 0; ++write, --left) {
    add_torn_write(write->first, write->second.first, write->second.end);
  }
}

void CrashPlanner::add_torn_write(u64 operation, u64 first, u64 end) {
  std::vector<u64> cuts;
  for (u64 at = (first / kSectorBytes + 1) * kSectorBytes; at < end; at += kSectorBytes) cuts.push_back(at - first);
  std::shuffle(cuts.begin(), cuts.end(), random_);
  if (cuts.size() > kMostBoundaries) cuts.resize(kMostBoundaries);
  const u64 size = end - first;
  for (u64 i = 1; i <= options_.torn_cuts && i < size; ++i) {
    cuts.push_back(size <= options_.torn_cuts ? i : 1 + random_() % (size - 1));
  }
  std::sort(cuts.begin(), cuts.end());
  for (const u64 cut : cuts) {
    CrashPlan plan{.kind = CrashPlan::Kind::torn, .torn = operation, .cut = cut, .name = "torn write"};
    plan.torn_size = random_() % 2 == 0;
    for (const CrashEntryChange& change : snapshot_.entry_changes) {
      plan.kept_entries.push_back(change.operation < operation);
    }
    plans_.push_back(std::move(plan));
  }
}

std::string CrashPlanner::describe(const CrashPlan& plan) const {
  std::string text = plan.name;
  if (plan.kind == CrashPlan::Kind::cache) return text;
  if (plan.kind == CrashPlan::Kind::torn) {
    text += ": operation #" + std::to_string(plan.torn) + " after " + std::to_string(plan.cut) + " bytes, its size " +
            (plan.torn_size ? "kept" : "lost");
  }
  std::size_t listed = 0;
  const std::vector<CrashAxis>& axes = axes_of(plan.kind);
  for (std::size_t i = 0; i < plan.choice.size(); ++i) {
    if (++listed > kMostDescribed) break;
    const CrashAxis& axis = axes[i];
    const CrashNode& node = snapshot_.nodes[axis.node];
    text += listed == 1 ? ": " : ", ";
    text += node.path;
    if (axis.kind == CrashAxis::Kind::size) text += " size";
    if (axis.kind == CrashAxis::Kind::shared) text += " shared memory";
    if (axis.kind == CrashAxis::Kind::block || axis.kind == CrashAxis::Kind::sector) {
      text += '@';
      text += std::to_string(u64{node.blocks[axis.block].number} * kBlockBytes + axis.sector * kSectorBytes);
    }
    const u32 version = plan.choice[i];
    text += version == 0                      ? " lost"
            : version == axis.versions.back() ? " kept"
                                              : " partly (" + std::to_string(version) + ")";
  }
  if (listed > kMostDescribed) text += ", and " + std::to_string(plan.choice.size() - kMostDescribed) + " more";
  for (std::size_t i = 0; i < plan.kept_entries.size(); ++i) {
    const CrashEntryChange& change = snapshot_.entry_changes[i];
    text += std::string("; ") + operation_name(change.kind) + " " + change.names.back().first +
            (plan.kept_entries[i] ? " kept" : " lost");
  }
  return text;
}

}  // namespace sapwood::os
