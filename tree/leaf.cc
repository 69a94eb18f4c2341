#include "tree/leaf.h"

#include <vector>

#include "base/assert.h"
#include "base/varint.h"
#include "tree/blob.h"

namespace sapwood::tree {

namespace {

constexpr u32 kNoSlot = 0;  // of a record that is being dropped

u32 size_of_record(Order order, u32 rest, u32 value_size) {
  if (!is_keyed(order)) return static_cast<u32>(varint_size(u64{value_size} << 2)) + value_size;
  const u32 tail = rest > kHeadBytes ? rest - kHeadBytes : 0;
  return static_cast<u32>(varint_size(u64{rest} << 2) + varint_size(value_size)) + tail + value_size;
}

}  // namespace

u32 entry_bytes(Order order, u32 key_size, u32 value_size, u32 prefix) {
  return (is_keyed(order) ? 6 : 2) + size_of_record(order, key_size - prefix, value_size);
}

Found Leaf::find(Bytes key) const {
  const u32 n = count();
  const u32 prefix = prefix_size();
  if (prefix != 0) {
    const int order = compare_prefix(key, page_ + page_size_ - prefix, prefix);
    if (order != 0) return {order < 0 ? 0 : n, false};
    key.remove_prefix(prefix);
  }
  const SearchKey wanted(key);
  return search_heads(heads(), n, wanted.head, [&](u32 i) {
    u32 start;
    u32 value_size;
    const u8* at = read_varint(read_varint(page_ + slot(i), start), value_size);
    const u32 rest = start >> 2;
    return compare_tied(bytes_of(at, rest > kHeadBytes ? rest - kHeadBytes : 0), rest, wanted);
  });
}

bool Leaf::ends_below(Bytes key) const {
  const u32 prefix = prefix_size();
  if (!starts_with(key, page_ + page_size_ - prefix, prefix)) return false;
  const SearchKey wanted(key.substr(prefix));
  const u32 last = count() - 1;
  const u32 head = load<u32>(heads() + 4 * last);
  if (head != wanted.head) return head < wanted.head;
  const KeyedRecord record = keyed_record(last);
  return compare_tied(record.tail, record.rest, wanted) < 0;
}

void Leaf::append_key(u32 i, std::string& to) const {
  const u32 prefix = prefix_size();
  to.append(reinterpret_cast<const char*>(page_ + page_size_ - prefix), prefix);
  const KeyedRecord record = keyed_record(i);
  char start[kHeadBytes];
  store_be32(start, load<u32>(heads() + 4 * i));
  to.append(start, record.rest < kHeadBytes ? record.rest : kHeadBytes);
  to.append(record.tail);
}

bool LeafEditor::insert(u32 i, const Entry& entry) {
  const u32 n = count();
  SAPWOOD_ASSERT(i <= n);
  Bytes rest = entry.key;
  const u32 prefix = prefix_size();
  if (prefix != 0) {
    if (!starts_with(rest, page_ + page_size_ - prefix, prefix)) return false;
    rest.remove_prefix(prefix);
  }
  const Order order = page_order(page_);
  const u32 record = size_of_record(order, static_cast<u32>(rest.size()), static_cast<u32>(entry.value.bytes.size()));
  if (record + slot_bytes() > free_bytes()) return false;
  u8* first = bytes_ + kPageHeaderSize;
  if (is_keyed(order)) {  // the arrays grow to the right: move the rightmost first
    u8* old_slots = first + 4 * n;
    std::memmove(old_slots + 4 + 2 * (i + 1), old_slots + 2 * i, 2 * (n - i));
    std::memmove(old_slots + 4, old_slots, 2 * i);
    std::memmove(first + 4 * (i + 1), first + 4 * i, 4 * (n - i));
    store<u32>(first + 4 * i, head_of(rest));
  } else {
    std::memmove(first + 2 * (i + 1), first + 2 * i, 2 * (n - i));
  }
  PageHeader::set_count(bytes_, n + 1);
  const u32 offset = PageHeader::heap(bytes_) - record;
  PageHeader::set_heap(bytes_, offset);
  store<u16>(bytes_ + (slots() - page_) + 2 * i, static_cast<u16>(offset));
  write_record(offset, rest, entry.value);
  return true;
}

bool LeafEditor::replace(u32 i, const StoredValue& value) {
  const StoredValue old = this->value(i);
  if (old.bytes.size() == value.bytes.size() && old.kind == value.kind) {
    if (value.bytes.empty()) return true;
    std::memmove(bytes_ + (reinterpret_cast<const u8*>(old.bytes.data()) - page_), value.bytes.data(),
                 value.bytes.size());
    return true;
  }
  std::string key;  // what of the key the record holds, with a placeholder for the head
  const Order order = page_order(page_);
  if (is_keyed(order)) {
    const KeyedRecord record = keyed_record(i);
    key.assign(record.rest < kHeadBytes ? record.rest : kHeadBytes, '\0');
    key.append(record.tail);
  }
  const u32 size = size_of_record(order, static_cast<u32>(key.size()), static_cast<u32>(value.bytes.size()));
  u32 offset = slot(i);
  if (size <= record_bytes(i)) {
    const u32 garbage = page_garbage(page_) + record_bytes(i) - size;
    if (garbage > kMaxGarbage) return false;
    set_page_garbage(bytes_, garbage);
  } else {
    if (size > free_bytes() || page_garbage(page_) + record_bytes(i) > kMaxGarbage) return false;
    drop_record(i);
    offset = PageHeader::heap(bytes_) - size;
    PageHeader::set_heap(bytes_, offset);
  }
  store<u16>(bytes_ + (slots() - page_) + 2 * i, static_cast<u16>(offset));
  write_record(offset, key, value);
  return true;
}

void LeafEditor::remove(u32 from, u32 to) {
  const u32 n = count();
  SAPWOOD_ASSERT(from < to && to <= n);
  for (u32 i = from; i < to; ++i) drop_record(i);
  const u32 left = n - (to - from);
  u8* first = bytes_ + kPageHeaderSize;
  if (keyed()) {  // the arrays shrink to the left: move the leftmost first
    u8* old_slots = first + 4 * n;
    std::memmove(first + 4 * from, first + 4 * to, 4 * (n - to));
    std::memmove(first + 4 * left, old_slots, 2 * from);
    std::memmove(first + 4 * left + 2 * from, old_slots + 2 * to, 2 * (n - to));
  } else {
    std::memmove(first + 2 * from, first + 2 * to, 2 * (n - to));
  }
  PageHeader::set_count(bytes_, left);
}

// `rest` is the key after the prefix; the bytes of its head are not used.
void LeafEditor::write_record(u32 offset, Bytes rest, const StoredValue& value) {
  const u64 kind = static_cast<u64>(value.kind);
  u8* at = bytes_ + offset;
  if (keyed()) {
    at = put_varint(at, u64{rest.size()} << 2 | kind);
    at = put_varint(at, value.bytes.size());
    const Bytes tail = tail_of(rest);
    if (!tail.empty()) std::memcpy(at, tail.data(), tail.size());
    at += tail.size();
  } else {
    at = put_varint(at, u64{value.bytes.size()} << 2 | kind);
  }
  if (!value.bytes.empty()) std::memcpy(at, value.bytes.data(), value.bytes.size());
}

void LeafEditor::drop_record(u32 i) {
  const u32 offset = slot(i);
  const u32 size = record_bytes(i);
  store<u16>(bytes_ + (slots() - page_) + 2 * i, kNoSlot);
  if (offset == PageHeader::heap(bytes_)) return PageHeader::set_heap(bytes_, offset + size);
  if (page_garbage(bytes_) + size > kMaxGarbage) return compact();
  set_page_garbage(bytes_, page_garbage(bytes_) + size);
}

// Moves all records together at the page's end.
void LeafEditor::compact() {
  const std::vector<u8> old(bytes_, bytes_ + page_size_);
  const Leaf before(old.data(), page_size_);
  u8* slot_at = bytes_ + (slots() - page_);
  u32 heap = page_size_ - prefix_size();
  for (u32 i = 0; i < count(); ++i, slot_at += 2) {
    const u32 offset = load<u16>(slot_at);
    if (offset == kNoSlot) continue;
    const Bytes last = before.value(i).bytes;
    const u32 size = static_cast<u32>(reinterpret_cast<const u8*>(last.data()) + last.size() - (old.data() + offset));
    heap -= size;
    std::memcpy(bytes_ + heap, old.data() + offset, size);
    store<u16>(slot_at, static_cast<u16>(heap));
  }
  PageHeader::set_heap(bytes_, heap);
  set_page_garbage(bytes_, 0);
}

namespace {

// The records of a leaf, read without trust.
struct RecordCheck {
  const u8* page;
  u32 page_size;
  u32 limits;
  PageNo number;
  Order order;
  u32 heap;
  u32 records_end;
  u32 prefix;

