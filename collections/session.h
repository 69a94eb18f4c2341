// Changes to collections inside one write transaction: which are open, where their trees stand, the redo operations.
//
// Used by handles, and by recovery (without recording). Arguments are checked before anything changes: out_of_range,
// too_long, invalid_argument, wrong_type, not_found and exists leave the session usable; whatever is thrown after the
// first change poisons it, and every further call but those of rolling back throws Error{poisoned}.
//
// Invariants:
//   S1  an open collection's `root` is the truth; the catalog's record of it is stale while `dirty`
//   S2  flush() leaves none dirty, and the catalog's root in the transaction
//   S3  a collection whose leaf is inline has it in the catalog only: root_of() looks there, writer() gives it a page;
//       store_records() takes it in again
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "collections/catalog.h"
#include "collections/collection_tree.h"
#include "collections/operations.h"
#include "sapwood/detail/handle.h"
#include "storage/write_transaction.h"
#include "tree/right_edge.h"

namespace sapwood::collections {

// A collection as the session knows it. It stays open while others share it, as handles do; of those that nobody
// shares the session forgets some when it has many (forget_unused).
struct OpenCollection : std::enable_shared_from_this<OpenCollection> {
  CatalogRecord record;  // without the bytes of an inline leaf
  tree::RightEdge edge;
  bool dirty = false;
  bool exists = true;              // false once dropped, or its creation rolled back
  bool busy = false;               // a batch is filling it: WriteSession::set_busy
  mutable u64 attached_at = 0;     // WriteSession::drops_ when it was last seen to lie in a collection with a name
  bool reclaimed = false;          // this transaction has looked for expired entries
  u32 first_new_dictionary = ~0u;  // of dictionaries: the first one made in this transaction
  // An inline leaf as it was found, while the transaction's pages are of that version (PageStore::version).
  mutable Bytes leaf;
  mutable u64 leaf_version = 0;
};

// A mark of the transaction, and whether it still protects anything. Shared by its holder and the session.
struct PlacedMark {
  storage::Mark mark;
  u64 serial = 0;
  bool live = true;
};

// What a savepoint goes back to. No record was dirty when it was made.
struct SavedState {
  std::shared_ptr<PlacedMark> mark;
  tree::TreeRoot catalog;
};

class WriteSession {
 public:
  // `dictionaries`: of the open file; without them values that were compressed before cannot be read.
  WriteSession(storage::WriteTransaction& txn, bool recording, DictionaryCache* dictionaries = nullptr);
  WriteSession(const WriteSession&) = delete;
  WriteSession& operator=(const WriteSession&) = delete;

  // Collections. Null if there is none with that name or id.
  OpenCollection* find(Bytes name);
  OpenCollection* find(u64 id);
  // As find(id), with what the caller knows to be the record in the transaction's base version.
  OpenCollection& adopt(const CatalogRecord& record);
  // Created if absent. Throws wrong_type if it is there and differs, invalid_argument for a bad name, or options that
  // it lacks.
  OpenCollection& open(Bytes name, const CollectionTypes& types, const CollectionOptions& options = {});
  OpenCollection& create(Bytes name, const CollectionTypes& types, const CollectionOptions& options = {});
  // With these ids, of its parts too; those that are kNewId become new ones.
  static constexpr u64 kNewId = ~u64{0};
  OpenCollection& create_as(Bytes name, const CollectionTypes& types, const ValueForm& form, u64 id);
  void drop(OpenCollection& collection);
  void rename(OpenCollection& collection, Bytes name);
  // All collections with names, in the order of those.
  std::vector<CatalogRecord> records();

