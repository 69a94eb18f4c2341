// The vocabulary that all layers share: integers, ids and byte strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sapwood {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;

// A borrowed string of bytes. Its comparison is memcmp's: unsigned bytes, then length.
using Bytes = std::string_view;

// Position of a page in the data file, in pages. 48 bits are stored.
enum class PageNo : u64 {};
inline constexpr PageNo kNoPage{0};  // page 0 is a meta page, so no child is ever 0

// Number of a write transaction: 1, 2, ... in commit order, with gaps after a crash.
using TxnId = u64;

// Position in the redo log, in bytes since the log's creation; grows for ever.
using Lsn = u64;

constexpr u64 to_u64(PageNo page) { return static_cast<u64>(page); }
constexpr PageNo operator+(PageNo page, u64 pages) { return PageNo{to_u64(page) + pages}; }

}  // namespace sapwood
