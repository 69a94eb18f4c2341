// Dicts, sorted dicts, sets: entries by key.
#include "python/native/any.h"
#include "python/native/calls.h"

namespace sapwood::python {

void throw_key_error(nb::handle key) {
  PyErr_SetObject(PyExc_KeyError, key.ptr());
  throw nb::python_error();
}

namespace {

using detail::Handle;

nb::object get_or_null(const Collection& self, nb::handle key) {
  Scratch scratch;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  return OneValue(self).read(self.handle(),
                             [&](const Handle& handle, detail::Receiver value) { return handle.get(bytes, value); });
}

nb::object get(const Collection& self, nb::handle key, nb::object otherwise) {
  nb::object found = get_or_null(self, key);
  return found.is_valid() ? found : otherwise;
}

nb::object get_item(const Collection& self, nb::handle key) {
  nb::object found = get_or_null(self, key);
  if (!found.is_valid()) throw_key_error(key);
  return found;
}

nb::list get_many(const Collection& self, nb::handle keys, nb::object otherwise) {
  std::string bytes;
  std::vector<std::size_t> ends;
  for (const nb::handle key : nb::iter(keys)) {
    Scratch scratch;
    bytes += self.key_type().encode_key(key, scratch);
    ends.push_back(bytes.size());
  }
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; const std::size_t end : ends) {
    parts.push_back(std::string_view(bytes).substr(begin, end - begin));
    begin = end;
  }
  const FileLock lock(*self.context());
  ManyBytes found(parts.size());
  self.unlocked([&](const Handle& handle) { handle.get_many(parts, found.values()); });
  nb::list values;
  for (const ManyBytes::Entry& entry : found.entries) {
    values.append(entry.is_there ? self.decode_value(entry.value) : otherwise);
  }
  return values;
}

bool contains(const Collection& self, nb::handle key) {
  Scratch scratch;
  return self.handle().contains(self.key_type().encode_key(key, scratch));
}

void put(const Collection& self, nb::handle key, nb::handle value) {
  if (self.is_new(value)) {
    value.attr("_put_into")(nb::find(self), key);
    return;
  }
  const FileLock lock(*self.context());
  if (self.is_there(value, [&] { return get_or_null(self, key); })) return;
  Scratch key_scratch, value_scratch;
  const std::string_view key_bytes = self.key_type().encode_key(key, key_scratch);
  const std::string_view value_bytes = self.value_type().encode_value(value, value_scratch);
  self.write([&](Handle& handle) { handle.put(key_bytes, value_bytes); });
}

// What a time and microseconds that an entry lives tell of it; either may be None.
detail::EntryTimes times_of(nb::handle time, std::optional<std::int64_t> lives_us) {
  detail::EntryTimes times;
  if (!time.is_none()) times.time_us = to_datetime(time).us;
  times.lives_us = lives_us;
  return times;
}

void put_with_times(const Collection& self, nb::handle key, nb::handle value, nb::handle time,
                    std::optional<std::int64_t> lives_us) {
  Scratch key_scratch, value_scratch;
  const std::string_view key_bytes = self.key_type().encode_key(key, key_scratch);
  const std::string_view value_bytes = self.value_type().encode_value(value, value_scratch);
  const detail::EntryTimes times = times_of(time, lives_us);
  self.write([&](Handle& handle) { handle.put(key_bytes, value_bytes, times); });
}

// True if the key is new.
bool put_if_absent(const Collection& self, nb::handle key, nb::handle value) {
  Scratch key_scratch, value_scratch;
  const std::string_view key_bytes = self.key_type().encode_key(key, key_scratch);
  const std::string_view value_bytes = self.value_type().encode_value(value, value_scratch);
  return self.write([&](Handle& handle) { return handle.put_if_absent(key_bytes, value_bytes); });
}

// Of a set: true if the element is new.
bool add(const Collection& self, nb::handle key) {
  Scratch scratch;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  return self.write([&](Handle& handle) { return handle.put(bytes, {}); });
}

bool discard(const Collection& self, nb::handle key) {
  Scratch scratch;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  return self.write([&](Handle& handle) { return handle.erase(bytes); });
}

void delete_item(const Collection& self, nb::handle key) {
  if (!discard(self, key)) throw_key_error(key);
}

// Removes the entry and tells its value, in one transaction; `otherwise` if there is none.
nb::object pop(const Collection& self, nb::handle key, nb::object otherwise) {
  Scratch scratch;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  std::optional<std::string> found;
  self.write([&](Handle& handle) {
    handle.update(bytes, {&found, [](void* to, std::optional<std::string_view> value) {
                            if (value) static_cast<std::optional<std::string>*>(to)->emplace(*value);
                            return std::optional<std::string_view>();
                          }});
  });
  return found ? self.decode_value(*found) : otherwise;
}

// Removes the first or last entry: (key, value), the item of a list, or the element of a set; `otherwise` if there is
// none.
nb::object pop_end(const Collection& self, bool front, nb::object otherwise) {
  Bytes key, value;
  const bool is_keyed = self.types().has_keys();
  const bool found = self.write([&](Handle& handle) {
    return handle.pop(front, is_keyed ? key.receiver() : detail::Receiver{}, value.receiver());
  });
  if (!found) return otherwise;
  if (!is_keyed) return self.decode_value(value.bytes);
  if (!self.types().has_values()) return self.decode_key(key.bytes);
  return nb::make_tuple(self.decode_key(key.bytes), self.decode_value(value.bytes));
}

nb::object timestamp(const Collection& self, nb::handle key) {
  Scratch scratch;
  const std::optional<std::int64_t> us = self.handle().get_time(self.key_type().encode_key(key, scratch));
  return us ? from_datetime({*us}) : nb::none();
}

// False if there is no such entry.
bool set_times(const Collection& self, nb::handle key, const detail::EntryTimes& times) {
  Scratch scratch;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  return self.write([&](Handle& handle) { return handle.set_times(bytes, times); });
}

void set_timestamp(const Collection& self, nb::handle key, nb::handle time) {
  if (!set_times(self, key, times_of(time, std::nullopt))) throw_key_error(key);
}

// None: it stays.
void expire(const Collection& self, nb::handle key, std::optional<std::int64_t> lives_us) {
  detail::EntryTimes times;
  if (lives_us) times.lives_us = lives_us;
  else times.expiry_us = kNever.us;
  if (!set_times(self, key, times)) throw_key_error(key);
}

constexpr std::int64_t kLastOfPython = 253'402'300'799'999'999;  // datetime.max

// None: never. Moments that Python cannot tell are the last one that it can.
nb::object expires(const Collection& self, nb::handle key) {
  Scratch scratch;
  const std::optional<std::int64_t> us = self.handle().get_expiry(self.key_type().encode_key(key, scratch));
  if (!us) throw_key_error(key);
  return *us == kNever.us ? nb::none() : from_datetime({std::min(*us, kLastOfPython)});
}

std::uint64_t prune(const Collection& self, nb::handle before, nb::handle keep) {
  std::vector<std::string> kept;
  for (const nb::handle key : nb::iter(keep)) {
    Scratch scratch;
    kept.emplace_back(self.key_type().encode_key(key, scratch));
  }
  const FileLock lock(*self.context());
  const std::vector<std::string_view> parts(kept.begin(), kept.end());
  const std::int64_t us = to_datetime(before).us;
  return self.write([&](Handle& handle) { return handle.prune(us, parts); });
}

// [(time, key, value)] of times in [from, until).
nb::list time_range(const Collection& self, nb::handle from, nb::handle until) {
  const std::int64_t first = to_datetime(from).us, end = to_datetime(until).us;
  struct Copy {
    std::int64_t time_us;
    std::string key, value;
  };
  std::vector<Copy> copies;  // decoding may run Python code, which may end the transaction
  for (detail::TimeCursor cursor(self.handle(), first, end); !cursor.at_end(); cursor.next()) {
    const detail::TimeCursor::Entry entry = cursor.read();
    copies.push_back({entry.time_us, std::string(entry.key), std::string(entry.value)});
  }
  nb::list found;
  for (const Copy& entry : copies) {
    found.append(
        nb::make_tuple(from_datetime({entry.time_us}), self.decode_key(entry.key), self.decode_value(entry.value)));
  }
  return found;
}

}  // namespace

