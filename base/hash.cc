#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace sapwood {

u64 hash64(const void* data, std::size_t size, u64 seed) { return XXH3_64bits_withSeed(data, size, seed); }

}  // namespace sapwood
