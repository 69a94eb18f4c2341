// Steps of a descent through pages that are only read.
#pragma once

#include "tree/blob.h"
#include "tree/branch.h"
#include "tree/leaf_node.h"
#include "tree/tree.h"

namespace sapwood::tree {

// The page of `level` that `ref` names, checked (N1-N5).
inline const u8* fetch_node(const PageReader& pages, PageRef ref, const TreeShape& shape, u32 level) {
  const u8* page = pages.fetch(ref);
  check_node(page, ref.page, shape, level);
  return page;
}

// The same for a leaf that will be searched by key: what the search touches is asked for at once, not line by line.
inline const u8* fetch_leaf(const PageReader& pages, PageRef ref, const TreeShape& shape) {
  const u8* page = pages.fetch(ref);
  __builtin_prefetch(page);
  __builtin_prefetch(page + 64);
  __builtin_prefetch(page + 128);
  __builtin_prefetch(page + 192);
  __builtin_prefetch(page + pages.page_size() - 64);
  check_node(page, ref.page, shape, 0);
  return page;
}

// The same for a branch that will be searched by key.
inline Branch fetch_branch(const PageReader& pages, PageRef ref, const TreeShape& shape, u32 level) {
  const u8* page = pages.fetch(ref);
  __builtin_prefetch(page);
  __builtin_prefetch(page + pages.page_size() - 64);
  check_node(page, ref.page, shape, level);
  return Branch(page, pages.page_size());
}

// The leaf of an inline tree. Requires: root.leaf is valid, and was verified.
inline LeafNode inline_leaf(const TreeRoot& root) {
  return LeafNode(reinterpret_cast<const u8*>(root.leaf.data()), static_cast<u32>(root.leaf.size()));
}

// Where a descent through the branches has led: to the leaf at `ref`, or in a tree without pages to its one leaf.
inline LeafNode arrive(const TreeReader& tree, PageRef ref) {
  if (tree.root().height == 0) [[unlikely]]
    return inline_leaf(tree.root());
  return LeafNode(fetch_node(tree.pages(), ref, tree.shape(), 0), tree.pages().page_size());
}
// The same for a leaf that will be searched by key.
inline LeafNode arrive_to_search(const TreeReader& tree, PageRef ref) {
  if (tree.root().height == 0) [[unlikely]]
    return inline_leaf(tree.root());
  return LeafNode(fetch_leaf(tree.pages(), ref, tree.shape()), tree.pages().page_size());
}

// A value as it is given to callers.
inline ValueView make_value(const StoredValue& value, const PageReader& pages, u32 tree_id) {
  if (value.kind == ValueKind::inline_bytes) [[likely]]
    return ValueView(value.bytes);
  BlobReference blob;
  const bool ok = parse_blob_reference(value.bytes, pages.page_size(), blob) &&
                  blob.run_pages(pages.page_size()) <= pages.page_count();
  check_format(ok, kNoPage, "V1: the reference to a large value is damaged");
  return ValueView(value.bytes, blob.size, pages, tree_id);
}

}  // namespace sapwood::tree
