// Iterator: entries of one state of a collection, one after the other.
#pragma once

#include "python/native/collection.h"
#include "sapwood/detail/cursor.h"

namespace sapwood::python {

enum class Part { keys, values, items };

// What iterators belong to, and give back at their end: a snapshot, or a mark in a transaction.
class Origin {
 public:
  explicit Origin(const Collection& collection);
  // Throws RuntimeError while another thread is in a call of the transaction, Error{ended} in a child of fork().
  void check() const {
    if (forks_ != fork_count() || (transaction_ != nullptr && transaction_->in_call)) [[unlikely]]
      refuse();
  }
  bool is_over() const { return !collection_.is_valid(); }
  // Ends the iteration; the lock of the file is held.
  template <class Part>
  void end(Part part) {
    if (transaction_ != nullptr) transaction_->give_back(std::move(part));
    collection_.reset();
  }
  const std::shared_ptr<Context>& context() const { return context_; }
  const nb::object& collection() const { return collection_; }

 private:
  [[noreturn]] void refuse() const;

  std::shared_ptr<Context> context_;
  std::uint32_t forks_ = fork_count();
  std::shared_ptr<Transaction> transaction_;  // null: none that is written to
  nb::object collection_;                     // keeps it; null at the end
};

// Holds its snapshot until it is used up or gone.
class Iterator {
 public:
  Iterator(const Collection& collection, detail::Section section, Part part, bool reversed);
  Iterator(Iterator&&) = default;
  Iterator& operator=(Iterator&&) = delete;
  ~Iterator();
  const std::shared_ptr<Context>& context() const { return origin_.context(); }
  // The next entry; null at the end.
  PyObject* next();
  std::uint64_t remaining() const { return left_; }

 private:
  void end();
  void step();

  Origin origin_;
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
  ~ColumnIterator();
  const std::shared_ptr<Context>& context() const { return origin_.context(); }
  PyObject* next();

 private:
  void end();

  Origin origin_;
  const Collection& collection_;
  Type type_;
  std::optional<detail::ColumnCursor> cursor_;
  nb::object missing_;
};

void bind_iterators(nb::module_& module);

}  // namespace sapwood::python
