// The tree of a collection in one version, with what reading its values needs: its form, the dictionaries, and the
// moment at which expiry is judged. A small value, valid as long as the version and the record are.
#pragma once

#include <string>

#include "collections/catalog.h"
#include "collections/dictionary.h"

namespace sapwood::collections {

class WriteSession;

// Where a version finds dictionaries, and its moment.
struct FormSource {
  i64 now_us = 0;
  DictionaryCache* cache = nullptr;
  const storage::CatalogRoot* catalog = nullptr;  // of a snapshot
  const WriteSession* session = nullptr;          // of a write transaction
};

class CollectionTree : public tree::TreeReader {
 public:
  // `root`: where the tree stands in that version.
  CollectionTree(const storage::PageReader& pages, const CatalogRecord& record, const tree::TreeRoot& root,
                 const FormSource& source)
      : TreeReader(pages, record.shape, root), record_(&record), source_(source) {}

  const std::string& name() const { return record_->name; }
  const ValueForm& form() const { return record_->form; }
  bool is_plain() const { return record_->form.is_plain(); }

  // The user's value in a stored one: a part of it, or in `buffer`. Throws corrupt.
  Bytes user_value(Bytes stored, std::string& buffer) const {
    if (is_plain()) [[likely]]
      return stored;
    return decode(stored, buffer);
  }
  // The times in a stored value, as far as the collection has them.
  StoredTimes times_of(Bytes stored) const { return split_value(form(), stored, name()).times; }
  // Whether entries can be there that are expired and not reclaimed yet; whether one of these times is.
  bool may_expire() const { return form().may_expire(); }
  bool is_expired(const StoredTimes& times) const { return may_expire() && form().expires_at(times) <= source_.now_us; }

 private:
  Bytes decode(Bytes stored, std::string& buffer) const;
  const Dictionary& dictionary(u32 number) const;

  const CatalogRecord* record_;
  FormSource source_;
};

// The bytes of a dictionary in its tree. Throws corrupt that names `collection`.
std::string read_dictionary(const tree::TreeReader& dictionaries, u32 number, const std::string& collection);
// The highest number that the tree has; 0 if it is empty.
u32 newest_dictionary(const tree::TreeReader& dictionaries);

// The key of a dictionary in its tree.
std::string dictionary_key(u32 number);

}  // namespace sapwood::collections
