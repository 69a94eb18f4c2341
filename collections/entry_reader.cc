#include "collections/entry_reader.h"

#include "collections/stored_key.h"

namespace sapwood::collections {

void deliver(const CollectionTree& tree, const tree::ValueView& value, const detail::Receiver& receiver) {
  if (receiver.take == nullptr) return;
  std::string decoded;
  if (value.is_inline()) [[likely]] {
    receiver.take(receiver.to, tree.user_value(value.inline_bytes(), decoded));
    return;
  }
  if (receiver.wants_large != nullptr && !receiver.wants_large(receiver.to)) return;
  std::string bytes;
  value.read(bytes);
  receiver.take(receiver.to, tree.user_value(bytes, decoded));
}

void deliver_long(const CollectionTree& tree, const tree::ValueView& stored, const detail::Receiver& key,
                  const detail::Receiver& value) {
  if (value.wants_large != nullptr && !value.wants_large(value.to)) return;
  std::string bytes;
  stored.read(bytes);
  const LongEntry entry = split_long_entry(bytes, tree.name());
  std::string decoded;
  if (key.take != nullptr) key.take(key.to, entry.key);
  if (value.take != nullptr) value.take(value.to, tree.user_value(entry.value, decoded));
}

FoundEntry::FoundEntry(const CollectionTree& tree, Bytes key) {
  const StoredKey stored(tree, key);
  is_long_ = stored.is_long();
  found_ = tree.get(stored);
  if (!found_ || !tree.may_expire()) [[likely]]
    return;
  if (tree.is_expired(*times(tree))) found_.reset();
}

std::optional<StoredTimes> FoundEntry::times(const CollectionTree& tree) const {
  if (!found_) return std::nullopt;
  if (found_->is_inline() && !is_long_) return tree.times_of(found_->inline_bytes());
  std::string bytes;
  found_->read(bytes);
  return tree.times_of(is_long_ ? split_long_entry(bytes, tree.name()).value : Bytes(bytes));
}

bool read_value(const CollectionTree& tree, Bytes key, const detail::Receiver& receiver) {
  const FoundEntry found(tree, key);
  if (!found) return false;
  if (found.is_long()) deliver_long(tree, found.stored(), {}, receiver);
  else deliver(tree, found.stored(), receiver);
  return true;
}

void EntryReader::take_form(const CollectionTree& tree) {
  times_ = tree.times_of(value_);
  expired_ = tree.is_expired(times_);
  value_ = tree.user_value(value_, decoded_);
}

void EntryReader::read(const tree::Cursor& cursor, const CollectionTree& tree) {
  const tree::ValueView value = cursor.value();
  if (value.is_inline()) [[likely]] {
    value_ = value.inline_bytes();
  } else {
    value.read(value_buffer_);
    value_ = value_buffer_;
  }
  if (tree::is_keyed(tree.shape().order)) {
    key_buffer_.clear();
    key_ = cursor.key(key_buffer_);
    if (is_long_key(tree.shape(), cursor.page_size(), key_)) {
      const LongEntry entry = split_long_entry(value_, tree.name());
      key_ = entry.key;
      value_ = entry.value;
    } else {
      key_ = short_key(tree.shape(), key_, tree.name());
    }
  }
  if (!tree.is_plain()) [[unlikely]]
    take_form(tree);
}

void deliver_entry(const tree::Cursor& cursor, const CollectionTree& tree, const detail::Receiver& key,
                   const detail::Receiver& value) {
  if (!tree::is_keyed(tree.shape().order)) return deliver(tree, cursor.value(), value);
  const Bytes tree_key = cursor.key();
  if (is_long_key(tree.shape(), tree.pages().page_size(), tree_key)) {
    return deliver_long(tree, cursor.value(), key, value);
  }
  const Bytes user_key = short_key(tree.shape(), tree_key, tree.name());
  if (key.take != nullptr) key.take(key.to, user_key);
  deliver(tree, cursor.value(), value);
}

}  // namespace sapwood::collections
