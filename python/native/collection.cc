#include "python/native/collection.h"

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
  const nb::module_ json = nb::module_::import_("json");
  const Type type("json", 0, json.attr("dumps"), json.attr("loads"));
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
  if (transaction_ != nullptr || context_->batch_generation() == 0) return;
  // Opened in a batch: that handle ends with it, and the next call makes another one.
  batch_handle_ = handle_;
  batch_generation_ = context_->batch_generation();
  epoch_ = context_->epoch() - 1;
}

detail::Handle& Collection::handle() const {
  if (transaction_ != nullptr) {
    transaction_->check();
    return handle_;
  }
  context_->check();
  if (const std::uint64_t batch = context_->batch_generation(); batch != 0) [[unlikely]] {
    if (batch_generation_ != batch) {
      batch_handle_ = opened_in_batch();
      batch_generation_ = batch;
    }
    return batch_handle_;
  }
  if (epoch_ != context_->epoch()) [[unlikely]] {
    handle_ = opened_again();
    epoch_ = context_->epoch();
  }
  return handle_;
}

detail::Handle Collection::opened_in_batch() const {
  if (origin_.parent.is_valid()) return opened_in_parent();
  return context_->batch().any(origin_.name).handle();
}

detail::Handle Collection::opened_in_parent() const {
  return nb::cast<const Collection&>(origin_.parent).handle().child_with(origin_.id, nullptr);
}

detail::Handle Collection::opened_again() const {
  if (origin_.parent.is_valid()) return opened_in_parent();
  return context_->database().any(origin_.name).handle();
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
  const std::uint64_t id = std::stoull(opened.name().substr(1));
  return {context_, std::move(opened), Origin{{}, nb::find(*this), id}, key, value, transaction_};
}

}  // namespace sapwood::python
