// Errors of the library as Python exceptions.
#include "python/native/objects.h"

namespace sapwood::python {
namespace {

PyObject* error_classes = nullptr;  // a dict; kept for ever, as modules are

void raise(const Error& error) {
  const nb::handle classes(error_classes);
  PyObject* found =
      error_classes == nullptr ? nullptr : PyDict_GetItemString(error_classes, error_code_name(error.code()));
  PyErr_SetString(found == nullptr ? PyExc_RuntimeError : found, error.what());
}

}  // namespace

void throw_expected(const std::string& expected, nb::handle given) {
  const std::string name = nb::cast<std::string>(given.type().attr("__name__"));
  throw nb::type_error(("expected " + expected + ", got " + name).c_str());
}

void set_error_classes(nb::dict by_code) {
  if (error_classes != nullptr) return;
  error_classes = by_code.release().ptr();
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise(error);
    }
  });
}

void set_python_error() noexcept {
  try {
    throw;
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const Error& error) {
    raise(error);
  } catch (const nb::builtin_exception& error) {
    PyErr_SetString(error.type() == nb::exception_type::type_error ? PyExc_TypeError : PyExc_ValueError, error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
}

}  // namespace sapwood::python
