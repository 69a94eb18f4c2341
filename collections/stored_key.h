// How the key of a user becomes the key of the tree, and back. docs/format.md, "Keys and values".
//
// Sorted collections: it is the key. Dicts and sets: the key behind 8 bytes of its hash, big-endian, so that the order
// is that of the hash and, where hashes are equal, of the key: no number of equal hashes makes anything slow.
// A key that does not fit a tree's key then (a quarter page) is long: the tree's key is
//   hash (8) | digest (16) | as many bytes of the key as make a quarter page
// and the entry's value is {varint key size, key, value}. The hash is XXH3-64, the digest XXH3-128, both seeded with
// the file's hash key. Short keys are at most a quarter page less 9 bytes, so the size of a tree's key tells which it
// is.
#pragma once

#include <array>
#include <string>

#include "base/hash.h"
#include "tree/tree.h"

namespace sapwood::collections {

inline constexpr u32 kHashBytes = 8;
inline constexpr u32 kDigestBytes = 16;
// Longest key of a dict or set.
inline constexpr u32 kMaxHashedKey = 65536;

constexpr u32 max_short_key(u32 page_size) { return tree::max_key_size(page_size) - kHashBytes - 1; }

// The tree's key for the length of a call.
class StoredKey {
 public:
  StoredKey(const tree::TreeShape& shape, u32 page_size, const KeyHash& hash, Bytes key) : bytes_(key) {
    if (shape.order == tree::Order::hash) hash_key(page_size, hash, key);
  }
  StoredKey(const tree::TreeReader& tree, Bytes key)
      : StoredKey(tree.shape(), tree.pages().page_size(), tree.pages().key_hash(), key) {}
  StoredKey(const StoredKey&) = delete;
  StoredKey& operator=(const StoredKey&) = delete;

  operator Bytes() const { return bytes_; }
  bool is_long() const { return long_; }

 private:
  void hash_key(u32 page_size, const KeyHash& hash, Bytes key);

  Bytes bytes_;
  bool long_ = false;
  std::array<char, 72> small_;
  std::string large_;
};

// Whether an entry of a tree with that shape and that key keeps the user's key in its value.
inline bool is_long_key(const tree::TreeShape& shape, u32 page_size, Bytes tree_key) {
  return shape.order == tree::Order::hash && tree_key.size() == tree::max_key_size(page_size);
}

// The user's key in a tree's key that is not long. Throws Error{corrupt} that names `collection`.
[[noreturn]] void throw_no_hash(const std::string& collection);
inline Bytes short_key(const tree::TreeShape& shape, Bytes tree_key, const std::string& collection) {
  if (shape.order != tree::Order::hash) return tree_key;
  if (tree_key.size() < kHashBytes) [[unlikely]]
    throw_no_hash(collection);
  return tree_key.substr(kHashBytes);
}

// The value of an entry with a long key: both together, and taken apart. split throws Error{corrupt} as above.
std::string join_long_entry(Bytes key, Bytes value);
struct LongEntry {
  Bytes key;
  Bytes value;
};
LongEntry split_long_entry(Bytes stored, const std::string& collection);

}  // namespace sapwood::collections
