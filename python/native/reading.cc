#include "python/native/calls.h"
#include "python/native/iterator.h"

namespace sapwood::python {

std::uint64_t position(const Collection& collection, const detail::Handle& handle, std::int64_t index) {
  const std::uint64_t size = handle.size();
  if (index < 0) index += static_cast<std::int64_t>(size);
  if (index < 0 || static_cast<std::uint64_t>(index) >= size) {
    throw nb::index_error((std::string(kind_name(collection.types().kind)) + " index out of range").c_str());
  }
  return static_cast<std::uint64_t>(index);
}

std::vector<std::uint64_t> positions(const Collection& collection, const detail::Handle& handle,
                                     const std::vector<std::int64_t>& indexes) {
  std::vector<std::uint64_t> found;
  for (const std::int64_t index : indexes) found.push_back(position(collection, handle, index));
  return found;
}

std::vector<std::int64_t> indexes_of(nb::handle iterable) {
  std::vector<std::int64_t> found;
  for (const nb::handle index : nb::iter(iterable)) found.push_back(index_of(index));
  return found;
}

nb::object item_at(const Collection& collection, const detail::Handle& handle, std::uint64_t at) {
  return OneValue(collection).read(handle, [at](const detail::Handle& now, detail::Receiver value) {
    now.at(at, {}, value);
    return true;
  });
}

std::uint64_t size_of(const Collection& collection) {
  const FileLock lock(*collection.context());
  return collection.handle().size();
}

Slice slice_of(nb::handle slice, std::uint64_t size) {
  Py_ssize_t start = 0, stop = 0, step = 0;
  if (PySlice_Unpack(slice.ptr(), &start, &stop, &step) < 0) throw nb::python_error();
  const Py_ssize_t count = PySlice_AdjustIndices(static_cast<Py_ssize_t>(size), &start, &stop, step);
  if (count == 0) return {};
  const Py_ssize_t lowest = step > 0 ? start : start + (count - 1) * step;
  const Py_ssize_t span = (count - 1) * std::abs(step) + 1;
  return {static_cast<std::uint64_t>(lowest), static_cast<std::uint64_t>(span), count, step};
}

namespace {

using detail::Handle;

// The entry at a position: (key, value), or the value of what has no keys, or the key of what has no values.
nb::object entry_in(const Collection& self, const Handle& handle, std::int64_t index) {
  const std::uint64_t at = position(self, handle, index);
  const CollectionTypes& types = self.types();
  if (!types.has_keys()) return item_at(self, handle, at);
  Bytes key, value;
  handle.at(at, key.receiver(), value.receiver());
  nb::object found = self.decode_key(key.bytes);
  if (!types.has_values()) return found;
  return nb::make_tuple(found, self.decode_value(value.bytes));
}

nb::object entry_at(const Collection& self, nb::handle index) {
  const std::int64_t at = index_of(index);
  if (at >= 0) return entry_in(self, self.handle(), at);
  return entry_in(self, handle_at(self, at), at);
}

// self[index] of a list: an item, or a list of those in a slice.
nb::object get_item(const Collection& self, nb::handle index) {
  if (PySlice_Check(index.ptr())) {
    const Handle handle = self.handle().pinned();
    const Slice slice = slice_of(index, handle.size());
    nb::list found;
    if (slice.count == 0) return found;
    const detail::Section section = handle.slice(slice.first, slice.span);
    detail::Cursor cursor(section.scan, slice.step > 0 ? section.first : section.last - 1);
    std::vector<std::string> copies;  // where decoding may run Python code, which may end the transaction
    for (Py_ssize_t i = 0; i < slice.count; ++i, cursor.move(slice.step)) {
      if (self.value_type().decodes_alone()) found.append(self.decode_value(cursor.entry().value));
      else copies.emplace_back(cursor.entry().value);
    }
    for (const std::string& bytes : copies) found.append(self.decode_value(bytes));
    return found;
  }
  if (PyIndex_Check(index.ptr()) == 0) {
    const auto type = nb::cast<std::string>(index.type().attr("__name__"));
    throw nb::type_error(
        (std::string(kind_name(self.types().kind)) + " indices must be integers or slices, not " + type).c_str());
  }
  return entry_at(self, index);
}

Collection pinned(const Collection& self) {
  return self.child(self.handle().pinned(), self.key_type(), self.value_type());
}

Iterator iterate(const Collection& self, Part part, bool reversed) {
  return Iterator(self, self.handle().all(), part, reversed);
}

// Of `count` entries, or of those that there are: another thread may just have removed some.
Iterator iterate_slice(const Collection& self, std::uint64_t first, std::uint64_t count, Part part, bool reversed) {
  const Handle handle = self.handle().pinned();
  const std::uint64_t begin = std::min(first, handle.size());
  return Iterator(self, handle.slice(begin, std::min(count, handle.size() - begin)), part, reversed);
}

// The bytes of an entry that is looked for.
struct Same {
  bool is_key;
  std::string_view wanted;
  bool operator()(std::string_view key, std::string_view value) const { return (is_key ? key : value) == wanted; }
};

std::optional<std::uint64_t> find_value(const Collection& self, nb::handle object, std::uint64_t first) {
  Scratch scratch;
  const Same same{false, self.value_type().encode_value(object, scratch)};
  return self.unlocked([&](const Handle& handle) { return handle.find(first, detail::entry_test(same)); });
}

std::uint64_t count_value(const Collection& self, nb::handle object) {
  Scratch scratch;
  const Same same{false, self.value_type().encode_value(object, scratch)};
  return self.unlocked([&](const Handle& handle) { return handle.count(detail::entry_test(same)); });
}

nb::list sample(const Collection& self, std::uint64_t count, std::uint64_t seed) {
  detail::SeededBits random(seed);
  const Handle pinned = self.handle().pinned();
  const std::vector<std::uint64_t> positions =
      detail::sample_positions(pinned.size(), count, detail::source_of(random));
  ManyBytes found(positions.size());
  self.unlocked(pinned, [&](const Handle& handle) { handle.at_many(positions, found.keys_and_values()); });
  nb::list entries;
  for (const ManyBytes::Entry& entry : found.entries) {
    const CollectionTypes& types = self.types();
    if (!types.has_keys()) entries.append(self.decode_value(entry.value));
    else if (!types.has_values()) entries.append(self.decode_key(entry.key));
    else entries.append(nb::make_tuple(self.decode_key(entry.key), self.decode_value(entry.value)));
  }
  return entries;
}

}  // namespace

void bind_reading(CollectionClass& collection) {
  collection.nb::class_<Collection>::def_prop_ro(  // it never changes
      "kind", [](const Collection& self) { return kind_name(self.types().kind); },
      "list, dict, sorted_map, set, sorted_set or records.");
  collection
      .def_prop_ro(
          "name", [](const Collection& self) { return self.handle().name(); },
          "Name of the collection; # and its id of one that is in another.")
      .def_prop_ro("key_type_name", [](const Collection& self) { return self.key_type().name(); })
      .def_prop_ro("value_type_name", [](const Collection& self) { return self.value_type().of_field().name(); })
      .def_prop_ro("_makes_values", [](const Collection& self) { return self.value_type().makes_what_is_read(); })
      .def_prop_ro("_compares_bytes", [](const Collection& self) { return self.value_type().compares_bytes(); })
      .def("_pinned", &pinned, "The same in one state; of a transaction the same.")
      .def_prop_ro("in_transaction", &Collection::is_in_transaction, "Whether it belongs to a transaction.")
      .def("__len__", [](const Collection& self) { return self.handle().size(); })
      .def_prop_ro("_database", [](const Collection& self) { return self.context(); })
      .def("_savepoint", &Collection::savepoint)
      .def("_at", &entry_at)
      .def("_item", &get_item, nb::arg("index"), "The item at a position, O(log n), or a list of those in a slice.")
      .def("_iterate", &iterate)
      .def("_iterate_slice", &iterate_slice)
      .def("_find", &find_value, may_be_none("value"), nb::arg("start"))
      .def("_count", &count_value, may_be_none("value"))
      .def("_sample", &sample)
      .def("_clear", [](const Collection& self) { self.write([](Handle& handle) { handle.clear(); }); });
}

}  // namespace sapwood::python
