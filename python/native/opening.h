// Opening collections by name, the same in a database and in its transactions.
#pragma once

#include <chrono>

#include "python/native/collection.h"

namespace sapwood::python {

// What a collection shall be. A type that is absent: what it has, or any if it is created.
struct Wanted {
  std::string name;
  CollectionKind kind;
  std::optional<Type> key;
  std::optional<Type> value;
  CollectionOptions options;

  CollectionTypes types() const;
};
Wanted wanted(const std::string& name, const std::string& kind, std::optional<Type> key, std::optional<Type> value,
              bool timestamps, bool time_index, std::int64_t time_to_live_us, bool expiry, int compression);

// Throws Error{wrong_type} unless the collection is what is wanted.
void check_types(const AnyCollection& found, const Wanted& wanted);

Collection make_collection(std::shared_ptr<Context> context, const AnyCollection& found, const Wanted& wanted,
                           std::shared_ptr<Transaction> transaction);

// Opens it in a Database or WriteTxn, where it is created if absent.
template <class Owner>
AnyCollection open_or_create(Owner& owner, const Wanted& wanted) {
  if (wanted.key && wanted.value) return owner.any(wanted.name, wanted.types(), wanted.options);
  try {
    const AnyCollection found = owner.any(wanted.name);
    check_types(found, wanted);
    return owner.any(wanted.name, found.types(), wanted.options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
  }
  return owner.any(wanted.name, wanted.types(), wanted.options);
}

nb::list describe(const std::vector<CollectionInfo>& collections);

}  // namespace sapwood::python
