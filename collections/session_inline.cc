// Inline leaves in WriteSession: they are read where they lie, in the catalog's pages, and never changed there.
//
//   inline --writer(): give_page()--> a page of its own, as every tree --store_records(): take_in(), if small--> inline
//
// A page that comes and goes within a transaction is never written. Going back costs a commit less than the page that
// would have to be copied for the change, so a collection may cross the border at each commit.
#include "collections/session.h"
#include "tree/inline_leaf.h"

namespace sapwood::collections {

// The record was just found: so its leaf is where it says, until the next change.
void WriteSession::note_leaf(OpenCollection& collection) const {
  collection.leaf = collection.record.root.leaf;
  collection.leaf_version = collection.leaf.empty() ? 0 : txn_.version();
  collection.record.root.leaf = {};
}

tree::TreeRoot WriteSession::inline_root_of(const OpenCollection& collection) const {
  if (collection.leaf_version != txn_.version()) {
    const std::optional<CatalogRecord> record = catalog_reader().find(collection.record.id);
    if (!record || !record->root.is_inline()) {
      throw Error(ErrorCode::corrupt, "catalog: the record of '" + collection.record.name +
                                          "' is not there any more; run check on the file");
    }
    collection.leaf = record->root.leaf;
    collection.leaf_version = txn_.version();
  }
  tree::TreeRoot root = collection.record.root;
  root.leaf = collection.leaf;
  return root;
}

void WriteSession::give_page(OpenCollection& collection) {
  tree::TreeRoot root = inline_root_of(collection);
  tree::give_page(txn_, collection.record.shape, root);
  collection.record.root = root;
  collection.dirty = true;
}

// Whether this transaction has changed the tree, and it is small enough; then its leaf is in leaf_, its page is freed.
bool WriteSession::take_in(OpenCollection& collection) {
  CatalogRecord& record = collection.record;
  if (!record.may_be_inline() || record.root.root.birth != txn_.birth()) return false;
  if (!tree::make_inline_leaf(reader(collection), leaf_)) return false;
  txn_.free(record.root.root);
  record.root = {.root = {}, .count = record.root.count};
  return true;
}

// Puts the record back; small trees without a page of their own.
void WriteSession::store(OpenCollection& collection) {
  if (collection.record.root.is_inline()) collection.record.root.leaf = inline_root_of(collection).leaf;
  else if (take_in(collection)) collection.record.root.leaf = leaf_;
  CatalogWriter(txn_, catalog_).store(collection.record, buffer_);
  collection.record.root.leaf = {};
  collection.dirty = false;
}

}  // namespace sapwood::collections
