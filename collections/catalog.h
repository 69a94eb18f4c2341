// The catalog: the tree (order by key, tree id 0) that tells the names, types and roots of all collections.
// docs/format.md, "Catalog". Integers are little-endian except in keys.
//
//   key                        value
//   'n' name                   id u64
//   'i' id (u64, big-endian)   record
//   'x'                        next id u64
//   't'                        where the table of named snapshots is: collections/snapshots.h
//   'q' id (u64, big-endian)   empty: that collection was dropped, and waits to be reclaimed
//   'r' id (u64, big-endian)   empty: entries of that collection may expire
//
// Record of a collection:
//   offset  size  field
//        0     1  version of the record: 1
//        1     1  kind               CollectionKind
//        2     1  key type           ValueType; none for a list
//        3     1  value type
//        4     2  key codec          0: the one of the type; others are users'
//        6     2  value codec
//        8     2  flags              bit 0 the tree owns runs, bit 1 its leaves are fixed, bit 2 its entries own
//                                    collections, bit 3 its leaf is inline, bit 4 it waits to be reclaimed,
//                                    bit 5 part of the form of its parent
//       10     2  key width          bytes of every key if the leaves are fixed
//       12     2  value width
//       14     1  height             levels of the tree's pages; 0 is empty, or inline
//       15     1  reserved, 0
//       16     6  root page          0 if there is none
//       22     2  reserved, 0
//       24     4  root birth         low 32 bits
//       28     4  reserved, 0
//       32     8  count              items
//       40     8  parent             id of the collection that owns it; 0: it has a name. Of one that waits to be
//                                    reclaimed: what it was the tree of, as its pages and its children tell
//       48     2  options length n
//       50     n  options            type options: collections/type_options.h, then collections/value_form.h
//     50+n     1  name length m
//     51+n     m  name
//   51+n+m        the leaf, up to the end, if it is inline: tree/inline_leaf.h
//
// Invariants:
//   C1  'n' entries and records without a parent correspond one to one, and agree on the name; others have none
//   C2  every id is below the next id; the low 32 bits of an id, which pages carry, are neither 0 nor 2^32 - 1
//   C3  height 0 iff root page 0 iff count 0 or the leaf is inline; widths and the fixed flag follow from the types and
//       the page size
//   C4  the options are the type options of the types and those of the form, and nothing else
//   C5  a record with a parent, but no part of a form, is the value of exactly one entry, of a collection that is
//       its parent, or was that and
//       waits to be reclaimed; the way from parent to parent ends at a name or at such a one
//   C6  'q' entries and records that wait to be reclaimed correspond one to one
//   C7  the indexes and dictionaries that forms name, and the records that are part of a form, correspond one to one
//   C8  a leaf is inline only of a collection with a parent and a plain form, not part of one; it is sound (I1, I2)
//   C9  'r' entries and records whose entries may expire correspond one to one
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "collections/value_form.h"
#include "sapwood/types.h"
#include "storage/descriptor.h"
#include "tree/tree.h"

