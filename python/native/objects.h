// What all files of the extension module include, and small tools around Python objects.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <string_view>

#include "sapwood/sapwood.h"

namespace sapwood::python {

namespace nb = nanobind;

// Owns a new reference that a call of the C API returned; throws the error that it set instead.
inline nb::object own(PyObject* made) {
  if (made == nullptr) throw nb::python_error();
  return nb::steal<nb::object>(made);
}

// Throws TypeError: "expected int, got str".
[[noreturn]] void throw_expected(const std::string& expected, nb::handle given);

// The classes that errors of the library are raised as, by error_code_name; set once, by the package.
void set_error_classes(nb::dict by_code);
// Sets the Python error for the exception that is being handled, for the few functions that nanobind does not wrap.
void set_python_error() noexcept;

}  // namespace sapwood::python
