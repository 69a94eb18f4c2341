// Variable-length integers: seven bits a byte, least significant first, the top bit set on all but the last (LEB128).
#pragma once

#include <string>

#include "base/types.h"

namespace sapwood {

inline constexpr std::size_t kMaxVarintBytes = 10;

constexpr std::size_t varint_size(u64 value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

// Writes `value` at `to`; the result points past it.
inline u8* put_varint(u8* to, u64 value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<u8>(value | 0x80);
  *to++ = static_cast<u8>(value);
  return to;
}

inline void append_varint(std::string& to, u64 value) {
  u8 buffer[kMaxVarintBytes];
  to.append(reinterpret_cast<const char*>(buffer), static_cast<std::size_t>(put_varint(buffer, value) - buffer));
}

// Reads a varint from [from, end). The result points past it, or is null if it is cut off or over 64 bits.
inline const u8* get_varint(const u8* from, const u8* end, u64& value) {
  value = 0;
  for (unsigned shift = 0; from < end && shift < 64; shift += 7) {
    const u8 byte = *from++;
    value |= u64{static_cast<u8>(byte & 0x7f)} << shift;
    if (byte < 0x80) return (shift == 63 && byte > 1) ? nullptr : from;
  }
  return nullptr;
}

}  // namespace sapwood