  // Nested collections: session_nested.cc. A change that erases or replaces entries drops the collections that they
  // are, too: those of a page at once, larger ones go into the queue of what waits to be reclaimed, with all below.
  // Creates an empty one: at a key in the place of what is there, or in front of the item at a position. Throws
  // wrong_type if the values of the collection there cannot be collections, out_of_range, too_long.
  OpenCollection& create_nested(const Location& location, const CollectionTypes& types, u64 id = 0);
  // Moves a collection with all that is below it; `to` as in create_nested, as it is once the entry at `from` is gone.
  // Throws not_found, exists for a name that is used, invalid_argument if it would come to lie in itself.
  OpenCollection& move(const Location& from, const Location& to);
  // Moves an item of a list, whatever it is, to the position `to`, as positions are once it has left its place.
  void move_item(OpenCollection& list, u64 from, u64 to);
  // The child of `parent` with that id. Throws `absent` if there is none: corrupt if an entry told the id.
  OpenCollection& child(const OpenCollection& parent, u64 id, ErrorCode absent = ErrorCode::corrupt);
  // A bounded step: frees some of what was dropped. flush() takes one. False if nothing waits any more.
  bool reclaim();
  // For a repair, which copies one collection after the other. Values that are collections may be put by hand;
  // a nested one may be there before its entry is, or after it is not: then it gets a name.
  void trust_values() { trusts_values_ = true; }
  OpenCollection& create_orphan(u64 parent, const CollectionTypes& types, u64 id);
  void adopt_orphan(OpenCollection& orphan, Bytes name);

  // Where its tree stands, to read it: valid until the next change.
  tree::TreeRoot root_of(const OpenCollection& collection) const {
    if (!collection.record.root.is_inline()) [[likely]]
      return collection.record.root;
    return inline_root_of(collection);
  }
  CatalogRecord record_of(const OpenCollection& collection) const {
    CatalogRecord record = collection.record;
    record.root = root_of(collection);
    return record;
  }
  tree::TreeReader reader(const OpenCollection& collection) const {
    return reader(collection.record.shape, root_of(collection));
  }
  tree::TreeReader reader(const tree::TreeShape& shape, const tree::TreeRoot& root) const {
    return tree::TreeReader(txn_.reader(), shape, root);
  }

  // With what its values need, as this transaction has it. Valid until its next change.
  CollectionTree view(const OpenCollection& collection) const { return view(collection.record, root_of(collection)); }
  CollectionTree view(const CatalogRecord& record, const tree::TreeRoot& root) const;
  // A dictionary of that collection. Throws corrupt.
  const Dictionary& dictionary(const CatalogRecord& record, u32 number) const;
  // The transaction's moment: the time of what it puts, and by which it judges what has expired.
  i64 time_us() const { return txn_.time_us(); }

  tree::TreeWriter writer(OpenCollection& collection) {
    if (collection.record.root.is_inline()) give_page(collection);
    return tree::TreeWriter(txn_, collection.record.shape, collection.record.root, &collection.edge);
  }

  // With keys. erase_interval: sorted ones only.
  bool contains(const OpenCollection& collection, Bytes key) const;
  // put: true if the key is new (or its entry has expired). Requires: the collection keeps the times that are told.
  bool put(OpenCollection& collection, Bytes key, Bytes value, const detail::EntryTimes& times = {});
  // Changes those that are told. False if there is no such entry. Requires: as put.
  bool set_times(OpenCollection& collection, Bytes key, const detail::EntryTimes& times);
  // What an entry keeps when its value is changed: an expiry of its own.
  detail::EntryTimes kept_times(const OpenCollection& collection, Bytes key) const;
  bool erase(OpenCollection& collection, Bytes key);
  u64 erase_interval(OpenCollection& collection, std::optional<Bytes> low, std::optional<Bytes> high);
  // Lists.
  void insert(OpenCollection& collection, u64 index, Bytes value);
  // Values of fixed leaves, back to back; one operation. Requires: a list with fixed leaves.
  void append_values(OpenCollection& collection, Bytes values);
  void set(OpenCollection& collection, u64 index, Bytes value);
  void erase_items(OpenCollection& collection, u64 first, u64 count);
  // All.
  void clear(OpenCollection& collection);
  // Values put from now on are compressed at that level (0: not). Requires: the collection was created with
  // compression.
  void set_level(OpenCollection& collection, u8 level);

  // Empties the collection and gives it another form, with new parts; those that are kNewId get new ids. The caller
  // puts the entries back. Requires: a form that complete_options allows.
  void reform(OpenCollection& collection, const ValueForm& form);

