#include "tree/orphans.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "tree/descent.h"

namespace sapwood::tree {

using storage::DamagedFile;

std::vector<Orphan> find_orphans(const DamagedFile& file, const storage::PageSet& seen,
                                 const std::function<void()>& told) {
  std::vector<Orphan> found;
  file.for_each_node([&](PageRef ref, const u8* page) {
    told();
    const DamagedFile::Use use = file.use_of(ref.page);
    if (seen.contains(ref.page) || use == DamagedFile::Use::free) return;
    found.push_back({.ref = ref,
                     .birth = PageHeader::birth(page),
                     .tree_id = PageHeader::tree_id(page),
                     .level = PageHeader::level(page),
                     .order = page_order(page),
                     .type = PageHeader::type(page),
                     .maybe_old = use == DamagedFile::Use::unknown});
  });
  std::ranges::stable_sort(found, {}, &Orphan::tree_id);
  return found;
}

std::span<const Orphan> orphans_of(const std::vector<Orphan>& sorted, u32 tree_id) {
  const auto range = std::ranges::equal_range(sorted, tree_id, {}, &Orphan::tree_id);
  return {range.begin(), range.end()};
}

namespace {

// Whether the leaves at or below the page are of that shape, as far as the first of them can be read.
bool leads_to(const PageReader& pages, const Orphan& orphan, const TreeShape& shape) {
  if (orphan.order != shape.order) return false;
  const u8* page = pages.fetch(orphan.ref);
  try {
    for (u32 level = orphan.level; level > 0; --level) {
      page = pages.fetch(Branch(page, pages.page_size()).child(0));
      if (PageHeader::level(page) + 1u != level) return false;
    }
  } catch (const Error&) {
    return true;
  }
  return PageHeader::type(page) == leaf_type(shape) && (!shape.fixed || page_widths(page) == shape_widths(shape));
}

// Intervals of keys, both ends included, that newer leaves have told of.
class Covered {
 public:
  bool has(Bytes key) const {
    const auto after = intervals_.upper_bound(key);
    return after != intervals_.begin() && key <= std::prev(after)->second;
  }
  void add(std::string low, std::string high) {
    auto at = intervals_.upper_bound(low);
    if (at != intervals_.begin() && low <= std::prev(at)->second) {
      --at;
      low = at->first;
      high = std::max(high, at->second);
      at = intervals_.erase(at);
    }
    while (at != intervals_.end() && at->first <= high) {
      high = std::max(high, at->second);
      at = intervals_.erase(at);
    }
    intervals_.emplace(std::move(low), std::move(high));
  }

 private:
  std::map<std::string, std::string, std::less<>> intervals_;
};

// The gap that the key lies in and the page may have stood in, or null.
const Gap* gap_of(std::span<const Gap> gaps, Bytes key, const Orphan& orphan) {
  const auto after = std::ranges::partition_point(gaps, [&](const Gap& gap) { return !gap.low || *gap.low <= key; });
  if (after == gaps.begin()) return nullptr;
  const Gap& gap = *std::prev(after);
  if (gap.high && key >= *gap.high) return nullptr;
  return may_be_below(orphan, gap) ? &gap : nullptr;
}

}  // namespace

std::vector<Orphan> topmost(const PageReader& pages, std::span<const Orphan> orphans, const TreeShape& shape) {
  std::unordered_map<u64, const Orphan*> here;
  for (const Orphan& orphan : orphans) {
    if (leads_to(pages, orphan, shape)) here.emplace(to_u64(orphan.ref.page), &orphan);
  }
  std::unordered_set<u64> below;
  for (const auto& [number, orphan] : here) {
    if (orphan->level == 0) continue;
    const Branch branch(pages.fetch(orphan->ref), pages.page_size());
    for (u32 i = 0; i < branch.count(); ++i) {
      const auto child = here.find(to_u64(branch.child(i).page));
      if (child == here.end() || child->second->ref != branch.child(i)) continue;
      if (child->second->level + 1u == orphan->level) below.insert(child->first);
    }
  }
  std::vector<Orphan> top;
  for (const Orphan& orphan : orphans) {
    const u64 number = to_u64(orphan.ref.page);
    if (here.contains(number) && !below.contains(number)) top.push_back(orphan);
  }
  return top;
}

bool may_be_below(const Orphan& orphan, const Gap& gap) {
  const bool is_younger = gap.ref.page != kNoPage && static_cast<std::int32_t>(gap.ref.birth - orphan.ref.birth) < 0;
  return orphan.level < gap.level && !is_younger;
}

u64 entries_below(const PageReader& pages, const Orphan& orphan) {
  const u8* page = pages.fetch(orphan.ref);
  return orphan.level == 0 ? PageHeader::count(page) : Branch(page, pages.page_size()).total();
}

void for_each_orphan_entry(const PageReader& pages, std::span<const Orphan> orphans, const TreeShape& shape,
                           std::span<const Gap> gaps, const VisitOrphanEntry& visit) {
  std::vector<const Orphan*> leaves;
  for (const Orphan& orphan : orphans) {
    if (orphan.level == 0 && leads_to(pages, orphan, shape)) leaves.push_back(&orphan);
  }
  std::ranges::stable_sort(leaves, [](const Orphan* a, const Orphan* b) { return a->birth > b->birth; });
  Covered covered;
  std::string buffer;
  for (const Orphan* orphan : leaves) {
    const LeafNode leaf(pages.fetch(orphan->ref), pages.page_size());
    for (u32 i = 0; i < leaf.count(); ++i) {
      buffer.clear();
      const Bytes key = leaf.key(i, buffer);
      if (covered.has(key)) continue;
      if (const Gap* gap = gap_of(gaps, key, *orphan)) visit(leaf, i, key, *gap);
    }
    std::string low;
    std::string high;
    low = leaf.key(0, buffer);
    high = leaf.key(leaf.count() - 1, buffer);
    covered.add(std::move(low), std::move(high));
  }
}

}  // namespace sapwood::tree
