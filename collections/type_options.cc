#include "collections/type_options.h"

#include <algorithm>

#include "base/bytes.h"

namespace sapwood::collections {
namespace {

constexpr u8 kParts = 1;  // of the key; the value's number is one more
constexpr u8 kWidth = 3;
constexpr u8 kLastTypeOption = 15;  // the others are of forms: collections/value_form.h

void append_option(std::string& to, u8 what, Bytes bytes) {
  to += static_cast<char>(what);
  to += static_cast<char>(bytes.size());
  to += bytes;
}

void append_parts(std::string& to, u8 what, const TypeInfo& type) {
  if (type.type != ValueType::tuple) return;
  append_option(to, what, Bytes(reinterpret_cast<const char*>(type.parts.data()), type.part_count()));
}

void append_width(std::string& to, u8 what, const TypeInfo& type) {
  if (type.type != ValueType::structure) return;
  char width[2];
  store<u16>(width, type.width);
  append_option(to, what, Bytes(width, sizeof width));
}

bool take_option(u8 what, Bytes bytes, CollectionTypes& types) {
  if (what < kParts || what > kWidth + 1) return false;
  TypeInfo& type = what % 2 == 1 ? types.key : types.value;
  if (what >= kWidth) {
    if (bytes.size() != 2) return false;
    type.width = load<u16>(bytes.data());
    return true;
  }
  if (bytes.size() > kMaxTupleParts) return false;
  std::ranges::transform(bytes, type.parts.begin(), [](char part) { return static_cast<ValueType>(part); });
  return true;
}

}  // namespace

void append_type_options(std::string& to, const CollectionTypes& types) {
  append_parts(to, kParts, types.key);
  append_parts(to, kParts + 1, types.value);
  append_width(to, kWidth, types.key);
  append_width(to, kWidth + 1, types.value);
}

bool take_type_options(Bytes options, CollectionTypes& types) {
  for (Bytes rest = options; !rest.empty();) {
    const std::size_t size = rest.size() < 2 ? rest.size() : 2u + static_cast<u8>(rest[1]);
    if (rest.size() < 2 || rest.size() < size ||
        !take_option(static_cast<u8>(rest[0]), rest.substr(2, size - 2), types)) {
      return false;
    }
    rest.remove_prefix(size);
  }
  std::string again;
  append_type_options(again, types);
  return again == options;
}

std::size_t type_options_size(Bytes options) {
  std::size_t size = 0;
  while (options.size() - size >= 2 && static_cast<u8>(options[size]) <= kLastTypeOption) {
    size = std::min(options.size(), size + 2 + static_cast<u8>(options[size + 1]));
  }
  return options.size() - size == 1 ? options.size() : size;
}

std::string create_options(const CollectionTypes& types, const ValueForm& form) {
  std::string options(4, '\0');
  store<u16>(options.data(), types.key.codec);
  store<u16>(options.data() + 2, types.value.codec);
  append_type_options(options, types);
  append_form_options(options, form);
  if (options == std::string_view("\0\0\0\0", 4)) options.clear();
  return options;
}

bool take_create_options(Bytes options, CollectionTypes& types, ValueForm& form) {
  if (!options.empty()) {
    if (options.size() < 4) return false;
    types.key.codec = load<u16>(options.data());
    types.value.codec = load<u16>(options.data() + 2);
    options.remove_prefix(4);
  }
  const std::size_t size = type_options_size(options);
  return take_type_options(options.substr(0, size), types) && take_form_options(options.substr(size), form);
}

}  // namespace sapwood::collections
