// Nested collections in WriteSession, and how what was dropped is reclaimed.
//
//   named, nested --drop(), its entry goes--> bury() --of few entries--> gone
//                                                    --others--> in the queue --reclaim() steps--> gone
// A step erases some entries at the end of the tree that has waited longest; those that are collections are released
// in turn. So a collection with all below it goes in steps of bounded size, each part of a commit like any other, and
// what is left at any moment is whole: the record in the queue, and below it nested collections with their parents.
// A replay takes the same ways: what decides is the number of entries, never how pages lie.
#include <algorithm>

#include "collections/nested_value.h"
#include "collections/session.h"
#include "collections/stored_key.h"
#include "collections/types.h"
#include "tree/cursor.h"
#include "tree/inline_leaf.h"

namespace sapwood::collections {
namespace {

// A step is so much work: an entry that is looked at, or so many that go with their pages.
constexpr u64 kStepWork = 256;
constexpr u64 kPlainEntriesPerWork = 64;
constexpr u64 kWorkPerTree = 8;

// So few entries are freed at once.
constexpr u64 kFewEntries = 64;

bool reads_entries(const CatalogRecord& record) { return record.owns_collections || record.root.owns_runs; }

}  // namespace

// --- Places ----------------------------------------------------------------------------------------------------------

OpenCollection& WriteSession::require(u64 id) {
  OpenCollection* found = find(id);
  if (found == nullptr) {
    throw Error(ErrorCode::not_found, "the collection " + name_of_nested(id) + " was dropped; get a new handle");
  }
  return *found;
}

// Throws unless a collection can come to `location`, when `parent` has `size` items.
void WriteSession::check_target(const OpenCollection& parent, const Location& location, u64 size) {
  check_changeable(parent);
  const CollectionTypes& types = parent.record.types;
  if (types.has_keys() != (location.kind == Location::Kind::key)) {
    throw Error(ErrorCode::wrong_type, parent.record.who() + (types.has_keys() ? " has keys, and no positions"
                                                                               : " is a list: it has no keys"));
  }
  require_may_hold_collections(parent.record);
  if (location.kind == Location::Kind::key) return check_key(parent, location.key);
  if (location.index > size) {
    throw Error(ErrorCode::out_of_range, parent.record.who() + ": position " + std::to_string(location.index) +
                                             " is past the end (size " + std::to_string(size) + ")");
  }
}

// Whether nothing that the nested collection lies in was dropped. O(depth) after a drop, else O(1).
bool WriteSession::is_attached(const OpenCollection& collection) const {
  u64 id = collection.record.parent;
  for (u64 steps = 0; id != 0; ++steps) {
    const auto open = open_.find(id);
    if (open != open_.end() && open->second->exists && open->second->attached_at == drops_) break;
    const std::optional<CatalogRecord> record = catalog_reader().find(id);
    if (!record || record->dropped || steps > catalog_.count) return false;
    id = record->parent;
  }
  collection.attached_at = drops_;
  return true;
}

void WriteSession::check_idle_children(u64 parent) const {
  if (busy_ == 0) return;
  for (const auto& [id, collection] : open_) {
    if (!collection->busy || collection->record.parent != parent) continue;
    throw Error(ErrorCode::invalid_argument,
                collection->record.who() + " is being filled: what it is in cannot lose it until that has ended");
  }
}

// Throws if `moved` is `parent`, or that lies in it.
void WriteSession::check_cycle(u64 moved, const OpenCollection& parent) {
  u64 steps = 0;
  for (const OpenCollection* above = &parent; above != nullptr; above = find(above->record.parent)) {
    if (above->record.id == moved) {
      throw Error(ErrorCode::invalid_argument, parent.record.who() +
                                                   " is the collection that is moved, or lies in it: a collection "
                                                   "cannot come to lie in itself");
    }
    if (++steps > catalog_.count) {
      throw Error(ErrorCode::corrupt, "catalog: C5: " + parent.record.who() + " lies in itself; run check on the file");
    }
    if (!above->record.is_nested()) return;
  }
}

u64 WriteSession::child_at(const OpenCollection& parent, Bytes key) const {
  if (!parent.record.owns_collections) return 0;
  check_idle_children(parent.record.id);
  const tree::TreeReader tree = reader(parent);
  const StoredKey stored(tree, key);
  const std::optional<tree::ValueView> value = tree.get(stored);
  return value ? child_of_entry(parent.record, *value, stored.is_long()) : 0;
}

std::vector<u64> WriteSession::children_in(const tree::TreeReader& tree, const CatalogRecord& record, u64 first,
                                           u64 count) const {
  std::vector<u64> children;
  tree::Cursor cursor(tree);
  cursor.seek_index(first);
  for (u64 i = 0; i < count && cursor.valid(); ++i, cursor.next()) {
    const bool is_long = record.types.is_hashed() && is_long_key(tree.shape(), tree.pages().page_size(), cursor.key());
    const u64 child = child_of_entry(record, cursor.value(), is_long);
    if (child != 0) children.push_back(child);
  }
  return children;
}

OpenCollection& WriteSession::child(const OpenCollection& parent, u64 id, ErrorCode absent) {
  forget_unused(parent.record.id, Forget::clean);
  OpenCollection* found = find(id);
  if (found == nullptr || found->record.parent != parent.record.id) throw_no_child(parent.record, id, absent);
  return *found;
}

OpenCollection& WriteSession::at(const Location& location) {
  if (location.kind == Location::Kind::name) {
    OpenCollection* found = find(location.key);
    if (found != nullptr) return *found;
    throw Error(ErrorCode::not_found, "there is no collection '" + std::string(location.key) + "'");
  }
  OpenCollection& parent = require(location.parent);
  check_changeable(parent);
  u64 id = 0;
  if (location.kind == Location::Kind::key && parent.record.types.has_keys()) {
    check_key(parent, location.key);
    id = child_at(parent, location.key);
  } else if (location.kind == Location::Kind::position && !parent.record.types.has_keys() &&
             location.index < parent.record.root.count) {
    const std::vector<u64> found = children_in(reader(parent), parent.record, location.index, 1);
    if (!found.empty()) id = found.front();
  }
  if (id == 0) throw Error(ErrorCode::not_found, parent.record.who() + " has no collection at that place");
  return child(parent, id);
}

// Makes the child the value at `location`, in the place of what is there.
void WriteSession::place(const Location& location, OpenCollection& child) {
  child.dirty = true;
  child.record.parent = location.parent;
  child.record.name = location.kind == Location::Kind::name ? location.key : Bytes(name_of_nested(child.record.id));
  if (location.kind == Location::Kind::name) {
    if (child.record.root.is_inline()) give_page(child);
    CatalogWriter(txn_, catalog_).add_name(location.key, child.record.id);
    return;
  }
  OpenCollection& parent = require(location.parent);
  parent.dirty = true;
  parent.record.owns_collections = true;
  const std::string value = value_of_child(parent.record.types.value, child.record.id);
  if (location.kind == Location::Kind::position) {
    writer(parent).insert(location.index, value);
    return;
  }
  const StoredKey stored(parent.record.shape, txn_.page_size(), key_hash_, location.key);
  const u64 replaced = child_at(parent, location.key);
  writer(parent).put(stored, stored.is_long() ? join_long_entry(location.key, value) : value);
  if (replaced != 0) release(parent.record.id, replaced);
}

// Takes it from there.
void WriteSession::unplace(const Location& location, OpenCollection& child) {
  if (location.kind == Location::Kind::name) return CatalogWriter(txn_, catalog_).remove_name(child.record.name);
  OpenCollection& parent = require(location.parent);
  parent.dirty = true;
  if (location.kind == Location::Kind::position) return writer(parent).erase_range(location.index, 1);
  const StoredKey stored(parent.record.shape, txn_.page_size(), key_hash_, location.key);
  writer(parent).erase(stored);
}

OpenCollection& WriteSession::create_nested(const Location& location, const CollectionTypes& types, u64 id) {
  check_usable();
  OpenCollection& parent = require(location.parent);
  check_target(parent, location, parent.record.root.count);
  check_idle_children(parent.record.id);
  if (!are_known(types)) {
    throw Error(ErrorCode::invalid_argument, "a nested collection cannot be a " + describe(types) +
                                                 ": JSON and collections are no keys, and structures none that have "
                                                 "an order");
  }
  return change(parent, [&]() -> OpenCollection& {
    OpenCollection& made = add_nested(location.parent, types, id != 0 ? id : CatalogWriter(txn_, catalog_).take_id());
    place(location, made);
    record({.kind = OperationKind::create_nested, .id = made.record.id, .types = types, .to = location});
    txn_.release_memory();
    return made;
  });
}

// An empty collection, in the catalog only.
OpenCollection& WriteSession::add_nested(u64 parent, const CollectionTypes& types, u64 id) {
  CatalogWriter catalog(txn_, catalog_);
  catalog.reserve_id(id);
  OpenCollection& made = add({.id = id,
                              .types = types,
                              .shape = shape_of(id, types, txn_.page_size()),
                              .root = {},
                              .name = name_of_nested(id),
                              .parent = parent,
                              .owns_collections = always_collections(types.value)});
  catalog.store(made.record, buffer_);
  return made;
}

OpenCollection& WriteSession::move(const Location& from, const Location& to) {
  OpenCollection& moved = at(from);
  if (to.kind == Location::Kind::name) {
    check_name(to.key, txn_.page_size());
    if (from.kind == Location::Kind::name) throw Error(ErrorCode::invalid_argument, "from name to name: use rename");
    if (catalog_reader().find_id(to.key))
      throw Error(ErrorCode::exists, "a collection '" + std::string(to.key) + "' exists already");
  } else {
    OpenCollection& parent = require(to.parent);
    const bool same = from.kind != Location::Kind::name && from.parent == to.parent;
    check_target(parent, to, parent.record.root.count - (same ? 1 : 0));
    check_cycle(moved.record.id, parent);
    check_idle_children(to.parent);
    if (same && from.kind == Location::Kind::key && from.key == to.key) return moved;
  }
  change(moved, [&] {
    unplace(from, moved);
    place(to, moved);
    store(moved);
    record({.kind = OperationKind::move, .id = moved.record.id, .from = from, .to = to});
    txn_.release_memory();
  });
  return moved;
}

void WriteSession::move_item(OpenCollection& list, u64 from, u64 to) {
  const u64 id = list.record.id;
  if (!children_in(reader(list), list.record, from, 1).empty()) {
    const auto at = [id](u64 index) {
      return Location{.kind = Location::Kind::position, .parent = id, .index = index};
    };
    move(at(from), at(to));
    return;
  }
  std::string value;
  reader(list).at(from).read(value);
  erase_items(list, from, 1);
  insert(list, to, value);
}

OpenCollection& WriteSession::create_orphan(u64 parent, const CollectionTypes& types, u64 id) {
  check_usable();
  return change([&]() -> OpenCollection& { return add_nested(parent, types, id); });
}

void WriteSession::adopt_orphan(OpenCollection& orphan, Bytes name) {
  check_usable(orphan);
  change(orphan, [&] { place({.kind = Location::Kind::name, .key = name}, orphan); });
}

// --- What was dropped ------------------------------------------------------------------------------------------------

// The child's entry is gone. One that is not there, or another one's, is left alone: check() tells of it.
void WriteSession::release(u64 parent, u64 child) {
  const auto open = open_.find(child);
  std::optional<CatalogRecord> record;
  if (open == open_.end()) record = catalog_reader().find(child);
  else if (open->second->exists) record = record_of(*open->second);
  if (!record || record->dropped || record->parent != parent) return;
  bury(*record);
  if (open == open_.end()) return;
  open->second->exists = false;
  open->second->dirty = false;
}

void WriteSession::release(u64 parent, const std::vector<u64>& children) {
  for (std::size_t i = 0; i < children.size(); ++i) {
    release(parent, children[i]);
    if (i % kStepWork == kStepWork - 1) txn_.release_memory();
  }
}

// Frees a tree of few entries; others wait in the queue.
void WriteSession::bury(CatalogRecord& record) {
  CatalogWriter catalog(txn_, catalog_);
  if (record.root.count == 0 || (record.root.count <= kFewEntries && !record.owns_collections)) {
    if (!record.root.is_inline()) tree::TreeWriter(txn_, record.shape, record.root).clear();
    return catalog.remove(record.id);
  }
  record.dropped = true;
  record.parent = record.id;
  catalog.store(record, buffer_);
  catalog.add_dropped(record.id);
  ++drops_;
}

// Erases entries and drops the collections that they are. All of many: the tree as it stands goes into the queue.
void WriteSession::erase_tree_entries(OpenCollection& collection, u64 first, u64 count) {
  CatalogRecord& record = collection.record;
  if (!record.owns_collections) return writer(collection).erase_range(first, count);
  if (count <= kFewEntries || count != record.root.count) {
    const std::vector<u64> children = children_in(reader(collection), record, first, count);
    writer(collection).erase_range(first, count);
    return release(record.id, children);
  }
  CatalogWriter catalog(txn_, catalog_);
  const u64 id = catalog.take_id();
  CatalogRecord left = record_of(collection);
  left.id = id;
  left.parent = record.id;
  left.dropped = true;
  catalog.store(left, buffer_);
  catalog.add_dropped(left.id);
  record.root = {};
  collection.edge = {};
}

bool WriteSession::reclaim() {
  const ReserveUse reserve(txn_);
  for (u64 work = 0; work < kStepWork;) {
    const std::optional<u64> id = catalog_reader().first_dropped();
    if (!id) return false;
    const std::optional<CatalogRecord> record = catalog_reader().find(*id);
    const u64 size = record ? record->root.count : 0;
    const u64 per_work = record && reads_entries(*record) ? 1 : kPlainEntriesPerWork;
    const u64 count = std::min(size, (kStepWork - work) * per_work);
    change([&] {
      reclaim_entries(*id, count);
      this->record({.kind = OperationKind::reclaim_step, .id = *id, .count = count});
      txn_.release_memory();
    });
    work += kWorkPerTree + count / per_work;
  }
  return catalog_reader().first_dropped().has_value();
}

// What is damaged stays as it is: it holds up nobody.
void WriteSession::reclaim_at_commit() {
  CatalogReader::Chores chores;
  try {
    chores = catalog_reader().chores();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
    return;
  }
  if (chores.dropped) attempt([&] { reclaim(); });
  if (chores.may_expire) reclaim_expired();
}

// Erases so many entries at the end of a tree in the queue, and with the last of them the record. False if there are
// fewer.
bool WriteSession::reclaim_entries(u64 id, u64 count) {
  CatalogWriter catalog(txn_, catalog_);
  std::optional<CatalogRecord> record = catalog_reader().find(id);
  if (!record || !record->dropped) {  // check() tells of it
    catalog.remove_dropped(id);
    return true;
  }
  if (count > record->root.count) return false;
  std::vector<u64> children;
  const u64 first = record->root.count - count;
  if (record->owns_collections) {
    children = children_in(reader(record->shape, record->root), *record, first, count);
  }
  if (record->root.is_inline()) tree::give_page(txn_, record->shape, record->root);
  tree::TreeWriter(txn_, record->shape, record->root).erase_range(first, count);
  if (record->root.count != 0) {
    catalog.store(*record, buffer_);
  } else {
    catalog.remove(id);
    catalog.remove_dropped(id);
  }
  release(record->parent, children);
  return true;
}

}  // namespace sapwood::collections
