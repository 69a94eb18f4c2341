// Every type of keys and values, with some values of each, and the collections that can be made of it.
#pragma once

#include <string>
#include <vector>

#include "sapwood/sapwood.h"

namespace sapwood::test {

struct Atom {
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::uint64_t element = 0;
};
struct Spectrum {  // of floating-point numbers, so no key
  double wavelength = 0;
  double brightness = 0;
  double width = 0;
};
struct Celsius {
  double degrees = 0;
};
using Section = std::tuple<std::string, std::int64_t>;
using Wide = std::tuple<bool, std::int32_t, std::uint64_t, double, std::vector<std::byte>, Int128, Uuid, DateTime>;

}  // namespace sapwood::test

template <>
struct sapwood::Codec<sapwood::test::Celsius> : sapwood::UserCodec<sapwood::test::Celsius, double, 7> {
  static double to_stored(const sapwood::test::Celsius& value) { return value.degrees; }
  static sapwood::test::Celsius from_stored(double stored) { return {stored}; }
};

namespace sapwood::test {

template <class... Ts>
struct TypeList {};
using AllTypes =
    TypeList<bool, std::int32_t, std::int64_t, std::uint64_t, Int128, double, std::string, std::vector<std::byte>, Uuid,
             DateTime, Json, AnyValue, Section, Wide, Atom, Spectrum, Celsius>;

// At least two values, the extremes among them, in the order that they have as keys; the same in every version, since
// golden files hold them.
template <class T>
std::vector<T> samples();

template <class... Ts>
constexpr std::size_t type_count(TypeList<Ts...>) {
  return sizeof...(Ts);
}
// Calls visit.operator()<T>() for every type.
template <class Visit, class... Ts>
void for_each_type(Visit&& visit, TypeList<Ts...>) {
  (visit.template operator()<Ts>(), ...);
}
template <class Visit>
void for_each_type(Visit&& visit) {
  for_each_type(visit, AllTypes());
}

// Calls visit(collection) for every kind of collection that T can be in, maps from T to T. `owner` is a ReadTxn or a
// WriteTxn; names are such as "sorted map of double".
template <class T, class Owner, class Visit>
void for_each_collection(Owner& owner, Visit&& visit) {
  const std::string of = " of " + type_name(Codec<T>::type);
  visit(owner.template list<T>("list" + of));
  if constexpr (HashedKey<T>) {
    visit(owner.template dict<T, T>("dict" + of));
    visit(owner.template set<T>("set" + of));
  }
  if constexpr (SortedKey<T>) {
    visit(owner.template sorted_map<T, T>("sorted map" + of));
    visit(owner.template sorted_set<T>("sorted set" + of));
  }
}

}  // namespace sapwood::test
