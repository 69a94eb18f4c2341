// SAPWOOD_ASSERT(condition): a programmer's error if false. Always on (the conditions are cheap): the process ends with
// the place rather than write a wrong page. Bytes that come from a file never reach an assertion: see check_format in
// storage/page.h.
#pragma once

namespace sapwood {

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace sapwood

#define SAPWOOD_ASSERT(condition) \
  (__builtin_expect(!!(condition), 1) ? void(0) : ::sapwood::assertion_failed(#condition, __FILE__, __LINE__))
