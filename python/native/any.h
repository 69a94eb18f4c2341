// Python objects as values of type any.
#pragma once

#include "python/native/type.h"

namespace sapwood::python {

// None, bool, int up to 128 bits, float, str, bytes, UUID, datetime, and tuples, lists and dicts of these. Others are
// given to the hook (set_any_hooks), which makes them one of these or raises TypeError.
AnyValue to_any(nb::handle object);
nb::object from_any(const AnyValue& value, const OpenNested& nested);

// `pack(object)`: for objects of other types. `unpack(dict)`: for dicts that pack() made, which have one key that
// starts with "$"; so do dicts of users that look like it, which go through both.
void set_any_hooks(nb::object pack, nb::object unpack);

// Between Python and the types of the library that several places need.
nb::object from_int128(Int128 number);
Int128 to_int128(nb::handle number);  // throws OverflowError
nb::object from_uuid(const Uuid& uuid);
bool is_uuid(nb::handle object);
Uuid to_uuid(nb::handle object);
nb::object from_datetime(DateTime time);  // aware, UTC
bool is_datetime(nb::handle object);
DateTime to_datetime(nb::handle object);  // aware, else throws ValueError

}  // namespace sapwood::python
