// Replay: WriteSession applies the operations of redo records.
#include "collections/session.h"
#include "collections/types.h"

namespace sapwood::collections {
namespace {

[[noreturn]] void throw_unfit(const Operation& operation, const std::string& why) {
  throw Error(ErrorCode::corrupt, "redo log: operation of kind " + std::to_string(static_cast<int>(operation.kind)) +
                                      " on collection " + std::to_string(operation.id) +
                                      " does not fit the data: " + why + "; restore a backup");
}

bool is_argument_error(ErrorCode code) {
  return code == ErrorCode::out_of_range || code == ErrorCode::too_long || code == ErrorCode::invalid_argument ||
         code == ErrorCode::exists || code == ErrorCode::not_found || code == ErrorCode::wrong_type;
}

bool is_for(OperationKind kind, const CollectionTypes& types) {
  switch (kind) {
    case OperationKind::put:
    case OperationKind::erase: return types.has_keys();
    case OperationKind::erase_range: return types.is_sorted();
    case OperationKind::list_insert:
    case OperationKind::list_set:
    case OperationKind::list_erase: return !types.has_keys();
    default: return true;
  }
}

// Whether the operation appends several values at once.
bool is_block(const OpenCollection& list, const Operation& operation) {
  const tree::TreeShape& shape = list.record.shape;
  return shape.fixed && operation.index == list.record.root.count && operation.value.size() > shape.value_width &&
         operation.value.size() % shape.value_width == 0;
}

}  // namespace

void WriteSession::apply(const Operation& operation) {
  try {
    if (operation.kind == OperationKind::create) {
      if (!is_free_tree_id(static_cast<u32>(operation.id)) || find(operation.id) != nullptr)
        throw_unfit(operation, "its id is used");
      create_as(operation.name, operation.types, operation.form, operation.id);
      return;
    }
    if (operation.kind == OperationKind::create_nested) {
      if (!is_free_tree_id(static_cast<u32>(operation.id)) || find(operation.id) != nullptr)
        throw_unfit(operation, "its id is used");
      create_nested(operation.to, operation.types, operation.id);
      return;
    }
    if (operation.kind == OperationKind::reclaim_step) {
      if (!reclaim_entries(operation.id, operation.count)) throw_unfit(operation, "nothing of the kind was dropped");
      return;
    }
    OpenCollection* collection = find(operation.id);
    if (collection == nullptr) throw_unfit(operation, "there is no such collection");
    if (!is_for(operation.kind, collection->record.types)) {
      throw_unfit(operation, "it is a " + describe(collection->record.types));
    }
    apply_to(*collection, operation);
  } catch (const Error& error) {
    if (!is_argument_error(error.code())) throw;
    throw_unfit(operation, error.what());
  }
}

void WriteSession::apply_to(OpenCollection& collection, const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::create:
    case OperationKind::create_nested:
    case OperationKind::reclaim_step: return;
    case OperationKind::drop: return drop(collection);
    case OperationKind::put:
      check_stored(collection, operation.key, operation.value);
      put_stored(collection, operation.key, operation.value);
      return;
    case OperationKind::move: move(operation.from, operation.to); return;
    case OperationKind::erase: erase(collection, operation.key); return;
    case OperationKind::list_insert:
      if (is_block(collection, operation)) return append_values(collection, operation.value);
      check_index(collection, operation.index, 0);
      check_stored(collection, {}, operation.value);
      return insert_stored(collection, operation.index, operation.value);
    case OperationKind::list_set:
      check_index(collection, operation.index, 1);
      check_stored(collection, {}, operation.value);
      return set_stored(collection, operation.index, operation.value);
    case OperationKind::list_erase: return erase_items(collection, operation.index, operation.count);
    case OperationKind::erase_range: erase_interval(collection, operation.low, operation.high); return;
    case OperationKind::clear: return clear(collection);
    case OperationKind::rename: return rename(collection, operation.name);
    case OperationKind::reform:
      if (operation.types != collection.record.types) throw_unfit(operation, "it has other types");
      return reform(collection, operation.form);
    case OperationKind::level: return set_level(collection, operation.form.level);
  }
}

}  // namespace sapwood::collections
