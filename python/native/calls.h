// The calls of a Collection that Python sees. Each file binds one group of them.
#pragma once

#include "python/native/collection.h"
#include "python/native/file_class.h"

namespace sapwood::python {

using CollectionClass = FileClass<Collection>;

void bind_reading(CollectionClass& collection);     // size, entries by position and in order, iterators
void bind_keyed(CollectionClass& collection);       // by key
void bind_sorted(CollectionClass& collection);      // by order of keys
void bind_positional(CollectionClass& collection);  // lists and records by position
void bind_blocks(CollectionClass& collection);      // numbers in blocks
void bind_records(CollectionClass& collection);     // fields of rows
void bind_batches(CollectionClass& collection);     // many changes at once
void bind_nesting(CollectionClass& collection);     // values that are collections
void bind_changes(CollectionClass& collection);     // between versions
void bind_cache(nb::module_& module);               // ObjectCache
void bind_types(nb::module_& module);
void bind_database(nb::module_& module);
void bind_transactions(nb::module_& module);

// Receives the bytes of a key or value, to be decoded once the call is over: it may run without the GIL.
struct Bytes {
  std::string bytes;
  detail::Receiver receiver() {
    return {this, [](void* to, std::string_view found) { static_cast<Bytes*>(to)->bytes.assign(found); }};
  }
};

// Reads one value: with the GIL, as that is shorter than giving it up; without it one that does not lie in its leaf.
// Objects that need no Python code are made at once, others once the call is over.
class OneValue {
 public:
  explicit OneValue(const Collection& collection) : collection_(collection) {}

  // `call(handle, receiver)` tells whether there is one. Null if not.
  template <class Call>
  nb::object read(const detail::Handle& handle, Call&& call) {
    if (!call(handle, receiver())) return {};
    if (found_.is_valid()) return std::move(found_);
    if (is_large_) {
      const bool is_there =
          collection_.unlocked(handle, [&](const detail::Handle& now) { return call(now, bytes_.receiver()); });
      if (!is_there) return {};
    }
    return collection_.decode_value(bytes_.bytes);
  }

 private:
  detail::Receiver receiver() {
    return {this,
            [](void* to, std::string_view bytes) {
              auto& into = *static_cast<OneValue*>(to);
              if (into.collection_.value_type().decodes_alone()) into.found_ = into.collection_.decode_value(bytes);
              else into.bytes_.bytes.assign(bytes);
            },
            [](void* to) {
              static_cast<OneValue*>(to)->is_large_ = true;
              return false;
            }};
  }

  const Collection& collection_;
  nb::object found_;
  Bytes bytes_;
  bool is_large_ = false;
};

// The bytes of many entries, to be decoded once the call is over.
struct ManyBytes {
  struct Entry {
    bool is_there = false;
    std::string key;
    std::string value;
  };
  std::vector<Entry> entries;

  explicit ManyBytes(std::size_t count) : entries(count) {}
  detail::ManyReceiver values() {
    return {this, [](void* to, std::size_t i, std::string_view value) {
              Entry& entry = static_cast<ManyBytes*>(to)->entries[i];
              entry.is_there = true;
              entry.value.assign(value);
            }};
  }
  detail::ManyEntries keys_and_values() {
    return {this, [](void* to, std::size_t i, std::string_view key, std::string_view value) {
              Entry& entry = static_cast<ManyBytes*>(to)->entries[i];
              entry.is_there = true;
              entry.key.assign(key);
              entry.value.assign(value);
            }};
  }
};

// An int that a position may be. Throws TypeError, and `too_big`.
inline std::int64_t index_of(nb::handle object, PyObject* too_big = PyExc_IndexError) {
  const Py_ssize_t index = PyNumber_AsSsize_t(object.ptr(), too_big);
  if (index == -1 && PyErr_Occurred() != nullptr) throw nb::python_error();
  return index;
}

// An argument that may be None.
inline auto may_be_none(const char* name) { return nb::arg(name).none(); }

// Where the entries of a slice lie: from `first` on, in `span` positions, `count` of them in steps of `step`.
struct Slice {
  std::uint64_t first = 0;
  std::uint64_t span = 0;
  Py_ssize_t count = 0;
  Py_ssize_t step = 1;
};
Slice slice_of(nb::handle slice, std::uint64_t size);

// A position as Python counts: from the end if negative. Throws IndexError past the ends.
std::uint64_t position(const Collection& collection, const detail::Handle& handle, std::int64_t index);
// The handle to read at such a position with: from the end, one of one state, whose size no other thread changes.
inline detail::Handle handle_at(const Collection& collection, std::int64_t index) {
  return index < 0 ? collection.handle().pinned() : collection.handle();
}
std::vector<std::uint64_t> positions(const Collection& collection, const detail::Handle& handle,
                                     const std::vector<std::int64_t>& indexes);
std::vector<std::int64_t> indexes_of(nb::handle iterable);
// Of a list or records.
nb::object item_at(const Collection& collection, const detail::Handle& handle, std::uint64_t at);
// For functions that do not hold the lock.
std::uint64_t size_of(const Collection& collection);
[[noreturn]] void throw_key_error(nb::handle key);

}  // namespace sapwood::python
