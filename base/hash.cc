#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sapwood {

u64 hash64(const void* data, std::size_t size, u64 seed) { return XXH3_64bits_withSeed(data, size, seed); }

Hash128 hash128(const void* data, std::size_t size, u64 seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, seed);
  return {hash.high64, hash.low64};
}

}  // namespace sapwood