  struct Record {
    u32 bytes;
    u32 rest;
    Bytes tail;
  };

  const u8* varint(const u8* at, u64 limit, u64& value) const {
    const u8* after = get_varint(at, page + records_end, value);
    check_format(after != nullptr && value <= limit && static_cast<std::size_t>(after - at) == varint_size(value),
                 number, "L2: a record's length is damaged");
    return after;
  }

  Record read(u32 slot) const {
    check_format(slot >= heap && slot < records_end, number, "L2: a slot points outside the heap");
    u64 start;
    const u8* at = varint(page + slot, u64{page_size} << 2, start);
    u64 value_size = start >> 2;
    u32 rest = 0;
    u32 tail = 0;
    if (is_keyed(order)) {
      at = varint(at, page_size, value_size);
      rest = static_cast<u32>(start >> 2);
      tail = rest > kHeadBytes ? rest - kHeadBytes : 0;
    }
    check_format(tail + value_size <= static_cast<u64>(page + records_end - at), number,
                 "L2: a record runs past its page");
    check_format((start & 3) <= 1, number, "L2: a value of unknown kind");
    check_format(prefix + rest <= max_key_size(limits) &&
                     entry_bytes(order, prefix + rest, static_cast<u32>(value_size), 0) <= max_entry_bytes(limits),
                 number, "L5: an entry is too large for its page");
    if ((start & 3) == 1) verify_blob_reference(bytes_of(at + tail, value_size), limits, number);
    return {static_cast<u32>(at + tail + value_size - (page + slot)), rest, bytes_of(at, tail)};
  }
};

}  // namespace

void verify_leaf(const u8* page, u32 page_size, PageNo number, u32 limits) {
  const Order order = page_order(page);
  check_format(is_known(order), number, "L1: unknown order");
  const u32 n = PageHeader::count(page);
  const u32 heap = PageHeader::heap(page);
  const u32 prefix = PageHeader::prefix(page);
  const bool keyed = is_keyed(order);
  check_format(n >= 1 && PageHeader::level(page) == 0, number, "L1: no entries, or not at level 0");
  check_format(prefix <= (keyed ? max_key_size(limits) : 0) && kPageHeaderSize + n * (keyed ? 6 : 2) <= heap &&
                   heap + prefix <= page_size,
               number, "L1: arrays, heap and prefix overlap");
  const RecordCheck check{page, page_size, limits, number, order, heap, page_size - prefix, prefix};
  const u8* heads = page + kPageHeaderSize;
  const u8* slots = heads + (keyed ? 4 * n : 0);
  u64 sum = page_garbage(page);
  RecordCheck::Record last{};
  for (u32 i = 0; i < n; ++i) {
    const RecordCheck::Record record = check.read(load<u16>(slots + 2 * i));
    sum += record.bytes;
    if (!keyed) continue;
    const u32 head = load<u32>(heads + 4 * i);
    check_format(record.rest >= kHeadBytes || (head & (~u32{0} >> (8 * record.rest))) == 0, number,
                 "L3: a short head is not padded");
    if (i > 0) {
      const u32 last_head = load<u32>(heads + 4 * (i - 1));
      const int tails = last.tail.compare(record.tail);
      const bool ascends = last_head != head ? last_head < head : (tails != 0 ? tails < 0 : last.rest < record.rest);
      check_format(ascends, number, "L3: keys do not ascend");
    }
    last = record;
  }
  check_format(sum == page_size - prefix - heap, number, "L4: the heap does not add up");
}

}  // namespace sapwood::tree
