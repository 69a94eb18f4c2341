#include "tree/branch_sequence.h"

#include "base/assert.h"
#include "base/varint.h"
#include "tree/cut.h"

namespace sapwood::tree {

void BranchSequence::add_page(const u8* page, Bytes first) {
  const Branch branch(page, page_size_);
  items_.reserve(items_.size() + branch.count() + 1);
  std::string key(first);
  for (u32 i = 0; i < branch.count(); ++i) {
    if (i != 0) {
      key.clear();
      branch.append_separator(i, key);
    }
    add(key, branch.child(i), branch.entries(i));
  }
}

void BranchSequence::insert(u32 at, Bytes separator, PageRef child, u64 entries) {
  items_.insert(items_.begin() + at, make_item(separator, child, entries));
  check_order(at);
}

void BranchSequence::set_separator(u32 at, Bytes separator) {
  items_[at] = make_item(separator, items_[at].child, items_[at].entries);
  check_order(at);
}

void BranchSequence::check_order(u32 at) const {
  if (!is_keyed(shape_.order)) return;
  check_format(at == 0 || separator(at - 1) < separator(at), place_, "separators do not ascend");
  check_format(at + 1 == size() || separator(at) < separator(at + 1), place_, "separators do not ascend");
}

void BranchSequence::remove_first(u32 count) {
  BranchSequence left(shape_, page_size_, level_, place_);
  for (u32 i = count; i < size(); ++i) left.add(separator(i), child(i), entries(i));
  items_ = std::move(left.items_);
  keys_ = std::move(left.keys_);
}

BranchSequence::Item BranchSequence::make_item(Bytes separator, PageRef child, u64 entries) {
  const u32 at = static_cast<u32>(keys_.size());
  keys_.append(separator);
  return {at, static_cast<u32>(separator.size()), child, entries};
}

u64 BranchSequence::entries(u32 from, u32 to) const {
  u64 sum = 0;
  for (u32 i = from; i < to; ++i) sum += items_[i].entries;
  return sum;
}

// What separators from+1..to-1 share. A lone separator is measured against the one that bounds the page, so that its
// future neighbours are likely to share it too.
u32 BranchSequence::prefix(u32 from, u32 to) const {
  if (!is_keyed(shape_.order) || to - from < 2) return 0;
  return common_prefix(separator(to - from == 2 ? from : from + 1), separator(to - 1));
}

u32 BranchSequence::item_bytes(u32 i, bool first, u32 prefix) const {
  if (!is_keyed(shape_.order)) return kChildBytes;
  if (first || items_[i].key_size <= prefix + kHeadBytes) return kKeyedChildBytes;
  const u32 rest = items_[i].key_size - prefix;
  return kKeyedChildBytes + static_cast<u32>(varint_size(rest)) + rest - kHeadBytes;
}

u32 BranchSequence::bytes(u32 from, u32 to) const {
  const u32 shared = prefix(from, to);
  u32 sum = kPageHeaderSize + shared;
  for (u32 i = from; i < to; ++i) sum += item_bytes(i, i == from, shared);
  return sum;
}

std::optional<u32> BranchSequence::cut() const {
  const u32 shared = prefix(0, size());
  std::vector<u32> ends(size());
  u32 sum = 0;
  for (u32 i = 0; i < size(); ++i) ends[i] = sum += item_bytes(i, i == 0, shared);
  const auto halves_fit = [&](u32 k) { return fits(0, k) && fits(k, size()); };
  return choose_cut(ends, page_size_ / 16, halves_fit, [&](u32 k) { return items_[k].key_size; });
}

void BranchSequence::build(u32 from, u32 to, u8* page) const {
  SAPWOOD_ASSERT(from < to && fits(from, to));
  format_node(page, shape_, level_, page_size_);
  const u32 n = to - from;
  PageHeader::set_count(page, n);
  const u32 shared = prefix(from, to);
  const bool keyed = is_keyed(shape_.order);
  u8* child = page + kPageHeaderSize;
  u8* head = child + n * kChildBytes;
  u8* slot = head + 4 * n;
  u32 heap = page_size_ - shared;
  if (shared != 0) std::memcpy(page + heap, separator(from + 1).data(), shared);
  PageHeader::set_prefix(page, shared);
  u64 end = 0;
  for (u32 i = from; i < to; ++i, child += kChildBytes) {
    store_u48(child, to_u64(items_[i].child.page));
    store<u32>(child + 6, items_[i].child.birth);
    store_u48(child + 10, end += items_[i].entries);
    if (!keyed) continue;
    const Bytes rest = i == from ? Bytes() : separator(i).substr(shared);
    store<u32>(head + 4 * (i - from), head_of(rest));
    u32 slot_value = static_cast<u32>(rest.size());
    if (rest.size() > kHeadBytes) {
      heap -= static_cast<u32>(varint_size(rest.size()) + rest.size()) - kHeadBytes;
      slot_value = heap;
      u8* at = put_varint(page + heap, rest.size());
      std::memcpy(at, rest.data() + kHeadBytes, rest.size() - kHeadBytes);
    }
    store<u16>(slot + 2 * (i - from), static_cast<u16>(slot_value));
  }
  u8* arrays_end = keyed ? slot + 2 * n : child;
  std::memset(arrays_end, 0, static_cast<std::size_t>(page + heap - arrays_end));
  PageHeader::set_heap(page, heap);
}

}  // namespace sapwood::tree
