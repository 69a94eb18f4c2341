// Checksums and hashes: XXH3 (https://github.com/Cyan4973/xxHash), 64 bits (or folded to 32 by xor of the halves), 128.
#pragma once

#include "base/types.h"

namespace sapwood {

u64 hash64(const void* data, std::size_t size, u64 seed);

struct Hash128 {
  u64 high;
  u64 low;
};
Hash128 hash128(const void* data, std::size_t size, u64 seed);

// How a file hashes the keys of its dicts and sets: with its seed, and with all bits but in tests, where few bits make
// hashes equal.
struct KeyHash {
  u64 seed = 0;
  u64 mask = ~u64{0};
  u64 operator()(const void* data, std::size_t size) const { return hash64(data, size, seed) & mask; }
  bool operator==(const KeyHash&) const = default;
};

inline u32 fold32(u64 hash) { return static_cast<u32>(hash ^ (hash >> 32)); }
inline u32 hash32(const void* data, std::size_t size, u64 seed) { return fold32(hash64(data, size, seed)); }

}  // namespace sapwood
