// What changed between two versions of a collection.
#include "sapwood/detail/changes.h"

#include "python/native/calls.h"

namespace sapwood::python {
namespace {

// The bytes of a change, to be decoded once the walk is over.
struct FoundChange {
  detail::RawChange raw;
  std::string key, before, after;
};

// [(kind, key, before, after, before_index, after_index)], with None for what a change has not.
nb::list changes_since(const Collection& self, const Collection& before) {
  std::vector<FoundChange> found;
  const detail::ChangeReceiver receiver{
      &found, [](void* to, const detail::RawChange& raw) {
        static_cast<std::vector<FoundChange>*>(to)->push_back(
            {raw, std::string(raw.key), std::string(raw.before), std::string(raw.after)});
        return true;
      }};
  const FileLock lock(*before.context());  // it may be of another file
  detail::find_changes(before.handle(), self.handle(), receiver);
  const CollectionTypes& types = self.types();
  nb::list changes;
  for (const FoundChange& one : found) {
    const bool was = one.raw.kind != ChangeKind::added && types.has_values();
    const bool is = one.raw.kind != ChangeKind::removed && types.has_values();
    changes.append(nb::make_tuple(change_name(one.raw.kind), types.has_keys() ? self.decode_key(one.key) : nb::none(),
                                  was ? before.decode_value(one.before) : nb::none(),
                                  is ? self.decode_value(one.after) : nb::none(), one.raw.before_index,
                                  one.raw.after_index));
  }
  return changes;
}

}  // namespace

void bind_changes(CollectionClass& collection) { collection.def("_changes_since", &changes_since); }

}  // namespace sapwood::python
