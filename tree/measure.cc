#include "tree/measure.h"

#include "tree/check.h"
#include "tree/descent.h"

namespace sapwood::tree {
namespace {

class Measuring {
 public:
  Measuring(const TreeReader& tree, const ClaimPages& claim)
      : pages_(tree.pages()), shape_(tree.shape()), claim_(claim) {}

  void node(PageRef ref, u32 level) {
    claim_({ref.page, 1});
    const u8* page = fetch_node(pages_, ref, shape_, level);
    if (level != 0) return branch(Branch(page, pages_.page_size()), level);
    const LeafNode leaf(page, pages_.page_size());
    ++(shape_.fixed ? metrics.fixed_leaf_pages : metrics.leaf_pages);
    metrics.leaf_bytes += leaf.used();
    entries(leaf, ref.page);
  }

  void entries(const LeafNode& leaf, PageNo number) {
    if (shape_.fixed) fixed_entries(leaf.fixed());
    else entries(leaf.variable(), number);
  }

  TreeMetrics metrics;

 private:
  void branch(const Branch& branch, u32 level) {
    ++metrics.branch_pages;
    metrics.branch_bytes += branch.used();
    for (u32 i = 0; i < branch.count(); ++i) node(branch.child(i), level - 1);
  }

  void fixed_entries(const FixedLeaf& leaf) {
    metrics.key_bytes += u64{leaf.count()} * leaf.key_width();
    metrics.value_bytes += u64{leaf.count()} * leaf.value_width();
  }

  void entries(const Leaf& leaf, PageNo number) {
    for (u32 i = 0; i < leaf.count(); ++i) {
      if (leaf.keyed()) metrics.key_bytes += leaf.key_size(i);
      const StoredValue value = leaf.value(i);
      if (value.kind == ValueKind::blob) blob(value.bytes, number);
      else metrics.value_bytes += value.bytes.size();
    }
  }

  void blob(Bytes bytes, PageNo number) {
    BlobReference reference;
    check_format(parse_blob_reference(bytes, pages_.page_size(), reference), number,
                 "V1: the reference to a large value is damaged");
    metrics.value_bytes += reference.size;
    metrics.value_bytes_in_runs += reference.run_bytes();
    const auto take = [this](Extent pages) {
      claim_(pages);
      metrics.value_pages += pages.pages;
    };
    if (reference.extents == 0) {
      walk_pages(TreeReader(pages_, chunk_tree_shape(shape_.tree_id), reference.chunks),
                 [&](Extent page, u32) { take(page); });
    }
    for_each_run(pages_, shape_.tree_id, reference, 0, [&](const BlobRun& run) { return take(run.extent), true; });
  }

  PageReader pages_;
  TreeShape shape_;
  const ClaimPages& claim_;
};

}  // namespace

TreeMetrics measure_tree(const TreeReader& tree, const ClaimPages& claim) {
  Measuring measuring(tree, claim);
  if (tree.root().is_empty()) return measuring.metrics;
  check_root(tree.root());
  if (tree.root().is_inline()) {
    measuring.entries(inline_leaf(tree.root()), kNoPage);
    return measuring.metrics;
  }
  measuring.metrics.height = tree.root().height;
  measuring.node(tree.root().root, tree.root().height - 1u);
  return measuring.metrics;
}

}  // namespace sapwood::tree
