// Lists and records: entries by position.
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

using detail::Handle;

std::uint64_t position_of(const Collection& self, nb::handle index) {
  const FileLock lock(*self.context());
  return position(self, self.handle(), index_of(index));
}

void set_item(const Collection& self, nb::handle index, nb::handle value) {
  const std::uint64_t at = position_of(self, index);
  if (self.is_new(value)) {
    value.attr("_set_in")(nb::find(self), at);
    return;
  }
  const FileLock lock(*self.context());
  if (self.is_there(value, [&] { return item_at(self, self.handle(), at); })) return;
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
  const FileLock lock(*self.context());
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
    value.attr("_insert_into")(nb::find(self), size_of(self));
    return;
  }
  const FileLock lock(*self.context());
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
  const std::vector<std::int64_t> given = indexes_of(indexes);
  const FileLock lock(*self.context());
  const Handle handle = self.handle().pinned();
  const std::vector<std::uint64_t> at = positions(self, handle, given);
  ManyBytes found(at.size());
  self.unlocked(handle, [&](const Handle& pinned) { pinned.at_many(at, found.keys_and_values()); });
  nb::list values;
  for (const ManyBytes::Entry& entry : found.entries) values.append(self.decode_value(entry.value));
  return values;
}

}  // namespace

void bind_positional(CollectionClass& collection) {
  const auto value = may_be_none("value");
  collection.def_unlocked("_set_item", &set_item, nb::arg("index"), value)
      .def_unlocked("_insert", &insert, nb::arg("index"), value, "Inserts the value before position `index`. O(log n).")
      .def_unlocked("_append", &append, value, "Adds the value at the end. O(log n).")
      .def("_pop_at", &pop)
      .def("_delete_at", &delete_at)
      .def_unlocked("_get_many_at", &get_many, nb::arg("indexes"),
                    "The items at many positions, in one state of the list.")
      .def("_swap_delete", [](const Collection& self, nb::handle index) {
        const std::uint64_t at = position(self, self.handle(), index_of(index));
        self.write([&](Handle& handle) { handle.swap_erase(at); });
      });
}

}  // namespace sapwood::python
