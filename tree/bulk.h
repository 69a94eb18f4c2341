// Builds a tree from sorted input into full pages, left to right, each page written once.
#pragma once

#include <memory>

#include "storage/page_store.h"
#include "tree/shape.h"

namespace sapwood::tree {

class BulkLoader {
 public:
  // `root` must be of an empty tree; it is set by finish().
  BulkLoader(storage::PageStore& store, const TreeShape& shape, TreeRoot& root);
  ~BulkLoader();

  // Appends an entry. Keys strictly ascend: Error{invalid_argument} otherwise (`key` is ignored in a list).
  void add(Bytes key, Bytes value);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sapwood::tree
