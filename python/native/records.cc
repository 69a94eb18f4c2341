// Records: fields of rows.
#include "python/native/calls.h"
#include "python/native/iterator.h"
#include "sapwood/detail/rows.h"

namespace sapwood::python {
namespace {

using detail::Handle;

// Names of fields, str or bytes, as bytes.
class Names {
 public:
  explicit Names(nb::handle names) {
    for (const nb::handle name : nb::iter(names)) {
      Scratch scratch;
      kept_.emplace_back(bytes_of_name(name, scratch));
      objects_.push_back(nb::borrow(name));
    }
    views_.assign(kept_.begin(), kept_.end());
  }
  std::span<const std::string_view> views() const { return views_; }
  const nb::object& object(std::size_t i) const { return objects_[i]; }

 private:
  std::vector<std::string> kept_;
  std::vector<nb::object> objects_;
  std::vector<std::string_view> views_;
};

// One field; `otherwise` if the row has none of that name.
nb::object field(const Collection& self, nb::handle index, nb::handle name, nb::object otherwise) {
  const std::int64_t asked = index_of(index);
  const Handle handle = handle_at(self, asked);
  const std::uint64_t row = position(self, handle, asked);
  Scratch scratch;
  const std::string_view bytes = bytes_of_name(name, scratch);
  ManyBytes found(1);
  detail::read_fields(handle, {&row, 1}, {&bytes, 1}, found.values());
  const ManyBytes::Entry& entry = found.entries.front();
  return entry.is_there ? self.value_type().of_field().decode_value(entry.value, self.opener()) : otherwise;
}

// Those of the named fields that the rows have: a dict for each.
nb::list fields_of_rows(const Collection& self, nb::handle indexes, nb::handle names) {
  const Names wanted(names);
  const std::vector<std::int64_t> given = indexes_of(indexes);
  const FileLock lock(*self.context());
  const Handle handle = self.handle().pinned();
  const std::vector<std::uint64_t> rows = positions(self, handle, given);
  const std::size_t count = wanted.views().size();
  ManyBytes found(rows.size() * count);
  self.unlocked(handle,
                [&](const Handle& pinned) { detail::read_fields(pinned, rows, wanted.views(), found.values()); });
  const Type type = self.value_type().of_field();
  nb::list dicts;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    nb::dict fields;
    for (std::size_t i = 0; i < count; ++i) {
      const ManyBytes::Entry& entry = found.entries[row * count + i];
      if (entry.is_there) fields[wanted.object(i)] = type.decode_value(entry.value, self.opener());
    }
    dicts.append(fields);
  }
  return dicts;
}

nb::list field_names(const Collection& self, nb::handle index) {
  const std::int64_t asked = index_of(index);
  const Handle handle = handle_at(self, asked);
  nb::list names;
  for (const std::string& name : detail::field_names(handle, position(self, handle, asked))) {
    names.append(field_name(name));
  }
  return names;
}

void update(const Collection& self, nb::handle index, const nb::dict& fields) {
  const std::uint64_t row = position(self, self.handle(), index_of(index));
  const Names names(fields);
  const Type type = self.value_type().of_field();
  std::vector<Scratch> values(names.views().size());
  std::vector<detail::FieldBytes> encoded;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const nb::object value = fields[names.object(i)];
    encoded.push_back({names.views()[i], type.encode_value(value, values[i])});
    values[i].keep = nb::make_tuple(value, values[i].keep.is_valid() ? values[i].keep : nb::none());
  }
  std::ranges::sort(encoded, {}, &detail::FieldBytes::name);
  self.write([&](Handle& handle) { detail::update_row(handle, row, encoded); });
}

std::uint64_t drop(const Collection& self, nb::handle names) {
  const Names dropped(names);
  return self.write([&](Handle& handle) { return detail::drop_fields(handle, dropped.views()); });
}

bool drop_of_row(const Collection& self, nb::handle index, nb::handle names) {
  const std::uint64_t row = position(self, self.handle(), index_of(index));
  const Names dropped(names);
  return self.write([&](Handle& handle) { return detail::drop_fields(handle, row, dropped.views()); });
}

// From the first to the last row of a slice, whatever its steps.
ColumnIterator column(const Collection& self, nb::handle name, nb::handle rows, nb::object missing) {
  const Handle handle = self.handle().pinned();
  const Slice slice = slice_of(rows, handle.size());
  Scratch scratch;
  return ColumnIterator(self, handle.slice(slice.first, slice.span), bytes_of_name(name, scratch), std::move(missing));
}

void reserve(const Collection& self, std::uint64_t count) {
  self.write([&](Handle& handle) {
    detail::Batch batch = detail::Batch::appending(handle);
    for (std::uint64_t i = 0; i < count; ++i) batch.add({}, {});
    batch.finish();
  });
}

}  // namespace

void bind_records(CollectionClass& collection) {
  collection.def("_field", &field, nb::arg("index"), may_be_none("name"), may_be_none("default"))
      .def_unlocked("_fields_of_rows", &fields_of_rows)
      .def("_field_names", &field_names)
      .def("_is_placeholder",
           [](const Collection& self, nb::handle index) {
             const std::int64_t asked = index_of(index);
             const Handle handle = handle_at(self, asked);
             return detail::is_placeholder(handle, position(self, handle, asked));
           })
      .def("_update_row", &update)
      .def("_drop", &drop)
      .def("_drop_of_row", &drop_of_row)
      .def("_column", &column, may_be_none("name"), nb::arg("rows"), may_be_none("missing"))
      .def("_reserve", &reserve);
}

}  // namespace sapwood::python
