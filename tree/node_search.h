// Search in a column of heads: the first four bytes of each key after the page's common prefix, as a number.
//
// Heads order keys as far as they go: head(a) < head(b) implies a < b. Shorter keys are padded with zeros, so equal
// heads are ties, broken by the bytes after the first four and then by length.
#pragma once

#include "base/bytes.h"

namespace sapwood::tree {

inline constexpr u32 kHeadBytes = 4;

inline u32 head_of(Bytes rest) {
  if (rest.size() >= kHeadBytes) return load_be32(rest.data());
  u32 head = 0;
  if (!rest.empty()) std::memcpy(&head, rest.data(), rest.size());
  return __builtin_bswap32(head);
}

// The part of the rest that is not in the head.
inline Bytes tail_of(Bytes rest) { return rest.size() > kHeadBytes ? rest.substr(kHeadBytes) : Bytes(); }

// A key searched for, without the page's prefix.
struct SearchKey {
  explicit SearchKey(Bytes rest) : head(head_of(rest)), size(static_cast<u32>(rest.size())), tail(tail_of(rest)) {}
  u32 head;
  u32 size;
  Bytes tail;
};

// Whether two strings of `size` bytes are equal. It reads only these bytes: memcmp may ask for whole vectors, and past
// the end of a page, where prefixes lie, that costs a second address translation.
inline bool equal_bytes(const char* a, const u8* b, std::size_t size) {
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (load<u64>(a + i) != load<u64>(b + i)) return false;
    }
    return load<u64>(a + size - 8) == load<u64>(b + size - 8);
  }
  if (size >= 4) return load<u32>(a) == load<u32>(b) && load<u32>(a + size - 4) == load<u32>(b + size - 4);
  if (size == 0) return true;
  return load<u8>(a) == load<u8>(b) && load<u8>(a + size / 2) == load<u8>(b + size / 2) &&
         load<u8>(a + size - 1) == load<u8>(b + size - 1);
}

// Order of a stored key (its tail and the length of its rest) against a searched one that has the same head.
inline int compare_tied(Bytes tail, u32 size, const SearchKey& key) {
  const bool equal =
      size == key.size && equal_bytes(key.tail.data(), reinterpret_cast<const u8*>(tail.data()), tail.size());
  if (equal) [[likely]]
    return 0;
  const std::size_t shared = tail.size() < key.tail.size() ? tail.size() : key.tail.size();
  const int order = shared == 0 ? 0 : std::memcmp(tail.data(), key.tail.data(), shared);
  if (order != 0) return order;
  return size < key.size ? -1 : size > key.size;
}

// How many of the ascending heads are less than `head`. No branch depends on the data: halves down to a few heads,
// which are then counted all at once.
inline u32 heads_below(const u8* heads, u32 count, u32 head) {
  constexpr u32 kWindow = 16;
  u32 low = 0;  // the answer is in [low, low + left]
  u32 left = count;
  while (left > kWindow) {
    const u32 half = left / 2;
    low += half & (0u - static_cast<u32>(load<u32>(heads + 4 * (low + half - 1)) < head));
    left -= half;
  }
  if (count < kWindow) {
    u32 below = 0;
    for (u32 i = 0; i < count; ++i) below += load<u32>(heads + 4 * i) < head;
    return below;
  }
  const u32 start = low < count - kWindow ? low : count - kWindow;
  u32 window[kWindow];
  std::memcpy(window, heads + 4 * start, sizeof window);
  u32 below = start;
  for (u32 i = 0; i < kWindow; ++i) below += window[i] < head;
  return below;
}

// The first key of a page that is >= the searched one, and whether it is equal.
struct Found {
  u32 slot;
  bool equal;
};

// `order(i)` compares the stored key i, which has the searched head, with the searched key.
template <class OrderOf>
Found search_heads(const u8* heads, u32 count, u32 head, OrderOf order) {
  u32 low = heads_below(heads, count, head);
  if (low == count || load<u32>(heads + 4 * low) != head) return {low, false};
  u32 ties = 1;
  if (low + 1 < count && load<u32>(heads + 4 * (low + 1)) == head) {
    ties = head == ~u32{0} ? count - low : heads_below(heads + 4 * low, count - low, head + 1);
  }
  u32 high = low + ties;
  while (low < high) {
    const u32 middle = low + (high - low) / 2;
    const int c = order(middle);
    if (c == 0) return {middle, true};
    if (c < 0) low = middle + 1;
    else high = middle;
  }
  return {low, false};
}

inline bool starts_with(Bytes key, const u8* prefix, u32 size) {
  return key.size() >= size && equal_bytes(key.data(), prefix, size);
}

// Where a key lies against all keys that start with `prefix`: before them (-1), after them (1), or it starts with it
// (0).
inline int compare_prefix(Bytes key, const u8* prefix, u32 size) {
  if (key.size() >= size && equal_bytes(key.data(), prefix, size)) [[likely]]
    return 0;
  const int order = key.substr(0, size).compare(bytes_of(prefix, size));
  return order < 0 ? -1 : 1;
}

// Reads a varint that verify_node has found whole; at most 28 bits.
inline const u8* read_varint(const u8* from, u32& value) {
  u32 byte = *from++;
  value = byte & 0x7f;
  for (u32 shift = 7; byte >= 0x80; shift += 7) {
    byte = *from++;
    value |= (byte & 0x7f) << shift;
  }
  return from;
}

}  // namespace sapwood::tree
