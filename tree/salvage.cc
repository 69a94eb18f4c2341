#include "tree/salvage.h"

#include "tree/check.h"
#include "tree/descent.h"

namespace sapwood::tree {
namespace {

class Salvage {
 public:
  Salvage(const PageReader& pages, const TreeShape& shape, storage::PageSet& seen, const SalvageVisitor& visitor)
      : pages_(pages), shape_(shape), seen_(seen), visitor_(visitor) {}

  // `place.why` is filled if it is a gap.
  void node(Gap place) {
    const u8* page = nullptr;
    try {
      page = fetch_node(pages_, place.ref, shape_, place.level);
      seen_.add({place.ref.page, 1});
    } catch (const Error& error) {
      place.why = error.what();
      return visitor_.gap(place);
    }
    if (place.level == 0) visitor_.leaf(LeafNode(page, pages_.page_size()), place.ref.page, place.first);
    else branch(place, Branch(page, pages_.page_size()));
  }

 private:
  void branch(const Gap& place, const Branch& page) {
    const u32 n = page.count();
    Bound low = place.low;
    for (u32 i = 0; i < n; ++i) {
      Bound high = place.high;
      if (i + 1 < n && is_keyed(shape_.order)) page.append_separator(i + 1, high.emplace());
      node({.ref = page.child(i),
            .level = place.level - 1,
            .first = place.first + page.begin(i),
            .entries = page.entries(i),
            .low = low,
            .high = high});
      low = std::move(high);
    }
  }

  const PageReader& pages_;
  const TreeShape& shape_;
  storage::PageSet& seen_;
  const SalvageVisitor& visitor_;
};

}  // namespace

void salvage_tree(const TreeReader& tree, storage::PageSet& seen, const SalvageVisitor& visitor) {
  const TreeRoot& root = tree.root();
  if (root.is_empty()) return;
  try {
    check_root(root);
  } catch (const Error& error) {
    return visitor.gap({.ref = root.root, .level = kMaxHeight, .entries = root.count, .why = error.what()});
  }
  if (root.is_inline()) return visitor.leaf(inline_leaf(root), kNoPage, 0);
  const Gap place{.ref = root.root, .level = root.height - 1u, .entries = root.count};
  salvage_subtree(tree.pages(), tree.shape(), place, seen, visitor);
}

void salvage_subtree(const PageReader& pages, const TreeShape& shape, const Gap& place, storage::PageSet& seen,
                     const SalvageVisitor& visitor) {
  Salvage(pages, shape, seen, visitor).node(place);
}

namespace {

BlobReference parse(const PageReader& pages, Bytes reference) {
  BlobReference blob;
  check_format(parse_blob_reference(reference, pages.page_size(), blob), kNoPage,
               "V1: the reference to a large value is damaged");
  return blob;
}

}  // namespace

void claim_blob(const PageReader& pages, u32 tree_id, Bytes reference, storage::PageSet& seen) {
  const BlobReference blob = parse(pages, reference);
  if (blob.extents == 0) {
    walk_pages(TreeReader(pages, chunk_tree_shape(tree_id), blob.chunks),
               [&](storage::Extent page, u32) { seen.add(page); });
  }
  for_each_run(pages, tree_id, blob, 0, [&](const BlobRun& run) { return seen.add(run.extent), true; });
}

void verify_blob(const PageReader& pages, u32 tree_id, Bytes reference) {
  const BlobReference blob = parse(pages, reference);
  for_each_run(pages, tree_id, blob, 0, [&](const BlobRun& run) {
    const u8* data = pages.fetch_run(run.extent, blob.birth, run.size, run.checksum);
    check_format(storage::run_checksum(data, run.size) == run.checksum, run.extent.start, "bad checksum of a value");
    return true;
  });
}

}  // namespace sapwood::tree
