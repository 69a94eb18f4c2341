// The calls of a Collection that Python sees. Each file binds one group of them.
#pragma once

#include "python/native/collection.h"

namespace sapwood::python {

using CollectionClass = nb::class_<Collection>;

void bind_reading(CollectionClass& collection);     // size, entries by position and in order, iterators
void bind_keyed(CollectionClass& collection);       // by key
void bind_sorted(CollectionClass& collection);      // by order of keys
void bind_positional(CollectionClass& collection);  // lists and records by position
void bind_blocks(CollectionClass& collection);      // numbers in blocks
void bind_records(CollectionClass& collection);     // fields of rows
void bind_batches(CollectionClass& collection);     // many changes at once
void bind_nesting(CollectionClass& collection);     // values that are collections
void bind_cache(nb::module_& module);               // ObjectCache
void bind_types(nb::module_& module);
void bind_database(nb::module_& module);
void bind_transactions(nb::module_& module);

// Receives the bytes of a key or value, to be decoded once the call is over: it may run without the GIL.
struct Bytes {
  std::string bytes;
  detail::Receiver receiver() {
    return {this, [](void* to, std::string_view found) { static_cast<Bytes*>(to)->bytes.assign(found); }};
  }
};

// Receives a value and decodes it at once, of a call that holds the GIL. What decoding throws the call throws.
class Decoded {
 public:
  explicit Decoded(const Collection& collection) : collection_(collection) {}
  detail::Receiver value() {
    return {this, [](void* to, std::string_view bytes) {
              auto& into = *static_cast<Decoded*>(to);
              into.found_ = into.collection_.decode_value(bytes);
            }};
  }
  nb::object take() { return std::move(found_); }

 private:
  const Collection& collection_;
  nb::object found_;
};

// An argument that may be None.
inline auto may_be_none(const char* name) { return nb::arg(name).none(); }

// A position as Python counts: from the end if negative. Throws IndexError past the ends.
std::uint64_t position(const Collection& collection, const detail::Handle& handle, std::int64_t index);
[[noreturn]] void throw_key_error(nb::handle key);

}  // namespace sapwood::python
