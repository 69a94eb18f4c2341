// One counted, copy-on-write B+ tree on bytes. Collections are thin faces over it.
//
// A tree is a TreeShape and a TreeRoot; TreeReader reads it through a PageReader, TreeWriter changes it through a
// PageStore and keeps the TreeRoot that it was given up to date. Every branch counts the entries below each child, so
// positions, ranks and counts are O(log n).
#pragma once

#include <optional>
#include <span>

#include "storage/page_reader.h"
#include "storage/page_store.h"
#include "tree/shape.h"
#include "tree/value.h"

namespace sapwood::tree {

class TreeReader {
 public:
  TreeReader(const storage::PageReader& pages, const TreeShape& shape, const TreeRoot& root)
      : pages_(pages), shape_(shape), root_(root) {}

  u64 size() const { return root_.count; }

  // The value at `key`, or nullopt. O(log n). Requires: the tree has keys.
  std::optional<ValueView> get(Bytes key) const;
  // The same for up to kMaxTogether keys, which overlap their waits for memory: about twice as fast as one by one where
  // the tree is larger than the processor's caches. Requires: as many values as keys.
  static constexpr std::size_t kMaxTogether = 16;
  void get_many(std::span<const Bytes> keys, std::span<std::optional<ValueView>> values) const;
  // The values at up to kMaxTogether positions, in the same way. Requires: each < size(), as many values as positions.
  void at_many(std::span<const u64> indexes, std::span<ValueView> values) const;
  // The value at position `index` in the tree's order. O(log n). Requires: index < size().
  ValueView at(u64 index) const;
  // How many entries have a smaller key (`after`: a smaller or equal one). O(log n). Requires: the tree has keys.
  u64 rank(Bytes key, bool after = false) const;

  const storage::PageReader& pages() const { return pages_; }
  const TreeShape& shape() const { return shape_; }
  const TreeRoot& root() const { return root_; }

 private:
  storage::PageReader pages_;
  TreeShape shape_;
  TreeRoot root_;
};

class Editor;
class RightEdge;

class TreeWriter {
 public:
  // `root` is read now and updated by every change; it outlives the writer. Keys and values given to a writer are
  // copied; they must not lie in pages of the store (a ValueView's bytes), which a change may move. `edge` makes runs
  // of appends faster; it is kept beside `root`, for one transaction.
  TreeWriter(storage::PageStore& store, const TreeShape& shape, TreeRoot& root, RightEdge* edge = nullptr)
      : store_(store), shape_(shape), root_(root), edge_(edge) {}

  TreeReader reader() const { return TreeReader(store_.reader(), shape_, root_); }

  // Puts `value` at `key`; true if the key was not there. O(log n). Requires: the tree has keys, key <= max_key_size.
  bool put(Bytes key, Bytes value);
  // Removes `key`; false if it was not there (then nothing changed). O(log n).
  bool erase(Bytes key);

  // Inserts before position `index`. O(log n). Requires: order is position, index <= size.
  void insert(u64 index, Bytes value);
  // Adds values, back to back, after all others. O(log n) a page. Requires: fixed leaves, order is position, at least
  // one value, whole ones.
  void append_values(Bytes values);
  // Replaces the value at `index`. O(log n). Requires: index < size. (Any order.)
  void set(u64 index, Bytes value);

  // Removes entries [index, index + count) in the tree's order, any order. O(log n) page edits, plus one visit to each
  // branch of level 1 wholly inside (not to its leaves), and to the leaves only if the tree owns runs.
  // Requires: the range is within size().
  void erase_range(u64 index, u64 count);
  void clear() { erase_range(0, root_.count); }

 private:
  Editor editor();

  storage::PageStore& store_;
  TreeShape shape_;
  TreeRoot& root_;
  RightEdge* edge_;
};

}  // namespace sapwood::tree
