// Many changes at once, all or none, from what an iterable gives.
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

using detail::Batch;

// Adds what `items` gives: values of lists and records, elements of sets, (key, value) pairs of dicts. If the iterable,
// or a wrong type, throws, nothing is changed. The GIL is not held while waiting for the writer's place and for
// commits.
void fill(const Collection& self, Batch batch, nb::handle items) {
  const CollectionTypes& types = self.types();
  for (const nb::handle item : nb::iter(items)) {
    Scratch key, value;
    if (!types.has_keys()) {
      batch.add({}, self.value_type().encode_value(item, value));
    } else if (!types.has_values()) {
      batch.add(self.key_type().encode_key(item, key), {});
    } else {
      const nb::object pair = own(PySequence_Tuple(item.ptr()));
      if (PyTuple_Size(pair.ptr()) != 2) throw nb::value_error("expected pairs of a key and a value");
      const nb::handle first(PyTuple_GetItem(pair.ptr(), 0)), second(PyTuple_GetItem(pair.ptr(), 1));
      const std::string_view key_bytes = self.key_type().encode_key(first, key);
      batch.add(key_bytes, self.value_type().encode_value(second, value));
    }
  }
  self.write([&](detail::Handle&) { batch.finish(); });
}

template <class Make>
void fill_with(const Collection& self, nb::handle items, Make make) {
  const nb::object iterator = own(PyObject_GetIter(items.ptr()));  // an object that is not iterable changes nothing
  fill(self, self.write([&](detail::Handle& handle) { return make(handle); }), iterator);
}

Batch::Mode mode_of(const std::string& name) {
  if (name == "put") return Batch::Mode::put;
  if (name == "bulk") return Batch::Mode::bulk;
  if (name == "erase") return Batch::Mode::erase;
  if (name == "retain") return Batch::Mode::retain;
  if (name == "toggle") return Batch::Mode::toggle;
  throw nb::value_error("unknown mode of a batch");
}

// Elements only, whatever the collection: of erase, retain and toggle.
void fill_keys(const Collection& self, const std::string& mode, nb::handle keys) {
  const nb::object iterator = own(PyObject_GetIter(keys.ptr()));
  Batch batch = self.write([&](detail::Handle& handle) { return Batch(handle, mode_of(mode)); });
  for (const nb::handle key : nb::iter(iterator)) {
    Scratch scratch;
    batch.add(self.key_type().encode_key(key, scratch), {});
  }
  self.write([&](detail::Handle&) { batch.finish(); });
}

}  // namespace

void bind_batches(CollectionClass& collection) {
  collection
      .def("_extend",
           [](const Collection& self, nb::handle items) {
             fill_with(self, items, [](const detail::Handle& handle) { return Batch::appending(handle); });
           })
      .def("_insert_all",
           [](const Collection& self, std::uint64_t at, nb::handle items) {
             fill_with(self, items, [&](const detail::Handle& handle) { return Batch::inserting(handle, at); });
           })
      .def("_replace",
           [](const Collection& self, std::uint64_t first, std::uint64_t count, nb::handle items) {
             fill_with(self, items,
                       [&](const detail::Handle& handle) { return Batch::replacing(handle, first, count); });
           })
      .def("_put_all",
           [](const Collection& self, const std::string& mode, nb::handle items) {
             fill_with(self, items, [&](const detail::Handle& handle) { return Batch(handle, mode_of(mode)); });
           })
      .def("_change_keys", &fill_keys);
}

}  // namespace sapwood::python
