#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace sapwood {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "sapwood: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace sapwood
