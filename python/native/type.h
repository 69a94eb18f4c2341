// Type: what keys or values of a collection are, and how Python objects become their bytes and come back.
#pragma once

#include <array>
#include <functional>

#include "python/native/objects.h"

namespace sapwood::python {

// Holds the bytes of one key or value while a call needs them. They refer to this, or to the Python object.
struct Scratch {
  std::array<char, 16> fixed;
  std::string varying;
  nb::object keep;
};

// Makes the object of a value that is a collection, of its id.
using OpenNested = std::function<nb::object(std::uint64_t id)>;

// Names of fields are str; those that are not UTF-8 are bytes.
nb::object field_name(std::string_view name);
std::string_view bytes_of_name(nb::handle name, Scratch& scratch);

class Type {
 public:
  explicit Type(const TypeInfo& info) : info_(info), decodes_alone_(is_plain(info)) {}
  // `name` as type_of_name reads it. `to_stored` is called with what is put and gives an object of that type;
  // `from_stored` with what was read; either may be None.
  Type(const std::string& name, std::uint16_t codec, nb::object to_stored, nb::object from_stored);

  const TypeInfo& info() const { return info_; }
  std::string name() const { return type_name(info_); }
  bool has_hooks() const { return to_stored_.is_valid() || from_stored_.is_valid(); }
  bool makes_what_is_read() const { return from_stored_.is_valid(); }
  // Whether values are equal exactly if their bytes are.
  bool compares_bytes() const;
  // Whether making objects of its bytes runs no Python code, which could end what the bytes lie in.
  bool decodes_alone() const { return decodes_alone_; }

  // Throws TypeError that names what was expected and given, OverflowError, ValueError.
  std::string_view encode_key(nb::handle object, Scratch& scratch) const;
  std::string_view encode_value(nb::handle object, Scratch& scratch) const;
  nb::object decode_key(std::string_view bytes) const;
  nb::object decode_value(std::string_view bytes, const OpenNested& nested) const;
  // What keys begin with that begin with `first`.
  std::string encode_prefix(nb::handle first) const;

  // The same type for fields of rows, and of rows with such fields.
  Type as_row() const;
  Type of_field() const;

 private:
  static bool is_plain(const TypeInfo& info);

  TypeInfo info_;
  nb::object to_stored_;
  nb::object from_stored_;
  bool decodes_alone_;
};

}  // namespace sapwood::python