  // Forms: `value` as it is stored, in a buffer until the next call, or itself.
  Bytes form_value(OpenCollection& collection, Bytes value, const detail::EntryTimes& times = {});
  // The value of an entry as it would be stored today; nothing else changes.
  void rewrite(OpenCollection& collection, Bytes key);
  void rewrite(OpenCollection& collection, u64 index);
  // Removes all dictionaries but the newest. Requires: no value needs them.
  void forget_old_dictionaries(OpenCollection& collection);
  // Values from all over the collection.
  Samples sample_values(const OpenCollection& collection) const;
  // Makes `samples` into the newest dictionary of the collection; false if they are not enough for one.
  bool add_dictionary(OpenCollection& collection, const Samples& samples);
  // A part of the form of a collection; its dictionaries. Throws corrupt if they are gone.
  OpenCollection& part_of(const CatalogRecord& record, u64 id);
  OpenCollection& dictionaries_of(const CatalogRecord& record) { return part_of(record, record.form.dictionaries); }
  // Erases up to `most` expired entries; the result is how many.
  u64 reclaim(OpenCollection& collection, u64 most);

  // Applies one operation of a redo record. Throws corrupt if it does not fit the state.
  void apply(const Operation& operation);
  // For a batch that writes the tree itself: records that operation as done, and runs `change` as a change.
  // record_value: of an operation that stored a value, with the bytes that the tree keeps (of a long key's entry they
  // are more).
  void record(const Operation& operation);
  void record_value(const Operation& operation, u64 stored_size);
  template <class Change>
  decltype(auto) change(OpenCollection& collection, Change&& change);

  // Marks and savepoints.
  std::shared_ptr<PlacedMark> place_mark();
  void release_mark(PlacedMark& mark) noexcept;
  std::shared_ptr<SavedState> save();
  // Back to `saved`, which can be restored again; marks placed after it are dead.
  void restore(const SavedState& saved);

  // Throws poisoned, or not_found if the collection was dropped.
  void check_usable() const;
  void check_usable(const OpenCollection& collection) const;
  // And invalid_argument while a batch fills it.
  void check_changeable(const OpenCollection& collection) const;
  void set_busy(OpenCollection& collection, bool busy);
  // Throws too_long, invalid_argument for a key or value that the collection cannot hold.
  void check_entry(const OpenCollection& collection, Bytes key, Bytes value) const;
  void poison() { poisoned_ = true; }
  bool changed() const { return changes_ != 0; }
  // Grows with every change: positions read before may point at memory that is gone.
  u64 changes() const { return changes_; }
  storage::WriteTransaction& txn() { return txn_; }

  void flush();

 private:
  static constexpr std::size_t kLeastForgotten = 1024;

  template <class Change>
  decltype(auto) change(Change&& change);
  OpenCollection& add(CatalogRecord&& record);
  void store_records();
  void store(OpenCollection& collection);
  enum class Forget { clean, all };
  void forget_unused(u64 keep, Forget which);
  // Inline leaves: session_inline.cc.
  tree::TreeRoot inline_root_of(const OpenCollection& collection) const;
  void give_page(OpenCollection& collection);
  bool take_in(OpenCollection& collection);
  void note_leaf(OpenCollection& collection) const;
  CatalogReader catalog_reader() const { return CatalogReader(txn_.reader(), catalog_); }
  void apply_to(OpenCollection& collection, const Operation& operation);
  u64 take_id(u64 id);
  ValueForm with_ids(const ValueForm& form);
  void create_parts(const OpenCollection& collection);
  void create_part(const OpenCollection& of, const CollectionTypes& types, u64 id);
  void drop_parts(OpenCollection& collection);
  void clear_parts(OpenCollection& collection);
  // Throws out_of_range unless `items` are there from `index` on.
  void check_index(const OpenCollection& collection, u64 index, u64 items) const;
  // Values as they are stored.
  void check_stored(const OpenCollection& collection, Bytes key, Bytes stored) const;
  bool put_stored(OpenCollection& collection, Bytes key, Bytes stored);
  void insert_stored(OpenCollection& collection, u64 index, Bytes stored);
  void set_stored(OpenCollection& collection, u64 index, Bytes stored);
  // The indexes of times and of expiry.
  StoredTimes stored_times(const ValueForm& form, const detail::EntryTimes& told, const StoredTimes& before) const;
  std::optional<StoredTimes> times_at(const OpenCollection& collection, Bytes tree_key) const;
  std::optional<StoredTimes> indexed_times(const OpenCollection& collection, Bytes tree_key) const;
  void index_times(OpenCollection& collection, Bytes tree_key, const std::optional<StoredTimes>& before,
                   const std::optional<StoredTimes>& after);
  void index_time(OpenCollection& index, Bytes tree_key, std::optional<i64> before, std::optional<i64> after);
  void unindex_range(OpenCollection& collection, u64 first, u64 count);
  std::string user_key(const OpenCollection& collection, const std::string& tree_key) const;
  std::vector<std::string> expired_keys(OpenCollection& collection, u64 most);
  void reclaim_first(OpenCollection& collection);
  OpenCollection* find_reclaim_due();
  void reclaim_expired();
  bool has_dictionary(const OpenCollection& dictionaries, u32 number) const;
  std::optional<std::string> stored_at(const OpenCollection& collection, Bytes key) const;
  void train_if_due(OpenCollection& collection);
  void check_key(const OpenCollection& collection, Bytes key) const;

