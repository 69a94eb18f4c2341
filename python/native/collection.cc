#include "python/native/collection.h"

#include "collections/handle_state.h"
#include "collections/nested_value.h"

namespace sapwood::python {
namespace {

nb::object& wrap_hook() {
  static auto* hook = new nb::object;
  return *hook;
}

nb::object& new_class() {
  static auto* found = new nb::object;
  return *found;
}

bool can_nest(const Type& value) {
  return value.info().type == ValueType::any || value.info().type == ValueType::collection;
}

}  // namespace

void set_wrap_hook(nb::object wrap) { wrap_hook() = std::move(wrap); }
void set_new_class(nb::object found) { new_class() = std::move(found); }
nb::object wrap(Collection collection) { return wrap_hook()(nb::cast(std::move(collection))); }

Type standard_type(const TypeInfo& info) {
  if (info.of_field() != TypeInfo(ValueType::json)) return Type(info);
  const auto type = nb::cast<Type>(nb::module_::import_("sapwood._types").attr("resolve")("json"));
  return info.row ? type.as_row() : type;
}

Collection::Collection(std::shared_ptr<Context> context, AnyCollection handle, Type key, Type value,
                       std::shared_ptr<Transaction> transaction)
    : context_(std::move(context)),
      handle_(handle.handle()),
      types_(handle.types()),
      key_(std::move(key)),
      value_(std::move(value)),
      transaction_(std::move(transaction)),
      epoch_(context_->epoch()),
      may_nest_(can_nest(value_)) {
  if (transaction_ != nullptr || context_->batch_generation() == 0) return;
  // Opened in a batch: that handle ends with it, and the next call makes another one.
  batch_handle_ = handle_;
  batch_generation_ = context_->batch_generation();
  epoch_ = context_->epoch() - 1;
  if (is_made_by_batch()) made_by_ = context_->batch()->is_committed;
}

// Whether nobody outside of the batch of this thread knows the collection.
bool Collection::is_made_by_batch() const {
  try {
    context_->database().any(handle_.checked().record().id);
    return false;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    return true;
  }
}

void Collection::refresh() const {
  if (epoch_ == context_->epoch()) [[likely]]
    return;
  handle_ = found_in(context_->database());
  batch_handle_ = {};  // of the file as it was open before
  batch_generation_ = 0;
  epoch_ = context_->epoch();
}

detail::Handle& Collection::handle() const {
  if (transaction_ != nullptr) {
    transaction_->check();
    return handle_;
  }
  context_->check();
  if (const std::uint64_t batch = context_->batch_generation(); batch != 0) [[unlikely]] {
    if (batch_generation_ != batch) {
      batch_handle_ = found_in(*context_->batch()->write);
      batch_generation_ = batch;
    }
    return batch_handle_;
  }
  refresh();
  return handle_;
}

// The same collection, wherever it is now: names and places come and go. The id that a batch took which was rolled back
// is another one's.
template <class Owner>
detail::Handle Collection::found_in(Owner& owner) const {
  try {
    if (made_by_ != nullptr && !*made_by_) throw Error(ErrorCode::not_found, "");
    const AnyCollection found = owner.any(handle_.checked().record().id);
    if (found.types() != types_) throw Error(ErrorCode::not_found, "");
    return found.handle();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::not_found, "the collection '" + handle_.name() + "' was dropped");
  }
}

bool Collection::may_nest() const { return collections::may_hold_collections(handle().checked().record()); }
bool Collection::is_nested() const { return handle().checked().record().is_nested(); }

HeldSavepoint Collection::savepoint() const {
  const std::shared_ptr<Transaction>& transaction = transaction_ != nullptr ? transaction_ : context_->batch();
  if (transaction == nullptr || !transaction->write) {
    throw Error(ErrorCode::read_only, "'" + handle_.name() + "' was got from a snapshot and cannot be changed");
  }
  return {context_, transaction};
}

OpenNested Collection::opener() const {
  if (!may_nest_) return nullptr;
  return [this](std::uint64_t id) -> nb::object {
    detail::Handle opened = handle().child_with(id, nullptr);
    const CollectionTypes types = opened.types();
    return wrap(child(std::move(opened), standard_type(types.key), standard_type(types.value)));
  };
}

bool Collection::is_new(nb::handle value) const {
  if (!may_nest_ || types_.value.row || !value.type().is(new_class())) return false;
  const FileLock lock(*context_);
  collections::require_may_hold_collections(handle().checked().record());
  return true;
}

bool Collection::is_same(nb::handle one, nb::handle other) {
  if (!other.is_valid() || !nb::isinstance<Collection>(other)) return false;
  const auto& first = nb::cast<const Collection&>(one);
  const auto& second = nb::cast<const Collection&>(other);
  return first.context_ == second.context_ &&
         first.handle().checked().record().id == second.handle().checked().record().id;
}

nb::object Collection::decode_value(std::string_view bytes) const {
  if (!may_nest_) [[likely]]
    return value_.decode_value(bytes, nullptr);
  return value_.decode_value(bytes, opener());
}

Collection Collection::child(detail::Handle handle, const Type& key, const Type& value) const {
  return {context_, AnyCollection(std::move(handle)), key, value, transaction_};
}

}  // namespace sapwood::python
