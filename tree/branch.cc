#include "tree/branch.h"

#include <vector>

#include "base/assert.h"
#include "base/varint.h"

namespace sapwood::tree {

namespace {

constexpr u64 kEndUnit = u64{1} << 16;  // one entry in the 8 bytes that end with the u48 `end`

// Bytes of the record of a separator with `size` bytes after the prefix.
u32 record_bytes(u32 size) { return size <= kHeadBytes ? 0 : static_cast<u32>(varint_size(size)) + size - kHeadBytes; }

}  // namespace

u32 Branch::find_index(u64 index) const {
  const u32 n = count();
  const u64 all = total();
  if (index >= all) return n;
  // Children are of like size: start at the guess and step, then halve what is left.
  u32 low = 0;
  u32 high = n - 1;  // the answer is in [low, high]
  u32 guess = static_cast<u32>(static_cast<double>(index) * n / static_cast<double>(all));
  if (guess > high) guess = high;
  for (u32 step = 1; low < high; step *= 2) {
    if (end(guess) <= index) {
      low = guess + 1;
      if (high - low <= step) break;
      guess = low + step - 1;
    } else {
      high = guess;
      if (high - low <= step) break;
      guess = high - step;
    }
  }
  while (low < high) {
    const u32 middle = low + (high - low) / 2;
    if (end(middle) <= index) low = middle + 1;
    else high = middle;
  }
  return low;
}

u32 Branch::find_key(Bytes key) const {
  const u32 n = count();
  const u32 prefix_size = PageHeader::prefix(page_);
  for (const u8* line = heads(); line < slots(); line += 64) __builtin_prefetch(line);  // together, not one by one
  if (prefix_size != 0) {
    const int order = compare_prefix(key, page_ + page_size_ - prefix_size, prefix_size);
    if (order != 0) return order < 0 ? 0 : n - 1;
    key.remove_prefix(prefix_size);
  }
  const SearchKey wanted(key);
  const Found found = search_heads(heads() + 4, n - 1, wanted.head, [&](u32 i) {
    const Rest stored = rest(i + 1);
    return compare_tied(stored.tail, stored.size, wanted);
  });
  return found.slot + found.equal;
}

Branch::Rest Branch::rest(u32 i) const {
  const u32 slot_value = slot(i);
  if (slot_value < kMinRecordOffset) return {slot_value, Bytes()};
  u32 size;
  const u8* tail = read_varint(page_ + slot_value, size);
  return {size, bytes_of(tail, size - kHeadBytes)};
}

void Branch::append_separator(u32 i, std::string& to) const {
  if (i == 0 || !keyed()) return;
  to.append(prefix());
  const Rest stored = rest(i);
  char start[kHeadBytes];
  store_be32(start, head(i));
  to.append(start, stored.size < kHeadBytes ? stored.size : kHeadBytes);
  to.append(stored.tail);
}

void BranchEditor::set_child(u32 i, PageRef child) {
  store_u48(child_at(i), to_u64(child.page));
  store<u32>(child_at(i) + 6, child.birth);
}

void BranchEditor::add_entries(u32 i, u64 delta) {
  const u32 n = count();
  for (u8* at = child_at(i) + 8; at < child_at(n); at += kChildBytes) store<u64>(at, load<u64>(at) + delta * kEndUnit);
}

bool BranchEditor::insert(u32 i, Bytes separator, PageRef child, u64 entries) {
  const u32 n = count();
  SAPWOOD_ASSERT(i >= 1 && i <= n);
  u32 needed = child_bytes();
  if (keyed()) {
    const u32 prefix_size = PageHeader::prefix(page_);
    if (!starts_with(separator, page_ + page_size_ - prefix_size, prefix_size)) return false;
    separator.remove_prefix(prefix_size);
    needed += record_bytes(static_cast<u32>(separator.size()));
  }
  if (needed > free_bytes()) return false;
  if (keyed()) {  // the arrays grow to the right: move the rightmost first
    std::memmove(slots_at(n + 1) + 2 * (i + 1), slots_at(n) + 2 * i, 2 * (n - i));
    std::memmove(slots_at(n + 1), slots_at(n), 2 * i);
    std::memmove(heads_at(n + 1) + 4 * (i + 1), heads_at(n) + 4 * i, 4 * (n - i));
    std::memmove(heads_at(n + 1), heads_at(n), 4 * i);
  }
  std::memmove(child_at(i + 1), child_at(i), kChildBytes * (n - i));
  PageHeader::set_count(bytes_, n + 1);
  const u64 shared_end = end(i - 1);
  set_child(i, child);
  store_u48(child_at(i) + 10, shared_end);
  store_u48(child_at(i - 1) + 10, shared_end - entries);
  if (keyed()) write_separator(i, separator);
  return true;
}

bool BranchEditor::set_separator(u32 i, Bytes separator) {
  SAPWOOD_ASSERT(i >= 1 && i < count());
  if (!separator.starts_with(prefix())) return false;
  separator.remove_prefix(PageHeader::prefix(page_));
  if (record_bytes(static_cast<u32>(separator.size())) > free_bytes()) return false;
  drop_record(i);
  write_separator(i, separator);
  return true;
}

void BranchEditor::remove(u32 from, u32 to) {
  const u32 n = count();
  SAPWOOD_ASSERT(from < to && to <= n);
  const u64 removed = end(to - 1) - begin(from);
  if (to < n) add_entries(to, 0 - removed);
  if (keyed()) {
    for (u32 i = from; i < to; ++i) drop_record(i);
    if (from == 0 && to < n) {
      drop_record(to);
      write_separator(to, Bytes());
    }
  }
  const u32 left = n - (to - from);
  std::memmove(child_at(from), child_at(to), kChildBytes * (n - to));
  if (keyed()) {  // the arrays shrink to the left: move the leftmost first
    std::memmove(heads_at(left), heads_at(n), 4 * from);
    std::memmove(heads_at(left) + 4 * from, heads_at(n) + 4 * to, 4 * (n - to));
    std::memmove(slots_at(left), slots_at(n), 2 * from);
    std::memmove(slots_at(left) + 2 * from, slots_at(n) + 2 * to, 2 * (n - to));
  }
  PageHeader::set_count(bytes_, left);
}

// Requires: room for the record; count() includes i.
void BranchEditor::write_separator(u32 i, Bytes rest) {
  const u32 size = static_cast<u32>(rest.size());
  store<u32>(heads_at(count()) + 4 * i, head_of(rest));
  u8* slot_at = slots_at(count()) + 2 * i;
  if (size <= kHeadBytes) {
    store<u16>(slot_at, static_cast<u16>(size));
    return;
  }
  const u32 offset = PageHeader::heap(bytes_) - record_bytes(size);
  u8* at = put_varint(bytes_ + offset, size);
  std::memcpy(at, rest.data() + kHeadBytes, size - kHeadBytes);
  PageHeader::set_heap(bytes_, offset);
  store<u16>(slot_at, static_cast<u16>(offset));
}

void BranchEditor::drop_record(u32 i) {
  const u32 offset = slot(i);
  if (offset < kMinRecordOffset) return;
  const u32 size = record_bytes(rest(i).size);
  store<u16>(slots_at(count()) + 2 * i, 0);
  if (offset == PageHeader::heap(bytes_)) {
    PageHeader::set_heap(bytes_, offset + size);
    return;
  }
  if (page_garbage(bytes_) + size > kMaxGarbage) compact();
  else return set_page_garbage(bytes_, page_garbage(bytes_) + size);
}

// Moves all records together at the page's end.
void BranchEditor::compact() {
  const std::vector<u8> old(bytes_, bytes_ + page_size_);
  u32 heap = page_size_ - PageHeader::prefix(bytes_);
  for (u32 i = 0; i < count(); ++i) {
    const u32 offset = slot(i);
    if (offset < kMinRecordOffset) continue;
    u32 size;
    read_varint(old.data() + offset, size);
    heap -= record_bytes(size);
    std::memcpy(bytes_ + heap, old.data() + offset, record_bytes(size));
    store<u16>(slots_at(count()) + 2 * i, static_cast<u16>(heap));
  }
  PageHeader::set_heap(bytes_, heap);
  set_page_garbage(bytes_, 0);
}

namespace {

// Bounds of the records of a keyed branch, read without trust.
struct SeparatorCheck {
  const u8* page;
  u32 page_size;
  PageNo number;
  u32 count;
  u32 heap;
  u32 records_end;

