#include "python/native/any.h"
#include "python/native/calls.h"
#include "python/native/iterator.h"
#include "python/native/opening.h"

namespace sapwood::python {

void bind_types(nb::module_& module) {
  nb::class_<Type>(module, "Type", "A type of keys or values: its name, and what makes objects of it and back.")
      .def(nb::init<const std::string&, std::uint16_t, nb::object, nb::object>(), nb::arg("name"), nb::arg("codec") = 0,
           nb::arg("to_stored").none() = nb::none(), nb::arg("from_stored").none() = nb::none())
      .def_prop_ro("name", &Type::name)
      .def_prop_ro("has_hooks", &Type::has_hooks);
  nb::enum_<Part>(module, "Part").value("keys", Part::keys).value("values", Part::values).value("items", Part::items);
  nb::class_<Wanted>(module, "Wanted", "A collection to open: name, kind, types and options.")
      .def("__init__", [](Wanted* self, const std::string& name, const std::string& kind, std::optional<Type> key,
                          std::optional<Type> value, bool timestamps, bool time_index, std::int64_t time_to_live_us,
                          bool expiry, int compression) {
        new (self) Wanted(wanted(name, kind, std::move(key), std::move(value), timestamps, time_index, time_to_live_us,
                                 expiry, compression));
      });
  module.def("set_any_hooks", &set_any_hooks);
  module.def("set_wrap_hook", &set_wrap_hook);
  module.def("set_new_class", &set_new_class);
  module.def("set_error_classes", &set_error_classes);
}

}  // namespace sapwood::python
