#include "python/native/iterator.h"

#include "python/native/file_class.h"

namespace sapwood::python {

Origin::Origin(const Collection& collection) : context_(collection.context()), collection_(nb::find(collection)) {
  std::shared_ptr<Transaction> transaction = collection.transaction();
  if (transaction != nullptr && transaction->write) transaction_ = std::move(transaction);
}

void Origin::refuse() const {
  if (transaction_ != nullptr) transaction_->check();
  throw Error(ErrorCode::ended, "the iterator is of the process that this one was forked from: begin another one");
}

Iterator::Iterator(const Collection& collection, detail::Section section, Part part, bool reversed)
    : origin_(collection),
      collection_(collection),
      section_(std::move(section)),
      part_(part),
      reversed_(reversed),
      left_(section_.last - section_.first) {
  if (left_ != 0) cursor_.emplace(section_.scan, reversed ? section_.last - 1 : section_.first);
}

Iterator::~Iterator() {
  if (origin_.is_over()) return;
  const FileLock lock(*context());
  end();
}

void Iterator::end() {
  left_ = 0;
  origin_.end(std::pair(std::exchange(cursor_, std::nullopt), std::exchange(section_, {})));
}

PyObject* Iterator::next() {
  if (origin_.is_over()) return nullptr;
  origin_.check();
  const bool needs_key = part_ != Part::values;
  const bool needs_value = part_ != Part::keys;
  const bool alone = (!needs_key || collection_.key_type().decodes_alone()) &&
                     (!needs_value || collection_.value_type().decodes_alone());
  while (left_ != 0) {
    const detail::Cursor::Entry& entry = cursor_->entry();
    if (entry.expired) {
      step();
      continue;
    }
    // Python code may use this iterator: it has moved on by then. Where decoding runs none, making a tuple does, as the
    // collector of garbage may begin.
    nb::object key, value;
    if (alone) {
      if (needs_key) key = collection_.decode_key(entry.key);
      if (needs_value) value = collection_.decode_value(entry.value);
      step();
    } else {
      const std::string key_bytes(needs_key ? entry.key : std::string_view());
      const std::string value_bytes(needs_value ? entry.value : std::string_view());
      const nb::object kept = origin_.collection();
      step();
      if (needs_key) key = collection_.decode_key(key_bytes);
      if (needs_value) value = collection_.decode_value(value_bytes);
    }
    if (part_ == Part::items) return nb::make_tuple(std::move(key), std::move(value)).release().ptr();
    return (needs_key ? key : value).release().ptr();
  }
  end();
  return nullptr;
}

void Iterator::step() {
  --left_;
  cursor_->move(reversed_ ? -1 : 1);
}

ColumnIterator::ColumnIterator(const Collection& collection, const detail::Section& section, std::string_view field,
                               nb::object missing)
    : origin_(collection),
      collection_(collection),
      type_(collection_.value_type().of_field()),
      cursor_(std::in_place, section, field),
      missing_(std::move(missing)) {}

ColumnIterator::~ColumnIterator() {
  if (origin_.is_over()) return;
  const FileLock lock(*context());
  end();
}

void ColumnIterator::end() { origin_.end(std::exchange(cursor_, std::nullopt)); }

PyObject* ColumnIterator::next() {
  if (origin_.is_over()) return nullptr;
  origin_.check();
  if (cursor_->at_end()) {
    end();
    return nullptr;
  }
  const std::optional<std::string_view> found = cursor_->field();
  const std::optional<std::string> bytes(found);  // what decodes may use this iterator: it has moved on by then
  const nb::object kept = origin_.collection();
  cursor_->next();
  return (bytes ? type_.decode_value(*bytes, collection_.opener()) : missing_).release().ptr();
}

namespace {

// tp_iternext of T, without a look-up of __next__ by name.
template <class T>
PyObject* next_of(PyObject* self) {
  try {
    T& iterator = *nb::inst_ptr<T>(self);
    const FileLock lock(*iterator.context());
    return iterator.next();
  } catch (...) {
    set_python_error();
    return nullptr;
  }
}

PyObject* itself(PyObject* self) {
  Py_INCREF(self);
  return self;
}

template <class T>
auto bind_iterator(nb::module_& module, const char* name) {
  static PyType_Slot slots[] = {{Py_tp_iternext, reinterpret_cast<void*>(&next_of<T>)},
                                {Py_tp_iter, reinterpret_cast<void*>(&itself)},
                                {0, nullptr}};
  return FileClass<T>(module, name, nb::type_slots(slots));
}

}  // namespace

void bind_iterators(nb::module_& module) {
  bind_iterator<Iterator>(module, "Iterator").def("__length_hint__", &Iterator::remaining).doc() =
      "Entries of a collection as it was when the iterator was made.";
  bind_iterator<ColumnIterator>(module, "ColumnIterator").doc() = "A field of records, row by row.";
}

}  // namespace sapwood::python
