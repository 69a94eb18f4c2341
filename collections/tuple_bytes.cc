// Parts of tuples: sapwood/tuple.h.
#include "base/types.h"
#include "sapwood/error.h"
#include "sapwood/tuple.h"

namespace sapwood::detail {
namespace {

constexpr char kEscaped = '\xff';  // after a 0x00 that is content
constexpr char kEnd = '\0';        // after one that ends

[[noreturn]] void throw_malformed(const char* what) {
  throw Error(ErrorCode::corrupt,
              std::string("a stored key or value of several parts ") + what + "; run check on the file");
}

}  // namespace

void append_escaped(std::string& to, std::string_view bytes) {
  to.reserve(to.size() + bytes.size() + 2);
  for (std::size_t zero; (zero = bytes.find('\0')) != std::string_view::npos;) {
    to += bytes.substr(0, zero + 1);
    to += kEscaped;
    bytes.remove_prefix(zero + 1);
  }
  to += bytes;
  to += '\0';
  to += kEnd;
}

std::string take_escaped(std::string_view& from) {
  std::string bytes;
  for (;;) {
    const std::size_t zero = from.find('\0');
    if (zero == std::string_view::npos || zero + 1 == from.size()) throw_malformed("is cut off");
    const char after = from[zero + 1];
    if (after != kEscaped && after != kEnd) throw_malformed("has a zero that is neither escaped nor an end");
    bytes += from.substr(0, after == kEscaped ? zero + 1 : zero);
    from.remove_prefix(zero + 2);
    if (after == kEnd) return bytes;
  }
}

std::string_view take_fixed(std::string_view& from, std::size_t width) {
  if (from.size() < width) throw_malformed("is cut off");
  const std::string_view bytes = from.substr(0, width);
  from.remove_prefix(width);
  return bytes;
}

void require_end(std::string_view from) {
  if (!from.empty()) throw_malformed("has bytes behind its last part");
}

}  // namespace sapwood::detail