  bool is_attached(const OpenCollection& collection) const;
  OpenCollection& require(u64 id);
  void check_target(const OpenCollection& parent, const Location& location, u64 size);
  void check_cycle(u64 moved, const OpenCollection& parent);
  void check_idle_children(u64 parent) const;
  OpenCollection& at(const Location& location);
  OpenCollection& add_nested(u64 parent, const CollectionTypes& types, u64 id);
  u64 child_at(const OpenCollection& parent, Bytes key) const;
  std::vector<u64> children_in(const tree::TreeReader& tree, const CatalogRecord& record, u64 first, u64 count) const;
  void place(const Location& location, OpenCollection& child);
  void unplace(const Location& location, OpenCollection& child);
  void release(u64 parent, u64 child);
  void release(u64 parent, const std::vector<u64>& children);
  void bury(CatalogRecord& record);
  void erase_tree_entries(OpenCollection& collection, u64 first, u64 count);
  template <class Step>
  void attempt(Step&& step);
  void reclaim_at_commit();
  bool reclaim_entries(u64 id, u64 count);

  storage::WriteTransaction& txn_;
  KeyHash key_hash_;
  tree::TreeRoot catalog_;
  std::unordered_map<u64, std::shared_ptr<OpenCollection>> open_;  // by id
  std::size_t most_open_ = kLeastForgotten;                        // at a change, before some are forgotten
  std::size_t most_clean_ = kLeastForgotten;                       // the same when one is looked at
  OpenCollection* last_ = nullptr;                                 // found last
  std::vector<PlacedMark*> marks_;
  u64 next_serial_ = 1;
  u64 changes_ = 0;
  u64 drops_ = 1;  // grows when a collection that others may lie in is dropped, and when that may be undone
  u64 busy_ = 0;   // open collections that are
  bool recording_;
  bool trusts_values_;
  bool poisoned_ = false;
  std::string buffer_;  // an operation or record being encoded
  std::string leaf_;    // an inline leaf being made
  std::string formed_;  // a value as it is to be stored
  DictionaryCache* dictionaries_;
  mutable std::unique_ptr<DictionaryCache> own_dictionaries_;  // those made in this transaction
};

// Runs `change` as a change of the catalog: what it throws poisons the session.
template <class Change>
decltype(auto) WriteSession::change(Change&& change) {
  ++changes_;
  try {
    return change();
  } catch (...) {
    poisoned_ = true;
    throw;
  }
}

// The same for `collection`.
template <class Change>
decltype(auto) WriteSession::change(OpenCollection& collection, Change&& change) {
  return this->change([&]() -> decltype(auto) {
    forget_unused(collection.record.part_of_form ? collection.record.parent : collection.record.id, Forget::all);
    collection.dirty = true;
    return change();
  });
}

// Runs a step that the commit can do without: one that fails because of damage, or for want of space, is undone.
template <class Step>
void WriteSession::attempt(Step&& step) {
  const std::shared_ptr<SavedState> before = save();
  try {
    step();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt && error.code() != ErrorCode::disk_full) throw;
    poisoned_ = false;
    restore(*before);
  }
  release_mark(*before->mark);
}

// While it lives, allocations may use the pages kept back for deletes.
class ReserveUse {
 public:
  explicit ReserveUse(storage::WriteTransaction& txn) : txn_(txn), before_(txn.reserve()) {
    txn_.use_reserve(storage::WriteTransaction::Reserve::erase);
  }
  ~ReserveUse() { txn_.use_reserve(before_); }
  ReserveUse(const ReserveUse&) = delete;
  ReserveUse& operator=(const ReserveUse&) = delete;

 private:
  storage::WriteTransaction& txn_;
  storage::WriteTransaction::Reserve before_;
};

}  // namespace sapwood::collections
