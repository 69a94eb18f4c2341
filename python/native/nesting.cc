// Values that are collections: made, opened, moved.
#include "collections/types.h"
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

using detail::Handle;

CollectionTypes types_of(const std::string& kind, const Type& key, const Type& value) {
  CollectionTypes types{kind_of_name(kind), key.info(), value.info()};
  if (types.kind == CollectionKind::records) types.value = types.value.as_row();
  return types;
}

// An empty collection at a key, in the place of what is there.
Collection create(const Collection& self, nb::handle key, const std::string& kind, const Type& key_type,
                  const Type& value_type) {
  Scratch scratch;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  const CollectionTypes types = types_of(kind, key_type, value_type);
  Handle made = self.write([&](Handle& handle) { return handle.create_child(bytes, types); });
  return self.child(std::move(made), key_type, types.value.row ? value_type.as_row() : value_type);
}

// The same as an item before position `index`.
Collection create_at(const Collection& self, std::uint64_t index, const std::string& kind, const Type& key_type,
                     const Type& value_type) {
  const CollectionTypes types = types_of(kind, key_type, value_type);
  Handle made = self.write([&](Handle& handle) { return handle.create_child_at(index, types); });
  return self.child(std::move(made), key_type, types.value.row ? value_type.as_row() : value_type);
}

// The collection, which was just made, with types that have hooks: the file knows nothing of those.
Collection with_types(const Collection& self, const std::string& kind, const Type& key, const Type& value) {
  const CollectionTypes wanted = types_of(kind, key, value);
  if (self.types() != wanted) {
    throw Error(ErrorCode::wrong_type, "'" + self.handle().name() + "' is a " + collections::describe(self.types()) +
                                           ", not a " + collections::describe(wanted));
  }
  return self.child(self.handle(), key, wanted.value.row ? value.as_row() : value);
}

Place place(const Collection& self, nb::handle key) {
  Scratch scratch;
  return {self.handle(), self.key_type().encode_key(key, scratch)};
}
Place place_at(const Collection& self, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(self.handle().size());
  return {self.handle(), static_cast<std::uint64_t>(index < 0 ? index + size : index)};
}

}  // namespace

void bind_nesting(CollectionClass& collection) {
  const auto key = may_be_none("key");
  collection.def("_create", &create, key, nb::arg("kind"), nb::arg("key_type"), nb::arg("value_type"))
      .def("_create_at", &create_at)
      .def_unlocked("_as", &with_types)
      .def("_place", &place, key)
      .def("_place_at", &place_at);
  collection.def_prop_ro("_is_nested", &Collection::is_nested).def_prop_ro("_may_nest", &Collection::may_nest);
}

}  // namespace sapwood::python