void bind_keyed(CollectionClass& collection) {
  const auto key = may_be_none("key"), value = may_be_none("value"), otherwise = may_be_none("default");
  collection
      .def("_get", &get, key, nb::arg("default") = nb::none(),
           "The value at `key`; `default` if there is none. O(log n).")
      .def("_get_item", &get_item, key, "The value at `key`. Raises KeyError if there is none. O(log n).")
      .def_unlocked("_get_many", &get_many, nb::arg("keys"), nb::arg("default") = nb::none(),
                    "The values at many keys, in one state of the collection: faster than one by one.")
      .def("_contains", &contains, key)
      .def_unlocked("_put", &put, key, value, "Puts the value at `key`, in the place of what is there. O(log n).")
      .def("_put_with_times", &put_with_times, key, value, nb::arg("time").none(), nb::arg("lives_us").none())
      .def("_expire", &expire, key, nb::arg("lives_us").none())
      .def("_expires", &expires, key)
      .def("_put_if_absent", &put_if_absent, key, value)
      .def("_add", &add, key)
      .def("_discard", &discard, key)
      .def("_delete_item", &delete_item, key, "Removes the entry. Raises KeyError if there is none. O(log n).")
      .def("_pop", &pop, key, otherwise)
      .def("_pop_end", &pop_end, nb::arg("front"), otherwise)
      .def("_timestamp", &timestamp, key)
      .def("_set_timestamp", &set_timestamp, key, nb::arg("time"))
      .def_unlocked("_prune", &prune)
      .def("_time_range", &time_range);
}

}  // namespace sapwood::python
