#include "tree/repack.h"

#include <array>
#include <memory>
#include <optional>

#include "base/assert.h"
#include "tree/branch_sequence.h"
#include "tree/descent.h"
#include "tree/leaf_sequence.h"

namespace sapwood::tree {
namespace {

class Repack {
 public:
  Repack(storage::PageStore& store, const TreeShape& shape, TreeRoot& root, const RepackLimits& limits)
      : store_(store),
        pages_(store.reader()),
        shape_(shape),
        root_(root),
        limits_(limits),
        page_size_(store.page_size()) {}

  RepackStep run(u64 from) {
    check_root(root_);
    SAPWOOD_ASSERT(from < root_.count);
    if (root_.height == 1) return single_leaf();
    descend(from);
    look_at_leaves();
    if (limits_.joins && !keeps_any_ && pages_saved() && join()) return std::move(step_);
    move();
    return std::move(step_);
  }

 private:
  bool must_move(PageRef ref) const { return ref.page >= limits_.end && !store_.keeps(ref); }
  u32 top() const { return root_.height - 1u; }

  RepackStep single_leaf() {
    look_at_values(fetch_node(pages_, root_.root, shape_, 0), 0);
    if (must_move(root_.root)) {
      store_.edit(root_.root);
      ++step_.pages;
    }
    step_.next = root_.count;
    return std::move(step_);
  }

  // The way to the branch of level 1, and which of its children are looked at.
  void descend(u64 index) {
    PageRef ref = root_.root;
    for (u32 level = top();; --level) {
      const Branch branch(fetch_node(pages_, ref, shape_, level), page_size_);
      const u32 slot = branch.find_index(index);
      check_format(slot < branch.count(), ref.page, "B2: it does not hold as many entries as its parent counts");
      path_[level] = {ref, slot};
      step_.next += branch.begin(slot);
      index -= branch.begin(slot);
      ref = branch.child(slot);
      if (level > 1) continue;
      first_ = slot;
      last_ = std::min(branch.count(), slot + limits_.leaves);
      branch_ = branch;
      return;
    }
  }

  void look_at_leaves() {
    for (u32 i = first_; i < last_; ++i) {
      const PageRef ref = branch_->child(i);
      const u8* page = fetch_node(pages_, ref, shape_, 0);
      check_format(PageHeader::count(page) == branch_->entries(i), ref.page,
                   "L1: it does not hold as many entries as its parent counts");
      used_ += LeafNode(page, page_size_).used() - kPageHeaderSize;
      keeps_any_ = keeps_any_ || store_.keeps(ref);
      look_at_values(page, step_.next);
      step_.next += branch_->entries(i);
    }
  }

  void look_at_values(const u8* page, u64 first) {
    if (!root_.owns_runs || shape_.fixed) return;
    const LeafNode leaf(page, page_size_);
    for (u32 i = 0; i < leaf.count(); ++i) {
      const StoredValue value = leaf.value(i);
      BlobReference blob;
      if (value.kind != ValueKind::blob || !parse_blob_reference(value.bytes, page_size_, blob)) continue;
      bool is_far = blob.extents == 0 && must_move(blob.chunks.root);
      for_each_run(pages_, shape_.tree_id, blob, 0, [&](const BlobRun& run) {
        is_far = is_far || must_move(PageRef{run.extent.start + (run.extent.pages - 1), blob.birth});
        return !is_far;
      });
      if (is_far) step_.large.push_back(first + i);
    }
  }

  // How many leaves fewer would do, if that is worth the writing.
  bool pages_saved() const {
    const u64 count = last_ - first_;
    const u64 needed = (used_ + page_size_ - kPageHeaderSize - 1) / (page_size_ - kPageHeaderSize);
    return count >= 2 && needed + std::max<u64>(1, count / 16) <= count;
  }

  // Where the leaf that begins with entry `from` ends, if it is as full as can be.
  u32 fill(const LeafSequence& entries, u32 from) const {
    u32 fits = from + 1;
    u32 step = std::max<u32>(1, entries.size() / (last_ - first_) / 2);
    while (fits < entries.size()) {
      const u32 next = std::min(entries.size(), fits + step);
      if (entries.fits(from, next)) fits = next;
      else if (step == 1) break;
      else step /= 2;
    }
    return fits;
  }

