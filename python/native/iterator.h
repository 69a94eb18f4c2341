// Iterator: entries of one state of a collection, one after the other.
#pragma once

#include "python/native/collection.h"
#include "sapwood/detail/cursor.h"

namespace sapwood::python {

enum class Part { keys, values, items };

// Holds its snapshot until it is used up or gone.
class Iterator {
 public:
  Iterator(const Collection& collection, detail::Section section, Part part, bool reversed);
  Iterator(Iterator&&) = default;
  Iterator& operator=(Iterator&&) = delete;
  ~Iterator() { end(); }
  const std::shared_ptr<Context>& context() const { return context_; }
  // The next entry; null at the end.
  PyObject* next();
  std::uint64_t remaining() const { return left_; }

 private:
  void end();
  void step();

  std::shared_ptr<Context> context_;
  std::uint32_t forks_ = fork_count();
  nb::object owner_;  // keeps the collection; null at the end
  const Collection& collection_;
  detail::Section section_;
  std::optional<detail::Cursor> cursor_;
  Part part_;
  bool reversed_;
  std::uint64_t left_;
};

// A field of records, row by row: the value, or None where a row has none.
class ColumnIterator {
 public:
  ColumnIterator(const Collection& collection, const detail::Section& section, std::string_view field,
                 nb::object missing);
  ColumnIterator(ColumnIterator&&) = default;
  ColumnIterator& operator=(ColumnIterator&&) = delete;
  ~ColumnIterator() { end(); }
  const std::shared_ptr<Context>& context() const { return context_; }
  PyObject* next();

 private:
  void end();

  std::shared_ptr<Context> context_;
  std::uint32_t forks_ = fork_count();
  nb::object owner_;  // keeps the collection; null at the end
  const Collection& collection_;
  Type type_;
  std::optional<detail::ColumnCursor> cursor_;
  nb::object missing_;
};

void bind_iterators(nb::module_& module);

}  // namespace sapwood::python
