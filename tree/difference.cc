#include "tree/difference.h"

#include <unordered_set>

#include "tree/descent.h"

namespace sapwood::tree {
namespace {

// A subtree that both versions have.
struct Shared {
  PageNo page;
  u64 first;  // position of its first entry
  u64 end;
};

// Finds the highest pages that `is_shared` says yes to.
template <class Test>
class SharedWalk {
 public:
  SharedWalk(const TreeReader& tree, const Test& is_shared) : tree_(tree), is_shared_(is_shared) {}

  void run() {
    if (tree_.root().height == 0) return;
    check_root(tree_.root());
    node(tree_.root().root, tree_.root().height - 1u, 0, tree_.size());
  }
  const std::vector<Shared>& shared() const { return shared_; }
  u64 pages() const { return pages_; }

 private:
  void node(PageRef ref, u32 level, u64 first, u64 end) {
    if (is_shared_(ref)) {
      shared_.push_back({ref.page, first, end});
      return;
    }
    // Damaged references could lead to the same pages again and again.
    check_format(++pages_ <= tree_.pages().page_count(), ref.page, "the tree refers to more pages than there are");
    if (level == 0) return;
    const Branch branch(fetch_node(tree_.pages(), ref, tree_.shape(), level), tree_.pages().page_size());
    for (u32 i = 0; i < branch.count(); ++i) {
      node(branch.child(i), level - 1, first + branch.begin(i), first + branch.end(i));
    }
  }

  const TreeReader& tree_;
  const Test& is_shared_;
  std::vector<Shared> shared_;
  u64 pages_ = 0;
};

}  // namespace

Difference find_difference(const TreeReader& older, const TreeReader& newer, TxnId older_txn) {
  std::unordered_set<u64> pages;
  const auto is_old = [&](PageRef ref) { return ref.birth <= older_txn && (pages.insert(to_u64(ref.page)), true); };
  SharedWalk after(newer, is_old);
  after.run();
  const auto is_known = [&](PageRef ref) { return pages.contains(to_u64(ref.page)); };
  SharedWalk before(older, is_known);
  before.run();

  const std::vector<Shared>& in_older = before.shared();
  const std::vector<Shared>& in_newer = after.shared();
  check_format(in_older.size() == in_newer.size(), older.root().root.page,
               "its version shares other pages than it should");
  Difference difference{.stretches = {}, .pages = before.pages() + after.pages()};
  Stretch stretch;
  const auto end_stretch = [&](u64 before_end, u64 after_end) {
    stretch.before_end = before_end;
    stretch.after_end = after_end;
    if (stretch.before != before_end || stretch.after != after_end) difference.stretches.push_back(stretch);
  };
  for (std::size_t i = 0; i < in_older.size(); ++i) {
    check_format(in_older[i].page == in_newer[i].page, in_newer[i].page, "two versions share it in another order");
    end_stretch(in_older[i].first, in_newer[i].first);
    stretch.before = in_older[i].end;
    stretch.after = in_newer[i].end;
  }
  end_stretch(older.size(), newer.size());
  return difference;
}

}  // namespace sapwood::tree