  Bytes tail(u32 slot, u32& size) const {
    if (slot < kMinRecordOffset) {
      check_format(slot <= kHeadBytes, number, "B3: impossible length of a separator");
      size = slot;
      return Bytes();
    }
    check_format(slot >= heap && slot < records_end, number, "B3: a slot points outside the heap");
    u64 length;
    const u8* at = get_varint(page + slot, page + records_end, length);
    check_format(at != nullptr && length > kHeadBytes && length <= max_key_size(page_size) &&
                     length - kHeadBytes <= static_cast<u64>(page + records_end - at) &&
                     static_cast<u32>(at - (page + slot)) == varint_size(length),
                 number, "B3: a separator runs past its page");
    size = static_cast<u32>(length);
    return bytes_of(at, size - kHeadBytes);
  }

  void run() const {
    const u8* heads = page + kPageHeaderSize + count * kChildBytes;
    const u8* slots = heads + 4 * count;
    check_format(load<u32>(heads) == 0 && load<u16>(slots) == 0, number, "B4: the first separator is not empty");
    u32 used = 0;
    Bytes last_tail;
    u32 last_size = 0;
    for (u32 i = 1; i < count; ++i) {
      const u32 head = load<u32>(heads + 4 * i);
      u32 size;
      const Bytes this_tail = tail(load<u16>(slots + 2 * i), size);
      check_format(size >= kHeadBytes || (head & (~u32{0} >> (8 * size))) == 0, number,
                   "B3: a short head is not padded");
      used += record_bytes(size);
      if (i > 1) {
        const u32 last_head = load<u32>(heads + 4 * (i - 1));
        const int tails = last_tail.compare(this_tail);
        const bool ascends = last_head != head ? last_head < head : (tails != 0 ? tails < 0 : last_size < size);
        check_format(ascends, number, "B4: separators do not ascend");
      }
      last_tail = this_tail;
      last_size = size;
    }
    check_format(used + page_garbage(page) == records_end - heap, number, "B5: the heap does not add up");
  }
};

}  // namespace

void verify_branch(const u8* page, u32 page_size, PageNo number) {
  const Order order = page_order(page);
  check_format(is_known(order), number, "B1: unknown order");
  const u32 n = PageHeader::count(page);
  const u32 level = PageHeader::level(page);
  check_format(n >= 1 && level >= 1 && level <= kMaxHeight, number, "B1: no children, or an impossible level");
  const u32 arrays_end = kPageHeaderSize + n * (is_keyed(order) ? kKeyedChildBytes : kChildBytes);
  const u32 heap = PageHeader::heap(page);
  const u32 prefix = PageHeader::prefix(page);
  check_format(prefix <= max_key_size(page_size) && arrays_end <= heap && heap <= page_size - prefix, number,
               "B1: arrays, heap and prefix overlap");
  const Branch branch(page, page_size);
  u64 last = 0;
  for (u32 i = 0; i < n; ++i) {
    check_format(branch.end(i) > last, number, "B2: entry counts do not ascend");
    check_format(branch.child(i).page != kNoPage, number, "B2: a child is page 0");
    last = branch.end(i);
  }
  if (order == Order::position) {
    check_format(prefix == 0 && heap == page_size && page_garbage(page) == 0, number, "B5: a list's branch has a heap");
    return;
  }
  SeparatorCheck{page, page_size, number, n, heap, page_size - prefix}.run();
}

}  // namespace sapwood::tree
