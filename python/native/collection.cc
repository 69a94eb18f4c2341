#include "python/native/collection.h"

#include "collections/handle_state.h"

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

std::uint64_t id_of(const detail::Handle& handle) { return handle.checked().record().id; }

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

Collection::Collection(std::shared_ptr<Context> context, AnyCollection handle, Origin origin, Type key, Type value,
                       std::shared_ptr<TransactionState> transaction)
    : context_(std::move(context)),
      handle_(handle.handle()),
      types_(handle.types()),
      key_(std::move(key)),
      value_(std::move(value)),
      origin_(std::move(origin)),
      transaction_(std::move(transaction)),
      epoch_(context_->epoch()),
      may_nest_(can_nest(value_)) {
  origin_.id = id_of(handle_);
  if (transaction_ != nullptr || context_->batch_generation() == 0) return;
  // Opened in a batch: that handle ends with it, and the next call makes another one.
  batch_handle_ = handle_;
  batch_generation_ = context_->batch_generation();
  epoch_ = context_->epoch() - 1;
}

void Collection::refresh() const {
  if (epoch_ == context_->epoch()) [[likely]]
    return;
  handle_ = opened_again();
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
      refresh();
      batch_handle_ = handle_.beside(context_->batch_anchor(origin_.name));
      batch_generation_ = batch;
    }
    return batch_handle_;
  }
  refresh();
  return handle_;
}

// The handle by id, for those that have ended.
detail::Handle Collection::opened_again() const {
  if (origin_.parent.is_valid()) {
    return nb::cast<const Collection&>(origin_.parent).handle().child_with(origin_.id, nullptr);
  }
  Database& db = context_->database();
  if (db.has(origin_.name)) {
    const AnyCollection found = db.any(origin_.name);
    if (id_of(found.handle()) == origin_.id) return found.handle();
  }
  for (const CollectionInfo& info : db.collections()) {
    if (info.id == origin_.id) return db.any(info.name).handle();
  }
  throw Error(ErrorCode::not_found, "the collection '" + origin_.name + "' was dropped");
}

Savepoint Collection::savepoint() const {
  const TransactionState* state = transaction_ != nullptr ? transaction_.get() : context_->batch_state().get();
  if (state == nullptr || state->writing == nullptr) {
    throw Error(ErrorCode::read_only, "'" + handle_.name() + "' was got from a snapshot and cannot be changed");
  }
  return state->writing->savepoint();
}

OpenNested Collection::opener() const {
  if (!may_nest_) return nullptr;
  return [this](std::uint64_t id) -> nb::object {
    detail::Handle opened = handle().child_with(id, nullptr);
    const CollectionTypes types = opened.types();
    return wrap(child(std::move(opened), standard_type(types.key), standard_type(types.value)));
  };
}

bool Collection::is_new(nb::handle value) const { return may_nest_ && value.type().is(new_class()); }

nb::object Collection::decode_value(std::string_view bytes) const {
  if (!may_nest_) [[likely]]
    return value_.decode_value(bytes, nullptr);
  return value_.decode_value(bytes, opener());
}

Collection Collection::child(detail::Handle handle, const Type& key, const Type& value) const {
  AnyCollection opened(std::move(handle));
  return {context_, std::move(opened), Origin{{}, nb::find(*this)}, key, value, transaction_};
}

}  // namespace sapwood::python
