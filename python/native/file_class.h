// FileClass: how classes are bound whose objects belong to a file.
#pragma once

#include <functional>

#include "python/native/context.h"

namespace sapwood::python {

inline const Context& file_of(const Context& file) { return file; }
inline const Context& file_of(const std::shared_ptr<Context>& file) { return *file; }
template <class Part>
const Context& file_of(const Part& part) {
  return *part.context();
}

// The function, holding the lock of the file that its first argument belongs to.
template <class Function, class Result, class Self, class... Args>
auto locked_as(Function function, std::function<Result(Self, Args...)>*) {
  return [function](Self self, Args... args) -> Result {
    const FileLock lock(file_of(self));
    return function(self, std::forward<Args>(args)...);
  };
}
template <class Function>
auto locked(Function function) {
  return locked_as(function, static_cast<decltype(std::function(function))*>(nullptr));
}
template <class Result, class Self, class... Args>
auto locked(Result (Self::*function)(Args...)) {
  return locked(
      [function](Self& self, Args... args) -> Result { return (self.*function)(std::forward<Args>(args)...); });
}
template <class Result, class Self, class... Args>
auto locked(Result (Self::*function)(Args...) const) {
  return locked(
      [function](const Self& self, Args... args) -> Result { return (self.*function)(std::forward<Args>(args)...); });
}

template <class T>
class FileClass : public nb::class_<T> {
 public:
  using nb::class_<T>::class_;

  template <class Function, class... Extra>
  FileClass& def(const char* name, Function function, const Extra&... extra) {
    return def_unlocked(name, locked(function), extra...);
  }
  template <class Function, class... Extra>
  FileClass& def_prop_ro(const char* name, Function function, const Extra&... extra) {
    nb::class_<T>::def_prop_ro(name, locked(function), extra...);
    return *this;
  }
  // Constructors, and functions that take the lock themselves: those in which Python code runs that may come back to
  // the file for each of many objects, to which it would cost a wait.
  template <class... Args, class... Extra>
  FileClass& construct(nb::init<Args...> constructor, const Extra&... extra) {
    nb::class_<T>::def(std::move(constructor), extra...);
    return *this;
  }
  template <class Function, class... Extra>
  FileClass& def_unlocked(const char* name, Function function, const Extra&... extra) {
    nb::class_<T>::def(name, std::move(function), extra...);
    return *this;
  }
};

}  // namespace sapwood::python
