#include "collections/utf8.h"

namespace sapwood::collections {

bool is_utf8(Bytes text) {
  constexpr u32 kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};  // by bytes of the sequence
  for (std::size_t i = 0; i < text.size();) {
    const u8 first = static_cast<u8>(text[i]);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc0 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf8 ? 4
                                              : 0;
    if (length == 0 || length > text.size() - i) return false;
    u32 code = length == 1 ? first : first & (0x7fu >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const u8 next = static_cast<u8>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += length;
  }
  return true;
}

}  // namespace sapwood::collections
