#include "tests/support/type_samples.h"

#include <limits>

namespace sapwood::test {

namespace {

template <class T>
std::vector<T> numbers() {
  using Limits = std::numeric_limits<T>;
  return {Limits::min(), Limits::min() / 3, T{0}, T{1}, Limits::max() / 3, Limits::max()};
}

std::vector<std::byte> bytes_of_text(const std::string& text) {
  const auto* const first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

Uuid uuid_from(std::uint8_t first) {
  Uuid uuid;
  for (std::uint8_t& byte : uuid.bytes) byte = first++;
  return uuid;
}

}  // namespace

template <>
std::vector<bool> samples() {
  return {false, true};
}
template <>
std::vector<std::int32_t> samples() {
  return numbers<std::int32_t>();
}
template <>
std::vector<std::int64_t> samples() {
  return numbers<std::int64_t>();
}
template <>
std::vector<std::uint64_t> samples() {
  return {0, 1, std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}};
}
template <>
std::vector<Int128> samples() {
  constexpr Int128 kHighest = static_cast<Int128>(~detail::Uint128{0} >> 1);
  return {-kHighest - 1, std::numeric_limits<std::int64_t>::min(), -1, 0, Int128{1} << 64, kHighest};
}
template <>
std::vector<double> samples() {
  using Limits = std::numeric_limits<double>;
  return {-Limits::infinity(), -1.5, 0.0, Limits::denorm_min(), 1e300, Limits::infinity(), Limits::quiet_NaN()};
}
template <>
std::vector<std::string> samples() {
  return {"", std::string("\0a\0", 3), "common prefix/1", "common prefix/2", std::string(127, 'k'), "\xc3\xa9"};
}
template <>
std::vector<std::vector<std::byte>> samples() {
  std::vector<std::vector<std::byte>> result;
  for (const std::string& text : samples<std::string>()) result.push_back(bytes_of_text(text));
  return result;
}
template <>
std::vector<Uuid> samples() {
  return {Uuid{}, uuid_from(1), uuid_from(2), uuid_from(240)};
}
template <>
std::vector<DateTime> samples() {
  return {{std::numeric_limits<std::int64_t>::min()}, {-1}, {0}, DateTime::parse("2026-11-21T09:30:00.123456Z")};
}
template <>
std::vector<Json> samples() {
  return {{"null"}, {R"({"name": ["value", 1.50, true]})"}, {R"("\u00e9")"}};
}
template <>
std::vector<AnyValue> samples() {
  const AnyTuple tuple{{AnyValue(1), AnyValue("part")}};
  const AnyList list{{AnyValue(), AnyValue(0.5)}};
  const AnyMap map{{{AnyValue(7), tuple}, {AnyValue("name"), list}}};
  return {AnyValue(),
          false,
          true,
          -5,
          ~std::uint64_t{0},
          Int128{1} << 100,
          1.5,
          "text",
          bytes_of_text("raw"),
          uuid_from(3),
          DateTime{1'700'000'000'000'000},
          tuple,
          list,
          map};
}
template <>
std::vector<Section> samples() {
  return {{"", -1}, {"", 7}, {"a", 1}, {std::string("a\0b", 3), 0}, {"ab", -3}};
}
template <>
std::vector<Wide> samples() {
  const std::vector<std::byte> raw = bytes_of_text(std::string("\0\xff", 2));
  return {{false, -1, 2, -0.5, raw, -1, uuid_from(1), DateTime{5}}, {true, 1, 3, 0.5, {}, 1, uuid_from(9), {}}};
}
template <>
std::vector<Atom> samples() {
  return {{1, 2, 3}, {-1, -2, 26}};
}
template <>
std::vector<Spectrum> samples() {
  return {{656.3, 0.5, 2}, {486.1, -1, 0.25}};
}
template <>
std::vector<Celsius> samples() {
  return {{-273.15}, {0.5}, {100}};
}

}  // namespace sapwood::test
