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

inline u32 fold32(u64 hash) { return static_cast<u32>(hash ^ (hash >> 32)); }
inline u32 hash32(const void* data, std::size_t size, u64 seed) { return fold32(hash64(data, size, seed)); }

}  // namespace sapwood
