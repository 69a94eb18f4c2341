// Many changes at once, all or none, from what an iterable gives.
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

using detail::Batch;

// Adds what an iterable gives: values of lists and records, from a position on; elements of sets; (key, value) pairs of
// dicts. If the iterable, or a wrong type, throws, nothing is changed; but new collections end one batch and begin
// another, so they need a transaction around. The GIL is not held while waiting for the writer's place and for commits.
class Filler {
 public:
  // `begin(handle)` makes the batch. `at`: the position in lists and records at which they will come to lie.
  template <class Begin>
  Filler(const Collection& self, std::uint64_t at, Begin begin) : self_(self), at_(at) {
    this->begin(begin);
  }
  Filler(const Filler&) = delete;
  Filler& operator=(const Filler&) = delete;
  ~Filler() {
    const FileLock lock(*self_.context());
    if (transaction_ != nullptr) transaction_->give_back(std::move(batch_));
    batch_.reset();
  }

  void add_all(nb::handle items) {
    const CollectionTypes& types = self_.types();
    for (const nb::handle item : nb::iter(items)) {
      if (!types.has_keys()) add_item(item);
      else if (types.has_values()) add_pair(item);
      else add_element(item);
    }
    finish();
  }
  // Elements only, whatever the collection.
  void add_keys(nb::handle keys) {
    for (const nb::handle key : nb::iter(keys)) add_element(key);
    finish();
  }

 private:
  void add_item(nb::handle item) {
    if (self_.is_new(item)) {
      finish();
      item.attr("_insert_into")(nb::find(self_), at_++);
      begin([&](detail::Handle& handle) { return Batch::inserting(handle, at_); });
      return;
    }
    const FileLock lock(*self_.context());
    Scratch value;
    const std::string_view bytes = self_.value_type().encode_value(item, value);
    batch().add({}, bytes);
    ++at_;
  }
  void add_pair(nb::handle item) {
    const nb::object pair = own(PySequence_Tuple(item.ptr()));
    if (PyTuple_Size(pair.ptr()) != 2) throw nb::value_error("expected pairs of a key and a value");
    const nb::handle first(PyTuple_GetItem(pair.ptr(), 0)), second(PyTuple_GetItem(pair.ptr(), 1));
    if (self_.is_new(second)) {
      finish();
      second.attr("_put_into")(nb::find(self_), first);
      begin([](detail::Handle& handle) { return Batch(handle, Batch::Mode::put); });
      return;
    }
    const FileLock lock(*self_.context());
    Scratch key, value;
    const std::string_view key_bytes = self_.key_type().encode_key(first, key);
    const std::string_view value_bytes = self_.value_type().encode_value(second, value);
    batch().add(key_bytes, value_bytes);
  }
  void add_element(nb::handle item) {
    const FileLock lock(*self_.context());
    Scratch key;
    const std::string_view bytes = self_.key_type().encode_key(item, key);
    batch().add(bytes, {});
  }
  template <class Begin>
  void begin(Begin begin) {
    const FileLock lock(*self_.context());
    transaction_ = self_.transaction();
    batch_ = self_.write([&](detail::Handle& handle) { return begin(handle); });
  }
  Batch& batch() {
    if (transaction_ != nullptr) transaction_->check();
    return *batch_;
  }
  void finish() {
    const FileLock lock(*self_.context());
    self_.unlocked([&](const detail::Handle&) { batch_->finish(); });
  }

  const Collection& self_;
  std::uint64_t at_;
  std::shared_ptr<Transaction> transaction_;
  std::optional<Batch> batch_;
};

template <class Begin>
void fill(const Collection& self, nb::handle items, std::uint64_t at, Begin begin) {
  const nb::object iterator = own(PyObject_GetIter(items.ptr()));  // an object that is not iterable changes nothing
  Filler(self, at, begin).add_all(iterator);
}

Batch::Mode mode_of(const std::string& name) {
  if (name == "put") return Batch::Mode::put;
  if (name == "bulk") return Batch::Mode::bulk;
  if (name == "erase") return Batch::Mode::erase;
  if (name == "retain") return Batch::Mode::retain;
  if (name == "toggle") return Batch::Mode::toggle;
  throw nb::value_error("unknown mode of a batch");
}

// Of erase, retain and toggle.
void fill_keys(const Collection& self, const std::string& mode, nb::handle keys) {
  const nb::object iterator = own(PyObject_GetIter(keys.ptr()));
  Filler(self, 0, [&](detail::Handle& handle) { return Batch(handle, mode_of(mode)); }).add_keys(iterator);
}

}  // namespace

void bind_batches(CollectionClass& collection) {
  // None is told what any object is told that is not iterable.
  const auto with_items = may_be_none("items");
  collection
      .def_unlocked(
          "_extend",
          [](const Collection& self, nb::handle items) {
            fill(self, items, size_of(self), [](const auto& handle) { return Batch::appending(handle); });
          },
          with_items)
      .def_unlocked(
          "_insert_all",
          [](const Collection& self, std::uint64_t first, nb::handle items) {
            fill(self, items, first, [&](const auto& handle) { return Batch::inserting(handle, first); });
          },
          nb::arg("first"), with_items)
      .def_unlocked(
          "_replace",
          [](const Collection& self, std::uint64_t first, std::uint64_t count, nb::handle items) {
            fill(self, items, first, [&](const auto& handle) { return Batch::replacing(handle, first, count); });
          },
          nb::arg("first"), nb::arg("count"), with_items)
      .def_unlocked(
          "_put_all",
          [](const Collection& self, const std::string& mode, nb::handle items) {
            fill(self, items, 0, [&](const auto& handle) { return Batch(handle, mode_of(mode)); });
          },
          nb::arg("mode"), with_items)
      .def_unlocked("_change_keys", &fill_keys, nb::arg("mode"), with_items);
}

}  // namespace sapwood::python
