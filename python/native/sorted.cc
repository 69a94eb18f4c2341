// Sorted dicts and sets: entries in the order of their keys.
#include "collections/types.h"
#include "python/native/calls.h"
#include "python/native/iterator.h"

namespace sapwood::python {
namespace {

using detail::Handle;
using detail::KeyInterval;

// A key interval [low, high) of Python objects; None is open.
class Interval {
 public:
  Interval(const Collection& self, nb::handle low, nb::handle high) {
    if (!low.is_none()) bounds_.low = self.key_type().encode_key(low, low_);
    if (!high.is_none()) bounds_.high = self.key_type().encode_key(high, high_);
  }
  Interval(const Interval&) = delete;
  Interval& operator=(const Interval&) = delete;
  operator KeyInterval() const { return bounds_; }

 private:
  Scratch low_, high_;
  KeyInterval bounds_;
};

Iterator iterate_range(const Collection& self, nb::handle low, nb::handle high, Part part, bool reversed) {
  return Iterator(self, self.handle().range(Interval(self, low, high)), part, reversed);
}

Iterator iterate_prefix(const Collection& self, nb::handle prefix, Part part, bool reversed) {
  const detail::PrefixInterval interval(self.key_type().encode_prefix(prefix),
                                        collections::width_of(self.key_type().info()));
  return Iterator(self, self.handle().range(interval), part, reversed);
}

// The entry next to `key`: (key, value), or the element of a set; None if there is none.
nb::object near(const Collection& self, const std::string& place, nb::handle key) {
  Scratch scratch;
  Bytes found_key, value;
  const std::string_view bytes = self.key_type().encode_key(key, scratch);
  const detail::Near where = place == "floor"     ? detail::Near::floor
                             : place == "ceiling" ? detail::Near::ceiling
                             : place == "lower"   ? detail::Near::lower
                                                  : detail::Near::higher;
  if (!self.handle().near(where, bytes, found_key.receiver(), value.receiver())) return nb::none();
  if (!self.types().has_values()) return self.decode_key(found_key.bytes);
  return nb::make_tuple(self.decode_key(found_key.bytes), self.decode_value(value.bytes));
}

std::uint64_t rank(const Collection& self, nb::handle key) {
  Scratch scratch;
  return self.handle().rank(self.key_type().encode_key(key, scratch));
}

std::uint64_t count_range(const Collection& self, nb::handle low, nb::handle high) {
  return self.handle().count(Interval(self, low, high));
}

std::uint64_t delete_range(const Collection& self, nb::handle low, nb::handle high) {
  const Interval interval(self, low, high);
  return self.write([&](Handle& handle) { return handle.erase(interval); });
}

}  // namespace

void bind_sorted(CollectionClass& collection) {
  const auto low = may_be_none("low"), high = may_be_none("high"), key = may_be_none("key");
  collection.def("_iterate_range", &iterate_range, low, high, nb::arg("part"), nb::arg("reversed"))
      .def("_iterate_prefix", &iterate_prefix)
      .def("_near", &near, nb::arg("place"), key)
      .def("_rank", &rank, key)
      .def("_count_range", &count_range, low, high)
      .def("_delete_range", &delete_range, low, high);
}

}  // namespace sapwood::python
