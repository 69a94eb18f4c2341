// What WriteSession does for collections whose values have a form: its parts, headers, dictionaries.
#include <algorithm>

#include "collections/entry_reader.h"
#include "collections/session.h"
#include "collections/stored_key.h"
#include "collections/types.h"

namespace sapwood::collections {
namespace {

// Sizes of a collection at which a dictionary is made of it: as soon as one is worth having, and a better one later.
constexpr u64 kFirstTraining = 1024;
constexpr u64 kSecondTraining = 16384;

constexpr CollectionTypes kIndexTypes{CollectionKind::sorted_map, ValueType::bytes, ValueType::bytes};
constexpr CollectionTypes kDictionaryTypes{CollectionKind::sorted_map, ValueType::uint64, ValueType::bytes};

}  // namespace

CollectionTree WriteSession::view(const CatalogRecord& record, const tree::TreeRoot& root) const {
  FormSource source;
  source.session = this;
  if (record.form.may_expire()) source.now_us = time_us();
  return CollectionTree(txn_.reader(), record, root, source);
}

// --- The parts of a form
// -----------------------------------------------------------------------------------------------

OpenCollection& WriteSession::part_of(const CatalogRecord& of, u64 id) {
  OpenCollection* found = find(id);
  if (found == nullptr) {
    throw Error(ErrorCode::corrupt,
                "catalog: C7: '" + of.name + "' has lost a part of its form; run check on the file");
  }
  return *found;
}

ValueForm WriteSession::with_ids(const ValueForm& form) {
  ValueForm made = form;
  for (u64* id : {&made.time_index, &made.expiry_index, &made.dictionaries}) {
    if (*id != 0) *id = take_id(*id);
  }
  return made;
}

void WriteSession::reform(OpenCollection& collection, const ValueForm& form) {
  check_changeable(collection);
  CatalogRecord& record = collection.record;
  if (record.owns_collections && !children_in(reader(collection), record, 0, record.root.count).empty()) {
    throw Error(ErrorCode::invalid_argument,
                record.who() + " holds collections: they have neither times nor codings, so it stays as it is");
  }
  change(collection, [&] {
    CatalogWriter catalog(txn_, catalog_);
    record.owns_collections = false;
    writer(collection).clear();
    drop_parts(collection);
    if (record.form.may_expire()) catalog.remove_expiring(record.id);
    record.form = with_ids(form);
    record.shape = shape_of(record.id, record.types, txn_.page_size(), record.form);
    record.root = {};
    collection.edge = {};
    if (form.may_expire()) catalog.add_expiring(record.id);
    create_parts(collection);
    this->record({.kind = OperationKind::reform, .id = record.id, .types = record.types, .form = record.form});
    txn_.release_memory();
  });
}

void WriteSession::create_parts(const OpenCollection& collection) {
  const ValueForm& form = collection.record.form;
  if (form.time_index != 0) create_part(collection, kIndexTypes, form.time_index);
  if (form.expiry_index != 0) create_part(collection, kIndexTypes, form.expiry_index);
  if (form.dictionaries != 0) create_part(collection, kDictionaryTypes, form.dictionaries);
}

void WriteSession::create_part(const OpenCollection& of, const CollectionTypes& types, u64 id) {
  CatalogRecord made;
  made.id = id;
  made.types = types;
  made.shape = shape_of(id, types, txn_.page_size());
  made.parent = of.record.id;
  made.part_of_form = true;
  CatalogWriter(txn_, catalog_).store(made, buffer_);
  add(std::move(made));
}

void WriteSession::drop_parts(OpenCollection& collection) {
  for (const u64 id : collection.record.form.parts()) {
    if (id == 0) continue;
    OpenCollection& dropped = part_of(collection.record, id);
    writer(dropped).clear();
    CatalogWriter(txn_, catalog_).remove(id);
    dropped.exists = false;
    dropped.dirty = false;
  }
}

// Dictionaries hold pieces of values, so they go with them; but their numbers are never given again.
void WriteSession::clear_parts(OpenCollection& collection) {
  const ValueForm& form = collection.record.form;
  for (const u64 id : {form.time_index, form.expiry_index}) {
    if (id == 0) continue;
    OpenCollection& index = part_of(collection.record, id);
    index.dirty = true;
    writer(index).clear();
  }
  if (form.dictionaries == 0) return;
  OpenCollection& dictionaries = dictionaries_of(collection.record);
  const u32 newest = newest_dictionary(reader(dictionaries));
  if (newest == 0) return;
  dictionaries.dirty = true;
  writer(dictionaries).clear();
  writer(dictionaries).put(dictionary_key(newest), {});
}

// --- Values as they are stored
// -----------------------------------------------------------------------------------------

void WriteSession::check_stored(const OpenCollection& collection, Bytes key, Bytes stored) const {
  const CatalogRecord& record = collection.record;
  const FormedValue value = split_value(record.form, stored, record.name);
  check_entry(collection, key, value.compressed ? Bytes() : value.payload);
}

Bytes WriteSession::form_value(OpenCollection& collection, Bytes value, const detail::EntryTimes& times) {
  const ValueForm& form = collection.record.form;
  if (form.is_plain()) return value;
  formed_.clear();
  const StoredTimes stored_times = this->stored_times(form, times, {form.timestamps ? time_us() : 0});
  if (form.level != 0) {
    const OpenCollection& dictionaries = dictionaries_of(collection.record);
    const u32 number = newest_dictionary(reader(dictionaries));
    const bool usable = number != 0 && has_dictionary(dictionaries, number);
    append_header(formed_, form, stored_times, true);
    if (append_compressed(formed_, value, form.level, usable ? &dictionary(collection.record, number) : nullptr))
      return formed_;
    formed_.clear();
  }
  append_header(formed_, form, stored_times, false);
  formed_ += value;
  return formed_;
}

// The value at the user's key, as it is stored.
std::optional<std::string> WriteSession::stored_at(const OpenCollection& collection, Bytes key) const {
  const tree::TreeReader tree = reader(collection);
  const StoredKey stored_key(tree, key);
  const std::optional<tree::ValueView> found = tree.get(stored_key);
  if (!found) return std::nullopt;
  std::string stored;
  found->read(stored);
  if (stored_key.is_long()) stored = std::string(split_long_entry(stored, collection.record.name).value);
  return stored;
}

void WriteSession::rewrite(OpenCollection& collection, Bytes key) {
  check_changeable(collection);
  const std::optional<std::string> stored = stored_at(collection, key);
  if (!stored) return;
  std::string buffer;
  const CollectionTree tree = view(collection);
  const std::string value(tree.user_value(*stored, buffer));
  const StoredTimes times = tree.times_of(*stored);
  const Bytes formed = form_value(collection, value, {.time_us = times.time_us, .expiry_us = times.expiry_us});
  if (formed != *stored) put_stored(collection, key, formed);
}

void WriteSession::rewrite(OpenCollection& collection, u64 index) {
  check_changeable(collection);
  check_index(collection, index, 1);
  std::string stored, buffer;
  reader(collection).at(index).read(stored);
  const std::string value(view(collection).user_value(stored, buffer));
  const Bytes formed = form_value(collection, value);
  if (formed != stored) set_stored(collection, index, formed);
}

void WriteSession::set_level(OpenCollection& collection, u8 level) {
  check_changeable(collection);
  if (collection.record.form.dictionaries == 0 || level > kHighestLevel) {
    throw Error(ErrorCode::invalid_argument, "'" + collection.record.name + "' cannot be compressed at level " +
                                                 std::to_string(level) +
                                                 ": it was created without compression, or "
                                                 "the level is none of 0 to 19");
  }
  if (collection.record.form.level == level) return;
  change(collection, [&] {
    collection.record.form.level = level;
    Operation operation{.kind = OperationKind::level, .id = collection.record.id};
    operation.form.level = level;
    record(operation);
  });
}

// --- Dictionaries
// ------------------------------------------------------------------------------------------------------

bool WriteSession::has_dictionary(const OpenCollection& dictionaries, u32 number) const {
  const std::optional<tree::ValueView> found = reader(dictionaries).get(dictionary_key(number));
  return found && found->size() != 0;
}

const Dictionary& WriteSession::dictionary(const CatalogRecord& record, u32 number) const {
  const auto open = open_.find(record.form.dictionaries);
  // One that was made in this transaction may be rolled back, and its number be given to another.
  const bool is_new = open != open_.end() && number >= open->second->first_new_dictionary;
  if (is_new || dictionaries_ == nullptr) {
    if (own_dictionaries_ == nullptr) own_dictionaries_ = std::make_unique<DictionaryCache>();
  }
  DictionaryCache& cache = is_new || dictionaries_ == nullptr ? *own_dictionaries_ : *dictionaries_;
  return cache.find(record.form.dictionaries, number, [&] {
    if (open != open_.end()) return read_dictionary(reader(*open->second), number, record.name);
    const std::optional<CatalogRecord> found = catalog_reader().find(record.form.dictionaries);
    if (!found) throw Error(ErrorCode::corrupt, "catalog: C7: '" + record.name + "' has lost its dictionaries");
    return read_dictionary(reader(found->shape, found->root), number, record.name);
  });
}

bool WriteSession::add_dictionary(OpenCollection& collection, const Samples& samples) {
  OpenCollection& dictionaries = dictionaries_of(collection.record);
  const u32 newest = newest_dictionary(reader(dictionaries));
  const std::string bytes = train_dictionary(samples, newest + 1);
  if (bytes.empty()) return false;
  dictionaries.first_new_dictionary = std::min(dictionaries.first_new_dictionary, newest + 1);
  put(dictionaries, dictionary_key(newest + 1), bytes);
  if (newest != 0 && !has_dictionary(dictionaries, newest)) erase(dictionaries, dictionary_key(newest));
  return true;
}

void WriteSession::forget_old_dictionaries(OpenCollection& collection) {
  OpenCollection& dictionaries = dictionaries_of(collection.record);
  const u32 newest = newest_dictionary(reader(dictionaries));
  if (newest == 0) return;
  erase_interval(dictionaries, std::nullopt, dictionary_key(newest));
  // Its number is never given again.
  if (collection.record.form.level == 0) put(dictionaries, dictionary_key(newest), {});
}

Samples WriteSession::sample_values(const OpenCollection& collection) const {
  constexpr u64 kMostSamples = 2048;
  Samples samples;
  const CollectionTree tree = view(collection);
  const u64 count = std::min(tree.size(), kMostSamples);
  tree::Cursor cursor(tree);
  EntryReader entry;
  for (u64 i = 0; i < count && !samples.full(); ++i) {
    cursor.seek_index(i * tree.size() / count);
    entry.read(cursor, tree);
    samples.add(entry.value());
  }
  return samples;
}

void WriteSession::train_if_due(OpenCollection& collection) {
  const u64 count = collection.record.root.count;
  if (collection.record.form.level == 0 || (count != kFirstTraining && count != kSecondTraining)) return;
  const OpenCollection& dictionaries = dictionaries_of(collection.record);
  const u32 newest = newest_dictionary(reader(dictionaries));
  const u64 usable = newest != 0 && has_dictionary(dictionaries, newest) ? dictionaries.record.root.count : 0;
  if (usable < (count == kFirstTraining ? 1 : 2)) add_dictionary(collection, sample_values(collection));
}

}  // namespace sapwood::collections