namespace sapwood::collections {

struct CatalogRecord {
  u64 id = 0;
  CollectionTypes types;
  tree::TreeShape shape;
  tree::TreeRoot root;            // an inline leaf: in the bytes that it was decoded from
  std::string name;               // "#" and the id if it has none
  u64 parent = 0;                 // that owns it; 0: none, it has a name
  bool owns_collections = false;  // entries may be collections, which go with them
  bool dropped = false;           // it waits to be reclaimed: what is left of a collection `parent`
  ValueForm form;
  bool part_of_form = false;  // the parent's: an index of times, or dictionaries
  bool is_nested() const { return parent != 0 && !part_of_form; }
  bool may_be_inline() const { return is_nested() && form.is_plain(); }
  std::string who() const;  // for messages: kind and name
};

// What nested collections, and those that wait to be reclaimed, are called.
std::string name_of_nested(u64 id);

inline constexpr u32 kCatalogTreeId = 0;
inline constexpr u32 kSnapshotTreeId = ~u32{0};
// Whether a collection's tree may have it.
constexpr bool is_free_tree_id(u32 id) { return id != kCatalogTreeId && id != kSnapshotTreeId; }
tree::TreeShape catalog_shape();
tree::TreeRoot to_tree_root(const storage::CatalogRoot& root);
storage::CatalogRoot to_catalog_root(const tree::TreeRoot& root);

// The shape of a new collection: fixed leaves where all keys and values have fixed widths and four entries fit a page.
tree::TreeShape shape_of(u64 id, const CollectionTypes& types, u32 page_size, const ValueForm& form = {});

// Longest name in a file with such pages.
u32 max_name_size(u32 page_size);
// Throws Error{invalid_argument}, saying the limit, unless `name` is 1..max_name_size bytes of UTF-8.
void check_name(Bytes name, u32 page_size);

// Replaces `to` by the bytes of the record.
void encode_record(std::string& to, const CatalogRecord& record);
// Verifies an inline leaf. Throws corrupt, or newer_format for kinds, types and versions that are not known.
CatalogRecord decode_record(u64 id, Bytes bytes, u32 page_size);

// The id if that is the key of a collection's record.
std::optional<u64> record_id(Bytes catalog_key);

class CatalogReader {
 public:
  CatalogReader(const storage::PageReader& pages, const tree::TreeRoot& root) : tree_(pages, catalog_shape(), root) {}

  std::optional<u64> find_id(Bytes name) const;
  // An inline leaf is valid as long as the pages that this reads.
  std::optional<CatalogRecord> find(u64 id) const;
  std::optional<CatalogRecord> find(Bytes name) const;
  // Calls `visit` for every collection with a name, in the order of names.
  void for_each_named(const std::function<void(CatalogRecord&&)>& visit) const;
  // Calls `visit` for every record in the order of ids. What it throws goes on.
  void for_each(const std::function<void(CatalogRecord&&)>& visit) const;
  // The ids of all records, ascending.
  std::vector<u64> ids() const;
  // Whether nothing that the collection lies in was dropped. O(depth).
  bool is_attached(const CatalogRecord& record) const;
  // The collection that has waited longest to be reclaimed, if any does.
  std::optional<u64> first_dropped() const { return chores().dropped; }
  // What a commit has to see to: the same, and whether there are entries that may expire. One look-up if nothing waits.
  struct Chores {
    std::optional<u64> dropped;
    bool may_expire = false;
  };
  Chores chores() const;
  // A collection whose entries may expire: another one with each `turn`. Requires: there are some.
  u64 expiring(u64 turn) const;
  // How many entries there are of a kind: 'n' names, 'i' records, 'q' that wait to be reclaimed, 'r' whose entries may
  // expire. O(log n).
  u64 count(char kind) const;
  // Adds a sentence for each break of C1, C2 and C6, and for records that cannot be read.
  void check(std::vector<std::string>& findings) const;

  const tree::TreeReader& tree() const { return tree_; }

 private:
  tree::TreeReader tree_;
};

// Changes keep `root`, which outlives the writer, up to date.
class CatalogWriter {
 public:
  CatalogWriter(storage::PageStore& store, tree::TreeRoot& root) : tree_(store, catalog_shape(), root) {}

  // An id never used before.
  u64 take_id();
  // Enters `id` as used (for replay).
  void reserve_id(u64 id);
  void add_name(Bytes name, u64 id);
  void remove_name(Bytes name);
  // Stores the record; `buffer` is space to encode it.
  void store(const CatalogRecord& record, std::string& buffer);
  void remove(u64 id);
  // Enters the collection into the queue of those to be reclaimed, and takes it out.
  void add_dropped(u64 id);
  void remove_dropped(u64 id);
  // The same for those whose entries may expire.
  void add_expiring(u64 id);
  void remove_expiring(u64 id);

 private:
  tree::TreeWriter tree_;
};

}  // namespace sapwood::collections