  // Writes the entries into fewer leaves. False, and nothing is changed, if they or their parent would not fit.
  bool join() {
    LeafSequence entries(shape_, page_size_, path_[1].ref.page);
    for (u32 i = first_; i < last_; ++i) entries.add_page(fetch_node(pages_, branch_->child(i), shape_, 0));
    std::vector<u32> cuts{0};
    while (cuts.back() < entries.size()) cuts.push_back(fill(entries, cuts.back()));
    const u32 leaves = static_cast<u32>(cuts.size() - 1);
    if (leaves >= last_ - first_) return false;

    BranchSequence old(shape_, page_size_, 1, path_[1].ref.page);
    old.add_page(pages_.fetch(path_[1].ref), Bytes());
    const auto children_with = [&](const std::vector<PageRef>& made) {
      BranchSequence children(shape_, page_size_, 1, path_[1].ref.page);
      for (u32 i = 0; i < first_; ++i) children.add(old.separator(i), old.child(i), old.entries(i));
      for (u32 i = 0; i < leaves; ++i) {
        std::string separator(i == 0 ? old.separator(first_) : Bytes());
        if (i > 0 && is_keyed(shape_.order)) {
          std::string last(entries.key(cuts[i] - 1));
          separator = shortest_separator(last, entries.key(cuts[i]));
        }
        children.add(separator, made[i], cuts[i + 1] - cuts[i]);
      }
      for (u32 i = last_; i < old.size(); ++i) children.add(old.separator(i), old.child(i), old.entries(i));
      return children;
    };
    std::vector<PageRef> made(leaves, old.child(first_));
    const BranchSequence planned = children_with(made);
    if (!planned.fits(0, planned.size())) return false;
    for (u32 i = 0; i < leaves; ++i) {
      entries.build(cuts[i], cuts[i + 1], store_.create(made[i], leaf_type(shape_), 0, shape_.tree_id));
    }
    const BranchSequence children = children_with(made);
    for (u32 i = first_; i < last_; ++i) store_.free(old.child(i));
    const std::unique_ptr<u8[]> built(new u8[page_size_]);
    children.build(0, children.size(), built.get());
    copy_node(edit_path(), built.get(), page_size_);
    step_.pages += leaves;
    collapse_root();
    return true;
  }

  // Makes the way's pages writable; the branch of level 1 is the result.
  u8* edit_path() {
    u8* page = store_.edit(root_.root);
    ++step_.pages;
    for (u32 level = top(); level > 1; --level) {
      const u32 slot = path_[level].slot;
      PageRef child = Branch(page, page_size_).child(slot);
      u8* const below = store_.edit(child);
      BranchEditor(page, page_size_).set_child(slot, child);
      page = below;
      ++step_.pages;
    }
    return page;
  }

  void collapse_root() {
    while (root_.height > 1) {
      const Branch branch(fetch_node(store_.reader(), root_.root, shape_, top()), page_size_);
      if (branch.count() > 1) return;
      const PageRef child = branch.child(0);
      store_.free(root_.root);
      root_.root = child;
      --root_.height;
    }
  }

  void move() {
    std::vector<u32> far;
    for (u32 i = first_; i < last_; ++i) {
      if (must_move(branch_->child(i))) far.push_back(i);
    }
    bool path_is_far = false;
    for (u32 level = top(); level > 0; --level) path_is_far = path_is_far || must_move(path_[level].ref);
    if (far.empty() && !path_is_far) return;
    u8* const page = edit_path();
    for (const u32 i : far) {
      PageRef child = Branch(page, page_size_).child(i);
      store_.edit(child);
      BranchEditor(page, page_size_).set_child(i, child);
      ++step_.pages;
    }
  }

  struct Step {
    PageRef ref;
    u32 slot = 0;
  };

  storage::PageStore& store_;
  storage::PageReader pages_;  // the tree as it was
  const TreeShape& shape_;
  TreeRoot& root_;
  const RepackLimits& limits_;
  const u32 page_size_;
  std::array<Step, kMaxHeight + 1> path_;  // by level
  std::optional<Branch> branch_;           // of level 1
  u32 first_ = 0;                          // its children [first_, last_) are looked at
  u32 last_ = 0;
  u64 used_ = 0;  // bytes in these, without headers
  bool keeps_any_ = false;
  RepackStep step_;
};

}  // namespace

RepackStep repack(storage::PageStore& store, const TreeShape& shape, TreeRoot& root, u64 from,
                  const RepackLimits& limits) {
  store.release_memory();
  return Repack(store, shape, root, limits).run(from);
}

}  // namespace sapwood::tree
