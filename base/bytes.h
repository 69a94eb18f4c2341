// Loads and stores of little-endian and big-endian integers at any alignment. Little-endian machines only.
#pragma once

#include <bit>
#include <cstring>

#include "base/types.h"

namespace sapwood {

static_assert(std::endian::native == std::endian::little, "Sapwood's files are read in place: little-endian only");

template <class T>
T load(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

inline u64 load_u48(const void* from) {
  return load<u32>(from) | u64{load<u16>(static_cast<const u8*>(from) + 4)} << 32;
}
inline void store_u48(void* to, u64 value) {
  store<u32>(to, static_cast<u32>(value));
  store<u16>(static_cast<u8*>(to) + 4, static_cast<u16>(value >> 32));
}

inline u32 load_be32(const void* from) { return __builtin_bswap32(load<u32>(from)); }
inline u64 load_be64(const void* from) { return __builtin_bswap64(load<u64>(from)); }
inline void store_be32(void* to, u32 value) { store<u32>(to, __builtin_bswap32(value)); }
inline void store_be64(void* to, u64 value) { store<u64>(to, __builtin_bswap64(value)); }

inline Bytes bytes_of(const void* data, std::size_t size) { return Bytes(static_cast<const char*>(data), size); }

}  // namespace sapwood
