#include "collections/session.h"

#include <algorithm>

#include "collections/nested_value.h"
#include "collections/stored_key.h"
#include "collections/types.h"

namespace sapwood::collections {
namespace {

[[noreturn]] void throw_past_end(const OpenCollection& collection, u64 index) {
  throw Error(ErrorCode::out_of_range, collection.record.who() + ": position " + std::to_string(index) +
                                           " is past the end (size " + std::to_string(collection.record.root.count) +
                                           ")");
}

void check_width(const OpenCollection& collection, const TypeInfo& type, Bytes bytes) {
  const u32 width = width_of(type);
  if (width == 0 || bytes.size() == width) [[likely]]
    return;
  throw Error(ErrorCode::invalid_argument,
              collection.record.who() + ": " + std::to_string(bytes.size()) + " bytes are not a " + type_name(type));
}

}  // namespace

WriteSession::WriteSession(storage::WriteTransaction& txn, bool recording, DictionaryCache* dictionaries)
    : txn_(txn),
      key_hash_(txn.reader().key_hash()),
      catalog_(to_tree_root(txn.catalog())),
      recording_(recording),
      trusts_values_(!recording),
      dictionaries_(dictionaries) {}

void WriteSession::check_usable() const {
  if (poisoned_) [[unlikely]] {
    throw Error(ErrorCode::poisoned, "an earlier write of this transaction failed half way: only rollback is left");
  }
}

void WriteSession::check_usable(const OpenCollection& collection) const {
  check_usable();
  const bool attached =
      !collection.record.is_nested() || collection.attached_at == drops_ || trusts_values_ || is_attached(collection);
  if (!collection.exists || !attached) [[unlikely]] {
    throw Error(ErrorCode::not_found, collection.record.who() +
                                          " was dropped, or its creation was rolled back, in this "
                                          "transaction; get a new handle by name");
  }
}

void WriteSession::check_changeable(const OpenCollection& collection) const {
  check_usable(collection);
  if (collection.busy) [[unlikely]] {
    throw Error(ErrorCode::invalid_argument, collection.record.who() +
                                                 " is being filled: it cannot be changed otherwise "
                                                 "until that has ended");
  }
}

void WriteSession::set_busy(OpenCollection& collection, bool busy) {
  if (collection.busy == busy) return;
  collection.busy = busy;
  busy_ += busy ? 1 : -1;
}

void WriteSession::check_key(const OpenCollection& collection, Bytes key) const {
  const CollectionTypes& types = collection.record.types;
  const u32 limit = types.is_hashed() ? kMaxHashedKey : tree::max_key_size(txn_.page_size());
  if (key.size() > limit) [[unlikely]] {
    throw Error(ErrorCode::too_long, collection.record.who() + ": a key of " + std::to_string(key.size()) +
                                         " bytes is too long: the limit is " +
                                         (types.is_hashed() ? "" : "a quarter page, ") + std::to_string(limit));
  }
  check_width(collection, types.key, key);
  if (types.key.type == ValueType::any && child_in(types.key, key) != 0) [[unlikely]]
    throw Error(ErrorCode::invalid_argument, collection.record.who() + ": a collection is no key");
}

void WriteSession::check_entry(const OpenCollection& collection, Bytes key, Bytes value) const {
  const CollectionTypes& types = collection.record.types;
  check_key(collection, key);
  if (!types.has_values() && !value.empty()) [[unlikely]]
    throw Error(ErrorCode::invalid_argument, collection.record.who() + " has keys only, and no values");
  check_width(collection, types.value, value);
  if (value.size() > tree::kMaxValueSize) [[unlikely]] {
    throw Error(ErrorCode::too_long, collection.record.who() + ": the value is longer than 2^48 - 1 bytes");
  }
  const bool may_refer = types.value.type == ValueType::any || types.value.type == ValueType::collection;
  if (may_refer && !trusts_values_ && holds_child(types.value, value)) [[unlikely]] {
    throw Error(ErrorCode::invalid_argument,
                collection.record.who() +
                    ": a collection cannot be put as a value, since it belongs to one entry only; create "
                    "a new one there, or move one with WriteTxn::move");
  }
}

void WriteSession::check_index(const OpenCollection& collection, u64 index, u64 items) const {
  const u64 size = collection.record.root.count;
  if (items > size || index > size - items) [[unlikely]]
    throw_past_end(collection, index);
}

void WriteSession::record(const Operation& operation) {
  if (!recording_) return;
  txn_.record([&](std::string& to) { encode_operation(to, operation); });
}

void WriteSession::record_value(const Operation& operation, u64 stored_size) {
  if (!recording_) return;
  const storage::WriteTransaction::ReferredRuns runs = txn_.refer_to_value(stored_size);
  const u64 tail = stored_size - runs.bytes;
  if (runs.count == 0 || tail > operation.value.size()) return record(operation);
  Operation referring = operation;
  referring.in_runs = InRuns{runs.first, runs.count, operation.value.size()};
  referring.value = operation.value.substr(operation.value.size() - tail);
  record(referring);
}

// --- Collections -----------------------------------------------------------------------------------------------------

OpenCollection& WriteSession::add(CatalogRecord&& record) {
  const u64 id = record.id;
  std::shared_ptr<OpenCollection>& slot = open_[id];
  slot = std::make_shared<OpenCollection>();
  slot->record = std::move(record);
  note_leaf(*slot);
  last_ = slot.get();
  return *slot;
}

// If many collections are open, forgets those that nobody shares, but for one. Those that are dirty have to be stored
// first: a change of pages.
void WriteSession::forget_unused(u64 keep, Forget which) {
  std::size_t& most = which == Forget::all ? most_open_ : most_clean_;
  if (open_.size() < most) return;
  if (which == Forget::all) store_records();
  std::erase_if(open_, [&](const auto& one) {
    const OpenCollection& collection = *one.second;
    return one.second.use_count() == 1 && one.first != keep && !collection.record.part_of_form && !collection.dirty;
  });
  most = std::max<std::size_t>(most, 2 * open_.size());
  last_ = nullptr;
}

OpenCollection* WriteSession::find(u64 id) {
  check_usable();
  if (last_ == nullptr || last_->record.id != id) {
    const auto found = open_.find(id);
    if (found != open_.end()) {
      last_ = found->second.get();
    } else {
      std::optional<CatalogRecord> record = catalog_reader().find(id);
      if (!record || record->dropped) return nullptr;
      add(std::move(*record));
    }
  }
  return last_->exists ? last_ : nullptr;
}

OpenCollection* WriteSession::find(Bytes name) {
  check_usable();
  const std::optional<u64> id = catalog_reader().find_id(name);
  if (!id) return nullptr;
  OpenCollection* collection = find(*id);
  if (collection == nullptr) {
    throw Error(ErrorCode::corrupt, "catalog: C1: '" + std::string(name) + "' has no record; run check on the file");
  }
  return collection;
}

OpenCollection& WriteSession::adopt(const CatalogRecord& record) {
  const auto found = open_.find(record.id);
  return found != open_.end() ? *found->second : add(CatalogRecord(record));
}

OpenCollection& WriteSession::open(Bytes name, const CollectionTypes& types, const CollectionOptions& options) {
  OpenCollection* collection = find(name);
  if (collection == nullptr) return create(name, types, options);
  if (collection->record.types != types) {
    throw Error(ErrorCode::wrong_type, "'" + std::string(name) + "' is a " + describe(collection->record.types) +
                                           ", not a " + describe(types));
  }
  require_options(std::string(name), collection->record.form, options);
  return *collection;
}

OpenCollection& WriteSession::create(Bytes name, const CollectionTypes& types, const CollectionOptions& options) {
  return create_as(name, types, form_of(complete_options(std::string(name), types, options), kNewId), kNewId);
}

OpenCollection& WriteSession::create_as(Bytes name, const CollectionTypes& types, const ValueForm& form, u64 id) {
  check_usable();
  check_name(name, txn_.page_size());
  if (!are_known(types)) {
    throw Error(ErrorCode::invalid_argument, "'" + std::string(name) + "' cannot be a " + describe(types) +
                                                 ": JSON is no key, and a structure none that has an order");
  }
  if (catalog_reader().find_id(name)) {
    throw Error(ErrorCode::exists, "a collection '" + std::string(name) + "' exists already");
  }
  return change([&]() -> OpenCollection& {
    CatalogWriter writer(txn_, catalog_);
    CatalogRecord made;
    made.id = take_id(id);
    made.types = types;
    made.form = with_ids(form);
    made.shape = shape_of(made.id, types, txn_.page_size(), form);
    made.name = name;
    made.owns_collections = always_collections(types.value);
    writer.add_name(name, made.id);
    writer.store(made, buffer_);
    if (form.may_expire()) writer.add_expiring(made.id);
    record({.kind = OperationKind::create, .id = made.id, .types = types, .form = made.form, .name = name});
    OpenCollection& collection = add(std::move(made));
    create_parts(collection);
    last_ = &collection;
    return collection;
  });
}

u64 WriteSession::take_id(u64 id) {
  CatalogWriter writer(txn_, catalog_);
  if (id == kNewId) return writer.take_id();
  writer.reserve_id(id);
  return id;
}

void WriteSession::drop(OpenCollection& collection) {
  check_changeable(collection);
  check_idle_children(collection.record.id);
  if (collection.record.is_nested()) throw Error(ErrorCode::invalid_argument, collection.record.who() + " has no name");
  const ReserveUse reserve(txn_);
  change(collection, [&] {
    drop_parts(collection);
    CatalogWriter(txn_, catalog_).remove_name(collection.record.name);
    if (collection.record.form.may_expire()) CatalogWriter(txn_, catalog_).remove_expiring(collection.record.id);
    if (collection.record.owns_collections) {
      CatalogRecord left = collection.record;  // the collection keeps its name, for messages
      bury(left);
    } else {
      writer(collection).clear();
      CatalogWriter(txn_, catalog_).remove(collection.record.id);
    }
    record({.kind = OperationKind::drop, .id = collection.record.id});
    collection.exists = false;
    collection.dirty = false;
  });
}

void WriteSession::rename(OpenCollection& collection, Bytes name) {
  check_usable(collection);
  if (collection.record.is_nested()) throw Error(ErrorCode::invalid_argument, collection.record.who() + " has no name");
  check_name(name, txn_.page_size());
  if (name == collection.record.name) return;
  if (catalog_reader().find_id(name)) {
    throw Error(ErrorCode::exists, "a collection '" + std::string(name) + "' exists already");
  }
  change(collection, [&] {
    CatalogWriter writer(txn_, catalog_);
    writer.remove_name(collection.record.name);
    collection.record.name = name;
    writer.add_name(name, collection.record.id);
    store(collection);
    record({.kind = OperationKind::rename, .id = collection.record.id, .name = name});
  });
}

std::vector<CatalogRecord> WriteSession::records() {
  check_usable();
  std::vector<CatalogRecord> all;
  catalog_reader().for_each_named([&](CatalogRecord&& record) {
    const auto found = open_.find(record.id);
    all.push_back(found != open_.end() ? found->second->record : std::move(record));
  });
  return all;
}

// Leaves none dirty. What it throws poisons the session.
void WriteSession::store_records() {
  const ReserveUse reserve(txn_);
  try {
    for (const auto& [id, collection] : open_) {
      if (collection->dirty) store(*collection);
    }
  } catch (...) {
    poisoned_ = true;
    throw;
  }
}

void WriteSession::flush() {
  check_usable();
  if (recording_ && changed()) reclaim_at_commit();
  store_records();
  txn_.catalog() = to_catalog_root(catalog_);
}

// --- Entries ---------------------------------------------------------------------------------------------------------

bool WriteSession::contains(const OpenCollection& collection, Bytes key) const {
  check_usable(collection);
  const CollectionTree tree = view(collection);
  const StoredKey stored(tree, key);
  if (tree.may_expire()) {
    const std::optional<StoredTimes> times = times_at(collection, stored);
    return times && !tree.is_expired(*times);
  }
  return tree.get(stored).has_value();
}

bool WriteSession::put(OpenCollection& collection, Bytes key, Bytes value, const detail::EntryTimes& times) {
  check_changeable(collection);
  check_entry(collection, key, value);
  if (collection.record.form.is_plain()) [[likely]]
    return put_stored(collection, key, value);
  reclaim_first(collection);
  const bool is_new = put_stored(collection, key, form_value(collection, value, times));
  train_if_due(collection);
  return is_new;
}

bool WriteSession::put_stored(OpenCollection& collection, Bytes key, Bytes value) {
  const ValueForm& form = collection.record.form;
  const StoredKey stored(collection.record.shape, txn_.page_size(), key_hash_, key);
  const std::string joined = stored.is_long() ? join_long_entry(key, value) : std::string();
  const std::optional<StoredTimes> old_times = indexed_times(collection, stored);
  const u64 replaced = child_at(collection, key);
  return change(collection, [&] {
    const Bytes kept = stored.is_long() ? Bytes(joined) : value;
    const bool is_new = writer(collection).put(stored, kept);
    record_value({.kind = OperationKind::put, .id = collection.record.id, .key = key, .value = value}, kept.size());
    if (form.has_index())
      index_times(collection, stored, old_times, split_value(form, value, collection.record.name).times);
    if (replaced != 0) release(collection.record.id, replaced);
    note_child(collection.record, value);
    txn_.release_memory();
    return is_new || (old_times && form.may_expire() && form.expires_at(*old_times) <= time_us());
  });
}

bool WriteSession::erase(OpenCollection& collection, Bytes key) {
  check_changeable(collection);
  check_width(collection, collection.record.types.key, key);
  const ValueForm& form = collection.record.form;
  const bool was_dirty = collection.dirty;
  const StoredKey stored(collection.record.shape, txn_.page_size(), key_hash_, key);
  if (collection.record.root.is_inline() && !reader(collection).get(stored)) return false;  // it needs no page for that
  const std::optional<StoredTimes> old_times = indexed_times(collection, stored);
  const u64 child = child_at(collection, key);
  const ReserveUse reserve(txn_);
  return change(collection, [&] {
    if (!writer(collection).erase(stored)) {
      collection.dirty = was_dirty;
      --changes_;
      return false;
    }
    record({.kind = OperationKind::erase, .id = collection.record.id, .key = key});
    if (old_times) index_times(collection, stored, old_times, std::nullopt);
    if (child != 0) release(collection.record.id, child);
    txn_.release_memory();
    return !form.may_expire() || form.expires_at(*old_times) > time_us();
  });
}

u64 WriteSession::erase_interval(OpenCollection& collection, std::optional<Bytes> low, std::optional<Bytes> high) {
  check_changeable(collection);
  if (low) check_width(collection, collection.record.types.key, *low);
  if (high) check_width(collection, collection.record.types.key, *high);
  const tree::TreeReader tree = reader(collection);
  const u64 first = low ? tree.rank(*low) : 0;
  const u64 last = high ? tree.rank(*high) : tree.size();
  if (first >= last) return 0;
  check_idle_children(collection.record.id);
  const ReserveUse reserve(txn_);
  return change(collection, [&] {
    unindex_range(collection, first, last - first);
    erase_tree_entries(collection, first, last - first);
    Operation operation;
    operation.kind = OperationKind::erase_range;
    operation.id = collection.record.id;
    operation.low = low;
    operation.high = high;
    record(operation);
    txn_.release_memory();
    return last - first;
  });
}

void WriteSession::insert(OpenCollection& collection, u64 index, Bytes value) {
  check_changeable(collection);
  check_index(collection, index, 0);
  check_entry(collection, {}, value);
  insert_stored(collection, index, form_value(collection, value));
  train_if_due(collection);
}

void WriteSession::insert_stored(OpenCollection& collection, u64 index, Bytes value) {
  change(collection, [&] {
    writer(collection).insert(index, value);
    record_value({.kind = OperationKind::list_insert, .id = collection.record.id, .value = value, .index = index},
                 value.size());
    note_child(collection.record, value);
    txn_.release_memory();
  });
}

void WriteSession::append_values(OpenCollection& collection, Bytes values) {
  check_changeable(collection);
  const u64 index = collection.record.root.count;
  change(collection, [&] {
    writer(collection).append_values(values);
    record({.kind = OperationKind::list_insert, .id = collection.record.id, .value = values, .index = index});
    txn_.release_memory();
  });
}

void WriteSession::set(OpenCollection& collection, u64 index, Bytes value) {
  check_changeable(collection);
  check_index(collection, index, 1);
  check_entry(collection, {}, value);
  set_stored(collection, index, form_value(collection, value));
}

void WriteSession::set_stored(OpenCollection& collection, u64 index, Bytes value) {
  std::vector<u64> replaced;
  if (collection.record.owns_collections) {
    check_idle_children(collection.record.id);
    replaced = children_in(reader(collection), collection.record, index, 1);
  }
  change(collection, [&] {
    writer(collection).set(index, value);
    record_value({.kind = OperationKind::list_set, .id = collection.record.id, .value = value, .index = index},
                 value.size());
    release(collection.record.id, replaced);
    note_child(collection.record, value);
    txn_.release_memory();
  });
}

void WriteSession::erase_items(OpenCollection& collection, u64 first, u64 count) {
  check_changeable(collection);
  const u64 size = collection.record.root.count;
  if (first > size) throw_past_end(collection, first);
  if (count > size - first) throw_past_end(collection, first + count - 1);
  if (count == 0) return;
  check_idle_children(collection.record.id);
  const ReserveUse reserve(txn_);
  change(collection, [&] {
    erase_tree_entries(collection, first, count);
    record({.kind = OperationKind::list_erase, .id = collection.record.id, .index = first, .count = count});
    txn_.release_memory();
  });
}

void WriteSession::clear(OpenCollection& collection) {
  check_changeable(collection);
  if (collection.record.root.count == 0) return;
  check_idle_children(collection.record.id);
  const ReserveUse reserve(txn_);
  change(collection, [&] {
    erase_tree_entries(collection, 0, collection.record.root.count);
    clear_parts(collection);
    record({.kind = OperationKind::clear, .id = collection.record.id});
    txn_.release_memory();
  });
}

}  // namespace sapwood::collections
