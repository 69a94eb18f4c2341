#include "tree/fixed_leaf.h"

#include "base/assert.h"

namespace sapwood::tree {

namespace {

// How many of the ascending 8-byte keys are less than `key` (both big-endian). No branch depends on the data.
u32 keys_below(const u8* keys, u32 count, u64 key) {
  if (count == 0) return 0;
  const u8* base = keys;
  u32 left = count;
  while (left > 1) {
    const u32 half = left / 2;
    base += load_be64(base + 8 * (half - 1)) < key ? 8 * half : 0;
    left -= half;
  }
  return static_cast<u32>(base - keys) / 8 + (load_be64(base) < key);
}

}  // namespace

Found FixedLeaf::find(Bytes key) const {
  const u32 n = count();
  if (key_width_ == 8 && key.size() == 8) {
    const u64 wanted = load_be64(key.data());
    const u32 i = keys_below(keys(), n, wanted);
    return {i, i < n && load_be64(keys() + 8 * i) == wanted};
  }
  u32 low = 0;
  u32 high = n;
  while (low < high) {
    const u32 middle = low + (high - low) / 2;
    const int order = this->key(middle).compare(key);
    if (order == 0) return {middle, true};
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return {low, false};
}

bool FixedLeafEditor::insert(u32 i, Bytes key, Bytes value) {
  const u32 n = count();
  SAPWOOD_ASSERT(i <= n && key.size() == key_width_ && value.size() == value_width_);
  if (n == capacity()) return false;
  if (key_width_ != 0) {
    std::memmove(key_at(i + 1), key_at(i), std::size_t{n - i} * key_width_);
    std::memcpy(key_at(i), key.data(), key_width_);
  }
  if (value_width_ != 0) {
    std::memmove(value_at(i + 1), value_at(i), std::size_t{n - i} * value_width_);
    std::memcpy(value_at(i), value.data(), value_width_);
  }
  PageHeader::set_count(bytes_, n + 1);
  return true;
}

void FixedLeafEditor::replace(u32 i, Bytes value) {
  SAPWOOD_ASSERT(value.size() == value_width_);
  if (value_width_ != 0) std::memmove(value_at(i), value.data(), value_width_);
}

void FixedLeafEditor::remove(u32 from, u32 to) {
  const u32 n = count();
  SAPWOOD_ASSERT(from < to && to <= n);
  std::memmove(key_at(from), key_at(to), std::size_t{n - to} * key_width_);
  std::memmove(value_at(from), value_at(to), std::size_t{n - to} * value_width_);
  PageHeader::set_count(bytes_, n - (to - from));
}

void FixedLeafEditor::append_values(Bytes values) {
  const u32 n = count();
  const u32 added = static_cast<u32>(values.size()) / value_width_;
  SAPWOOD_ASSERT(key_width_ == 0 && values.size() % value_width_ == 0 && added <= capacity() - n);
  std::memcpy(value_at(n), values.data(), values.size());
  PageHeader::set_count(bytes_, n + added);
}

void FixedLeafEditor::append(const FixedLeaf& source, u32 from, u32 to) {
  const u32 n = count();
  SAPWOOD_ASSERT(to - from <= capacity() - n);
  std::memcpy(key_at(n), source.keys() + from * key_width_, std::size_t{to - from} * key_width_);
  std::memcpy(value_at(n), source.values() + from * value_width_, std::size_t{to - from} * value_width_);
  PageHeader::set_count(bytes_, n + (to - from));
}

void verify_fixed_leaf(const u8* page, u32 page_size, PageNo number, u32 limits) {
  const Order order = page_order(page);
  check_format(is_known(order), number, "F1: unknown order");
  const FixedLeaf leaf(page, page_size);
  const u32 width = leaf.key_width() + leaf.value_width();
  check_format(width >= 1 && width <= max_fixed_entry(limits) && (leaf.key_width() != 0) == (is_keyed(order)), number,
               "F1: impossible widths");
  check_format(leaf.count() >= 1 && leaf.count() <= leaf.capacity() && PageHeader::level(page) == 0, number,
               "F2: impossible number of entries");
  if (leaf.key_width() == 0) return;
  for (u32 i = 1; i < leaf.count(); ++i) {
    check_format(std::memcmp(leaf.key(i - 1).data(), leaf.key(i).data(), leaf.key_width()) < 0, number,
                 "F3: keys do not ascend");
  }
}

}  // namespace sapwood::tree
