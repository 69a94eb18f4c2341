// Lists and records: entries by position.
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

using detail::Handle;

void set_item(const Collection& self, nb::handle index, nb::handle value) {
  const std::uint64_t at = position(self, self.handle(), index_of(index));
  if (self.is_new(value)) {
    value.attr("_set_in")(nb::find(self), at);
    return;
  }
  Scratch scratch;
  const std::string_view bytes = self.value_type().encode_value(value, scratch);
  self.write([&](Handle& handle) { handle.set(at, bytes); });
}

// Before position `index`; as list.insert, past the ends is at the ends.
void insert(const Collection& self, nb::handle position, nb::handle value) {
  const std::int64_t index = index_of(position, PyExc_OverflowError);
  if (self.is_new(value)) {
    value.attr("_insert_into")(nb::find(self), index);
    return;
  }
  Scratch scratch;
  const std::string_view bytes = self.value_type().encode_value(value, scratch);
  self.write([&](Handle& handle) {
    const auto size = static_cast<std::int64_t>(handle.size());
    const std::int64_t at = index < 0 ? std::max<std::int64_t>(index + size, 0) : std::min(index, size);
    handle.insert(static_cast<std::uint64_t>(at), bytes);
  });
}

void append(const Collection& self, nb::handle value) {
  if (self.is_new(value)) {
    value.attr("_insert_into")(nb::find(self), self.handle().size());
    return;
  }
  Scratch scratch;
  const std::string_view bytes = self.value_type().encode_value(value, scratch);
  self.write([&](Handle& handle) { handle.append(bytes); });
}

// Removes the item and tells it, in one transaction.
nb::object pop(const Collection& self, nb::handle index) {
  const std::uint64_t at = position(self, self.handle(), index_of(index, PyExc_OverflowError));
  std::string found;
  self.write([&](Handle& handle) {
    handle.update_at(at, {&found, [](void* to, std::optional<std::string_view> value) {
                            static_cast<std::string*>(to)->assign(*value);
                            return std::optional<std::string_view>();
                          }});
  });
  return self.decode_value(found);
}

void delete_at(const Collection& self, std::uint64_t first, std::uint64_t count) {
  self.write([&](Handle& handle) { handle.erase_at(first, count); });
}

nb::list get_many(const Collection& self, nb::handle indexes) {
  const Handle handle = self.handle().pinned();
  std::vector<std::uint64_t> positions;
  for (const nb::handle index : nb::iter(indexes)) {
    positions.push_back(position(self, handle, index_of(index)));
  }
  ManyBytes found(positions.size());
  self.unlocked(handle, [&](const Handle& pinned) { pinned.at_many(positions, found.keys_and_values()); });
  nb::list values;
  for (const ManyBytes::Entry& entry : found.entries) values.append(self.decode_value(entry.value));
  return values;
}

}  // namespace

void bind_positional(CollectionClass& collection) {
  const auto value = may_be_none("value");
  collection.def("_set_item", &set_item, nb::arg("index"), value)
      .def("_insert", &insert, nb::arg("index"), value, "Inserts the value before position `index`. O(log n).")
      .def("_append", &append, value, "Adds the value at the end. O(log n).")
      .def("_pop_at", &pop)
      .def("_delete_at", &delete_at)
      .def("_get_many_at", &get_many, nb::arg("indexes"), "The items at many positions, in one state of the list.")
      .def("_swap_delete", [](const Collection& self, nb::handle index) {
        const std::uint64_t at = position(self, self.handle(), index_of(index));
        self.write([&](Handle& handle) { handle.swap_erase(at); });
      });
}

}  // namespace sapwood::python
