#include "tree/leaf_sequence.h"

#include <algorithm>

#include "base/assert.h"
#include "base/varint.h"
#include "tree/cut.h"

namespace sapwood::tree {

void LeafSequence::add_leaf(const LeafNode& node, u32 from, u32 to) {
  if (from == to) return;
  if (shape_.fixed) {
    const FixedLeaf leaf = node.fixed();
    add_segment(leaf.keys() + from * leaf.key_width(), leaf.values() + from * leaf.value_width(), to - from);
    return;
  }
  const Leaf leaf = node.variable();
  items_.reserve(items_.size() + to - from + 1);
  const u32 first = size();
  for (u32 i = from; i < to; ++i) {
    const u32 start = static_cast<u32>(keys_.size());
    if (is_keyed(shape_.order)) leaf.append_key(i, keys_);
    items_.push_back({start, static_cast<u32>(keys_.size()) - start, leaf.value(i)});
  }
  if (first > 0) check_order(key(first - 1), key(first));
}

void LeafSequence::add(const Entry& entry) {
  if (shape_.fixed) {
    add_segment(reinterpret_cast<const u8*>(entry.key.data()), reinterpret_cast<const u8*>(entry.value.bytes.data()),
                1);
    return;
  }
  const u32 start = static_cast<u32>(keys_.size());
  keys_.append(entry.key);
  items_.push_back({start, static_cast<u32>(entry.key.size()), entry.value});
  if (size() > 1) check_order(key(size() - 2), key(size() - 1));
}

void LeafSequence::add_segment(const u8* keys, const u8* values, u32 count) {
  segments_.push_back({keys, values, count});
  fixed_size_ += count;
  if (fixed_size_ > count) check_order(key(fixed_size_ - count - 1), key(fixed_size_ - count));
}

void LeafSequence::check_order(Bytes last, Bytes next) const {
  check_format(!is_keyed(shape_.order) || last < next, place_, "its keys are not below those of its right neighbour");
}

Bytes LeafSequence::key(u32 i) const {
  if (!shape_.fixed) return bytes_of(keys_.data() + items_[i].key, items_[i].key_size);
  auto segment = segments_.begin();
  for (; i >= segment->count; ++segment) i -= segment->count;
  return bytes_of(segment->keys + i * shape_.key_width, shape_.key_width);
}

u32 LeafSequence::prefix(u32 from, u32 to) const {
  if (!is_keyed(shape_.order) || from == to) return 0;
  const u32 shared = common_prefix(key(from), key(to - 1));
  return to - from == 1 ? std::min(shared, expected_prefix_) : shared;
}

u32 LeafSequence::bytes(u32 from, u32 to) const {
  if (shape_.fixed) {
    const u32 width = u32{shape_.key_width} + shape_.value_width;
    return to - from > fixed_capacity(page_size_, width) ? page_size_ + 1 : kPageHeaderSize + (to - from) * width;
  }
  const u32 shared = prefix(from, to);
  u32 sum = kPageHeaderSize + shared;
  for (u32 i = from; i < to; ++i) sum += item_bytes(i, shared);
  return sum;
}

std::optional<u32> LeafSequence::cut(u32 window) const {
  if (shape_.fixed) return size() / 2;
  const u32 shared = prefix(0, size());
  std::vector<u32> ends(size());
  u32 sum = 0;
  for (u32 i = 0; i < size(); ++i) ends[i] = sum += item_bytes(i, shared);
  const auto halves_fit = [&](u32 k) { return fits(0, k) && fits(k, size()); };
  if (!is_keyed(shape_.order)) return choose_cut(ends, 0, halves_fit, [](u32) { return 0u; });
  return choose_cut(ends, window, halves_fit, [&](u32 k) { return common_prefix(key(k - 1), key(k)); });
}

void LeafSequence::build(u32 from, u32 to, u8* leaf, u32 size) const {
  SAPWOOD_ASSERT(from < to && to <= this->size() && bytes(from, to) <= size);
  format_node(leaf, shape_, 0, size);
  if (shape_.fixed) build_fixed(from, to, leaf, size);
  else build_variable(from, to, leaf, size);
}

void LeafSequence::build_fixed(u32 from, u32 to, u8* page, u32 page_size) const {
  std::memset(page + kPageHeaderSize, 0, page_size - kPageHeaderSize);
  const FixedLeaf empty(page, page_size);
  SAPWOOD_ASSERT(to - from <= empty.capacity());
  u8* key = page + (empty.keys() - page);
  u8* value = page + (empty.values() - page);
  u32 start = 0;
  for (const Segment& segment : segments_) {
    const u32 first = std::max(from, start);
    const u32 last = std::min(to, start + segment.count);
    if (first < last) {
      const std::size_t keys = std::size_t{last - first} * shape_.key_width;
      const std::size_t values = std::size_t{last - first} * shape_.value_width;
      if (keys != 0) std::memcpy(key, segment.keys + (first - start) * shape_.key_width, keys);
      if (values != 0) std::memcpy(value, segment.values + (first - start) * shape_.value_width, values);
      key += keys;
      value += values;
    }
    start += segment.count;
  }
  PageHeader::set_count(page, to - from);
}

void LeafSequence::build_variable(u32 from, u32 to, u8* page, u32 page_size) const {
  const u32 shared = prefix(from, to);
  const bool keyed = is_keyed(shape_.order);
  const u32 n = to - from;
  PageHeader::set_count(page, n);
  PageHeader::set_prefix(page, shared);
  u32 heap = page_size - shared;
  if (shared != 0) std::memcpy(page + heap, key(from).data(), shared);
  u8* head = page + kPageHeaderSize;
  u8* slot = head + (keyed ? 4 * n : 0);
  for (u32 i = from; i < to; ++i, head += 4, slot += 2) {
    const StoredValue& value = items_[i].value;
    const u64 kind = static_cast<u64>(value.kind);
    const Bytes rest = key(i).substr(shared);
    const Bytes tail = tail_of(rest);
    heap -= item_bytes(i, shared) - (keyed ? 6 : 2);
    store<u16>(slot, static_cast<u16>(heap));
    u8* at = page + heap;
    if (keyed) {
      store<u32>(head, head_of(rest));
      at = put_varint(put_varint(at, u64{rest.size()} << 2 | kind), value.bytes.size());
      if (!tail.empty()) std::memcpy(at, tail.data(), tail.size());
      at += tail.size();
    } else {
      at = put_varint(at, u64{value.bytes.size()} << 2 | kind);
    }
    if (!value.bytes.empty()) std::memcpy(at, value.bytes.data(), value.bytes.size());
  }
  std::memset(slot, 0, static_cast<std::size_t>(page + heap - slot));
  PageHeader::set_heap(page, heap);
}

}  // namespace sapwood::tree
