// DateTime: a moment, in microseconds since 1970, UTC, without leap seconds; about 290,000 years both ways.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include "sapwood/user_codec.h"

namespace sapwood {

struct DateTime {
  using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

  std::int64_t us = 0;
  auto operator<=>(const DateTime&) const = default;

  static DateTime from(Time time) { return {time.time_since_epoch().count()}; }
  Time time() const { return Time(std::chrono::microseconds(us)); }

  // ISO 8601: "2026-11-21T09:30:00Z", with ".123456" before the Z unless it is 0. Years past 9999 or before 0 have a
  // sign and at least five digits.
  std::string text() const;
  // The same; also fewer digits of a second, a space for the T, an offset such as +01:00 for the Z. Throws
  // Error{invalid_argument}.
  static DateTime parse(std::string_view text);
};

// The moment that does not come: of what never expires.
inline constexpr DateTime kNever{INT64_MAX};

template <>
struct Codec<DateTime> : detail::MappedCodec<DateTime, std::int64_t> {
  static constexpr TypeInfo type = ValueType::datetime;
  static std::int64_t to_stored(const DateTime& value) { return value.us; }
  static DateTime from_stored(std::int64_t us) { return {us}; }
};

}  // namespace sapwood
