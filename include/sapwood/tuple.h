// Tuples of 1 to 8 bools, numbers, strings, bytes, uuids and datetimes: in the order of the first part, then the
// second.
//
// Each part is the key that it would be alone. Strings and bytes are escaped (0x00 as 0x00 0xff) and ended by 0x00
// 0x00, so that a part never runs into the next one and memcmp still gives the order; the scheme of FoundationDB's
// tuple layer, whose end is one byte because its parts carry tags. Values are the same bytes. docs/format.md, "Tuples".
#pragma once

#include <tuple>

#include "sapwood/codec.h"

namespace sapwood {

template <class T>
concept TuplePart = Storable<T> && is_tuple_part(Codec<T>::type.type) && Codec<T>::type.codec == 0;

namespace detail {

// Appends `bytes` escaped and ended.
void append_escaped(std::string& to, std::string_view bytes);
// Takes what append_escaped appended off the front. Throws Error{corrupt} if it is not that.
std::string take_escaped(std::string_view& from);
// Takes a part of that width. Throws Error{corrupt} if there are fewer bytes.
std::string_view take_fixed(std::string_view& from, std::size_t width);
// Throws Error{corrupt} unless `from` is empty.
void require_end(std::string_view from);

// As much of std::string as encoding needs, for tuples of a fixed width.
template <std::size_t kWidth>
class FixedBytes {
 public:
  void clear() { size_ = 0; }
  void append(std::string_view bytes) {
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  operator std::string_view() const { return {bytes_.data(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  std::array<char, kWidth> bytes_;
  std::size_t size_ = 0;
};

template <TuplePart T, class To>
void append_part(To& to, typename Codec<T>::Argument part) {
  typename Codec<T>::Scratch scratch;
  const std::string_view bytes = Codec<T>::encode_key(part, scratch);
  if constexpr (Codec<T>::width != 0) to.append(bytes);
  else append_escaped(to, bytes);
}

template <TuplePart T>
T take_part(std::string_view& from) {
  if constexpr (Codec<T>::width != 0) return Codec<T>::decode_key(take_fixed(from, Codec<T>::width));
  else return Codec<T>::decode_key(take_escaped(from));
}

}  // namespace detail

template <TuplePart... Ts>
  requires(sizeof...(Ts) >= 1 && sizeof...(Ts) <= kMaxTupleParts)
struct Codec<std::tuple<Ts...>> {
  using View = std::tuple<Ts...>;
  using Argument = const std::tuple<typename Codec<Ts>::Argument...>&;
  static constexpr TypeInfo type = TypeInfo::tuple({Codec<Ts>::type.type...});
  static constexpr std::size_t width = ((Codec<Ts>::width != 0) && ...) ? (Codec<Ts>::width + ...) : 0;
  static constexpr KeyUse key_use = KeyUse::sorted;
  using Scratch = std::conditional_t<width != 0, detail::FixedBytes<width>, std::string>;

  static std::string_view encode_key(Argument parts, Scratch& scratch) { return encode_prefix(parts, scratch); }
  static std::string_view encode_value(Argument parts, Scratch& scratch) { return encode_prefix(parts, scratch); }
  // What all keys with these first parts, and no others, start with.
  template <class... Firsts>
    requires(sizeof...(Firsts) <= sizeof...(Ts))
  static std::string_view encode_prefix(const std::tuple<Firsts...>& firsts, Scratch& scratch) {
    scratch.clear();
    [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      (detail::append_part<std::tuple_element_t<kIndex, View>>(scratch, std::get<kIndex>(firsts)), ...);
    }(std::index_sequence_for<Firsts...>());
    return scratch;
  }

  static View decode_key(std::string_view bytes) { return decode_value(bytes); }
  static View decode_value(std::string_view bytes) {
    View parts{detail::take_part<Ts>(bytes)...};
    detail::require_end(bytes);
    return parts;
  }
  static View view_key(std::string_view bytes) { return decode_value(bytes); }
  static View view_value(std::string_view bytes) { return decode_value(bytes); }
};

}  // namespace sapwood
