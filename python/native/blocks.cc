// Lists of numbers, copied between pages and arrays block by block.
#include "collections/handle_state.h"
#include "python/native/calls.h"

namespace sapwood::python {
namespace {

using detail::Handle;

// A contiguous buffer of an object, held while it is used.
class Buffer {
 public:
  Buffer(nb::handle object, int flags) {
    if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { PyBuffer_Release(&view_); }
  char* data() const { return static_cast<char*>(view_.buf); }
  std::size_t size() const { return static_cast<std::size_t>(view_.len); }

 private:
  Py_buffer view_{};
};

// Bytes of an item that lies in blocks; 0 if items do not.
std::uint64_t item_width(const Collection& self) {
  const collections::CatalogRecord& record = self.handle().checked().record();
  return record.types.kind == CollectionKind::list && record.shape.fixed ? record.shape.value_width : 0;
}

std::uint64_t width_of(const Collection& self) {
  const std::uint64_t width = item_width(self);
  if (width == 0) throw nb::type_error("only lists of items of one size are arrays");
  return width;
}

// Copies items from `first` on into a writable buffer, as many as it has room for.
void read_into(const Collection& self, std::uint64_t first, nb::handle target) {
  const Buffer buffer(target, PyBUF_CONTIG);
  const std::uint64_t count = buffer.size() / width_of(self);
  self.unlocked([&](const Handle& handle) { handle.read_items(first, count, buffer.data()); });
}

// Appends the items that a buffer holds, all or none.
void append_from(const Collection& self, nb::handle source) {
  const Buffer buffer(source, PyBUF_CONTIG_RO);
  const std::uint64_t width = width_of(self);
  if (buffer.size() % width != 0) throw nb::value_error("the array does not hold whole items");
  // A copy: other threads may write to the array while the GIL is not held.
  const std::string bytes(buffer.data(), buffer.size());
  self.write([&](Handle& handle) { handle.append_items(bytes); });
}

// The same for the items of a list or tuple.
void append_all(const Collection& self, nb::handle items) {
  std::string bytes;
  bytes.reserve(nb::len(items) * width_of(self));
  for (const nb::handle item : nb::iter(items)) {
    Scratch scratch;
    bytes += self.value_type().encode_value(item, scratch);
  }
  self.write([&](Handle& handle) { handle.append_items(bytes); });
}

}  // namespace

void bind_blocks(CollectionClass& collection) {
  collection.def("_read_into", &read_into).def("_append_from", &append_from).def("_append_all", &append_all);
  collection.def_prop_ro("_item_width", &item_width);
}

}  // namespace sapwood::python
