// Collection: a handle on a collection of any kind, with the calls that List, Dict and the others are made of.
#pragma once

#include "python/native/context.h"
#include "python/native/type.h"

namespace sapwood::python {

class Iterator;

class Collection {
 public:
  // `transaction`: null for handles whose calls are each a transaction.
  Collection(std::shared_ptr<Context> context, AnyCollection handle, Type key, Type value,
             std::shared_ptr<Transaction> transaction);

  const std::shared_ptr<Context>& context() const { return context_; }
  const CollectionTypes& types() const { return types_; }
  const Type& key_type() const { return key_; }
  const Type& value_type() const { return value_; }
  // Whether it is a value of another collection.
  bool is_nested() const;
  // Whether values of it can be collections.
  bool may_nest() const;
  bool is_in_transaction() const { return transaction_ != nullptr; }
  // What a call takes part in now: its own, or the batch of this thread; null: each call is one.
  std::shared_ptr<Transaction> transaction() const {
    if (transaction_ != nullptr) return transaction_;
    return context_->batch_generation() != 0 ? context_->batch() : nullptr;
  }

  // The handle to read with: that of the batch of this thread, if it has one. Throws Error{ended}, RuntimeError.
  detail::Handle& handle() const;
  // Calls `function(handle)`: without the GIL if the call is a transaction of its own.
  template <class Function>
  auto write(Function&& function) const {
    detail::Handle& target = handle();
    if (transaction_ != nullptr || context_->batch_generation() != 0) return function(target);
    detail::Handle copy = target;  // another thread may make it again
    return context_->without_gil([&] { return function(copy); });
  }
  // Calls `function(handle)` without the GIL; for long calls that do not call back. With `target`, one of this
  // collection, in the place of its own.
  template <class Function>
  auto unlocked(Function&& function) const {
    return unlocked(detail::Handle(handle()), function);
  }
  template <class Function>
  auto unlocked(detail::Handle target, Function&& function) const {
    if (transaction_ != nullptr) return context_->without_gil(*transaction_, [&] { return function(target); });
    if (context_->batch_generation() != 0) {
      return context_->without_gil(*context_->batch(), [&] { return function(target); });
    }
    return context_->without_gil([&] { return function(target); });
  }
  // A point of the transaction or batch that it is in to go back to. Throws Error{read_only} in a snapshot.
  HeldSavepoint savepoint() const;
  // Makes the objects of values that are collections: what the package's hook makes of a Collection.
  OpenNested opener() const;
  // Whether `value` is a new collection (such as db.new_list()) that can be put here. For functions that do not hold
  // the lock. Throws Error{invalid_argument} if only a form of the values forbids it.
  bool is_new(nb::handle value) const;
  // Whether `value` is a collection and what `read()` gives is the same one. Putting it there changes nothing, as
  // d[key] += ... does.
  template <class Read>
  bool is_there(nb::handle value, Read&& read) const {
    return may_nest_ && nb::isinstance<Collection>(value) && is_same(value, read());
  }
  nb::object decode_key(std::string_view bytes) const { return key_.decode_key(bytes); }
  nb::object decode_value(std::string_view bytes) const;
  // One that is in this one.
  Collection child(detail::Handle handle, const Type& key, const Type& value) const;

 private:
  static bool is_same(nb::handle one, nb::handle other);
  template <class Owner>
  detail::Handle found_in(Owner& owner) const;
  bool is_made_by_batch() const;
  void refresh() const;

  std::shared_ptr<Context> context_;
  mutable detail::Handle handle_;
  CollectionTypes types_;
  Type key_;
  Type value_;
  std::shared_ptr<Transaction> transaction_;
  mutable std::uint32_t epoch_;
  mutable detail::Handle batch_handle_;
  mutable std::uint64_t batch_generation_ = 0;
  std::shared_ptr<const bool> made_by_;  // the batch that made the collection: whether it is committed
  bool may_nest_;
};

// Makes a List, Dict, ... of a Collection; set once, by the package.
void set_wrap_hook(nb::object wrap);
void set_new_class(nb::object new_class);  // of db.new_list() and the others
nb::object wrap(Collection collection);

// A type as the catalog has it, with the hooks of the package for json and the like.
Type standard_type(const TypeInfo& info);

}  // namespace sapwood::python
