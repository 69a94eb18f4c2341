// The extension module sapwood._core: what the Python package is built on. Its names are the package's own affair.
#include "python/native/calls.h"
#include "python/native/iterator.h"

namespace sapwood::python {
namespace {

void bind(nb::module_& module) {
  nb::set_leak_warnings(false);  // objects of a program that exits are not leaks
  count_forks();
  bind_types(module);
  bind_iterators(module);
  CollectionClass collection(module, "Collection", nb::is_weak_referenceable());
  collection.construct(nb::init<const Collection&>());  // of one that was just made, which nobody else has
  bind_reading(collection);
  bind_keyed(collection);
  bind_sorted(collection);
  bind_positional(collection);
  bind_blocks(collection);
  bind_records(collection);
  bind_batches(collection);
  bind_nesting(collection);
  bind_changes(collection);
  bind_cache(module);
  bind_database(module);
  bind_transactions(module);
}

}  // namespace
}  // namespace sapwood::python

NB_MODULE(_core, module) { sapwood::python::bind(module); }
