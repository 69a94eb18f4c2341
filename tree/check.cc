#include "tree/check.h"

#include <optional>

#include "storage/findings.h"
#include "tree/cursor.h"
#include "tree/descent.h"

namespace sapwood::tree {

namespace {

using Bound = std::optional<std::string>;  // none is infinity

class TreeCheck {
 public:
  TreeCheck(const TreeReader& tree, const std::string& name, std::vector<std::string>& findings,
            const VisitPages& visit, CheckedPages& checked)
      : tree_(tree), pages_(tree.pages()), name_(name), findings_(findings), visit_(visit), checked_(checked) {}

  void run() { check_root_of(tree_.shape(), tree_.root(), tree_.root().owns_runs); }

 private:
  struct Place {
    PageRef ref;
    u32 level;
    u64 entries;
    const Bound& low;
    const Bound& high;
  };

  template <class Function>
  bool guarded(Function function) {
    try {
      function();
      return true;
    } catch (const Error& error) {
      storage::add_finding(findings_, name_ + ": " + error.what());
      return false;
    }
  }

  void fault(PageNo page, const char* what) {
    guarded([&] { storage::throw_corrupt_page(page, what); });
  }

  void check_root_of(const TreeShape& shape, const TreeRoot& root, bool owns_runs) {
    if (!guarded([&] { check_root(root); })) return;
    if (root.height == 0) return;  // an inline leaf was verified when the root was read
    node(shape, Place{root.root, root.height - 1u, root.count, Bound(), Bound()}, owns_runs, true);
  }

  // Every page and run is reached once.
  bool reach(Extent pages, u32 birth) {
    if (!guarded([&] { checked_.reached.add(pages); })) return false;
    if (visit_) visit_(pages, birth);
    return true;
  }

  bool is_shared(PageNo page) const { return checked_.shares && checked_.reached.contains(page); }

  void node(const TreeShape& shape, const Place& place, bool owns_runs, bool is_root) {
    if (is_shared(place.ref.page)) return;
    const u8* page = nullptr;
    const bool sound = guarded([&] {
      page = fetch_node(pages_, place.ref, shape, place.level);
      verify_node(page, pages_.page_size(), place.ref.page);
      if (PageHeader::birth(page) <= checked_.summed) pages_.verify_checksum(place.ref.page);
    });
    if (!sound || !reach({place.ref.page, 1}, place.ref.birth)) return;
    if (place.level == 0) leaf(shape, place, page, owns_runs);
    else branch(shape, place, page, owns_runs, is_root);
  }

  void branch(const TreeShape& shape, const Place& place, const u8* page, bool owns_runs, bool is_root) {
    const Branch node_page(page, pages_.page_size());
    const u32 n = node_page.count();
    if (is_root && n < 2) fault(place.ref.page, "root: a branch with a single child");
    if (node_page.total() != place.entries)
      fault(place.ref.page, "B2: it does not hold as many entries as its parent counts");
    Bound low = place.low;
    for (u32 i = 0; i < n; ++i) {
      Bound high = place.high;
      if (i + 1 < n && is_keyed(shape.order)) node_page.append_separator(i + 1, high.emplace());
      if (low && high && *low >= *high) fault(place.ref.page, "B4: a separator is outside the range of its page");
      node(shape, Place{node_page.child(i), place.level - 1, node_page.entries(i), low, high}, owns_runs, false);
      low = std::move(high);
    }
  }

  void leaf(const TreeShape& shape, const Place& place, const u8* page, bool owns_runs) {
    const LeafNode node_page(page, pages_.page_size());
    const u32 n = node_page.count();
    if (n != place.entries) fault(place.ref.page, "L1: it does not hold as many entries as its parent counts");
    if (is_keyed(shape.order)) {
      std::string buffer;
      if (place.low && node_page.key(0, buffer) < *place.low)
        fault(place.ref.page, "L3: a key is below its page's range");
      if (place.high && node_page.key(n - 1, buffer) >= *place.high)
        fault(place.ref.page, "L3: a key is above its page's range");
    }
    for (u32 i = 0; i < n; ++i) {
      const StoredValue value = node_page.value(i);
      if (value.kind != ValueKind::blob) continue;
      if (!owns_runs) fault(place.ref.page, "root: the tree has a large value but does not say so");
      blob(shape, place.ref.page, value.bytes);
    }
  }

  void blob(const TreeShape& shape, PageNo page, Bytes bytes) {
    BlobReference reference;
    const bool whole = parse_blob_reference(bytes, pages_.page_size(), reference);
    if (!whole) return fault(page, "V1: the reference to a large value is damaged");
    if (reference.extents == 0) {
      const std::size_t before = findings_.size();
      check_root_of(chunk_tree_shape(shape.tree_id), reference.chunks, false);
      if (findings_.size() != before) return;
    }
    guarded([&] {
      for_each_run(pages_, shape.tree_id, reference, 0, [&](const BlobRun& run) {
        if (is_shared(run.extent.start)) return true;
        if (!reach(run.extent, reference.birth)) return false;
        guarded([&] {
          const u8* data = pages_.fetch_run(run.extent, reference.birth, run.size, run.checksum);
          check_format(storage::run_checksum(data, run.size) == run.checksum, run.extent.start,
                       "bad checksum of a value");
        });
        return true;
      });
    });
  }

  const TreeReader& tree_;
  const PageReader& pages_;
  const std::string& name_;
  std::vector<std::string>& findings_;
  const VisitPages& visit_;
  CheckedPages& checked_;
};

}  // namespace

void check_tree(const TreeReader& tree, const std::string& name, std::vector<std::string>& findings,
                const VisitPages& visit, CheckedPages* shared) {
  CheckedPages own{storage::PageSet(shared == nullptr ? tree.pages().page_count() : 0)};
  TreeCheck(tree, name, findings, visit, shared == nullptr ? own : *shared).run();
}

}  // namespace sapwood::tree
