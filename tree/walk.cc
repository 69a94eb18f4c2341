#include "tree/check.h"
#include "tree/descent.h"

namespace sapwood::tree {

namespace {

class Walk {
 public:
  Walk(const TreeReader& tree, const EnterPages& enter, const VisitLeaf& leaf)
      : tree_(tree), enter_(enter), leaf_(leaf) {}

  void node(PageRef ref, u32 level) {
    // Damaged references could lead to the same pages again and again.
    check_format(++visited_ <= tree_.pages().page_count(), ref.page, "the tree refers to more pages than there are");
    if (!enter_({ref.page, 1}, ref.birth, PageUse::node)) return;
    if (level == 0) {
      if (tree_.root().owns_runs && !tree_.shape().fixed) blobs(ref);
      if (leaf_) leaf_(fetch_node(tree_.pages(), ref, tree_.shape(), 0));
      return;
    }
    const u32 page_size = tree_.pages().page_size();
    const Branch branch(fetch_node(tree_.pages(), ref, tree_.shape(), level), page_size);
    for (u32 i = 0; i < branch.count(); ++i) node(branch.child(i), level - 1);
  }

 private:
  void blobs(PageRef ref) {
    const PageReader& pages = tree_.pages();
    const Leaf leaf(fetch_node(pages, ref, tree_.shape(), 0), pages.page_size());
    for (u32 i = 0; i < leaf.count(); ++i) {
      const StoredValue value = leaf.value(i);
      if (value.kind != ValueKind::blob) continue;
      BlobReference reference;
      check_format(parse_blob_reference(value.bytes, pages.page_size(), reference), ref.page,
                   "V1: the reference to a large value is damaged");
      if (reference.extents == 0) {
        walk_pages_where(TreeReader(pages, chunk_tree_shape(tree_.shape().tree_id), reference.chunks), enter_);
      }
      for_each_run(pages, tree_.shape().tree_id, reference, 0,
                   [&](const BlobRun& run) { return enter_(run.extent, reference.birth, PageUse::run), true; });
    }
  }

  const TreeReader& tree_;
  const EnterPages& enter_;
  const VisitLeaf& leaf_;
  u64 visited_ = 0;
};

}  // namespace

void walk_pages(const TreeReader& tree, const VisitPages& visit) {
  walk_pages_where(tree, [&visit](storage::Extent pages, u32 birth, PageUse) { return visit(pages, birth), true; });
}

void walk_pages_where(const TreeReader& tree, const EnterPages& enter, const VisitLeaf& leaf) {
  if (tree.root().height == 0) return;
  check_root(tree.root());
  Walk(tree, enter, leaf).node(tree.root().root, tree.root().height - 1u);
}

}  // namespace sapwood::tree
