#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "os/sim_disk_crash.h"

namespace sapwood::os {
namespace {

constexpr SimBlock kZeroBlock{};

std::unique_ptr<SimBlock> copy_of(const u8* bytes) {
  auto block = std::make_unique<SimBlock>();
  std::memcpy(block->data(), bytes, kBlockBytes);
  return block;
}

void copy_durable_blocks(const SimNode& from, CrashNode& to) {
  std::vector<u32> numbers = from.region()->touched().members();
  std::sort(numbers.begin(), numbers.end());
  to.durable_bytes.reserve(numbers.size() * kBlockBytes);
  for (const u32 number : numbers) {
    const auto pending = from.pending().find(number);
    const u8* const bytes =
        pending == from.pending().end() ? from.region()->block(number) : pending->second.base->data();
    if (std::memcmp(bytes, kZeroBlock.data(), kBlockBytes) == 0) continue;
    to.durable_numbers.push_back(number);
    to.durable_bytes.insert(to.durable_bytes.end(), bytes, bytes + kBlockBytes);
  }
}

CrashNode copy_node(const std::string& path, const SimNode& from) {
  CrashNode to{.path = path};
  to.durable_size = from.durable_size();
  to.size = from.size();
  to.sizes = from.size_changes();
  copy_durable_blocks(from, to);
  to.blocks.reserve(from.pending().size());
  for (const auto& [number, pending] : from.pending()) {
    to.blocks.push_back(CrashBlock{number, number < from.shared_blocks(), copy_of(pending.base->data()),
                                   copy_of(from.region()->block(number)), pending.fragments});
  }
  return to;
}

}  // namespace

CrashSnapshot::CrashSnapshot(const SimDisk::State& state) {
  std::unordered_map<const SimInode*, u32> numbers;
  const auto number_of = [&](const std::string& path, const SimInodePointer& inode) {
    const auto [found, added] = numbers.try_emplace(inode.get(), static_cast<u32>(nodes.size()));
    if (added) nodes.push_back(copy_node(path, inode->node));
    return found->second;
  };
  for (const auto& [path, inode] : state.names) names[path] = number_of(path, inode);
  for (const auto& [path, inode] : state.durable_names) durable_names[path] = number_of(path, inode);
  for (const SimEntryChange& change : state.pending_names) {
    CrashEntryChange copy{change.operation, change.kind, {}};
    for (const auto& [path, inode] : change.names) {
      copy.names.emplace_back(path, inode == nullptr ? std::nullopt : std::optional(number_of(path, inode)));
    }
    entry_changes.push_back(std::move(copy));
  }
}

}  // namespace sapwood::os
