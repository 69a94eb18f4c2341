// Entries of a collection as a user sees them: keys and values out of those of the tree.
#pragma once

#include <string>

#include "collections/collection_tree.h"
#include "sapwood/detail/handle.h"
#include "tree/cursor.h"

namespace sapwood::collections {

// Hands the user's value of a stored one to `receiver`, if it wants it.
void deliver(const CollectionTree& tree, const tree::ValueView& value, const detail::Receiver& receiver);
// The same of an entry with a long key (StoredKey), whose value holds both.
void deliver_long(const CollectionTree& tree, const tree::ValueView& stored, const detail::Receiver& key,
                  const detail::Receiver& value);
// The entry at the user's `key`, unless it has expired.
class FoundEntry {
 public:
  FoundEntry(const CollectionTree& tree, Bytes key);
  explicit operator bool() const { return found_.has_value(); }
  const tree::ValueView& stored() const { return *found_; }
  bool is_long() const { return is_long_; }
  // nullopt if there is no entry.
  std::optional<StoredTimes> times(const CollectionTree& tree) const;

 private:
  std::optional<tree::ValueView> found_;
  bool is_long_;
};
// Hands the value at the user's `key` to `receiver`; false if there is none.
bool read_value(const CollectionTree& tree, Bytes key, const detail::Receiver& receiver);

// Takes both of one entry.
class EntryReader {
 public:
  // Key (empty if it has none) and value of the entry at `cursor`: valid until the next read and while the pages are.
  void read(const tree::Cursor& cursor, const CollectionTree& tree);
  Bytes key() const { return key_; }
  Bytes value() const { return value_; }
  const StoredTimes& times() const { return times_; }
  // It is there only until it is reclaimed.
  bool expired() const { return expired_; }

 private:
  void take_form(const CollectionTree& tree);

  Bytes key_;
  Bytes value_;
  StoredTimes times_;
  bool expired_ = false;
  std::string key_buffer_;
  std::string value_buffer_;
  std::string decoded_;
};

// Key (if it has one) and value of the entry at `cursor` in `tree`.
void deliver_entry(const tree::Cursor& cursor, const CollectionTree& tree, const detail::Receiver& key,
                   const detail::Receiver& value);

}  // namespace sapwood::collections
